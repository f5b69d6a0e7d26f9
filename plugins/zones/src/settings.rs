//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::follow::{Anchor, Following, MOST_MOVERS};
use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_name, check_range, seconds};

/// Zones of one rule.
const MOST_ZONES: usize = 64;
/// Corners of all zones together, so that a frame costs bounded time.
const MOST_CORNERS: usize = 1024;
/// Bytes of a zone's name: measurements are named after it, and the host takes 128 bytes.
const NAME_BYTES: usize = 64;
/// A day.
const LONGEST_S: f64 = 86_400.0;

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The zones, each with a name of its own; they may overlap.
    pub zones: Vec<ZoneSettings>,
    /// Names of the classes that count; all of them if left out.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The point of the box that is inside or outside.
    #[serde(default)]
    pub anchor: Anchor,
    /// How far inside or outside the anchor must be for a change to count, in picture heights.
    #[serde(default = "default_hysteresis")]
    #[schemars(range(min = 0.0, max = 0.5))]
    pub hysteresis: f64,
    /// Seconds that it must stay there, unless it is three times as far.
    #[serde(default = "default_settle_s")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub settle_s: f64,
    /// A new track goes on in the place of one that vanished beside it up to so many seconds before; 0 switches
    /// this off.
    #[serde(default = "default_handover_s")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub handover_s: f64,
    /// Seconds after which a track that is not seen has left.
    #[serde(default = "default_memory_s")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub memory_s: f64,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneSettings {
    /// Its name in events; each zone has its own.
    pub name: String,
    /// Its outline, at least three corners in order. A side at the picture's edge reaches beyond it.
    pub polygon: Outline,
    /// Seconds in the zone without a break after which that is an event; never if left out.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub dwell_s: Option<f64>,
    /// Seconds in the zone after which somebody loiters, short absences left out; never if left out.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub loitering_s: Option<f64>,
    /// Seconds of absence after which loitering is counted from the start.
    #[serde(default = "default_absence_s")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub absence_s: f64,
    /// The way to go; no way is wrong if left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// More than so many at once are too many.
    #[serde(default)]
    pub over: Option<u32>,
    /// Fewer than so many at once are too few.
    #[serde(default)]
    pub under: Option<u32>,
    /// Seconds that there must be too many, too few or neither for it to count.
    #[serde(default = "default_limit_s")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub limit_s: f64,
}

/// The way to go through a zone.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("format" = "line"))]
pub struct Direction {
    /// Where an arrow along the way starts.
    pub from: Position,
    /// Where it ends.
    pub to: Position,
    /// Degrees, as seen in the picture, by which a way may differ from it.
    #[serde(default = "default_tolerance_deg")]
    #[schemars(range(min = 1.0, max = 179.0))]
    pub tolerance_deg: f64,
}

fn default_hysteresis() -> f64 {
    0.01
}

fn default_settle_s() -> f64 {
    0.2
}

fn default_handover_s() -> f64 {
    2.0
}

fn default_memory_s() -> f64 {
    5.0
}

fn default_absence_s() -> f64 {
    30.0
}

fn default_limit_s() -> f64 {
    1.0
}

fn default_tolerance_deg() -> f64 {
    90.0
}

impl Settings {
    /// The outlines, or what cannot be meant.
    pub(crate) fn check(&self) -> Result<Vec<Polygon>, String> {
        if self.zones.is_empty() || self.zones.len() > MOST_ZONES {
            return Err(format!("zones has {} zones; give 1 to {MOST_ZONES}", self.zones.len()));
        }
        if self.classes.as_ref().is_some_and(Vec::is_empty) {
            return Err("classes is empty; name the classes that count, or leave it out for all".to_owned());
        }
        check_range("hysteresis", self.hysteresis, 0.0..=0.5, "picture heights")?;
        check_range("settle_s", self.settle_s, 0.0..=10.0, "seconds")?;
        check_range("handover_s", self.handover_s, 0.0..=10.0, "seconds")?;
        check_range("memory_s", self.memory_s, 0.0..=3600.0, "seconds")?;
        let mut polygons: Vec<Polygon> = Vec::with_capacity(self.zones.len());
        for (index, zone) in self.zones.iter().enumerate() {
            if let Some(first) = self.zones[..index].iter().position(|other| other.name == zone.name) {
                return Err(format!(
                    "zones[{index}].name is {:?} like zones[{first}].name; give each zone a name of its own",
                    zone.name
                ));
            }
            polygons.push(zone.check(&format!("zones[{index}]"))?);
        }
        let corners: usize = polygons.iter().map(|polygon| polygon.corners().len()).sum();
        if corners > MOST_CORNERS {
            return Err(format!(
                "the zones have {corners} corners together; at most {MOST_CORNERS} are taken"
            ));
        }
        Ok(polygons)
    }

    /// How tracks are followed.
    pub(crate) fn following(&self) -> Following {
        let handover = seconds(self.handover_s.min(self.memory_s));
        Following { anchor: self.anchor, memory: seconds(self.memory_s), handover, most: MOST_MOVERS }
    }

    pub(crate) fn settle(&self) -> Duration {
        seconds(self.settle_s)
    }
}

impl ZoneSettings {
    fn check(&self, key: &str) -> Result<Polygon, String> {
        check_name(&format!("{key}.name"), &self.name, NAME_BYTES)?;
        for (name, value) in [("dwell_s", self.dwell_s), ("loitering_s", self.loitering_s)] {
            if let Some(value) = value {
                check_range(&format!("{key}.{name}"), value, 0.0..=LONGEST_S, "seconds")?;
            }
        }
        check_range(&format!("{key}.absence_s"), self.absence_s, 0.0..=3600.0, "seconds")?;
        check_range(&format!("{key}.limit_s"), self.limit_s, 0.0..=3600.0, "seconds")?;
        if let (Some(over), Some(under)) = (self.over, self.under)
            && over < under
        {
            return Err(format!(
                "{key}.over is {over} and {key}.under is {under}, so that no number is right; give over at least {under}"
            ));
        }
        if self.under == Some(0) {
            return Err(format!(
                "{key}.under is 0, and there are never fewer; give 1 or more, or leave it out"
            ));
        }
        if let Some(direction) = self.direction {
            let line = Line { from: direction.from, to: direction.to };
            line.checked(&format!("{key}.direction"))?;
            check_range(
                &format!("{key}.direction.tolerance_deg"),
                direction.tolerance_deg,
                1.0..=179.0,
                "degrees",
            )?;
        }
        self.polygon.checked(&format!("{key}.polygon"))
    }
}
