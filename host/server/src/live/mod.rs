//! Streams: frames and events to whoever looks.

pub(crate) mod camera;
pub(crate) mod events;
pub(crate) mod line;
pub(crate) mod mjpeg;
mod relay;
pub(crate) mod text;
pub(crate) mod transitions;
