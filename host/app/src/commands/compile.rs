//! `ocellus compile-component`: what a running host starts for each plugin that it compiles.

use std::process::ExitCode;

use crate::args::CompileArgs;

/// Compiles standard input to standard output within the order's limits. Its exit codes are the runtime's own.
pub(crate) fn run(args: &CompileArgs) -> ExitCode {
    match ocellus_runtime::compile_as_child(&args.order, std::io::stdin(), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}
