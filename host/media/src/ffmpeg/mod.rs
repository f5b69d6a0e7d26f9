//! What all users of FFmpeg share: start-up, its log, decoding to [`Picture`](ocellus_core::Picture).

mod convert;
mod decoder;
mod guard;
mod log;
pub(crate) mod planes;

use std::sync::Once;

pub(crate) use decoder::{Decoder, Threads};
pub(crate) use guard::Guard;

/// Registers FFmpeg's parts and sends its log to `tracing`. Cheap after the first call.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::redirect();
        // Since FFmpeg 4 this registers devices and the network layer only, and cannot fail.
        if let Err(error) = ffmpeg_next::init() {
            tracing::warn!(%error, "ffmpeg did not start completely");
        }
    });
}
