//! What two versions of a rule said of the same frames.
//!
//! Pure: events in, counts out. An event is the same on both sides if kind, track and attributes are equal and
//! the two come within a second of frame time, so that a version that decides a little later is not different.

use std::collections::VecDeque;
use std::time::Duration;

use ocellus_core::{Event, Name, TimeUs};

/// Frame time within which the other side must say the same.
const TOLERANCE: Duration = Duration::from_secs(1);
/// Differences that are kept, the newest.
const EXAMPLES: usize = 20;
/// Events that wait for the other side.
const WAITING: usize = 4096;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The active version.
    Live,
    /// The version beside it.
    Shadow,
}

/// An event that only one side reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Who did.
    pub side: Side,
    /// The camera.
    pub camera: Name,
    /// Sequence of the frame.
    pub frame: u64,
    /// Time of the frame.
    pub time: TimeUs,
    /// The event.
    pub event: Event,
}

/// How the events of two versions compare so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Events that both reported.
    pub both: u64,
    /// Events that only the active version reported.
    pub only_live: u64,
    /// Events that only the shadow reported.
    pub only_shadow: u64,
    /// The newest differences, oldest first, at most 20.
    pub differences: VecDeque<Difference>,
}

/// A comparison at work.
#[derive(Debug, Default)]
pub(super) struct Comparing {
    so_far: Comparison,
    waiting: VecDeque<Difference>,
}

/// A frame of a camera.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) camera: &'p Name,
    pub(super) frame: u64,
    pub(super) time: TimeUs,
}

impl Comparing {
    /// What one side said of a frame.
    pub(super) fn heard(&mut self, side: Side, place: Place<'_>, events: Vec<Event>) {
        for event in events {
            let same = |other: &Difference| {
                other.side != side && other.camera == *place.camera && other.event == event
            };
            if let Some(index) = self.waiting.iter().position(same) {
                self.waiting.remove(index);
                self.so_far.both += 1;
                continue;
            }
            let Place { camera, frame, time } = place;
            self.waiting.push_back(Difference { side, camera: camera.clone(), frame, time, event });
            if self.waiting.len() > WAITING {
                self.settle_first();
            }
        }
    }

    /// The time of a camera has come so far: what nobody else said by then is a difference.
    pub(super) fn settle(&mut self, camera: &Name, now: TimeUs) {
        let late = |waiting: &Difference| waiting.camera == *camera && now.since(waiting.time) > TOLERANCE;
        while let Some(index) = self.waiting.iter().position(late) {
            self.settle_at(index);
        }
    }

    /// The comparison so far. Events that still wait for the other side are not in it.
    pub(super) fn so_far(&self) -> Comparison {
        self.so_far.clone()
    }

    fn settle_first(&mut self) {
        self.settle_at(0);
    }

    fn settle_at(&mut self, index: usize) {
        let Some(difference) = self.waiting.remove(index) else { return };
        match difference.side {
            Side::Live => self.so_far.only_live += 1,
            Side::Shadow => self.so_far.only_shadow += 1,
        }
        let differences = &mut self.so_far.differences;
        differences.push_back(difference);
        if differences.len() > EXAMPLES {
            differences.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(track: u64) -> Event {
        Event { kind: "crossing".into(), track: Some(track), attributes: Vec::new() }
    }

    fn at(camera: &Name, tenth: u64) -> Place<'_> {
        Place { camera, frame: tenth, time: TimeUs(1_000_000 + tenth * 100_000) }
    }

    fn counts(comparing: &Comparing) -> (u64, u64, u64) {
        let Comparison { both, only_live, only_shadow, .. } = comparing.so_far();
        (both, only_live, only_shadow)
    }

    #[test]
    fn the_same_a_little_later_is_the_same_and_much_later_is_not() {
        let gate = Name::new("gate").unwrap();
        let mut comparing = Comparing::default();
        comparing.heard(Side::Live, at(&gate, 0), vec![event(1), event(2)]);
        comparing.heard(Side::Shadow, at(&gate, 8), vec![event(1)]);
        comparing.settle(&gate, at(&gate, 8).time);
        assert_eq!(counts(&comparing), (1, 0, 0));
        comparing.settle(&gate, at(&gate, 11).time);
        comparing.heard(Side::Shadow, at(&gate, 11), vec![event(2)]);
        comparing.settle(&gate, at(&gate, 30).time);
        assert_eq!(counts(&comparing), (1, 1, 1));
        let sides: Vec<Side> = comparing.so_far().differences.iter().map(|found| found.side).collect();
        assert_eq!(sides, [Side::Live, Side::Shadow]);
    }

    #[test]
    fn events_said_twice_and_events_of_another_camera_do_not_match() {
        let (gate, yard) = (Name::new("gate").unwrap(), Name::new("yard").unwrap());
        let mut comparing = Comparing::default();
        comparing.heard(Side::Live, at(&gate, 0), vec![event(1)]);
        comparing.heard(Side::Shadow, at(&gate, 0), vec![event(1), event(1)]);
        comparing.heard(Side::Shadow, at(&yard, 0), vec![event(1)]);
        comparing.settle(&gate, at(&gate, 30).time);
        assert_eq!(counts(&comparing), (1, 0, 1));
        comparing.settle(&yard, at(&yard, 30).time);
        assert_eq!(counts(&comparing), (1, 0, 2));
    }

    #[test]
    fn what_waits_is_bounded() {
        let gate = Name::new("gate").unwrap();
        let mut comparing = Comparing::default();
        comparing.heard(Side::Shadow, at(&gate, 0), (0..10_000).map(event).collect());
        assert_eq!(comparing.waiting.len(), WAITING);
        assert_eq!(counts(&comparing), (0, 0, 10_000 - WAITING as u64));
        assert_eq!(comparing.so_far().differences.len(), EXAMPLES);
    }
}
