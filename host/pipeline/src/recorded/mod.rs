//! Recordings: the same detector, tracker and rules as live, waiting where a camera would drop.
//!
//! Time is media time from 0 and deadlines are generous, so the same input gives the same events
//! byte for byte, on a busy machine too.

mod analyze;
mod camera_tracks;
mod decide;
mod rejudge;
mod replay;
mod trial;

pub use self::analyze::{AnalysisError, AnalysisOutputs, AnalysisReport, AnalysisSettings, Models, analyze};
pub use self::camera_tracks::{CameraTracks, NotOneCamera};
pub use self::decide::{DecideError, RecordedRule, RuleSource};
pub use self::rejudge::{Divergences, RejudgeError, RejudgeReport, rejudge};
pub use self::replay::{ReplayError, ReplayReport, replay};
pub use self::trial::{TrialCall, TrialReport, try_rule};

/// Whether a recording was gone through to its end. What was found up to there is written in every case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// To its end, or to the last frame that was asked for.
    Whole,
    /// It ended before its time; the text says how.
    Early(String),
    /// Somebody stopped it.
    Stopped,
}
