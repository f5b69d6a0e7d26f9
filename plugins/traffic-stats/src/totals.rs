//! What is counted from the beginning on.

use std::time::Duration;

use ocellus_sdk::prelude::*;

use crate::stay::Stay;

/// Types counted apart; further ones are in the total only.
pub(crate) const MOST_TYPES: usize = 32;
/// Bytes of a type's name in that of a measurement.
const TYPE_BYTES: usize = 96;
/// Parts of the time over which the flow is measured.
pub(crate) const PARTS: u64 = 60;
/// Kilometres an hour in millimetres a second.
const KMH: f64 = 3.6e-3;

/// Vehicles of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Type {
    pub(crate) name: String,
    /// That have left.
    pub(crate) left: u64,
    /// That are inside now.
    #[serde(skip)]
    pub(crate) inside: u64,
}

/// All numbers that last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    pub(crate) entries: u64,
    pub(crate) exits: u64,
    /// All stays that are over, together.
    stayed_us: u64,
    /// The mean speeds of vehicles that have left, together, and of how many.
    speeds_mmps: u64,
    speeds: u64,
    pub(crate) types: Vec<Type>,
    /// The first frame's time.
    pub(crate) began_us: Option<u64>,
    /// Entries of late by part of the flow's time: its number and how many.
    recent: Vec<(u64, u64)>,
}

impl Totals {
    /// One more has entered at `at`; the flow is measured over `window`.
    pub(crate) fn enter(&mut self, at: TimeUs, window: Duration) {
        self.entries += 1;
        let part = part(at, window);
        match self.recent.iter_mut().find(|(known, _)| *known == part) {
            Some((_, count)) => *count += 1,
            None => self.recent.push((part, 1)),
        }
    }

    /// One has left after so many microseconds.
    pub(crate) fn leave(&mut self, stay: &Stay, stayed_us: u64, name: Option<&str>) {
        self.exits += 1;
        self.stayed_us = self.stayed_us.saturating_add(stayed_us);
        if let Some(speed_mmps) = stay.mean_mmps() {
            self.speeds_mmps = self.speeds_mmps.saturating_add(speed_mmps);
            self.speeds += 1;
        }
        if let Some(found) = self.of_type(name) {
            found.left += 1;
        }
    }

    /// The numbers of a type; none for one that cannot be told apart.
    pub(crate) fn of_type(&mut self, name: Option<&str>) -> Option<&mut Type> {
        let is_one =
            |name: &&str| !name.is_empty() && name.len() <= TYPE_BYTES && !name.contains(char::is_control);
        let name = name.filter(is_one)?;
        let place = match self.types.iter().position(|known| known.name == name) {
            Some(place) => place,
            None if self.types.len() < MOST_TYPES => {
                self.types.push(Type { name: name.to_owned(), ..Type::default() });
                self.types.len() - 1
            }
            None => return None,
        };
        self.types.get_mut(place)
    }

    /// Entries a minute, of late.
    pub(crate) fn flow_per_minute(&mut self, now: TimeUs, window: Duration) -> f64 {
        let present = part(now, window);
        self.recent.retain(|(known, _)| present.abs_diff(*known) < PARTS);
        let entries: u64 = self.recent.iter().map(|(_, count)| count).sum();
        // At the beginning there was not the whole time to enter.
        let began = TimeUs(self.began_us.unwrap_or(now.0));
        let window_s = window.as_secs_f64();
        let seen_s = now.since(began).as_secs_f64().clamp(window_s / 6.0, window_s);
        entries as f64 * 60.0 / seen_s
    }

    /// Mean time inside of those that have left, in seconds.
    pub(crate) fn mean_dwell_s(&self) -> Option<f64> {
        (self.exits > 0).then(|| self.stayed_us as f64 / 1e6 / self.exits as f64)
    }

    /// Mean speed of those that have left and whose speed was measured.
    pub(crate) fn mean_kmh(&self) -> Option<f64> {
        (self.speeds > 0).then(|| self.speeds_mmps as f64 / self.speeds as f64 * KMH)
    }

    pub(crate) fn forget_more_types(&mut self) {
        self.types.truncate(MOST_TYPES);
        self.recent.truncate(PARTS as usize);
    }
}

/// In kilometres an hour.
pub(crate) fn kmh(speed_mmps: u64) -> f64 {
    speed_mmps as f64 * KMH
}

fn part(at: TimeUs, window: Duration) -> u64 {
    let part_us = (window.as_micros() as u64 / PARTS).max(1);
    at.0 / part_us
}
