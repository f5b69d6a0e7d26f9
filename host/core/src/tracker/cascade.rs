//! The association of DeepSORT: by looks within reach of the motion, tracks that were seen last first.
//!
//! Written from Wojke, Bewley and Paulus, "Simple online and realtime tracking with a deep association
//! metric" (2017, arXiv:1703.07402), listing 1 and section 2: believed tracks are matched by the cosine
//! distance to what they looked like, only where the squared Mahalanobis distance of the box is within the
//! 95 % of a χ² of four degrees, and those that were seen most recently choose first, since a track out of
//! sight is within reach of everything. What is left is matched by overlap with tracks that are young or
//! were seen in the last frame.
//!
//! Beyond the paper: a pair of which one has no embedding cannot be judged by looks. Lost tracks are then
//! matched by overlap too, within the same reach, so that the tracker works by motion alone.

use super::matching::{Matcher, Worth};
use super::object::Object;
use super::scene::{Scene, Sighting};
use super::settings::{Association, DeepSortSettings};
use crate::track::TrackState;

/// 95 % of a χ² distribution of four degrees of freedom.
const REACH: f32 = 9.4877;

/// The association, with its memory.
#[derive(Debug)]
pub(super) struct Cascade {
    min_confidence: f32,
    max_cosine: f32,
    max_iou_distance: f32,
    matcher: Matcher,
    /// Sightings that nobody has claimed.
    open: Vec<u32>,
    /// Believed objects, those seen last first.
    believed: Vec<u32>,
    level: Vec<u32>,
    recent: Vec<u32>,
    lost: Vec<u32>,
}

impl From<&DeepSortSettings> for Cascade {
    fn from(settings: &DeepSortSettings) -> Cascade {
        Cascade {
            min_confidence: settings.min_confidence,
            max_cosine: settings.max_cosine_distance,
            max_iou_distance: settings.max_iou_distance,
            matcher: Matcher::new(Association::Predicted, settings.class_aware),
            open: Vec::new(),
            believed: Vec::new(),
            level: Vec::new(),
            recent: Vec::new(),
            lost: Vec::new(),
        }
    }
}

impl Cascade {
    pub(super) fn associate(&mut self, scene: &mut Scene) {
        self.sort(scene);
        self.match_by_looks(scene);

        let floor = 1.0 - self.max_iou_distance;
        let by_overlap = move |_: &Object, _: &Sighting, iou: f32| Some(iou - floor);
        self.matcher.by_overlap(scene, (&mut self.recent, &mut self.open), floor, by_overlap);
        scene.see(&self.matcher.matches);
        self.matcher.by_overlap(scene, (&mut self.lost, &mut self.open), floor, unjudged(scene, floor));
        scene.see(&self.matcher.matches);

        for object in scene.objects.iter_mut().filter(|object| object.seen_as.is_none()) {
            match object.state {
                TrackState::Tentative => object.gone = true,
                TrackState::Confirmed | TrackState::Lost => object.state = TrackState::Lost,
            }
        }
    }

    /// Sightings that nobody claimed.
    pub(super) fn unclaimed(&self, into: &mut Vec<u32>) {
        into.extend_from_slice(&self.open);
    }

    fn sort(&mut self, scene: &Scene) {
        self.open.clear();
        let sure = |(sighting, index): (&Sighting, u32)| {
            (sighting.detection.confidence >= self.min_confidence).then_some(index)
        };
        self.open.extend(scene.sightings.iter().zip(0..).filter_map(sure));
        self.believed.clear();
        self.recent.clear();
        for (object, index) in scene.objects.iter().zip(0..) {
            if object.state == TrackState::Tentative {
                self.recent.push(index);
            } else {
                self.believed.push(index);
            }
        }
        // Stable: of those seen at the same time the older one stands first.
        self.believed.sort_by_key(|&index| std::cmp::Reverse(scene.objects[index as usize].last_seen));
    }

    /// The cascade; leaves the objects that it did not match among the recent and the lost ones.
    fn match_by_looks(&mut self, scene: &mut Scene) {
        self.lost.clear();
        let anything_to_see = scene.sightings.iter().any(|sighting| sighting.look.is_some());
        let mut start = 0;
        while let Some(&first) = self.believed.get(start) {
            let last_seen = scene.objects[first as usize].last_seen;
            let same = |index: &&u32| scene.objects[**index as usize].last_seen == last_seen;
            let count = self.believed[start..].iter().take_while(same).count();
            self.level.clear();
            self.level.extend_from_slice(&self.believed[start..start + count]);
            start += count;
            if anything_to_see {
                let worth = by_looks(scene, self.max_cosine);
                self.matcher.by_worth(scene, (&mut self.level, &mut self.open), worth);
                scene.see(&self.matcher.matches);
            }
            for &index in &self.level {
                let is_lost = scene.objects[index as usize].state == TrackState::Lost;
                if is_lost { self.lost.push(index) } else { self.recent.push(index) }
            }
        }
        // Ties are decided for the older track.
        self.recent.sort_unstable();
        self.lost.sort_unstable();
    }
}

/// Pairs within reach, by how much they look alike.
fn by_looks(scene: &Scene, limit: f32) -> impl Worth + use<'_> {
    move |object: &Object, sighting: &Sighting, _| {
        sighting.look?;
        let is_near = !object.looks.is_empty() && object.filter.surprise(&sighting.detection.rect) <= REACH;
        let distance = if is_near { scene.unlikeness(object, sighting) } else { None }?;
        (distance <= limit).then_some((limit - distance) / limit)
    }
}

/// Overlapping pairs within reach of which looks say nothing.
fn unjudged(scene: &Scene, floor: f32) -> impl Worth + use<'_> {
    move |object: &Object, sighting: &Sighting, iou: f32| {
        let is_judged = scene.unlikeness(object, sighting).is_some();
        let is_near = object.filter.surprise(&sighting.detection.rect) <= REACH;
        (!is_judged && is_near).then_some(iou - floor)
    }
}
