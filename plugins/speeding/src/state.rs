//! What lasts over a restart or a change of version.

use ocellus_sdk::prelude::*;

use crate::record::Record;
use crate::vehicle::Vehicle;
use crate::{MOST_VEHICLES, Speeding};

/// All that the rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Names of the zones, in the order of the numbers that passages have.
    zones: Vec<String>,
    vehicles: Vec<Vehicle>,
    record: Record,
}

impl State {
    pub(crate) fn of(rule: &Speeding) -> State {
        State {
            zones: rule.zones.iter().map(|zone| zone.name.clone()).collect(),
            vehicles: rule.vehicles.values().cloned().collect(),
            record: rule.record.clone(),
        }
    }

    /// A passage goes to the zone of the same name; those of zones that are gone are dropped.
    pub(crate) fn give_to(self, rule: &mut Speeding) {
        let place = |number: usize| {
            let name = self.zones.get(number)?;
            rule.zones.iter().position(|zone| zone.name == *name)
        };
        let vehicles = self.vehicles.into_iter().take(MOST_VEHICLES).map(|mut vehicle| {
            let visits = std::mem::take(&mut vehicle.visits).into_iter();
            vehicle.visits = visits.filter_map(|(number, visit)| Some((place(number)?, visit))).collect();
            (vehicle.id, vehicle)
        });
        rule.vehicles = vehicles.collect();
        rule.record = self.record.bounded();
    }
}
