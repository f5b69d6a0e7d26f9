//! Recordings: the same detector, tracker and rules as live, waiting where a camera would drop.
//!
//! Time is media time from 0 and deadlines are generous, so the same input gives the same events
//! byte for byte, on a busy machine too.

mod analyze;
mod decide;
mod replay;

pub use self::analyze::{AnalysisError, AnalysisOutputs, AnalysisReport, AnalysisSettings, analyze};
pub use self::decide::{DecideError, RecordedRule, RuleSource};
pub use self::replay::{ReplayError, ReplayReport, replay};
