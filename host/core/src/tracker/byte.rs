//! The association of ByteTrack and BoT-SORT: every detection box counts, also the unsure ones.
//!
//! Written from Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box"
//! (ECCV 2022, arXiv:2110.06864), algorithm 1 and section 4.1: sure boxes are matched with all tracks by
//! IoU, at least 0.2 of it; unsure boxes with the tracks in sight that are left, at least 0.5; a new
//! track is believed on its second sighting; a track out of sight is kept for a while. What the paper
//! leaves open follows the authors' code, but for these points:
//! * Time counts, not frames: a lost track is kept `track_buffer` ÷ 30 seconds and the motion model moves
//!   by the time that passed, so frames that a busy host dropped do no harm.
//! * The first match uses IoU alone, as the paper says. The code multiplies IoU with the confidence, so
//!   that with a match threshold of 0.8 a box of confidence 0.3 must overlap by two thirds, and with the
//!   0.7 of new tracks can never confirm one: fine for detectors that are sure, not for small models.
//! * Of a track in sight and a lost one on the same spot the code drops the younger, so an object can
//!   vanish for a frame, or somebody hidden behind another for good. Here two that were in sight together
//!   are two; otherwise they become one, in sight, under the older identity.
//!
//! With [`Association::LastBox`] all of it is as in the C++ port, that port's oddities included.
//!
//! BoT-SORT (Aharon, Orfaig and Bobrovsky 2022, arXiv:2206.14651) is the same with another filter, with the
//! camera's motion taken out, and with looks: sure boxes are matched by the smaller of 1 − IoU and half the
//! cosine distance, where looks count only of near and similar pairs (section 3.3, equations 12 and 13). Beyond the
//! paper, each of it measured on MOT17 with exact and with trembling boxes:
//! * The filter's noise is learnt (`noise`) where the paper has a share of the box for all detectors.
//! * A box must be within reach of the motion, and overlap a track out of sight the more the longer that is away
//!   (`reach`): in a crowd an overlap of a fifth is as often the neighbour. Where boxes compete, it also counts how
//!   well each lies where the motion puts it.
//! * The camera's motion is seen from the boxes too (`common`), so that it is known without pictures.
//! * Where the motion explains less than half of the tracks in sight, the camera jumped, or the only one in sight turned
//!   on his heel: those left are then looked for where they were last ([`Matcher::by_last_box`]).
//!
//! ByteTrack has the same, without looks, unless its settings ask for the motion model of the paper.

use super::matching::{Matcher, Worth};
use super::object::Object;
use super::scene::{Scene, Sighting};
use super::settings::{Association, BotSortSettings, ByteTrackSettings, ClassMatching};
use crate::track::TrackState;

/// Distance (1 − IoU) below which an unsure box continues a track.
const LOW_LIMIT: f32 = 0.5;
/// Distance below which a box confirms a track that was seen once.
const TENTATIVE_LIMIT: f32 = 0.7;
/// IoU above which a track in sight and a lost one are the same object.
const DUPLICATE_IOU: f32 = 0.85;

/// The association, with its memory.
#[derive(Debug)]
pub(super) struct Byte {
    high_thresh: f32,
    low_thresh: f32,
    new_thresh: f32,
    match_thresh: f32,
    association: Association,
    class_aware: ClassMatching,
    fusion: Option<Fusion>,
    matcher: Matcher,
    lists: Lists,
}

/// How looks join in, of pairs within reach of the motion.
#[derive(Debug, Clone, Copy)]
struct Fusion {
    /// The most 1 − IoU of a pair whose looks count.
    proximity: f32,
    /// The most half cosine distance of such a pair.
    appearance: f32,
}

/// Indices of objects and sightings by what is to be done with them.
#[derive(Debug, Default)]
struct Lists {
    high: Vec<u32>,
    low: Vec<u32>,
    pool: Vec<u32>,
    tentative: Vec<u32>,
    seen: Vec<u32>,
    lost: Vec<u32>,
}

impl From<&ByteTrackSettings> for Byte {
    fn from(settings: &ByteTrackSettings) -> Byte {
        Byte {
            high_thresh: settings.track_high_thresh,
            low_thresh: settings.track_low_thresh,
            new_thresh: settings.new_track_thresh,
            match_thresh: settings.match_thresh,
            association: settings.association,
            class_aware: settings.class_aware,
            fusion: settings.learns().then_some(Fusion::BLIND),
            matcher: Matcher::new(settings.association, settings.class_aware),
            lists: Lists::default(),
        }
    }
}

impl From<&BotSortSettings> for Byte {
    fn from(settings: &BotSortSettings) -> Byte {
        let association = Association::Predicted;
        Byte {
            high_thresh: settings.track_high_thresh,
            low_thresh: settings.track_low_thresh,
            new_thresh: settings.new_track_thresh,
            match_thresh: settings.match_thresh,
            association,
            class_aware: settings.class_aware,
            fusion: Some(Fusion {
                proximity: settings.proximity_thresh,
                appearance: settings.appearance_thresh,
            }),
            matcher: Matcher::new(association, settings.class_aware),
            lists: Lists::default(),
        }
    }
}

