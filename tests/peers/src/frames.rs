//! The frames that every candidate sees: those of `host/runtime/benches/rule_call.rs`.

use ocellus_core::{Rect, Size, TimeUs, Track, TrackState};

pub(crate) const SIZE: Size = Size::new(1280, 720);
/// Tracks a frame.
pub(crate) const TRACKS: u64 = 64;
/// Frames, over and over.
const FRAMES: u64 = 64;

pub(crate) fn frames() -> Vec<Vec<Track>> {
    (0..FRAMES).map(|frame| tracks(TRACKS, frame)).collect()
}

/// `count` objects on their way over the picture; now and then one crosses its middle.
fn tracks(count: u64, frame: u64) -> Vec<Track> {
    (0..count)
        .map(|id| Track {
            id,
            class: (id % 3) as u32,
            confidence: 0.8,
            state: TrackState::Confirmed,
            rect: Rect::new(((id * 97 + frame * 2) % 1200) as f32, (id * 31 % 600) as f32, 60.0, 120.0),
            first_seen: TimeUs(id),
            ground: None,
        })
        .collect()
}
