//! The settings of ByteTrack.

use super::range::check;
use super::{ClassMatching, SettingsError, check_limits, check_order};

/// Which box of a track is compared with the new detections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Association {
    /// The box predicted for the frame's time, as in the paper.
    #[default]
    Predicted,
    /// The box after the track's last detection, as the C++ port (Vertical-Beach/ByteTrack-cpp) does,
    /// with its way of counting pixels. For results that must agree with that port's.
    LastBox,
}

/// Where the numbers of the motion model come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MotionModel {
    /// Learnt from the boxes: how much they tremble, how suddenly objects turn, and how the camera moves. Exact boxes
    /// are followed exactly, others are smoothed, and a box out of an object's reach is not the object.
    #[default]
    Learnt,
    /// The constants of the paper, whatever the detector.
    Paper,
}

/// The settings of ByteTrack.
#[derive(Debug, Clone, PartialEq)]
pub struct ByteTrackSettings {
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
    /// The largest distance, 1 − IoU, at which the first association matches; above 0, at most 1.
    pub match_thresh: f32,
    /// The nominal frames a second. The motion model counts time in these frames, so dropped frames and
    /// jitter are seen for what they are; above 0, at most 1,000.
    pub frame_rate: f32,
    /// Which box of a track is compared.
    pub association: Association,
    /// Where the motion model's numbers come from; with [`Association::LastBox`] always from the paper.
    pub motion: MotionModel,
    /// Whether classes must agree.
    pub class_aware: ClassMatching,
    /// The most tracks alive at once, and the most detections looked at in a frame (the most confident
    /// ones); 1..=10,000.
    pub max_tracks: u32,
}

impl Default for ByteTrackSettings {
    fn default() -> ByteTrackSettings {
        ByteTrackSettings {
            track_high_thresh: 0.6,
            track_low_thresh: 0.1,
            new_track_thresh: 0.7,
            track_buffer: 30,
            match_thresh: 0.8,
            frame_rate: 30.0,
            association: Association::Predicted,
            motion: MotionModel::Learnt,
            class_aware: ClassMatching::Ignore,
            max_tracks: 1_000,
        }
    }
}

impl ByteTrackSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// [`SettingsError`] for the first value out of its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        check("track_high_thresh", self.track_high_thresh, 0.0..=1.0)?;
        check("track_low_thresh", self.track_low_thresh, 0.0..=1.0)?;
        check("new_track_thresh", self.new_track_thresh, 0.0..=1.0)?;
        check("match_thresh", self.match_thresh, f32::MIN_POSITIVE..=1.0)?;
        check_limits(self.frame_rate, self.track_buffer, self.max_tracks)?;
        check_order(self.track_low_thresh, self.track_high_thresh)
    }

    /// Whether it learns from the boxes.
    pub(in crate::tracker) fn learns(&self) -> bool {
        self.motion == MotionModel::Learnt && self.association == Association::Predicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_key_the_value_and_the_remedy() {
        let cases = [
            (
                ByteTrackSettings { track_high_thresh: 60.0, ..Default::default() },
                "track_high_thresh is 60: use a number from 0 to 1",
            ),
            (
                ByteTrackSettings { match_thresh: 0.0, ..Default::default() },
                "match_thresh is 0: use a number above 0 and at most 1",
            ),
            (
                ByteTrackSettings { frame_rate: f32::NAN, ..Default::default() },
                "frame_rate is NaN: use a number from 0.001 to 1000",
            ),
            (
                ByteTrackSettings { track_low_thresh: 0.7, ..Default::default() },
                "track_low_thresh is 0.7: use at most track_high_thresh, which is 0.6",
            ),
            (
                ByteTrackSettings { track_buffer: 200_000, ..Default::default() },
                "track_buffer is 200000: use a whole number from 0 to 108000",
            ),
        ];
        for (settings, message) in cases {
            assert_eq!(settings.validate().unwrap_err().to_string(), message);
        }
        assert_eq!(ByteTrackSettings::default().validate(), Ok(()));
    }
}
