//! `ocellus eval`: tracks and events beside ground truth.

mod boxes;
mod clock;
mod counts;
mod events;
mod identities;
mod lines;
mod occupancy;
pub(super) mod scene;
mod speeds;
mod table;
mod tracks;
mod truth;
mod vehicles;

use crate::args::eval::EvalCommand;
use crate::exit::Outcome;

pub(crate) fn run(command: &EvalCommand) -> anyhow::Result<Outcome> {
    match command {
        EvalCommand::Tracks(args) => tracks::run(args),
        EvalCommand::Counts(args) => counts::run(args),
        EvalCommand::Occupancy(args) => occupancy::run(args),
        EvalCommand::Speeds(args) => speeds::run(args),
    }
}
