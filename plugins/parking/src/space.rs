//! A space over time: occupied, empty, or not known yet.

use std::time::Duration;

use ocellus_sdk::prelude::*;

use crate::correction::Correction;
use crate::fill::Filled;
use crate::level::{Levels, Spots};

/// A space and its state.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) name: String,
    pub(crate) polygon: Polygon,
    pub(crate) centre: Point,
    pub(crate) area: f32,
    /// The place of its level in the list.
    pub(crate) level: Option<usize>,
    /// The state that the camera sees; nothing until one has held.
    pub(crate) seen: Option<bool>,
    /// Another state, and since when it has been seen without a break.
    pub(crate) pending: Option<(bool, TimeUs)>,
    pub(crate) correction: Option<Correction>,
    /// The state last told, and when that was.
    told: Option<bool>,
    pub(crate) updated: Option<TimeUs>,
}

impl Space {
    /// Not known yet.
    pub(crate) fn new(name: String, polygon: Polygon, level: Option<usize>) -> Space {
        let (centre, area) = (polygon.centre(), polygon.area());
        Space {
            name,
            polygon,
            centre,
            area,
            level,
            seen: None,
            pending: None,
            correction: None,
            told: None,
            updated: None,
        }
    }

    /// The state that counts; nothing while it is not known.
    pub(crate) fn state(&self) -> Option<bool> {
        self.correction.map_or(self.seen, |correction| correction.occupied)
    }

    /// Takes in one frame.
    pub(crate) fn observe(&mut self, filled: Filled, now: TimeUs, hold: Duration) {
        let has_changed = self.look(filled, now, hold);
        self.correction = self.correction.filter(|correction| match correction.until_us {
            Some(until) => now.0 < until,
            None => !has_changed,
        });
    }

    /// Tells of the state that counts, where it is another than was told.
    pub(crate) fn tell(&mut self, now: TimeUs, output: &mut Output) {
        let state = self.state();
        if state == self.told {
            return;
        }
        (self.told, self.updated) = (state, Some(now));
        let event = output.event("parking").attribute("space", self.name.as_str());
        let event = match state {
            Some(occupied) => event.attribute("occupied", occupied),
            None => event.attribute("unknown", true),
        };
        if self.correction.is_some() {
            event.attribute("corrected", true);
        }
    }

    /// What the camera sees; whether that is another state than before.
    fn look(&mut self, filled: Filled, now: TimeUs, hold: Duration) -> bool {
        // Who is seen may fill a space; who is lost may only keep one, settled or about to be.
        let keeps = match self.pending {
            Some((pending, _)) => pending || self.seen == Some(true),
            None => self.seen == Some(true),
        };
        let state = filled.by_seen || (keeps && filled.by_any);
        if self.seen == Some(state) {
            self.pending = None;
            return false;
        }
        let since = match self.pending {
            Some((pending, since)) if pending == state => since,
            _ => now,
        };
        if now.since(since) >= hold {
            self.seen = Some(state);
            self.pending = None;
            return true;
        }
        self.pending = Some((state, since));
        false
    }
}

/// What lasts over a restart or a change of version.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    spaces: Vec<SavedSpace>,
    /// What was last told of each level, by its id.
    #[serde(default)]
    levels: Vec<(String, Spots)>,
    /// When all levels were last repeated on the bus.
    #[serde(default)]
    repeated_us: Option<u64>,
}

/// A space's state.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSpace {
    name: String,
    /// As the camera sees it.
    occupied: Option<bool>,
    pending: Option<(bool, u64)>,
    /// Nothing from a version that had no corrections.
    #[serde(default)]
    told: Option<SavedTelling>,
}

/// What was told of a space: its state, when, and its correction.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedTelling(Option<bool>, Option<u64>, Option<Correction>);

impl State {
    pub(crate) fn of(spaces: &[Space], levels: &Levels) -> State {
        let saved = |space: &Space| SavedSpace {
            name: space.name.clone(),
            occupied: space.seen,
            pending: space.pending.map(|(state, since)| (state, since.0)),
            told: Some(SavedTelling(space.told, space.updated.map(|time| time.0), space.correction)),
        };
        let told = levels.levels.iter().filter_map(|level| Some((level.id.clone(), level.told?)));
        State {
            spaces: spaces.iter().map(saved).collect(),
            levels: told.collect(),
            repeated_us: levels.repeated_us,
        }
    }

    /// By name: a space whose outline was corrected keeps its state and corrects it if need be.
    pub(crate) fn give_to(self, spaces: &mut [Space], levels: &mut Levels) {
        for (index, space) in spaces.iter_mut().enumerate() {
            // Mostly at the same place in the list, unless the settings changed.
            let here = self.spaces.get(index).filter(|saved| saved.name == space.name);
            let saved = here.or_else(|| self.spaces.iter().find(|saved| saved.name == space.name));
            if let Some(saved) = saved {
                space.seen = saved.occupied;
                space.pending = saved.pending.map(|(state, since)| (state, TimeUs(since)));
                let (told, updated, correction) = match saved.told {
                    Some(SavedTelling(told, updated, correction)) => (told, updated.map(TimeUs), correction),
                    None => (saved.occupied, None, None),
                };
                (space.told, space.updated, space.correction) = (told, updated, correction);
            }
        }
        for level in &mut levels.levels {
            level.told = self.levels.iter().find(|(id, _)| *id == level.id).map(|(_, told)| *told);
        }
        levels.repeated_us = self.repeated_us;
        levels.count(spaces);
    }
}
