//! The rule's log, as the operator sees it. The host allows 64 KiB a second and drops what is over.

use std::fmt;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author.
    Debug,
    /// For the operator, all is well.
    Info,
    /// For the operator, look when there is time.
    Warn,
    /// For the operator, something does not work.
    Error,
}

/// Writes a line for the author.
pub fn debug(message: impl fmt::Display) {
    write(Level::Debug, &message.to_string());
}

/// Writes a line for the operator: all is well.
pub fn info(message: impl fmt::Display) {
    write(Level::Info, &message.to_string());
}

/// Writes a line for the operator: look when there is time.
pub fn warn(message: impl fmt::Display) {
    write(Level::Warn, &message.to_string());
}

/// Writes a line for the operator: something does not work.
pub fn error(message: impl fmt::Display) {
    write(Level::Error, &message.to_string());
}

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str) {
    crate::guest::log(level, message);
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, message: &str) {
    crate::test::log(level, message);
}
