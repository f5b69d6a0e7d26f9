//! One binary, so that linking is paid once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod association;
mod browser;
mod commands;
mod contract;
mod convert;
mod eval;
mod golden;
mod interrupt;
mod layering;
mod live;
mod looks;
mod models;
mod moving;
mod plates;
mod plaza;
mod plaza_identities;
mod plugin_commands;
mod plugin_new;
mod plugin_push;
mod real_video;
mod recordings;
mod regions;
mod scene_plates;
mod scenes;
mod sdk_languages;
mod signed;
mod two_hosts;
