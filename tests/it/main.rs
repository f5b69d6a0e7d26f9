//! One binary, so that linking is paid once.

mod browser;
mod commands;
mod layering;
mod live;
mod real_video;
mod scenes;
