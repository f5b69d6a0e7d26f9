//! Levels: spaces that are counted together.

use ocellus_sdk::prelude::*;

use crate::settings::LevelSettings;
use crate::space::Space;

/// What levels are told of on the bus, and every so many microseconds again for those who start later.
pub(crate) const TOPIC: &str = "parking-level";
const REPEAT_US: u64 = 10_000_000;

/// How many spaces there are, and how many of them are known to be occupied or free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spots {
    /// All of them.
    pub total: u32,
    /// Occupied.
    pub occupied: u32,
    /// Free; a space whose state is not known is neither.
    pub available: u32,
}

impl Spots {
    /// Counts spaces.
    pub(crate) fn of<'s>(spaces: impl Iterator<Item = &'s Space>) -> Spots {
        spaces.fold(Spots::default(), |spots, space| Spots {
            total: spots.total + 1,
            occupied: spots.occupied + u32::from(space.state() == Some(true)),
            available: spots.available + u32::from(space.state() == Some(false)),
        })
    }

    /// By name, in the order of the reports.
    pub(crate) fn named(self) -> [(&'static str, u32); 3] {
        [("total", self.total), ("occupied", self.occupied), ("available", self.available)]
    }

    /// As an answer has it.
    pub(crate) fn answer(self) -> JsonMap<String, Json> {
        self.named().into_iter().map(|(name, count)| (name.to_owned(), Json::from(count))).collect()
    }
}

/// A level and what was last told of it.
#[derive(Debug)]
pub(crate) struct Level {
    pub(crate) id: String,
    name: String,
    pub(crate) now: Spots,
    pub(crate) told: Option<Spots>,
}

/// All levels of the rule.
#[derive(Debug)]
pub(crate) struct Levels {
    location: String,
    pub(crate) levels: Vec<Level>,
    /// Where levels are told of, if the power is granted.
    topic: Option<Name>,
    pub(crate) repeated_us: Option<u64>,
}

impl Levels {
    pub(crate) fn new(location: &str, levels: &[LevelSettings], topic: Option<Name>) -> Levels {
        let level = |level: &LevelSettings| Level {
            id: level.id.clone(),
            name: level.name.clone().unwrap_or_else(|| level.id.clone()),
            now: Spots::default(),
            told: None,
        };
        let levels = levels.iter().map(level).collect();
        Levels { location: location.to_owned(), levels, topic, repeated_us: None }
    }

    /// Counts each level.
    pub(crate) fn count(&mut self, spaces: &[Space]) {
        for (index, level) in self.levels.iter_mut().enumerate() {
            level.now = Spots::of(spaces.iter().filter(|space| space.level == Some(index)));
        }
    }

    /// Tells of the levels whose numbers have changed, and measures all.
    pub(crate) fn report(&mut self, now: TimeUs, output: &mut Output) {
        let is_due = self.repeated_us.is_none_or(|last| now.0.abs_diff(last) >= REPEAT_US);
        if is_due {
            self.repeated_us = Some(now.0);
        }
        for level in &mut self.levels {
            let spots = level.now;
            // Before anything is known there is nothing to tell.
            let told = level.told.unwrap_or(Spots { total: spots.total, ..Spots::default() });
            let has_changed = told != spots;
            if has_changed {
                level.told = Some(spots);
                let mut event = output.event("parking-level").attribute("level", level.id.as_str());
                event = event.attribute("name", level.name.as_str());
                if !self.location.is_empty() {
                    event = event.attribute("location", self.location.as_str());
                }
                for (name, count) in spots.named() {
                    event = event.attribute(name, i64::from(count));
                }
            }
            for (name, count) in spots.named() {
                output.measure(format!("{}.{name}", level.id), f64::from(count));
            }
            if let Some(topic) = self.topic.as_ref().filter(|_| has_changed || is_due) {
                let mut said = output
                    .publish(topic)
                    .attribute("location", self.location.as_str())
                    .attribute("level", level.id.as_str());
                for (name, count) in spots.named() {
                    said = said.attribute(name, i64::from(count));
                }
            }
        }
    }

    /// As an answer has them.
    pub(crate) fn answer(&self) -> Json {
        let level = |level: &Level| {
            let mut answer = JsonMap::new();
            answer.insert("id".to_owned(), Json::from(level.id.as_str()));
            answer.insert("name".to_owned(), Json::from(level.name.as_str()));
            answer.insert("spots".to_owned(), Json::Object(level.now.answer()));
            Json::Object(answer)
        };
        Json::Array(self.levels.iter().map(level).collect())
    }

    pub(crate) fn location(&self) -> &str {
        &self.location
    }
}
