//! What the tests of the tracker share.

use std::path::PathBuf;
use std::time::Duration;

use ocellus_core::tracker::{Observed, Tracker, TrackerSettings};
use ocellus_core::{Detection, Rect, TimeUs, Track};

/// A small seeded generator (xorshift64*), so that the tests need no crate for it.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0..n.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    /// low..high.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.below(1 << 20) as f32 / (1 << 20) as f32
    }
}

pub(crate) fn detection(x: f32, y: f32, confidence: f32) -> Detection {
    Detection { rect: Rect::new(x, y, 50.0, 100.0), class: 0, confidence }
}

/// A tracker with a clock that ticks in frames.
pub(crate) struct Run {
    tracker: Tracker,
    frame_us: f64,
    frame: u32,
}

impl Run {
    /// At the settings' own frame rate.
    pub(crate) fn new(settings: impl Into<TrackerSettings>) -> Run {
        let tracker = Tracker::new(settings).unwrap();
        Run { frame_us: 1e6 / f64::from(tracker.settings().frame_rate()), tracker, frame: 0 }
    }

    /// The next frame.
    pub(crate) fn see(&mut self, detections: &[Detection]) -> Vec<Track> {
        let time = TimeUs((f64::from(self.frame) * self.frame_us) as u64);
        self.frame += 1;
        self.tracker.update(&Observed::new(time, detections)).tracks.to_vec()
    }

    /// Frames that are dropped before the tracker sees them.
    pub(crate) fn drop_frames(&mut self, count: u32) {
        self.frame += count;
    }

    /// Frames in which nothing is seen; returns the tracks of the last one.
    pub(crate) fn see_nothing(&mut self, count: u32) -> Vec<Track> {
        (0..count).map(|_| self.see(&[])).last().unwrap_or_default()
    }

    pub(crate) fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// The folder of test data, or `None` with a note on what is skipped.
pub(crate) fn test_data() -> Option<PathBuf> {
    let folder = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: OCELLUS_TEST_DATA is unset");
    }
    folder
}
