//! Last words about a recording that was gone through.

use ocellus_pipeline::recorded::Ending;

use crate::exit::Outcome;

/// Says how a run over `what` ended, where that was not as it should.
pub(crate) fn tell(what: &str, ending: Ending, frames: u64) -> Outcome {
    let reason = match ending {
        Ending::Whole => return Outcome::Done,
        Ending::Early(reason) => reason,
        Ending::Stopped => format!("interrupted after {frames} frames"),
    };
    eprintln!("warning: {reason}; the {what} up to there are kept");
    Outcome::EndedEarly
}
