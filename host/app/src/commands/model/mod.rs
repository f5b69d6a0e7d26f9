//! `ocellus model`: which models there are, getting them, looking at them.

mod add;
mod inspect;
mod list;
mod pull;

use crate::args::model::ModelCommand;
use crate::exit::Outcome;

pub(crate) fn run(command: &ModelCommand) -> anyhow::Result<Outcome> {
    match command {
        ModelCommand::Inspect(args) => inspect::run(args),
        ModelCommand::List(args) => list::run(args),
        ModelCommand::Pull(args) => pull::run(args),
        ModelCommand::Add(args) => add::run(args),
    }
}
