//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_name, check_range, seconds};

/// Zones of one camera.
const MOST_ZONES: usize = 32;
/// Bytes of a zone's name.
const NAME_BYTES: usize = 256;
const LIMITS_KMH: std::ops::RangeInclusive<f64> = 1.0..=500.0;
/// What drives, as models name it.
const VEHICLES: [&str; 6] = ["car", "truck", "bus", "van", "motorcycle", "motorbike"];

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The speed limit in km/h, where a zone has none of its own.
    #[serde(default = "default_limit_kmh")]
    #[schemars(range(min = 1.0, max = 500.0))]
    pub limit_kmh: f64,
    /// Where speed is measured; if left out, all over the picture.
    #[serde(default)]
    pub zones: Option<Vec<ZoneSettings>>,
    /// How many standard deviations a speed must lie above the limit to be too fast.
    #[serde(default = "default_sureness")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub sureness: f64,
    /// Seconds that a vehicle must be seen before its speed counts.
    #[serde(default = "default_min_time_s")]
    #[schemars(range(min = 0.1, max = 60.0))]
    pub min_time_s: f64,
    /// Metres that a vehicle must drive before its speed counts.
    #[serde(default = "default_min_distance_m")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub min_distance_m: f64,
    /// Seconds after which a vehicle that is still there is reported, if it is too fast.
    #[serde(default = "default_report_after_s")]
    #[schemars(range(min = 1.0, max = 3600.0))]
    pub report_after_s: f64,
    /// Which vehicles are reported when they have left.
    #[serde(default)]
    pub report: Report,
    /// Names of the classes that drive; if left out, those of car, truck, bus, van and motorcycle that the model knows.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
}

/// Which vehicles are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// Those that were too fast.
    #[default]
    Violations,
    /// All whose speed is known, each with an event `passage` besides.
    All,
}

/// A part of the picture where speed is measured.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneSettings {
    /// Its name in events; each zone has its own.
    pub name: String,
    /// Its outline, at least three corners in order; a vehicle is in it with the middle of its box's bottom edge.
    pub polygon: Outline,
    /// Its own limit in km/h.
    #[serde(default)]
    #[schemars(range(min = 1.0, max = 500.0))]
    pub limit_kmh: Option<f64>,
}

fn default_limit_kmh() -> f64 {
    60.0
}

fn default_sureness() -> f64 {
    1.0
}

fn default_min_time_s() -> f64 {
    0.5
}

fn default_min_distance_m() -> f64 {
    5.0
}

fn default_report_after_s() -> f64 {
    10.0
}

/// A zone, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Zone {
    pub(crate) name: String,
    /// Nothing: the whole picture.
    pub(crate) polygon: Option<Polygon>,
    pub(crate) limit_kmh: f64,
}

impl Zone {
    pub(crate) fn contains(&self, foot: Point) -> bool {
        self.polygon.as_ref().is_none_or(|polygon| polygon.contains(foot))
    }
}

impl Settings {
    /// The zones, or what cannot be meant.
    pub(crate) fn check(&self) -> Result<Vec<Zone>, String> {
        check_range("limit_kmh", self.limit_kmh, LIMITS_KMH, "km/h")?;
        check_range("sureness", self.sureness, 0.0..=10.0, "standard deviations")?;
        check_range("min_time_s", self.min_time_s, 0.1..=60.0, "seconds")?;
        check_range("min_distance_m", self.min_distance_m, 0.0..=1000.0, "metres")?;
        check_range("report_after_s", self.report_after_s, 1.0..=3600.0, "seconds")?;
        let Some(zones) = &self.zones else {
            return Ok(vec![Zone { name: "picture".to_owned(), polygon: None, limit_kmh: self.limit_kmh }]);
        };
        if zones.is_empty() || zones.len() > MOST_ZONES {
            return Err(format!(
                "zones has {} zones; give 1 to {MOST_ZONES}, or leave it out to measure all over the picture",
                zones.len()
            ));
        }
        let mut checked: Vec<Zone> = Vec::with_capacity(zones.len());
        for (index, zone) in zones.iter().enumerate() {
            check_name(&format!("zones[{index}].name"), &zone.name, NAME_BYTES)?;
            if checked.iter().any(|other| other.name == zone.name) {
                return Err(format!(
                    "zones[{index}].name {:?} is taken by a zone before it; give each a name of its own",
                    zone.name
                ));
            }
            let limit_kmh = zone.limit_kmh.unwrap_or(self.limit_kmh);
            check_range(&format!("zones[{index}].limit_kmh"), limit_kmh, LIMITS_KMH, "km/h")?;
            let polygon = zone.polygon.checked(&format!("zones[{index}].polygon"))?;
            checked.push(Zone { name: zone.name.clone(), polygon: Some(polygon), limit_kmh });
        }
        Ok(checked)
    }

    /// The classes that drive.
    pub(crate) fn vehicles(&self, site: &Site) -> Result<ClassFilter, String> {
        site.named_or_usual(self.classes.as_deref(), &VEHICLES, "drive")
    }

    pub(crate) fn report_after(&self) -> Duration {
        seconds(self.report_after_s)
    }
}
