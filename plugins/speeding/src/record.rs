//! The list of those that were too fast.

use std::collections::VecDeque;

use ocellus_sdk::prelude::*;

/// Violations that are kept for questions; the host keeps all events besides.
pub(crate) const KEPT: usize = 500;

/// A vehicle that was too fast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Violation {
    /// Its number, from 1.
    number: u64,
    track: u64,
    zone: String,
    class: Option<String>,
    from_us: u64,
    to_us: u64,
    speed_kmh: f64,
    peak_kmh: f64,
    uncertainty_kmh: f64,
    limit_kmh: f64,
}

/// What was found of one vehicle in one zone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding<'a> {
    pub(crate) track: u64,
    pub(crate) zone: &'a str,
    pub(crate) class: Option<&'a str>,
    pub(crate) from_us: u64,
    pub(crate) to_us: u64,
    pub(crate) speed: crate::passage::Speed,
    pub(crate) limit_kmh: f64,
}

impl Finding<'_> {
    /// Writes it as an event of `kind`.
    pub(crate) fn write(&self, kind: &str, output: &mut Output) {
        let mut event = output
            .event(kind)
            .track(self.track)
            .attribute("zone", self.zone)
            .attribute("speed_kmh", tenth(self.speed.mean_kmh))
            .attribute("peak_kmh", tenth(self.speed.peak_kmh))
            .attribute("uncertainty_kmh", tenth(self.speed.sigma_kmh))
            .attribute("limit_kmh", self.limit_kmh)
            .attribute("seconds", tenth(self.to_us.saturating_sub(self.from_us) as f64 / 1e6));
        if let Some(class) = self.class {
            event = event.attribute("class", class);
        }
        let _ = event;
    }
}

/// The violations, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    count: u64,
    newest: VecDeque<Violation>,
}

impl Record {
    pub(crate) fn add(&mut self, finding: &Finding<'_>) {
        self.count += 1;
        if self.newest.len() >= KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(Violation {
            number: self.count,
            track: finding.track,
            zone: finding.zone.to_owned(),
            class: finding.class.map(str::to_owned),
            from_us: finding.from_us,
            to_us: finding.to_us,
            speed_kmh: tenth(finding.speed.mean_kmh),
            peak_kmh: tenth(finding.speed.peak_kmh),
            uncertainty_kmh: tenth(finding.speed.sigma_kmh),
            limit_kmh: finding.limit_kmh,
        });
    }

    /// All that there ever were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The newest `limit`, oldest first.
    pub(crate) fn newest(&self, limit: usize) -> impl Iterator<Item = &Violation> {
        self.newest.iter().skip(self.newest.len().saturating_sub(limit))
    }

    /// What a state says, at most as much as is kept.
    pub(crate) fn bounded(mut self) -> Record {
        let surplus = self.newest.len().saturating_sub(KEPT);
        self.newest.drain(..surplus);
        self
    }
}

/// To a tenth, which is more than any camera can tell.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
