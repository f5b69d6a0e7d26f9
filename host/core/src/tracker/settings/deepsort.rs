//! The settings of DeepSORT.

use super::range::check;
use super::{ClassMatching, SettingsError, check_limits};

/// The settings of DeepSORT.
#[derive(Debug, Clone, PartialEq)]
pub struct DeepSortSettings {
    /// Detections of at least this confidence are looked at, and may start tracks; 0..1.
    pub min_confidence: f32,
    /// How many sightings in a row make a track believed; 1..=100. The paper has 3, with which
    /// nobody is believed for long where boxes are missed now and then; a second sighting tells a false box as well.
    pub n_init: u32,
    /// How long a track out of sight is kept, counted in frames at 30 a second whatever the real rate:
    /// 30 is one second; 0..=108,000 (an hour).
    pub track_buffer: u32,
    /// The largest cosine distance of two pictures of one object; above 0, at most 2.
    pub max_cosine_distance: f32,
    /// The largest distance, 1 − IoU, at which boxes match where looks did not decide; above 0, at most 1.
    pub max_iou_distance: f32,
    /// How many embeddings are kept of a track, the latest ones; 1..=1,000. Fewer are kept where those of
    /// `max_tracks` tracks would take more than 64 MiB.
    pub gallery: u32,
    /// The nominal frames a second; above 0, at most 1,000.
    pub frame_rate: f32,
    /// Whether classes must agree.
    pub class_aware: ClassMatching,
    /// The most tracks alive at once, and the most detections looked at in a frame (the most confident
    /// ones); 1..=10,000.
    pub max_tracks: u32,
}

impl Default for DeepSortSettings {
    fn default() -> DeepSortSettings {
        DeepSortSettings {
            min_confidence: 0.3,
            n_init: 2,
            track_buffer: 30,
            max_cosine_distance: 0.2,
            max_iou_distance: 0.7,
            gallery: 100,
            frame_rate: 30.0,
            class_aware: ClassMatching::Ignore,
            max_tracks: 1_000,
        }
    }
}

impl DeepSortSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// [`SettingsError`] for the first value out of its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        check("min_confidence", self.min_confidence, 0.0..=1.0)?;
        check("n_init", self.n_init, 1..=100)?;
        check("max_cosine_distance", self.max_cosine_distance, f32::MIN_POSITIVE..=2.0)?;
        check("max_iou_distance", self.max_iou_distance, f32::MIN_POSITIVE..=1.0)?;
        check("gallery", self.gallery, 1..=1_000)?;
        check_limits(self.frame_rate, self.track_buffer, self.max_tracks)
    }
}
