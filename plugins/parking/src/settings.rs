//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::prelude::*;

use crate::space::Space;

/// Spaces of one camera.
const MOST_SPACES: usize = 1000;
/// Corners of all spaces together, so that a frame costs bounded time.
const MOST_CORNERS: usize = 8000;
/// Characters of a space's name.
const LONGEST_NAME: usize = 64;
/// What parks, as models name it.
const VEHICLES: [&str; 4] = ["car", "truck", "bus", "van"];

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The spaces, each with a name of its own.
    pub spaces: Vec<SpaceSettings>,
    /// When a vehicle fills a space.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// Whether a vehicle fills one space only: the one that it covers best.
    #[serde(default)]
    pub exclusive: bool,
    /// With `"match": "iou"`, the least overlap of box and space, 0..1 (intersection over union).
    #[serde(default = "default_min_iou")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_iou: f64,
    /// Seconds that a change must hold before it counts.
    #[serde(default = "default_hold_s")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub hold_s: f64,
    /// Names of the classes that park; if left out, those of car, truck, bus and van that the model knows.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
}

/// A parking space.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceSettings {
    /// Its name in events; each space has its own.
    pub name: String,
    /// Its outline, at least three corners in order.
    pub polygon: Outline,
}

/// When a vehicle fills a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// The space's centre (of its area) lies in the vehicle's box.
    #[default]
    Centre,
    /// It is the space that the vehicle's box overlaps best, by at least `min_iou`.
    Iou,
}

fn default_min_iou() -> f64 {
    0.3
}

fn default_hold_s() -> f64 {
    1.0
}

impl Settings {
    /// The spaces, or what cannot be meant.
    pub(crate) fn check(&self) -> Result<Vec<Space>, String> {
        if self.spaces.is_empty() || self.spaces.len() > MOST_SPACES {
            return Err(format!("spaces has {} spaces; give 1 to {MOST_SPACES}", self.spaces.len()));
        }
        if !(0.0..=1.0).contains(&self.min_iou) {
            return Err(format!("min_iou is {}; give 0 to 1", self.min_iou));
        }
        if !(0.0..=3600.0).contains(&self.hold_s) {
            return Err(format!("hold_s is {}; give 0 to 3600 seconds", self.hold_s));
        }
        let mut spaces: Vec<Space> = Vec::with_capacity(self.spaces.len());
        let mut corners = 0;
        for (index, space) in self.spaces.iter().enumerate() {
            let length = space.name.chars().count();
            if length == 0 || length > LONGEST_NAME {
                return Err(format!(
                    "spaces[{index}].name has {length} characters; give it 1 to {LONGEST_NAME}"
                ));
            }
            if spaces.iter().any(|other| other.name == space.name) {
                return Err(format!(
                    "spaces[{index}].name {:?} is taken by a space before it; give each a name of its own",
                    space.name
                ));
            }
            let polygon = space.polygon.checked(&format!("spaces[{index}].polygon"))?;
            corners += polygon.corners().len();
            spaces.push(Space::new(space.name.clone(), polygon));
        }
        if corners > MOST_CORNERS {
            return Err(format!(
                "the spaces have {corners} corners together; at most {MOST_CORNERS} are taken"
            ));
        }
        Ok(spaces)
    }

    /// The classes that park.
    pub(crate) fn vehicles(&self, site: &Site) -> Result<ClassFilter, String> {
        if let Some(names) = &self.classes {
            if names.is_empty() {
                return Err("classes is empty; name the classes that park, or leave it out".to_owned());
            }
            return site.classes(names).map_err(|error| format!("classes: {error}"));
        }
        let vehicles = site.known_classes(&VEHICLES);
        for camera in site.cameras() {
            if vehicles.is_empty_for(camera.handle) {
                return Err(format!(
                    "the model of camera {} knows none of {}; name the classes that park in classes",
                    camera.name,
                    VEHICLES.join(", ")
                ));
            }
        }
        Ok(vehicles)
    }

    pub(crate) fn hold(&self) -> Duration {
        // In whole microseconds, as frames are timed.
        Duration::from_micros((self.hold_s * 1e6).round() as u64)
    }
}
