//! Where tracks came from.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ocellus_core::{Point, TimeUs, Track, TrackState};

/// Centres kept for a track.
const CENTRES: usize = 30;
/// Tracks kept at once; the ones unseen for longest go first.
const TRACKS: usize = 1000;
/// A track unseen for longer is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(2);

/// The last 30 centres of every track seen within the last 2 s, in pixels of the source picture.
#[derive(Debug, Clone, Default)]
pub struct Trails {
    tracks: BTreeMap<u64, Trail>,
}

#[derive(Debug, Clone)]
struct Trail {
    seen: TimeUs,
    centres: VecDeque<Point>,
}

impl Trails {
    /// No trails yet.
    #[must_use]
    pub fn new() -> Trails {
        Trails::default()
    }

    /// Notes the centres of the tracks that were seen at `time`. Predicted boxes of lost tracks are left
    /// out, as they are guesses.
    pub fn update(&mut self, time: TimeUs, tracks: &[Track]) {
        for track in tracks {
            let centre = track.rect.centre();
            if track.state == TrackState::Lost || !centre.is_finite() {
                continue;
            }
            let trail =
                self.tracks.entry(track.id).or_insert_with(|| Trail { seen: time, centres: VecDeque::new() });
            trail.seen = time;
            if trail.centres.len() == CENTRES {
                trail.centres.pop_front();
            }
            trail.centres.push_back(centre);
        }
        self.tracks.retain(|_, trail| time.since(trail.seen) <= FORGET_AFTER);
        while self.tracks.len() > TRACKS {
            let oldest = self.tracks.iter().min_by_key(|(id, trail)| (trail.seen, **id)).map(|(id, _)| *id);
            oldest.map(|id| self.tracks.remove(&id));
        }
    }

    /// Tracks and their centres, oldest centre first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, impl Iterator<Item = Point> + '_)> + '_ {
        self.tracks.iter().map(|(id, trail)| (*id, trail.centres.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use ocellus_core::Rect;

    use super::*;

    fn track(id: u64, x: f32, state: TrackState) -> Track {
        let rect = Rect::new(x, 0.0, 2.0, 2.0);
        Track { id, class: 0, confidence: 0.9, state, rect, first_seen: TimeUs(0), ground: None }
    }

    fn xs(trails: &Trails, id: u64) -> Vec<f32> {
        let mut found = trails.iter().filter(|(other, _)| *other == id);
        found.next().map(|(_, points)| points.map(|point| point.x).collect()).unwrap_or_default()
    }

    #[test]
    fn only_the_last_thirty_centres_of_seen_tracks_are_kept() {
        let mut trails = Trails::new();
        for frame in 0..40_u16 {
            trails.update(
                TimeUs(u64::from(frame) * 1000),
                &[track(7, f32::from(frame), TrackState::Confirmed)],
            );
        }
        trails.update(TimeUs(41_000), &[track(7, 500.0, TrackState::Lost)]);
        let kept = xs(&trails, 7);
        assert_eq!((kept.len(), kept[0], kept[29]), (30, 11.0, 40.0));
    }

    #[test]
    fn tracks_unseen_for_two_seconds_are_forgotten() {
        let mut trails = Trails::new();
        trails.update(TimeUs(0), &[track(1, 0.0, TrackState::Confirmed)]);
        trails.update(TimeUs(2_000_000), &[]);
        assert_eq!(xs(&trails, 1).len(), 1);
        trails.update(TimeUs(2_000_001), &[]);
        assert!(xs(&trails, 1).is_empty());
    }

    #[test]
    fn a_flood_of_ids_stays_bounded() {
        let mut trails = Trails::new();
        let flood: Vec<Track> = (0..5000).map(|id| track(id, 1.0, TrackState::Confirmed)).collect();
        trails.update(TimeUs(1), &flood);
        assert_eq!(trails.iter().count(), TRACKS);
    }
}
