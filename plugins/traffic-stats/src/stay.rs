//! One vehicle in the region.

use ocellus_sdk::prelude::*;
use ocellus_sdk::region::Presence;

/// Classes that one vehicle is taken for.
const MOST_CLASSES: usize = 4;

/// What is remembered of a vehicle. Speeds are whole millimetres a second, so that a state gives them back exactly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    pub(crate) presence: Presence,
    /// When it entered, if it is inside.
    pub(crate) since_us: u64,
    /// What it was taken for, and how often.
    classes: Vec<(u32, u32)>,
    speeds_mmps: u64,
    speeds: u32,
}

impl Stay {
    /// Inside since then.
    pub(crate) fn enter(&mut self, since: TimeUs) {
        *self = Stay { presence: self.presence, since_us: since.0, ..Stay::default() };
    }

    /// Taken for this class in one more frame.
    pub(crate) fn take_for(&mut self, class: u32) {
        match self.classes.iter().position(|(known, _)| *known == class) {
            Some(place) => self.classes[place].1 = self.classes[place].1.saturating_add(1),
            None if self.classes.len() < MOST_CLASSES => self.classes.push((class, 1)),
            None => {}
        }
    }

    /// What it was taken for most often; of equals the first.
    pub(crate) fn class(&self) -> Option<u32> {
        let most = self.classes.iter().map(|(_, times)| *times).max()?;
        self.classes.iter().find(|(_, times)| *times == most).map(|(class, _)| *class)
    }

    /// As fast as this in one more frame.
    pub(crate) fn drive(&mut self, speed_mmps: u64) {
        self.speeds_mmps = self.speeds_mmps.saturating_add(speed_mmps);
        self.speeds = self.speeds.saturating_add(1);
    }

    /// Its mean speed, where one was measured.
    pub(crate) fn mean_mmps(&self) -> Option<u64> {
        self.speeds_mmps.checked_div(u64::from(self.speeds))
    }
}
