//! Whether a box may be where an object is expected.

use super::kalman::Noise;
use super::object::Object;
use super::scene::{Scene, Sighting};
use crate::geometry::Rect;
use crate::track::TrackState;

/// The most squared deviations, summed over the four quantities. Of motion without surprises 95 % are within 9.5 (a χ²
/// of four degrees); this is ten deviations, since people start, stop and turn. A neighbour is still far beyond.
const FURTHEST: f32 = 100.0;
/// Boxes are taken to tremble by this share of their size at least: a filter that follows exact boxes exactly must
/// not be surprised by the first step aside.
const LEAST_TREMBLE: f32 = 0.03;
/// The least IoU of a box with a track out of sight: at once, more for each second away, and in the end. The longer it
/// is away, the more likely is somebody else where it is expected.
const LEAST_IOU: f32 = 0.2;
const LEAST_IOU_A_SECOND: f32 = 0.5;
const LEAST_IOU_IN_THE_END: f32 = 0.5;

/// The noise by which a box is judged, from that by which it is followed.
pub(super) fn judging(noise: &Noise) -> Noise {
    Noise { measured: noise.measured.map(|tremble| tremble.max(LEAST_TREMBLE)), ..*noise }
}

impl Scene {
    /// Whether the motion of an object can have brought it to a sighting.
    pub(super) fn is_within_reach(&self, object: &Object, sighting: &Sighting) -> bool {
        let Rect { x, y, width, height } = sighting.detection.rect;
        let steadied = Rect::new(x - self.shift[0], y - self.shift[1], width, height);
        object.filter.surprise(&steadied, &self.judging) <= FURTHEST
    }

    /// The same of a sighting that the object overlaps by `iou`, of which a track out of sight needs the more the
    /// longer it is away.
    pub(super) fn is_continued(&self, object: &Object, sighting: &Sighting, iou: f32) -> bool {
        let away_s = match object.state {
            TrackState::Lost => self.time.since(object.last_seen).as_secs_f32(),
            TrackState::Tentative | TrackState::Confirmed => 0.0,
        };
        let least = (LEAST_IOU + LEAST_IOU_A_SECOND * away_s).min(LEAST_IOU_IN_THE_END);
        (away_s == 0.0 || iou >= least) && self.is_within_reach(object, sighting)
    }
}
