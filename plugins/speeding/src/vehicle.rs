//! A vehicle, from frame to frame and from one identity to the next.

use std::collections::BTreeMap;

use ocellus_sdk::prelude::*;

use crate::passage::{Passage, Place};

/// Seconds that a vehicle may be unseen before it is gone; until then another track may go on in its place.
pub(crate) const AWAY_S: f64 = 1.5;
/// Metres that a new track may be from where a vehicle should be by now, besides the doubt of both places.
const REACH_M: f64 = 1.5;
/// The same for each metre that the vehicle should have moved meanwhile.
const REACH_SHARE: f64 = 0.15;
/// How much the velocities of the two may differ, in m/s, and as a share of the speed.
const SAME_MPS: f64 = 2.0;
const SAME_SHARE: f64 = 0.2;
/// Microseconds for which both tracks may have been seen: one box can have two identities for some frames.
const OVERLAP_US: u64 = 300_000;

/// What is kept of a vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vehicle {
    /// The track that it is now.
    pub(crate) id: u64,
    pub(crate) class: u32,
    /// When it was seen last, in microseconds, where it was and how it moved.
    pub(crate) seen_us: u64,
    at: [f64; 2],
    velocity: Option<[f64; 2]>,
    sigma_m: f64,
    /// What became of it in each zone that it was in, by the zone's number.
    pub(crate) visits: BTreeMap<usize, Visit>,
}

/// A vehicle in a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// Nothing once it has ended.
    pub(crate) passage: Option<Passage>,
    /// Whether it was said that it was too fast: that is said once.
    pub(crate) is_reported: bool,
}

/// A track whose speed has just become known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer {
    pub(crate) place: Place,
    pub(crate) first_seen: TimeUs,
}

impl Vehicle {
    pub(crate) fn new(id: u64, class: u32, time: TimeUs, ground: &Ground) -> Vehicle {
        let mut vehicle = Vehicle {
            id,
            class,
            seen_us: 0,
            at: [0.0; 2],
            velocity: None,
            sigma_m: 0.0,
            visits: BTreeMap::new(),
        };
        vehicle.see(time, ground);
        vehicle
    }

    pub(crate) fn see(&mut self, time: TimeUs, ground: &Ground) {
        self.seen_us = time.0;
        self.at = [ground.x_m.into(), ground.y_m.into()];
        let sigma = f64::from(ground.sigma_m);
        self.sigma_m = if sigma.is_finite() { sigma } else { 0.0 };
        if let Some(velocity) = ground.velocity_mps {
            self.velocity = Some(velocity.map(f64::from));
        }
    }

    /// The same vehicle under another identity.
    pub(crate) fn renamed(self, id: u64) -> Vehicle {
        Vehicle { id, ..self }
    }

    /// It is at `place` in zone number `zone`.
    pub(crate) fn visit(&mut self, zone: usize, place: &Place) {
        let visit = self.visits.entry(zone).or_insert(Visit { passage: None, is_reported: false });
        match &mut visit.passage {
            Some(passage) => passage.see(place),
            None => visit.passage = Some(Passage::new(place)),
        }
    }

    /// Whether its speed is known and no zone has seen it yet: now it can be told whether it is another's successor.
    pub(crate) fn is_new(&self) -> bool {
        self.visits.is_empty()
    }

    /// How well `successor`, which moves as `ground` says, goes on where this one vanished: 0 is best, 1 is as far off as
    /// may be; none beyond that.
    pub(crate) fn misses(&self, successor: &Newcomer) -> Option<f64> {
        let Newcomer { place, first_seen } = successor;
        let [vx, vy] = self.velocity?;
        if first_seen.0 + OVERLAP_US < self.seen_us {
            return None;
        }
        let away_s = place.time.0.checked_sub(self.seen_us)? as f64 / 1e6;
        let speed = vx.hypot(vy);
        let turned = (vx - place.velocity[0]).hypot(vy - place.velocity[1]) / (SAME_MPS + SAME_SHARE * speed);
        let [x, y] = [self.at[0] + vx * away_s, self.at[1] + vy * away_s];
        let doubt = 2.0 * self.sigma_m.hypot(place.sigma_m);
        let reach = REACH_M + REACH_SHARE * speed * away_s + doubt;
        let miss = (x - place.at[0]).hypot(y - place.at[1]) / reach;
        (miss <= 1.0 && turned <= 1.0).then_some(miss.max(turned))
    }

    pub(crate) fn is_gone(&self, now: TimeUs) -> bool {
        now.0.saturating_sub(self.seen_us) as f64 / 1e6 > AWAY_S
    }
}
