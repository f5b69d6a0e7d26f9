//! One object as the tracker holds it.

use std::time::Duration;

use super::appearance::Looks;
use super::kalman::{BoxFilter, BoxForm, Noise};
use super::motion::CameraMotion;
use super::noise::Trail;
use super::scene::Sighting;
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::time::TimeUs;
use crate::track::{Track, TrackState};

/// An object that was seen at least once.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) id: u64,
    pub(super) state: TrackState,
    pub(super) filter: BoxFilter,
    /// The filtered box after the last detection.
    pub(super) last_box: Rect,
    pub(super) first_seen: TimeUs,
    pub(super) last_seen: TimeUs,
    /// The last time out of sight: from the sighting before it to the one after.
    absence: Option<(TimeUs, TimeUs)>,
    /// To be removed at the end of the update.
    pub(super) gone: bool,
    /// The detection that it was seen as in this frame, in the caller's list.
    pub(super) seen_as: Option<usize>,
    /// By what the last sighting corrected the place of its centre and its speed: x, y, vx, vy.
    pub(super) correction: [f32; 4],
    /// Where it was seen in the last frames.
    pub(super) trail: Trail,
    /// What it has looked like.
    pub(super) looks: Looks,
    /// Sightings in a row since the first, as far as they decide whether it is believed.
    sightings: u32,
    class: ClassVote,
    confidence: f32,
}

impl Object {
    pub(super) fn new(
        id: u64,
        state: TrackState,
        sighting: &Sighting,
        (form, noise, time): (BoxForm, &Noise, TimeUs),
    ) -> Object {
        let detection = &sighting.detection;
        let mut trail = Trail::default();
        trail.add(&detection.rect);
        Object {
            id,
            state,
            filter: BoxFilter::new(form, &detection.rect, noise),
            last_box: detection.rect,
            first_seen: time,
            last_seen: time,
            absence: None,
            gone: false,
            seen_as: Some(sighting.index),
            trail,
            correction: [0.0; 4],
            looks: Looks::default(),
            sightings: 1,
            class: ClassVote { class: detection.class, lead: vote(detection.confidence) },
            confidence: detection.confidence,
        }
    }

    pub(super) fn class(&self) -> u32 {
        self.class.class
    }

    /// Moves on by `steps` nominal frames.
    pub(super) fn predict(&mut self, steps: f32, noise: &Noise) {
        if self.state == TrackState::Lost {
            self.filter.freeze_size();
        }
        self.filter.predict(steps, noise);
    }

    /// Goes where the camera's motion puts it.
    pub(super) fn follow_camera(&mut self, motion: &CameraMotion) {
        self.filter.follow_camera(motion);
        self.trail.follow_camera(motion);
        let (centre, scale) = (self.last_box.centre(), motion.scale());
        let (x, y) = motion.place(centre.x, centre.y);
        let (width, height) = (self.last_box.width * scale, self.last_box.height * scale);
        self.last_box = Rect::new(x - width / 2.0, y - height / 2.0, width, height);
    }

    /// Sees the object again; it is believed after so many sightings.
    pub(super) fn see(&mut self, sighting: &Sighting, time: TimeUs, (noise, believed_after): (&Noise, u32)) {
        let detection = &sighting.detection;
        let before = *self.filter.lanes();
        self.filter.correct(&detection.rect, noise);
        let after = self.filter.lanes();
        let ([x, y, ..], [from_x, from_y, ..]) = (after.position, before.position);
        let ([vx, vy, ..], [from_vx, from_vy, ..]) = (after.velocity, before.velocity);
        self.correction = [x - from_x, y - from_y, vx - from_vx, vy - from_vy];
        if self.state == TrackState::Lost {
            self.trail.clear();
        }
        self.trail.add(&detection.rect);
        self.last_box = self.filter.rect();
        if self.state == TrackState::Lost {
            self.absence = Some((self.last_seen, time));
        }
        self.last_seen = time;
        self.seen_as = Some(sighting.index);
        self.sightings = self.sightings.saturating_add(1);
        if self.state != TrackState::Tentative || self.sightings >= believed_after {
            self.state = TrackState::Confirmed;
        }
        self.confidence = detection.confidence;
        self.class.count(detection);
    }

    /// Stands at a box, and nobody knows how it moves.
    pub(super) fn restart(&mut self, rect: &Rect, (form, noise): (BoxForm, &Noise)) {
        self.filter = BoxFilter::new(form, rect, noise);
        self.last_box = *rect;
    }

    /// From the first sighting to the last.
    pub(super) fn age(&self) -> Duration {
        self.last_seen.since(self.first_seen)
    }

    /// Whether `other` was seen only before this one, or while it was away: they may be one object.
    pub(super) fn may_have_been(&self, other: &Object) -> bool {
        let within = |(from, to)| from < other.first_seen && other.last_seen < to;
        other.last_seen < self.first_seen || self.absence.is_some_and(within)
    }

    /// Goes on as what `heir` is now, under the old identity.
    pub(super) fn continue_as(&mut self, heir: Object) {
        let own = std::mem::take(&mut self.looks);
        let looks = if heir.looks.is_empty() { own } else { heir.looks };
        let (id, first_seen) = (self.id, self.first_seen);
        *self = Object { id, first_seen, state: TrackState::Confirmed, looks, ..heir };
    }

    pub(super) fn track(&self) -> Track {
        let rect = if self.state == TrackState::Lost { self.filter.rect() } else { self.last_box };
        Track {
            id: self.id,
            class: self.class.class,
            confidence: self.confidence,
            state: self.state,
            rect,
            first_seen: self.first_seen,
            ground: None,
        }
    }
}

/// The class that a track was seen as most: a majority vote (Boyer and Moore) weighted by confidence.
#[derive(Debug, Clone, Copy)]
struct ClassVote {
    class: u32,
    lead: f32,
}

/// The most lead that a class can gather: some two seconds of sure sightings, so that a track which
/// changed hands does not carry a wrong class for as long as it had the old one.
const MOST_LEAD: f32 = 30.0;

impl ClassVote {
    fn count(&mut self, detection: &Detection) {
        let weight = vote(detection.confidence);
        if detection.class == self.class {
            self.lead = (self.lead + weight).min(MOST_LEAD);
        } else if weight > self.lead {
            *self = ClassVote { class: detection.class, lead: weight - self.lead };
        } else {
            self.lead -= weight;
        }
    }
}

/// Confidences of odd models reach beyond 0..1.
fn vote(confidence: f32) -> f32 {
    confidence.clamp(0.01, 1.0)
}
