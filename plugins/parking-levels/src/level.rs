//! A level: what cameras say of it, and what is told by hand.

use ocellus_sdk::prelude::*;

use crate::settings::LevelSettings;

/// Reports of cameras that a level keeps.
const MOST_REPORTS: usize = 32;
/// `parking` says every 10 s how things stand; who was silent for three times as long is no more.
const SILENT_US: u64 = 30_000_000;

/// How many spaces there are, and how many of them are known to be occupied or free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spots {
    pub(crate) total: u32,
    pub(crate) occupied: u32,
    pub(crate) available: u32,
}

impl Spots {
    fn plus(self, other: Spots) -> Spots {
        Spots {
            total: self.total.saturating_add(other.total),
            occupied: self.occupied.saturating_add(other.occupied),
            available: self.available.saturating_add(other.available),
        }
    }

    /// By name, in the order of the reports.
    pub(crate) fn named(self) -> [(&'static str, u32); 3] {
        [("total", self.total), ("occupied", self.occupied), ("available", self.available)]
    }
}

/// What one rule on one camera says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub(crate) camera: String,
    pub(crate) rule: String,
    /// When it was heard, by the frames that this rule sees.
    pub(crate) heard_us: u64,
    pub(crate) spots: Spots,
}

/// What is told of the spaces that no camera sees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub(crate) occupied: u32,
    pub(crate) since_us: u64,
    /// Until then; for good where left out.
    pub(crate) until_us: Option<u64>,
}

/// What lasts of a level.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    pub(crate) reports: Vec<Report>,
    pub(crate) told: Option<Told>,
    /// What was last reported, and when that changed.
    pub(crate) last: Option<Spots>,
    pub(crate) updated_us: Option<u64>,
}

/// A level.
#[derive(Debug)]
pub(crate) struct Level {
    pub(crate) settings: LevelSettings,
    pub(crate) memory: Memory,
}

impl Level {
    pub(crate) fn name(&self) -> &str {
        self.settings.name.as_deref().unwrap_or(&self.settings.id)
    }

    /// A camera's rule says how many it sees.
    pub(crate) fn hear(&mut self, report: Report) {
        let reports = &mut self.memory.reports;
        let of_same = |known: &Report| known.camera == report.camera && known.rule == report.rule;
        // Another rule of the same camera that has missed some reports was renamed or removed: its spaces are these.
        let is_gone = |known: &Report| {
            known.camera == report.camera
                && known.rule != report.rule
                && report.heard_us.saturating_sub(known.heard_us) > SILENT_US
        };
        reports.retain(|known| !is_gone(known));
        match reports.iter().position(of_same) {
            Some(place) => reports[place] = report,
            None if reports.len() < MOST_REPORTS => reports.push(report),
            None => {
                log::warn(format!("level {}: more than {MOST_REPORTS} rules report of it", self.settings.id));
            }
        }
    }

    /// Forgets what a rule reports.
    pub(crate) fn forget_rule(&mut self, rule: &str) -> Result<(), String> {
        let reports = &mut self.memory.reports;
        let known: Vec<&str> = reports.iter().map(|report| report.rule.as_str()).collect();
        if !known.contains(&rule) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!(
                "no rule {rule:?} reports of level {:?}; there is {known}",
                self.settings.id
            ));
        }
        reports.retain(|report| report.rule != rule);
        Ok(())
    }

    /// Forgets what was heard or told too long ago.
    pub(crate) fn forget(&mut self, now: TimeUs, after_us: u64) {
        self.memory.reports.retain(|report| now.0.abs_diff(report.heard_us) <= after_us);
        self.memory.told = self.memory.told.filter(|told| told.until_us.is_none_or(|until| now.0 < until));
    }

    /// All that is known.
    pub(crate) fn spots(&self) -> Spots {
        let unseen = self.settings.unseen;
        let told = self.memory.told.map_or(Spots { total: unseen, ..Spots::default() }, |told| {
            let occupied = told.occupied.min(unseen);
            Spots { total: unseen, occupied, available: unseen - occupied }
        });
        self.memory.reports.iter().fold(told, |sum, report| sum.plus(report.spots))
    }

    /// Tells of a change.
    pub(crate) fn report(&mut self, now: TimeUs, location: &str, output: &mut Output) {
        let spots = self.spots();
        let known = self.memory.last.unwrap_or_default();
        if spots != known {
            (self.memory.last, self.memory.updated_us) = (Some(spots), Some(now.0));
            let mut event = output
                .event("parking-level")
                .attribute("level", self.settings.id.as_str())
                .attribute("name", self.name());
            if !location.is_empty() {
                event = event.attribute("location", location);
            }
            for (name, count) in spots.named() {
                event = event.attribute(name, i64::from(count));
            }
        }
        for (name, count) in spots.named() {
            output.measure(format!("{}.{name}", self.settings.id), f64::from(count));
        }
    }

    /// As an answer has it.
    pub(crate) fn answer(&self) -> Json {
        let number = |pairs: Vec<(&str, Json)>| {
            Json::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let spots = |spots: Spots| {
            number(spots.named().into_iter().map(|(name, count)| (name, Json::from(count))).collect())
        };
        let report = |report: &Report| {
            number(vec![
                ("camera", Json::from(report.camera.as_str())),
                ("rule", Json::from(report.rule.as_str())),
                ("heard_us", Json::from(report.heard_us)),
                ("spots", spots(report.spots)),
            ])
        };
        let told = self.memory.told.map(|told| {
            number(vec![
                ("occupied", Json::from(told.occupied)),
                ("since_us", Json::from(told.since_us)),
                ("until_us", Json::from(told.until_us)),
            ])
        });
        number(vec![
            ("id", Json::from(self.settings.id.as_str())),
            ("name", Json::from(self.name())),
            ("spots", spots(self.spots())),
            ("updated_us", Json::from(self.memory.updated_us)),
            ("told", told.unwrap_or(Json::Null)),
            ("reports", Json::Array(self.memory.reports.iter().map(report).collect())),
        ])
    }
}
