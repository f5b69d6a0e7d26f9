//! One binary, so that linking is paid once.

mod commands;
mod layering;
mod live;
mod real_video;
mod scenes;
