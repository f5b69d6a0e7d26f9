//! Takes tracks through the zones, and tells what happens.

use std::time::Duration;

use ocellus_sdk::follow::{Mover, Sighting};
use ocellus_sdk::prelude::*;
use ocellus_sdk::region::Patience;

use crate::settings::Settings;
use crate::visit::{Occurrence, Visit};
use crate::zone::Zone;

/// Events of one call: the host takes 1000. Further ones are counted, but not told.
const MOST_EVENTS: usize = 800;

/// How a stay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Seen outside.
    Left,
    /// Not seen for longer than the memory.
    Vanished,
    /// The stream ended.
    Ended,
}

/// One frame's way through the zones.
pub(crate) struct Watch<'a> {
    zones: &'a mut [Zone],
    names: &'a [String],
    hysteresis: f64,
    settle: Duration,
    /// Visits that may still be added.
    room: usize,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        (settings, zones): (&Settings, &'a mut [Zone]),
        names: &'a [String],
        room: usize,
    ) -> Watch<'a> {
        Watch { zones, names, hysteresis: settings.hysteresis, settle: settings.settle(), room }
    }

    /// A track is seen.
    pub(crate) fn step(
        &mut self,
        mover: &mut Mover<Vec<Visit>>,
        sighting: &Sighting,
        now: TimeUs,
        output: &mut Output,
    ) {
        let wanted = sighting.near(self.hysteresis);
        for index in 0..self.zones.len() {
            let zone = &self.zones[index];
            let near = zone.region.near(wanted);
            let depth = zone.region.depth(sighting.at, near * 4.0);
            let place = mover.data.iter().position(|visit| visit.zone == index);
            let Some(place) = place.or_else(|| self.begin(&mut mover.data, (index, depth > near))) else {
                continue;
            };
            let (zone, visit) = (&self.zones[index], &mut mover.data[place]);
            let change = visit.presence.observe(depth, Patience { near, settle: self.settle }, now);
            let mut comes_to: Vec<Occurrence> = visit.changes(zone, change).into_iter().collect();
            if visit.presence.is_inside() {
                comes_to.extend(visit.stays(zone, sighting, now));
            }
            if visit.is_over(zone, now) {
                mover.data.remove(place);
                self.room += 1;
            }
            for occurrence in comes_to {
                self.tell((index, occurrence, How::Left), (sighting.id, sighting.class), output);
            }
        }
    }

    /// A track is not seen: what it was last seen to do stands.
    pub(crate) fn settle(&mut self, mover: &mut Mover<Vec<Visit>>, now: TimeUs, output: &mut Output) {
        let who = (mover.id, mover.class);
        for visit in &mut mover.data {
            let Some(zone) = self.zones.get(visit.zone) else { continue };
            let change = visit.presence.settle_unseen(now, self.settle);
            if let Some(occurrence) = visit.changes(zone, change) {
                self.tell((visit.zone, occurrence, How::Left), who, output);
            }
        }
    }

    /// Nothing more is seen of a track.
    pub(crate) fn end(&mut self, mover: &mut Mover<Vec<Visit>>, how: How, output: &mut Output) {
        let who = (mover.id, mover.class);
        for mut visit in std::mem::take(&mut mover.data) {
            let Some(zone) = self.zones.get(visit.zone) else { continue };
            let change = visit.presence.settle_finally();
            if let Some(occurrence) = visit.changes(zone, change) {
                self.tell((visit.zone, occurrence, How::Left), who, output);
            }
            if visit.presence.is_inside() {
                let leaves = visit.leaves(mover.time);
                self.tell((visit.zone, leaves, how), who, output);
            }
        }
    }

    /// The place of a visit that begins, where the track is deep enough and there is room.
    fn begin(&mut self, visits: &mut Vec<Visit>, (zone, is_deep): (usize, bool)) -> Option<usize> {
        if !is_deep || self.room == 0 {
            return None;
        }
        self.room -= 1;
        visits.push(Visit::new(zone));
        Some(visits.len() - 1)
    }

    fn tell(
        &mut self,
        (index, occurrence, how): (usize, Occurrence, How),
        (track, class): (u64, u32),
        output: &mut Output,
    ) {
        let Some(zone) = self.zones.get_mut(index) else { return };
        let kind = match occurrence {
            Occurrence::Enters => {
                zone.numbers.entries += 1;
                "zone-enter"
            }
            Occurrence::Leaves(stayed_us) => {
                zone.numbers.exits += 1;
                zone.numbers.stayed_us = zone.numbers.stayed_us.saturating_add(stayed_us);
                "zone-leave"
            }
            Occurrence::Dwells(_) => "zone-dwell",
            Occurrence::Loiters(_) => "zone-loitering",
            Occurrence::GoesWrong(_) => "zone-wrong-way",
        };
        if output.events().len() >= MOST_EVENTS {
            return;
        }
        let event = output.event(kind).track(track).attribute("zone", zone.settings.name.as_str());
        let class = usize::try_from(class).ok().and_then(|class| self.names.get(class));
        let event = match class {
            Some(class) => event.attribute("class", class.as_str()),
            None => event,
        };
        match occurrence {
            Occurrence::Enters => {}
            Occurrence::Leaves(us) => {
                let how = match how {
                    How::Left => "left",
                    How::Vanished => "vanished",
                    How::Ended => "ended",
                };
                event.attribute("seconds", us as f64 / 1e6).attribute("how", how);
            }
            Occurrence::Dwells(us) | Occurrence::Loiters(us) => {
                event.attribute("seconds", us as f64 / 1e6);
            }
            Occurrence::GoesWrong(degrees) => {
                event.attribute("degrees", degrees.round());
            }
        }
    }
}
