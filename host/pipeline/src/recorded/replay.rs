//! Recorded tracks through rules again.

use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use ocellus_core::TimeUs;

use super::Ending;
use super::decide::{DecideError, Decider, RecordedRule};
use crate::record::{RecordEnd, RecordError, RecordReader};

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    /// Frames read.
    pub frames: u64,
    /// Events written.
    pub events: u64,
    /// Whether these were all.
    pub ending: Ending,
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

/// Runs `rules` over recorded tracks; the same tracks give the same events byte for byte. `proceed` is told
/// the number of frames done, and says whether to go on.
///
/// # Errors
/// [`ReplayError`] naming the line or the rule; events before it are written.
pub fn replay<R: BufRead>(
    tracks: &mut RecordReader<R>,
    rules: Vec<RecordedRule>,
    events: &mut (dyn Write + Send),
    mut proceed: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<ReplayReport, ReplayError> {
    let header = tracks.header().clone();
    let mut decider = Decider::new(header.camera, rules, events)?;
    let mut frames = 0;
    let mut last = (0, TimeUs(0));
    let mut ending = Ending::Whole;
    while let Some(frame) = tracks.next_frame()? {
        decider.frame((frame.sequence, frame.time), header.size, &frame.tracks, &frame.embeddings)?;
        last = (frame.sequence, frame.time);
        frames += 1;
        if proceed(frames).is_break() {
            ending = Ending::Stopped;
            break;
        }
    }
    if let Some(RecordEnd::Cut { line }) = tracks.end() {
        ending = Ending::Early(format!(
            "it is cut off after line {line}; whoever wrote it was killed, had no room on the disk, or is still writing"
        ));
    }
    decider.finish(last.0, last.1)?;
    Ok(ReplayReport { frames, events: decider.counts().0, ending })
}
