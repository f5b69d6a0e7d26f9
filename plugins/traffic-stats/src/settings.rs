//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::follow::{Anchor, Following, MOST_MOVERS};
use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_range, seconds};

/// What drives, as models name it.
const VEHICLES: [&str; 6] = ["car", "truck", "bus", "van", "motorcycle", "bicycle"];

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The region of interest; the whole picture if left out. A side at the picture's edge reaches beyond it.
    #[serde(default)]
    pub roi: Option<Outline>,
    /// Names of the classes that count; if left out, those of car, truck, bus, van, motorcycle and bicycle that the
    /// model knows.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// Seconds over which the flow is measured.
    #[serde(default = "default_flow_s")]
    #[schemars(range(min = 1.0, max = 3600.0))]
    pub flow_s: f64,
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

fn default_flow_s() -> f64 {
    60.0
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
    3.0
}

impl Settings {
    /// The region, or what cannot be meant.
    pub(crate) fn check(&self) -> Result<Polygon, String> {
        check_range("flow_s", self.flow_s, 1.0..=3600.0, "seconds")?;
        check_range("hysteresis", self.hysteresis, 0.0..=0.5, "picture heights")?;
        check_range("settle_s", self.settle_s, 0.0..=10.0, "seconds")?;
        check_range("handover_s", self.handover_s, 0.0..=10.0, "seconds")?;
        check_range("memory_s", self.memory_s, 0.0..=3600.0, "seconds")?;
        let whole = || Outline([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]].map(Position).to_vec());
        self.roi.clone().unwrap_or_else(whole).checked("roi")
    }

    /// The classes that count.
    pub(crate) fn vehicles(&self, site: &Site) -> Result<ClassFilter, String> {
        site.named_or_usual(self.classes.as_deref(), &VEHICLES, "count")
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
