//! The settings of BoT-SORT.

use super::range::check;
use super::{ClassMatching, SettingsError, check_limits, check_order};

/// The settings of BoT-SORT; those that it shares with ByteTrack mean the same.
#[derive(Debug, Clone, PartialEq)]
pub struct BotSortSettings {
    /// Detections of at least this confidence are matched first and may start tracks; 0..1.
    pub track_high_thresh: f32,
    /// Detections of at least this confidence, and below the high threshold, may still continue a track;
    /// 0..1. At 0 there is no floor.
    pub track_low_thresh: f32,
    /// An unmatched detection of at least this confidence (and the high threshold) starts a track; 0..1.
    pub new_track_thresh: f32,
    /// How long a track out of sight is kept, counted in frames at 30 a second whatever the real rate:
    /// 30 is one second; 0..=108,000 (an hour).
    pub track_buffer: u32,
    /// The largest distance at which the first association matches: the smaller of 1 − IoU and half the
    /// cosine distance; above 0, at most 1.
    pub match_thresh: f32,
    /// Looks count only where 1 − IoU is at most this; 0..1.
    pub proximity_thresh: f32,
    /// Looks count only where half the cosine distance is at most this; 0..1.
    pub appearance_thresh: f32,
    /// The share of what a track looked like before in what it looks like after a sighting; 0..1.
    pub appearance_memory: f32,
    /// The nominal frames a second; above 0, at most 1,000.
    pub frame_rate: f32,
    /// Whether classes must agree.
    pub class_aware: ClassMatching,
    /// The most tracks alive at once, and the most detections looked at in a frame (the most confident
    /// ones); 1..=10,000.
    pub max_tracks: u32,
}

impl Default for BotSortSettings {
    fn default() -> BotSortSettings {
        BotSortSettings {
            track_high_thresh: 0.6,
            track_low_thresh: 0.1,
            new_track_thresh: 0.7,
            track_buffer: 30,
            match_thresh: 0.8,
            proximity_thresh: 0.5,
            appearance_thresh: 0.25,
            appearance_memory: 0.9,
            frame_rate: 30.0,
            class_aware: ClassMatching::Ignore,
            max_tracks: 1_000,
        }
    }
}

impl BotSortSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// [`SettingsError`] for the first value out of its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        check("track_high_thresh", self.track_high_thresh, 0.0..=1.0)?;
        check("track_low_thresh", self.track_low_thresh, 0.0..=1.0)?;
        check("new_track_thresh", self.new_track_thresh, 0.0..=1.0)?;
        check("match_thresh", self.match_thresh, f32::MIN_POSITIVE..=1.0)?;
        check("proximity_thresh", self.proximity_thresh, 0.0..=1.0)?;
        check("appearance_thresh", self.appearance_thresh, 0.0..=1.0)?;
        check("appearance_memory", self.appearance_memory, 0.0..=1.0)?;
        check_limits(self.frame_rate, self.track_buffer, self.max_tracks)?;
        check_order(self.track_low_thresh, self.track_high_thresh)
    }
}
