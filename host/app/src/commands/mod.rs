//! The subcommands, one file each.

pub(crate) mod analyze;
pub(crate) mod compile;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod detector;
pub(crate) mod embedder;
mod ending;
pub(crate) mod eval;
pub(crate) mod files;
mod given;
mod host;
pub(crate) mod model;
mod output;
pub(crate) mod plugin;
pub(crate) mod reader;
pub(crate) mod replay;
mod rules;
pub(crate) mod scene;
pub(crate) mod serve;
pub(crate) mod track;
