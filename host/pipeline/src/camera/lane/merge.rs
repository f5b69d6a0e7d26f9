//! Frames of several cameras in the order of their time.
//!
//! Pure: frames and times in, frames out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ocellus_core::{CameraHandle, TimeUs};

/// How long a frame waits for those of other cameras that may be older.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// Frames that wait for their turn.
#[derive(Debug)]
pub(super) struct Merge<T> {
    waiting: BTreeMap<(TimeUs, CameraHandle), (Instant, T)>,
    /// The newest frame time of each camera that has sent one.
    newest: BTreeMap<CameraHandle, TimeUs>,
}

impl<T> Merge<T> {
    pub(super) fn new() -> Merge<T> {
        Merge { waiting: BTreeMap::new(), newest: BTreeMap::new() }
    }

    pub(super) fn put(&mut self, (time, camera): (TimeUs, CameraHandle), frame: T, now: Instant) {
        self.newest.insert(camera, time);
        self.waiting.insert((time, camera), (now, frame));
    }

    /// The next frame in order of (time, camera): once no camera can have an older one, or its wait is over.
    pub(super) fn take(&mut self, now: Instant) -> Option<T> {
        let (&(time, _), (arrived, _)) = self.waiting.first_key_value()?;
        let is_first = self.newest.values().all(|newest| *newest >= time);
        if !is_first && now.saturating_duration_since(*arrived) < HOLD {
            return None;
        }
        // A camera that was waited for in vain is not waited for again before it is back.
        self.newest.retain(|_, newest| *newest >= time);
        self.waiting.pop_first().map(|(_, (_, frame))| frame)
    }

    /// How long until a frame's wait is over, at most.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let (_, (arrived, _)) = self.waiting.first_key_value()?;
        Some((*arrived + HOLD).saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(merge: &mut Merge<u64>, camera: u32, time: u64, now: Instant) {
        merge.put((TimeUs(time), CameraHandle(camera)), time * 10 + u64::from(camera), now);
    }

    fn all(merge: &mut Merge<u64>, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| merge.take(now)).collect()
    }

    #[test]
    fn frames_come_in_order_of_time_and_camera_as_soon_as_no_older_one_can_come() {
        let (mut merge, now) = (Merge::new(), Instant::now());
        put(&mut merge, 2, 5, now);
        assert_eq!(all(&mut merge, now), [52], "the only camera so far");
        put(&mut merge, 1, 6, now);
        put(&mut merge, 2, 6, now);
        put(&mut merge, 1, 7, now);
        assert_eq!(all(&mut merge, now), [61, 62], "camera 2 may have an older one than 7");
        put(&mut merge, 2, 9, now);
        assert_eq!(all(&mut merge, now), [71]);
    }

    #[test]
    fn a_camera_that_stands_still_holds_the_others_up_for_a_moment_only() {
        let (mut merge, now) = (Merge::new(), Instant::now());
        put(&mut merge, 1, 1, now);
        put(&mut merge, 2, 1, now);
        assert_eq!(all(&mut merge, now).len(), 2);
        put(&mut merge, 2, 2, now);
        assert_eq!(merge.take(now), None);
        assert_eq!(merge.rest(now), Some(HOLD));
        assert_eq!(merge.take(now + HOLD), Some(22));
        put(&mut merge, 2, 3, now);
        assert_eq!(merge.take(now), Some(32), "camera 1 is not waited for twice");
        put(&mut merge, 1, 4, now);
        put(&mut merge, 2, 5, now);
        assert_eq!(all(&mut merge, now), [41], "and again once it is back");
        assert_eq!(merge.take(now + HOLD), Some(52));
        assert_eq!(merge.rest(now), None);
    }
}
