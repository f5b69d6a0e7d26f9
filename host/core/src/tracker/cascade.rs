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
//! matched by overlap too, within the same reach, so that the tracker works by motion alone. Where the camera jumped,
//! those in sight are looked for where they were last, as ByteTrack's are (`byte`).

use super::matching::{Matcher, Worth};
use super::object::Object;
use super::scene::{Scene, Sighting};
use super::settings::{Association, DeepSortSettings};
use crate::time::TimeUs;
use crate::track::TrackState;

/// The association, with its memory.
#[derive(Debug)]
pub(super) struct Cascade {
    min_confidence: f32,
    max_cosine: f32,
    max_iou_distance: f32,
    matcher: Matcher,
    /// Sightings that nobody has claimed.
    open: Vec<u32>,
    /// Objects that are believed, and those that are not yet.
    believed: Vec<u32>,
    young: Vec<u32>,
    /// Believed ones that were last seen at the same time.
    level: Vec<u32>,
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
            young: Vec::new(),
            level: Vec::new(),
        }
    }
}

impl Cascade {
    pub(super) fn associate(&mut self, scene: &mut Scene) {
        self.sort(scene);
        self.match_by_looks(scene);

        let floor = 1.0 - self.max_iou_distance;
        self.matcher.by_overlap(scene, (&mut self.believed, &mut self.open), floor, by_motion(scene, floor));
        scene.see(&self.matcher.matches);
        self.match_astray(scene);
        self.matcher.by_overlap(scene, (&mut self.young, &mut self.open), floor, by_motion(scene, floor));
        scene.see(&self.matcher.matches);

        for object in scene.objects.iter_mut().filter(|object| object.seen_as.is_none()) {
            match object.state {
                TrackState::Tentative => object.gone = true,
                TrackState::Confirmed | TrackState::Lost => object.state = TrackState::Lost,
            }
        }
    }

    /// Where the camera jumped, those in sight may be where they were last.
    fn match_astray(&mut self, scene: &mut Scene) {
        let left = |&index: &u32| scene.objects[index as usize].state == TrackState::Confirmed;
        self.level.clear();
        self.level.extend(self.believed.iter().copied().filter(left));
        if scene.has_jumped(self.level.len()) {
            self.matcher.by_last_box(scene, (&mut self.level, &mut self.open));
            scene.see_astray(&self.matcher.matches);
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
        self.young.clear();
        for (object, index) in scene.objects.iter().zip(0..) {
            if object.state == TrackState::Tentative {
                self.young.push(index);
            } else {
                self.believed.push(index);
            }
        }
    }

    /// The cascade; what it matched leaves the believed ones.
    fn match_by_looks(&mut self, scene: &mut Scene) {
        if scene.sightings.iter().all(|sighting| sighting.look.is_none()) {
            return;
        }
        let last_seen = |index: u32| scene.objects[index as usize].last_seen;
        let mut times: Vec<TimeUs> = self.believed.iter().map(|&index| last_seen(index)).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        times.dedup();
        for time in times {
            self.level.clear();
            let seen_then = |index: &u32| scene.objects[*index as usize].last_seen == time;
            self.level.extend(self.believed.iter().copied().filter(seen_then));
            self.matcher.by_looks(scene, (&mut self.level, &mut self.open), self.max_cosine);
            scene.see(&self.matcher.matches);
        }
        self.believed.retain(|&index| scene.objects[index as usize].seen_as.is_none());
    }
}

/// Overlapping pairs within reach. Of a track out of sight looks must not have said no.
fn by_motion(scene: &Scene, floor: f32) -> impl Worth + use<'_> {
    move |object: &Object, sighting: &Sighting, iou: f32| {
        let is_free = object.state != TrackState::Lost || scene.unlikeness(object, sighting).is_none();
        let limit = 1.0 - floor;
        let apart = if is_free { scene.apart(object, sighting, (iou, limit)) } else { None };
        apart.map(|apart| limit - apart)
    }
}
