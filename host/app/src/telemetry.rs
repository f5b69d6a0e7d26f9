//! Log lines on standard error; `OCELLUS_LOG` chooses which (`debug`, `ocellus_pipeline=trace`, …).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::Command;

/// Long-running commands log by themselves; the others only what went wrong, and what rules warn of.
pub(crate) fn start(command: &Command) {
    let default = match command {
        Command::Serve(_) => "info,wasmtime=warn,sled=warn",
        Command::Demo(_) => "warn",
        _ => "error,ocellus_rule=warn",
    };
    let filter = EnvFilter::try_from_env("OCELLUS_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
}
