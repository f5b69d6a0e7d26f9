//! A space over time: occupied, empty, or not known yet.

use std::time::Duration;

use ocellus_sdk::prelude::*;

use crate::fill::Filled;

/// A space and its state.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) name: String,
    pub(crate) polygon: Polygon,
    pub(crate) centre: Point,
    pub(crate) area: f32,
    /// The state that counts; nothing until one has held.
    pub(crate) occupied: Option<bool>,
    /// Another state, and since when it has been seen without a break.
    pub(crate) pending: Option<(bool, TimeUs)>,
}

impl Space {
    /// Not known yet.
    pub(crate) fn new(name: String, polygon: Polygon) -> Space {
        let (centre, area) = (polygon.centre(), polygon.area());
        Space { name, polygon, centre, area, occupied: None, pending: None }
    }

    /// Takes in one frame; the new state if it changed.
    pub(crate) fn observe(&mut self, filled: Filled, now: TimeUs, hold: Duration) -> Option<bool> {
        // Who is seen may fill a space; who is lost may only keep one, settled or about to be.
        let keeps = match self.pending {
            Some((pending, _)) => pending || self.occupied == Some(true),
            None => self.occupied == Some(true),
        };
        let state = filled.by_seen || (keeps && filled.by_any);
        if self.occupied == Some(state) {
            self.pending = None;
            return None;
        }
        let since = match self.pending {
            Some((pending, since)) if pending == state => since,
            _ => now,
        };
        if now.since(since) >= hold {
            self.occupied = Some(state);
            self.pending = None;
            return Some(state);
        }
        self.pending = Some((state, since));
        None
    }
}

/// What lasts over a restart or a change of version.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    spaces: Vec<SavedSpace>,
}

/// A space's state.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSpace {
    name: String,
    occupied: Option<bool>,
    pending: Option<(bool, u64)>,
}

impl State {
    pub(crate) fn of(spaces: &[Space]) -> State {
        let saved = |space: &Space| SavedSpace {
            name: space.name.clone(),
            occupied: space.occupied,
            pending: space.pending.map(|(state, since)| (state, since.0)),
        };
        State { spaces: spaces.iter().map(saved).collect() }
    }

    /// By name: a space whose outline was corrected keeps its state and corrects it if need be.
    pub(crate) fn give_to(self, spaces: &mut [Space]) {
        for (index, space) in spaces.iter_mut().enumerate() {
            // Mostly at the same place in the list, unless the settings changed.
            let here = self.spaces.get(index).filter(|saved| saved.name == space.name);
            let saved = here.or_else(|| self.spaces.iter().find(|saved| saved.name == space.name));
            if let Some(saved) = saved {
                space.occupied = saved.occupied;
                space.pending = saved.pending.map(|(state, since)| (state, TimeUs(since)));
            }
        }
    }
}
