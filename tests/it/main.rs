//! One binary, so that linking is paid once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod commands;
mod interrupt;
mod layering;
mod live;
mod real_video;
mod scenes;
mod sdk_languages;
mod signed;