impl Byte {
    /// The associations in their order: sure boxes with all believed tracks, unsure boxes with those in
    /// sight, what is left of the sure boxes with tracks seen once.
    pub(super) fn associate(&mut self, scene: &mut Scene) {
        self.sort(scene);
        self.match_high(scene, self.match_thresh);

        let Lists { high, low, pool, .. } = &mut self.lists;
        pool.retain(|&index| scene.objects[index as usize].state == TrackState::Confirmed);
        if self.fusion.is_some() && scene.has_jumped(pool.len()) {
            self.matcher.by_last_box(scene, (pool, high));
            scene.see_astray(&self.matcher.matches);
        }
        self.matcher.by_overlap(scene, (pool, low), 1.0 - LOW_LIMIT, overlap(LOW_LIMIT));
        scene.see(&self.matcher.matches);
        for &index in pool.iter() {
            scene.objects[index as usize].state = TrackState::Lost;
        }

        std::mem::swap(&mut self.lists.pool, &mut self.lists.tentative);
        self.match_high(scene, TENTATIVE_LIMIT);
        for &index in &self.lists.pool {
            scene.objects[index as usize].gone = true;
        }
    }

    /// Sightings that nobody claimed and that may start a track.
    pub(super) fn unclaimed(&self, scene: &Scene, into: &mut Vec<u32>) {
        let is_sure =
            |&&index: &&u32| scene.sightings[index as usize].detection.confidence >= self.new_thresh;
        into.extend(self.lists.high.iter().filter(is_sure));
    }

    /// Says which sightings are sure and which are not, and which objects are believed.
    fn sort(&mut self, scene: &Scene) {
        let Lists { high, low, pool, tentative, .. } = &mut self.lists;
        let floor = if self.low_thresh > 0.0 { self.low_thresh } else { f32::NEG_INFINITY };
        high.clear();
        low.clear();
        for (sighting, index) in scene.sightings.iter().zip(0..) {
            let confidence = sighting.detection.confidence;
            if confidence >= self.high_thresh {
                high.push(index);
            } else if confidence >= floor {
                low.push(index);
            }
        }
        pool.clear();
        tentative.clear();
        for (object, index) in scene.objects.iter().zip(0..) {
            if object.state == TrackState::Tentative { tentative.push(index) } else { pool.push(index) }
        }
    }

    /// Matches the pool with the sure boxes.
    fn match_high(&mut self, scene: &mut Scene, limit: f32) {
        let Lists { high, pool, .. } = &mut self.lists;
        let lists = (pool, high);
        match self.fusion {
            None => self.matcher.by_overlap(scene, lists, 1.0 - limit, overlap(limit)),
            Some(fusion) => {
                let floor = 1.0 - limit.max(fusion.proximity);
                self.matcher.by_overlap(scene, lists, floor, fusion.worth(scene, limit));
            }
        }
        scene.see(&self.matcher.matches);
    }

    /// Makes one of a track in sight and a lost one on the same spot.
    pub(super) fn merge_duplicates(&mut self, objects: &mut [Object]) {
        let Lists { seen, lost, .. } = &mut self.lists;
        seen.clear();
        lost.clear();
        for (object, index) in objects.iter().zip(0..) {
            match object.state {
                _ if object.gone => {}
                TrackState::Lost => lost.push(index),
                TrackState::Tentative | TrackState::Confirmed => seen.push(index),
            }
        }
        for (seen, lost) in self.matcher.overlapping(objects, (seen, lost), DUPLICATE_IOU) {
            let (a, b) = (&objects[seen as usize], &objects[lost as usize]);
            match self.association {
                Association::LastBox => {
                    let younger = if a.age() > b.age() { lost } else { seen };
                    objects[younger as usize].gone = true;
                }
                Association::Predicted => {
                    let differ = self.class_aware == ClassMatching::Require && a.class() != b.class();
                    if differ || a.gone || b.gone || !a.may_have_been(b) {
                        continue;
                    }
                    // Objects stand by id: the older one keeps its place.
                    let (older, younger) = if a.id < b.id { (seen, lost) } else { (lost, seen) };
                    let heir = a.clone();
                    objects[younger as usize].gone = true;
                    objects[older as usize].continue_as(heir);
                }
            }
        }
    }
}

/// Boxes by what they overlap beyond 1 − `limit`.
fn overlap(limit: f32) -> impl Worth {
    let floor = 1.0 - limit;
    move |_: &Object, _: &Sighting, iou: f32| Some(iou - floor)
}

impl Fusion {
    /// Overlap within reach of the motion, whatever the looks.
    const BLIND: Fusion = Fusion { proximity: 0.0, appearance: 0.0 };

    /// Boxes by the smaller of the two distances, below `limit`.
    fn worth(self, scene: &Scene, limit: f32) -> impl Worth + use<'_> {
        move |object: &Object, sighting: &Sighting, iou: f32| {
            let apart = scene.apart(object, sighting, (iou, limit))?;
            let near = 1.0 - iou <= self.proximity;
            let unlike = if near { scene.unlikeness(object, sighting) } else { None };
            let unlike = unlike.map(|cosine| cosine / 2.0).filter(|half| *half <= self.appearance);
            let distance = unlike.map_or(apart, |unlike| unlike.min(apart));
            (distance < limit).then_some(limit - distance)
        }
    }
}
