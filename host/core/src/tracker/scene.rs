//! The objects and the frame that a tracker brings together.

use super::appearance::{FrameLooks, Memory};
use super::kalman::{BoxForm, Noise};
use super::noise::LearntNoise;
use super::object::Object;
use super::observed::{Ignored, Observed};
use super::reach::judging;
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::time::TimeUs;
use crate::track::TrackState;

/// Coordinates beyond this many pixels are nobody's picture.
const FARTHEST_PX: f32 = 1e7;

/// A detection that can be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    pub(super) detection: Detection,
    /// Where it stands in the caller's list.
    pub(super) index: usize,
    /// Its row among the frame's embeddings.
    pub(super) look: Option<u32>,
}

/// How objects are made and believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    pub(super) form: BoxForm,
    pub(super) memory: Memory,
    /// Sightings in a row that make a track believed.
    pub(super) believed_after: u32,
}

/// The objects, and what was seen in the frame under way.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) nature: Nature,
    pub(super) time: TimeUs,
    /// By id.
    pub(super) objects: Vec<Object>,
    pub(super) sightings: Vec<Sighting>,
    pub(super) looks: FrameLooks,
    /// By how many pixels everybody misses the place where he is expected: the camera moved.
    pub(super) shift: [f32; 2],
    /// The speed that newcomers are expected to have, in pixels a step.
    pub(super) drift: [f32; 2],
    learnt: Option<LearntNoise>,
    /// The noise by which boxes are judged.
    pub(super) judging: Noise,
}

impl Scene {
    pub(super) fn new(nature: Nature) -> Scene {
        Scene {
            nature,
            time: TimeUs(0),
            objects: Vec::new(),
            sightings: Vec::new(),
            looks: FrameLooks::default(),
            shift: [0.0; 2],
            drift: [0.0; 2],
            judging: judging(nature.form.noise()),
            learnt: (nature.form == BoxForm::Width).then(LearntNoise::default),
        }
    }

    /// The noise of boxes and motion.
    pub(super) fn noise(&self) -> &Noise {
        self.learnt.as_ref().map_or(self.nature.form.noise(), LearntNoise::noise)
    }

    /// Moves every object on by `steps` nominal frames, but those that `stays` says.
    pub(super) fn predict(&mut self, steps: f32, stays: Option<TrackState>) {
        if let Some(learnt) = &mut self.learnt {
            learnt.settle();
            self.judging = judging(learnt.noise());
        }
        let noise = self.learnt.as_ref().map_or(self.nature.form.noise(), LearntNoise::noise);
        // What is learnt of the noise is for one step.
        let is_step = (0.75..=1.25).contains(&steps);
        for object in &mut self.objects {
            object.seen_as = None;
            if !is_step {
                object.trail.clear();
            }
            if Some(object.state) != stays {
                object.predict(steps, noise);
            }
        }
    }

    /// Moves tracks out of sight by what corrected those in sight: they had the same camera.
    pub(super) fn correct_lost(&mut self, correction: [f32; 4]) {
        for object in self.objects.iter_mut().filter(|object| object.state == TrackState::Lost) {
            object.filter.push(correction);
        }
    }

    /// Keeps what can be used of a frame, at most `most` detections, and counts the rest.
    pub(super) fn observe(&mut self, observed: &Observed<'_>, most: usize, ignored: &mut Ignored) {
        let detections = observed.detections;
        self.sightings.clear();
        let usable = detections.iter().enumerate().filter(|(_, detection)| is_usable(detection));
        let sighting = |(index, &detection)| Sighting { detection, index, look: None };
        self.sightings.extend(usable.map(sighting));
        ignored.unusable_detections += (detections.len() - self.sightings.len()) as u64;
        if self.sightings.len() > most {
            ignored.surplus_detections += (self.sightings.len() - most) as u64;
            self.sightings.sort_by(|a, b| b.detection.confidence.total_cmp(&a.detection.confidence));
            self.sightings.truncate(most);
        }
        self.looks.clear();
        if self.nature.memory == Memory::None || observed.embeddings.is_empty() {
            return;
        }
        for sighting in &mut self.sightings {
            if let Some(embedding) = observed.embeddings.get(sighting.index).copied().flatten() {
                sighting.look = self.looks.add(embedding, most);
                ignored.unusable_embeddings += u64::from(sighting.look.is_none());
            }
        }
    }

    /// What a sighting looks like, where that is known.
    pub(super) fn look(&self, sighting: &Sighting) -> Option<&[f32]> {
        sighting.look.map(|row| self.looks.row(row))
    }

    /// The cosine distance, 0..=2, of an object and a sighting; `None` where the looks of one are unknown.
    pub(super) fn unlikeness(&self, object: &Object, sighting: &Sighting) -> Option<f32> {
        self.look(sighting).and_then(|look| object.looks.distance(look))
    }

    /// Sees objects as sightings: pairs of their indices.
    pub(super) fn see(&mut self, matches: &[(u32, u32)]) {
        for &(object, sighting) in matches {
            let sighting = &self.sightings[sighting as usize];
            let object = &mut self.objects[object as usize];
            let noise = self.learnt.as_ref().map_or(self.nature.form.noise(), LearntNoise::noise);
            object.see(sighting, self.time, (noise, self.nature.believed_after));
            if let Some(learnt) = &mut self.learnt {
                learnt.learn(&object.trail);
            }
            if let Some(row) = sighting.look {
                object.looks.remember(self.looks.row(row), self.nature.memory);
            }
        }
    }

    /// The same where the motion did not put them: how they move is found out anew.
    pub(super) fn see_astray(&mut self, matches: &[(u32, u32)]) {
        self.see(matches);
        let noise = *self.noise();
        for &(object, sighting) in matches {
            let rect = &self.sightings[sighting as usize].detection.rect;
            self.objects[object as usize].restart(rect, (self.nature.form, &noise));
        }
    }

    /// Whether the camera jumped: the motion explains less than half of the tracks in sight, since so many are `left`.
    pub(super) fn has_jumped(&self, left: usize) -> bool {
        let in_sight = self.objects.iter().filter(|object| object.state == TrackState::Confirmed);
        left * 2 > in_sight.count()
    }

    /// Starts an object at a sighting.
    pub(super) fn start(&mut self, id: u64, state: TrackState, sighting: u32) {
        let sighting = &self.sightings[sighting as usize];
        let mut object = Object::new(id, state, sighting, (self.nature.form, self.noise(), self.time));
        object.filter.push([0.0, 0.0, self.drift[0], self.drift[1]]);
        if let Some(row) = sighting.look {
            object.looks.remember(self.looks.row(row), self.nature.memory);
        }
        self.objects.push(object);
    }
}

fn is_usable(detection: &Detection) -> bool {
    let Rect { x, y, width, height } = detection.rect;
    // A height near zero makes an aspect ratio out of all proportion. NaN fails each comparison.
    let has_size = width >= 1e-3 && height >= 1e-3;
    let is_near = [x, y, width, height].iter().all(|value| value.abs() <= FARTHEST_PX);
    has_size && is_near && detection.confidence.is_finite()
}
