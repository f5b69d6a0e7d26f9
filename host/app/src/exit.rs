//! How a command ends: exit codes and the last words on standard error.

use std::process::ExitCode;

/// What a command came to, if nothing was wrong with what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All done: 0.
    Done,
    /// What was looked at did not pass; the command has said why: 1.
    Failed,
    /// The input ended before its declared length, or somebody interrupted the run; what was found is kept: 3.
    EndedEarly,
}

/// Bad input, settings, model or rule: 2, with the chain of causes on standard error.
pub(crate) fn code(outcome: anyhow::Result<Outcome>) -> ExitCode {
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Ok(Outcome::EndedEarly) => ExitCode::from(3),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
