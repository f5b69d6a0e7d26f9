//! Recorded tracks through rules again.

use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use ocellus_core::TimeUs;

use super::Ending;
use super::camera_tracks::{CameraTracks, NotOneCamera, SizedFrame};
use super::decide::{DecideError, Decider, RecordedRule};

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
    /// A tracks file is damaged, or does not go on where the one before ended.
    #[error(transparent)]
    Tracks(#[from] NotOneCamera),
    /// A rule failed, or events could not be written.
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Runs `rules` over the recordings of cameras, whose frames are shown in the order of (time, camera). `rules` are prepared
/// for these cameras in this order. The same recordings give the same events byte for byte. `proceed` is told the number of frames
/// done, and says whether to go on.
///
/// # Errors
/// [`ReplayError`] naming the file and the line, or the rule; events before it are written.
pub fn replay<R: BufRead>(
    cameras: &mut [CameraTracks<R>],
    rules: Vec<RecordedRule>,
    events: &mut (dyn Write + Send),
    mut proceed: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<ReplayReport, ReplayError> {
    let names = cameras.iter().map(|tracks| tracks.camera().clone()).collect();
    let mut decider = Decider::over(names, rules, events)?;
    let mut next = cameras.iter_mut().map(CameraTracks::next).collect::<Result<Vec<_>, _>>()?;
    let mut frames = 0;
    let mut last = (0, TimeUs(0));
    let mut ending = Ending::Whole;
    while let Some(place) = earliest(&next) {
        let following = cameras[place].next()?;
        let Some((size, frame)) = std::mem::replace(&mut next[place], following) else { break };
        decider.turn_to(place);
        decider.frame((frame.sequence, frame.time), size, &frame.tracks, frame.facts())?;
        last = (frame.sequence, frame.time);
        frames += 1;
        if proceed(frames).is_break() {
            ending = Ending::Stopped;
            break;
        }
    }
    let cut: Vec<String> = cameras
        .iter()
        .flat_map(CameraTracks::cut)
        .map(|(name, line)| format!("{name} is cut off after line {line}"))
        .collect();
    if !cut.is_empty() {
        ending = Ending::Early(format!(
            "{}; whoever wrote it was killed, had no room on the disk, or is still writing",
            cut.join(", ")
        ));
    }
    decider.finish(last.0, last.1)?;
    Ok(ReplayReport { frames, events: decider.counts().0, ending })
}

/// The place of the next frame in the order of (time, camera).
fn earliest(next: &[Option<SizedFrame>]) -> Option<usize> {
    let waiting = next.iter().enumerate().filter_map(|(place, frame)| Some((frame.as_ref()?.1.time, place)));
    waiting.min().map(|(_, place)| place)
}
