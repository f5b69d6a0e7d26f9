//! The time of a slot, which never goes back, whichever camera a frame is of.

use std::collections::BTreeMap;

use ocellus_core::{CameraHandle, TimeUs};

/// Counts frame time. Cameras of a site rule may be apart: each goes on from where the slot stood when it came, so
/// that the slot neither jumps with one whose clock is ahead nor stands still when that one is gone.
#[derive(Debug, Default)]
pub(super) struct SlotClock {
    now: TimeUs,
    /// What to add to a camera's time, in microseconds; nothing for the first. Commands come under no camera.
    shifts: BTreeMap<Option<CameraHandle>, i64>,
}

impl SlotClock {
    /// The time of the newest frame or command.
    pub(super) fn now(&self) -> TimeUs {
        self.now
    }

    /// Something happens at `time` on `camera`, or on none.
    pub(super) fn see(&mut self, camera: Option<CameraHandle>, time: TimeUs) {
        let apart = i128::from(self.now.0) - i128::from(time.0);
        let shift = match self.shifts.is_empty() {
            true if camera.is_none() => 0,
            true => *self.shifts.entry(camera).or_insert(0),
            false => *self.shifts.entry(camera).or_insert(i64::try_from(apart).unwrap_or(0)),
        };
        self.now = self.now.max(TimeUs(time.0.saturating_add_signed(shift)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORTH: Option<CameraHandle> = Some(CameraHandle(1));
    const SOUTH: Option<CameraHandle> = Some(CameraHandle(2));
    const HOUR: u64 = 3_600_000_000;

    #[test]
    fn time_does_not_go_back_with_a_camera_that_is_behind() {
        let mut clock = SlotClock::default();
        for (camera, time, now) in
            [(NORTH, 1_000, 1_000), (SOUTH, 800, 1_000), (NORTH, 1_100, 1_100), (SOUTH, 850, 1_100)]
        {
            clock.see(camera, TimeUs(time));
            assert_eq!(clock.now(), TimeUs(now), "after {camera:?} at {time}");
        }
    }

    #[test]
    fn a_camera_whose_clock_is_ahead_leaves_the_time_where_it_is() {
        let mut clock = SlotClock::default();
        clock.see(NORTH, TimeUs(1_000));
        clock.see(SOUTH, TimeUs(HOUR));
        assert_eq!(clock.now(), TimeUs(1_000));
        clock.see(SOUTH, TimeUs(HOUR + 100));
        assert_eq!(clock.now(), TimeUs(1_100));
        clock.see(NORTH, TimeUs(1_200));
        assert_eq!(clock.now(), TimeUs(1_200), "it goes on once the other is gone");
        clock.see(None, TimeUs(HOUR + 100));
        assert_eq!(clock.now(), TimeUs(1_200), "and a command does not move it");
    }

    #[test]
    fn the_first_camera_says_what_time_it_is_whatever_came_before() {
        let mut clock = SlotClock::default();
        clock.see(None, TimeUs(700));
        assert_eq!(clock.now(), TimeUs(700));
        clock.see(NORTH, TimeUs(1_000));
        assert_eq!(clock.now(), TimeUs(1_000));
    }

    #[test]
    fn times_at_the_ends_of_the_range_are_taken() {
        let mut clock = SlotClock::default();
        clock.see(NORTH, TimeUs(u64::MAX));
        clock.see(SOUTH, TimeUs(0));
        clock.see(SOUTH, TimeUs(u64::MAX));
        assert_eq!(clock.now(), TimeUs(u64::MAX));
    }
}
