//! Recorded tracks through rules again.

use std::io::{BufRead, Write};

use ocellus_core::TimeUs;

use super::decide::{DecideError, Decider, RecordedRule};
use crate::record::{RecordError, RecordReader};

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    /// Frames read.
    pub frames: u64,
    /// Events written.
    pub events: u64,
}

/// Why a replay ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The tracks file is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A rule failed, or events could not be written.
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Runs `rules` over recorded tracks; the same tracks give the same events byte for byte.
///
/// # Errors
/// [`ReplayError`] naming the line or the rule; events before it are written.
pub fn replay<R: BufRead>(
    tracks: &mut RecordReader<R>,
    rules: Vec<RecordedRule>,
    events: &mut (dyn Write + Send),
    mut progress: impl FnMut(u64),
) -> Result<ReplayReport, ReplayError> {
    let header = tracks.header().clone();
    let mut decider = Decider::new(header.camera, rules, events)?;
    let mut frames = 0;
    let mut last = (0, TimeUs(0));
    while let Some(frame) = tracks.next_frame()? {
        decider.frame(frame.sequence, frame.time, header.size, &frame.tracks)?;
        last = (frame.sequence, frame.time);
        frames += 1;
        progress(frames);
    }
    decider.finish(last.0, last.1)?;
    Ok(ReplayReport { frames, events: decider.counts().0 })
}
