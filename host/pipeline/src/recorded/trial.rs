//! One rule over recorded tracks, call by call: for its author.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ocellus_core::{EventRecord, FrameInfo, Name, RuleOutput, TimeUs};
use ocellus_runtime::{CallError, LogLine, TrackColumns};

use super::Ending;
use super::decide::{CAMERA, RecordedRule};
use crate::record::{RecordEnd, RecordError, RecordReader};

/// What one call of the rule came to.
#[derive(Debug)]
pub struct TrialCall {
    /// Sequence of the frame; of the last one where the recording is over.
    pub frame: u64,
    /// Time of that frame.
    pub time: TimeUs,
    /// Wall time of the call.
    pub took: Duration,
    /// What the rule logged in it.
    pub log: Vec<LogLine>,
    /// Log lines beyond the rule's allowance.
    pub log_dropped: u64,
    /// Its events, as a replay writes them, or why there are none.
    pub result: Result<Vec<EventRecord>, CallError>,
}

/// What a trial came to.
#[derive(Debug)]
pub struct TrialReport {
    /// Frames that the rule was shown.
    pub frames: u64,
    /// Bytes of linear memory that it held at the end.
    pub memory: usize,
    /// Whether these were all.
    pub ending: Ending,
}

/// Shows `rule` every frame of the recording, then its end; `see` is given each call and says whether to go on.
/// The same tracks give the same events as in [`replay`](super::replay()).
///
/// # Errors
/// [`RecordError`] naming the line of the tracks file.
pub fn try_rule<R: BufRead>(
    tracks: &mut RecordReader<R>,
    rule: RecordedRule,
    mut see: impl FnMut(TrialCall) -> ControlFlow<()>,
) -> Result<TrialReport, RecordError> {
    let size = tracks.header().size;
    let mut trial = Trial { camera: tracks.header().camera.clone(), rule, events: 0 };
    let mut columns = TrackColumns::new();
    let mut frames = 0;
    let mut last = (0, TimeUs(0));
    while let Some(frame) = tracks.next_frame()? {
        columns.fill(&frame.tracks, size);
        columns.fill_embeddings(&frame.embeddings);
        columns.fill_readings(&frame.readings);
        let info = FrameInfo { camera: CAMERA, sequence: frame.sequence, time: frame.time, size };
        last = (frame.sequence, frame.time);
        frames += 1;
        let began = Instant::now();
        let answer = trial.rule.instance.process(&info, &columns);
        if see(trial.call(last, began.elapsed(), answer)).is_break() {
            return Ok(TrialReport { frames, memory: trial.rule.instance.memory(), ending: Ending::Stopped });
        }
    }
    let ending = match tracks.end() {
        Some(RecordEnd::Cut { line }) => Ending::Early(format!("it is cut off after line {line}")),
        _ => Ending::Whole,
    };
    let began = Instant::now();
    let answer = trial.rule.instance.finish(last.1);
    // The last call; there is nothing left to stop.
    let _ = see(trial.call(last, began.elapsed(), answer));
    Ok(TrialReport { frames, memory: trial.rule.instance.memory(), ending })
}

struct Trial {
    camera: Name,
    rule: RecordedRule,
    events: u64,
}

impl Trial {
    fn call(
        &mut self,
        (frame, time): (u64, TimeUs),
        took: Duration,
        answer: Result<RuleOutput, CallError>,
    ) -> TrialCall {
        let logs = self.rule.instance.drain_logs();
        let result = answer.map(|output| {
            let events = output.events.into_iter().map(|event| {
                self.events += 1;
                EventRecord {
                    sequence: self.events,
                    time,
                    frame,
                    camera: self.camera.clone(),
                    rule: self.rule.name.clone(),
                    event,
                }
            });
            events.collect()
        });
        TrialCall { frame, time, took, log: logs.lines, log_dropped: logs.dropped, result }
    }
}
