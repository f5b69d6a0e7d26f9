//! How long a track out of sight is waited for.

use super::object::Object;
use super::settings::{Association, TrackerSettings};
use crate::time::TimeUs;
use crate::track::TrackState;

/// The longest pause without any frame, in seconds, after which the tracks of the last frame are still
/// looked for, where the buffer is not longer: a host so short of breath that its frames come further
/// apart than the buffer should still know a parked car.
const OUTAGE_S: f64 = 5.0;
/// Frame times are whole microseconds; a frame at the very end of the buffer is still within it.
const TOLERANCE_S: f64 = 0.0005;

/// The tracker's limits in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    frame_rate: f64,
    /// The most nominal frames that a prediction spans: beyond them the motion is anybody's guess.
    horizon: f64,
    /// How long after its last sighting a lost track may be found again.
    search_s: f64,
    /// How long after it a lost track is kept at the end of an update.
    keep_s: f64,
    /// How long after its last sighting a track of the last frame may be found again.
    outage_s: f64,
}

impl Patience {
    pub(super) fn new(settings: &TrackerSettings) -> Patience {
        let frame_rate = f64::from(settings.frame_rate());
        let buffer_s = settings.buffer_seconds();
        let (search_s, keep_s) = match settings.association() {
            Association::Predicted => (buffer_s + TOLERANCE_S, buffer_s + TOLERANCE_S),
            // The port counts whole frames, and removes a track for good one frame after the buffer has
            // run out: it takes part in one association more, and is gone by the end of that frame.
            Association::LastBox => {
                let frames = (buffer_s * frame_rate + 1e-6).floor();
                ((frames + 2.5) / frame_rate, (frames + 1.5) / frame_rate)
            }
        };
        Patience {
            frame_rate,
            horizon: (buffer_s * frame_rate).max(1.0),
            search_s,
            keep_s,
            outage_s: search_s.max(2.5 / frame_rate).max(OUTAGE_S),
        }
    }

    /// The nominal frames between two moments, up to the horizon. A hair's breadth beside a whole number
    /// is that number: it is the rounding of times to microseconds.
    pub(super) fn steps(&self, from: TimeUs, to: TimeUs) -> f32 {
        let steps = seconds(from, to) * self.frame_rate;
        let whole = steps.round();
        let steps = if (steps - whole).abs() < 0.01 { whole } else { steps };
        steps.min(self.horizon) as f32
    }

    /// Whether an object may still be matched at `time`.
    pub(super) fn may_return(&self, object: &Object, time: TimeUs) -> bool {
        let limit = if object.state == TrackState::Lost { self.search_s } else { self.outage_s };
        seconds(object.last_seen, time) <= limit
    }

    /// Whether an object outlasts the update at `time`.
    pub(super) fn keeps(&self, object: &Object, time: TimeUs) -> bool {
        object.state != TrackState::Lost || seconds(object.last_seen, time) <= self.keep_s
    }
}

fn seconds(from: TimeUs, to: TimeUs) -> f64 {
    to.since(from).as_secs_f64()
}
