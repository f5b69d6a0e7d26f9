//! `ocellus plugin`: what the author of a rule does, one file each.

mod bench;
mod check;
mod client;
mod difference;
mod inspect;
mod keys;
mod new;
mod push;
mod sdk;
mod sign;
mod test;
mod words;

use crate::args::plugin::PluginCommand;
use crate::exit::Outcome;

pub(crate) fn run(command: PluginCommand) -> anyhow::Result<Outcome> {
    match command {
        PluginCommand::New(args) => new::run(&args),
        PluginCommand::Inspect(args) => inspect::run(&args),
        PluginCommand::Check(args) => check::run(&args),
        PluginCommand::Test(args) => test::run(&args),
        PluginCommand::Bench(args) => bench::run(&args),
        PluginCommand::Keygen(args) => keys::generate(&args),
        PluginCommand::Sign(args) => sign::sign(&args),
        PluginCommand::Verify(args) => sign::verify(&args),
        PluginCommand::Push(args) => push::run(&args),
    }
}
