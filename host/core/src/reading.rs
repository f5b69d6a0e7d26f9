//! Texts that were read on tracks, such as number plates.

use std::sync::Arc;

/// One text that was read on a track.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackReading {
    /// The track's id.
    pub track: u64,
    /// What kind of text it is; [`PLATE`] for a number plate.
    pub kind: String,
    /// The text.
    pub text: String,
    /// How sure the reader is that all of it is right, 0..1.
    pub confidence: f32,
}

/// What was read in a frame, in the order of its tracks.
pub type TrackReadings = Arc<[TrackReading]>;

/// The kind of readings that are number plates.
pub const PLATE: &str = "plate";
/// Bytes of the longest kind that a recording may hold.
pub const KIND_BYTES: usize = 64;
/// Bytes of the longest text that a recording may hold.
pub const TEXT_BYTES: usize = 256;
