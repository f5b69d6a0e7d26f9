//! `ocellus`: the command line, and the wiring of the house.

/// As the standard library's, but whoever reads standard error may go: that is no reason to panic after the work is done.
macro_rules! eprintln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod args;
mod commands;
mod config;
mod exit;
mod interrupt;
mod models;
mod progress;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command, SceneCommand};

/// With the system's allocator, a host whose rules are swapped all day grew by half: each thread kept what others freed.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::start(&cli.command);
    let outcome = match cli.command {
        Command::Serve(args) => commands::serve::run(&args),
        Command::Demo(args) => commands::demo::run(&args),
        Command::Analyze(args) => commands::analyze::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Track(args) => commands::track::run(&args),
        Command::Eval(command) => commands::eval::run(&command),
        Command::Convert(command) => commands::convert::run(&command),
        Command::Scene(SceneCommand::Render(args)) => commands::scene::render(&args),
        Command::Model(command) => commands::model::run(&command),
        Command::CompileComponent(args) => return commands::compile::run(&args),
        Command::Plugin(command) => commands::plugin::run(command),
    };
    exit::code(outcome)
}
