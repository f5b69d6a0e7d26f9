//! What lasts over a restart or a change of version.

use ocellus_sdk::follow::{Mover, SavedSighting};
use ocellus_sdk::prelude::*;

use crate::Zones;
use crate::visit::Visit;
use crate::zone::Numbers;

/// Visits of all tracks together: a state is at most 1 MiB, and one takes up to 220 bytes of it.
pub(crate) const MOST_VISITS: usize = 3072;

/// All that the rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    zones: Vec<SavedZone>,
    movers: Vec<Mover<Vec<Visit>>>,
    glimpses: Vec<SavedSighting>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedZone {
    name: String,
    polygon: Outline,
    numbers: Numbers,
}

impl State {
    pub(crate) fn of(rule: &Zones) -> State {
        let zone = |zone: &crate::Zone| SavedZone {
            name: zone.settings.name.clone(),
            polygon: zone.settings.polygon.clone(),
            numbers: zone.numbers.clone(),
        };
        State {
            zones: rule.zones.iter().map(zone).collect(),
            movers: rule.follower.movers().cloned().collect(),
            glimpses: rule.follower.saved_glimpses(),
        }
    }

    /// Numbers go to the zone of the same name. Where a zone was moved, stays in it begin anew, since they were
    /// those in another.
    pub(crate) fn give_to(self, rule: &mut Zones) {
        let place = |saved: &SavedZone| {
            let same = |zone: &crate::Zone| {
                zone.settings.name == saved.name && zone.settings.polygon == saved.polygon
            };
            rule.zones.iter().position(same)
        };
        let places: Vec<Option<usize>> = self.zones.iter().map(place).collect();
        for saved in self.zones {
            if let Some(zone) = rule.zones.iter_mut().find(|zone| zone.settings.name == saved.name) {
                zone.numbers = saved.numbers;
                zone.numbers.classes.truncate(crate::zone::MOST_CLASSES);
            }
        }
        let mut room = MOST_VISITS;
        let kept = |mut mover: Mover<Vec<Visit>>| {
            let visits = mover.data.into_iter().filter_map(|mut visit| {
                visit.zone = places.get(visit.zone).copied().flatten()?;
                Some(visit)
            });
            mover.data = visits.take(room).collect();
            room -= mover.data.len();
            mover
        };
        let movers: Vec<Mover<Vec<Visit>>> = self.movers.into_iter().map(kept).collect();
        rule.follower.restore(movers, self.glimpses);
        rule.count();
    }
}
