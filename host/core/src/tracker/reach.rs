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
/// What the surprise weighs beside the overlap where boxes compete. Of two that stand close together both are overlapped
/// much; which of the two lies where it should tells more, but not alone: the motion model errs, too.
const SURPRISE_SHARE: f32 = 0.3;
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
        self.surprise(object, sighting) <= FURTHEST
    }

    fn surprise(&self, object: &Object, sighting: &Sighting) -> f32 {
        let Rect { x, y, width, height } = sighting.detection.rect;
        let steadied = Rect::new(x - self.shift[0], y - self.shift[1], width, height);
        object.filter.surprise(&steadied, &self.judging)
    }

    /// Between which places across, in pixels, the centres of all sightings lie that are within an object's reach.
    pub(super) fn reach_across(&self, object: &Object) -> (f32, f32) {
        let (x, deviation) = object.filter.across(&self.judging);
        let x = x + self.shift[0];
        // A little more than the square root of the furthest, so that no rounding shuts one out.
        let reach = deviation * FURTHEST.sqrt() * 1.001 + x.abs() * 1e-5 + 0.01;
        (x - reach, x + reach)
    }

    /// How far apart an object and a sighting are that overlap by `iou`: below `limit` exactly where 1 − IoU is. `None`
    /// where the motion cannot have brought the one to the other. Of a track out of sight the overlap must be the greater
    /// the longer it is away.
    pub(super) fn apart(
        &self,
        object: &Object,
        sighting: &Sighting,
        (iou, limit): (f32, f32),
    ) -> Option<f32> {
        let away_s = match object.state {
            TrackState::Lost => self.time.since(object.last_seen).as_secs_f32(),
            TrackState::Tentative | TrackState::Confirmed => 0.0,
        };
        let least = (LEAST_IOU + LEAST_IOU_A_SECOND * away_s).min(LEAST_IOU_IN_THE_END);
        let (apart, surprise) = (1.0 - iou, self.surprise(object, sighting) / FURTHEST);
        if surprise > 1.0 || (away_s > 0.0 && iou < least) {
            return None;
        }
        let shared = (1.0 - SURPRISE_SHARE) * apart + SURPRISE_SHARE * surprise * limit;
        Some(if apart < limit { shared } else { apart })
    }
}
