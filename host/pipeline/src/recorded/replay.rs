//! Recorded tracks through rules again.

use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use ocellus_core::{Name, TimeUs};

use super::Ending;
use super::decide::{DecideError, Decider, RecordedRule};
use crate::record::{RecordEnd, RecordError, RecordReader, RecordedFrame};

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
    /// One of several tracks files is damaged.
    #[error("the tracks of camera {camera}: {error}")]
    OneOf {
        /// Whose.
        camera: Name,
        /// What is wrong.
        error: RecordError,
    },
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
    proceed: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<ReplayReport, ReplayError> {
    replay_together(std::slice::from_mut(tracks), rules, events, proceed)
}

/// The same over the tracks of several cameras, whose frames are shown in the order of (time, file). `rules` are prepared
/// for these cameras in this order.
///
/// # Errors
/// [`ReplayError`] naming the camera and the line, or the rule; events before it are written.
pub fn replay_together<R: BufRead>(
    recordings: &mut [RecordReader<R>],
    rules: Vec<RecordedRule>,
    events: &mut (dyn Write + Send),
    mut proceed: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<ReplayReport, ReplayError> {
    let cameras = recordings.iter().map(|tracks| tracks.header().camera.clone()).collect();
    let mut decider = Decider::over(cameras, rules, events)?;
    let mut next = Vec::with_capacity(recordings.len());
    for place in 0..recordings.len() {
        next.push(next_frame(recordings, place)?);
    }
    let mut frames = 0;
    let mut last = (0, TimeUs(0));
    let mut ending = Ending::Whole;
    while let Some(place) = earliest(&next) {
        let following = next_frame(recordings, place)?;
        let Some(frame) = std::mem::replace(&mut next[place], following) else { break };
        decider.turn_to(place);
        let size = recordings[place].header().size;
        decider.frame((frame.sequence, frame.time), size, &frame.tracks, frame.facts())?;
        last = (frame.sequence, frame.time);
        frames += 1;
        if proceed(frames).is_break() {
            ending = Ending::Stopped;
            break;
        }
    }
    let is_alone = recordings.len() == 1;
    for tracks in recordings.iter() {
        if let Some(RecordEnd::Cut { line }) = tracks.end() {
            let whose =
                if is_alone { "it".to_owned() } else { format!("the file of {}", tracks.header().camera) };
            ending = Ending::Early(format!(
                "{whose} is cut off after line {line}; whoever wrote it was killed, had no room on the disk, or is still writing"
            ));
        }
    }
    decider.finish(last.0, last.1)?;
    Ok(ReplayReport { frames, events: decider.counts().0, ending })
}

fn next_frame<R: BufRead>(
    recordings: &mut [RecordReader<R>],
    place: usize,
) -> Result<Option<RecordedFrame>, ReplayError> {
    let is_alone = recordings.len() == 1;
    let tracks = &mut recordings[place];
    let camera = tracks.header().camera.clone();
    tracks.next_frame().map_err(|error| match is_alone {
        true => ReplayError::Record(error),
        false => ReplayError::OneOf { camera, error },
    })
}

/// The place of the next frame in the order of (time, file).
fn earliest(next: &[Option<RecordedFrame>]) -> Option<usize> {
    let waiting = next.iter().enumerate().filter_map(|(place, frame)| Some((frame.as_ref()?.time, place)));
    waiting.min().map(|(_, place)| place)
}
