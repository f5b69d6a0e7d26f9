//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_name, seconds};

use crate::space::Space;

/// Spaces of one camera.
const MOST_SPACES: usize = 1000;
/// Corners of all spaces together, so that a frame costs bounded time.
const MOST_CORNERS: usize = 8000;
/// Levels of one camera: what changes in a frame must fit into its messages.
const MOST_LEVELS: usize = 32;
/// Bytes of a level's id: measurements are named after it, and the host takes 128 bytes.
const ID_BYTES: usize = 64;
/// Characters of a space's name.
const LONGEST_NAME: usize = 64;
/// Bytes of the name of a level or a location.
const NAME_BYTES: usize = 256;
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
    /// Levels that the spaces are counted by, each with an id of its own.
    #[serde(default)]
    pub levels: Vec<LevelSettings>,
    /// The location that the levels belong to, where a site has several.
    #[serde(default)]
    pub location: String,
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
    /// Its outline, at least three corners in order; or give `rect`.
    #[serde(default)]
    pub polygon: Option<Outline>,
    /// Its outline as an upright rectangle, in place of `polygon`.
    #[serde(default)]
    pub rect: Option<RectSettings>,
    /// The id of its level, if it is on one.
    #[serde(default)]
    pub level: Option<String>,
}

/// An upright rectangle, in shares of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RectSettings {
    /// Its left edge.
    pub x: f32,
    /// Its top edge.
    pub y: f32,
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

/// A level: spaces that are counted together, on one camera or on several.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelSettings {
    /// What it is called in events and messages.
    pub id: String,
    /// What people call it; its id if left out.
    #[serde(default)]
    pub name: Option<String>,
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
        self.check_levels()?;
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
            let polygon = space.outline(&format!("spaces[{index}]"))?;
            corners += polygon.corners().len();
            let level = space.level.as_ref().map(|id| self.level(id, index)).transpose()?;
            spaces.push(Space::new(space.name.clone(), polygon, level));
        }
        if corners > MOST_CORNERS {
            return Err(format!(
                "the spaces have {corners} corners together; at most {MOST_CORNERS} are taken"
            ));
        }
        Ok(spaces)
    }

    fn check_levels(&self) -> Result<(), String> {
        if self.levels.len() > MOST_LEVELS {
            return Err(format!("levels has {} levels; give at most {MOST_LEVELS}", self.levels.len()));
        }
        for (index, level) in self.levels.iter().enumerate() {
            check_name(&format!("levels[{index}].id"), &level.id, ID_BYTES)?;
            if let Some(name) = &level.name {
                check_name(&format!("levels[{index}].name"), name, NAME_BYTES)?;
            }
            if self.levels[..index].iter().any(|other| other.id == level.id) {
                return Err(format!(
                    "levels[{index}].id {:?} is taken by a level before it; give each an id of its own",
                    level.id
                ));
            }
        }
        if self.location.is_empty() { Ok(()) } else { check_name("location", &self.location, NAME_BYTES) }
    }

    /// The place of a level in the list.
    fn level(&self, id: &str, space: usize) -> Result<usize, String> {
        let known = self.levels.iter().position(|level| level.id == id);
        known.ok_or_else(|| {
            format!("spaces[{space}].level is {id:?}, which levels does not list; add it there")
        })
    }

    /// The classes that park.
    pub(crate) fn vehicles(&self, site: &Site) -> Result<ClassFilter, String> {
        site.named_or_usual(self.classes.as_deref(), &VEHICLES, "park")
    }

    pub(crate) fn hold(&self) -> Duration {
        seconds(self.hold_s)
    }
}

impl SpaceSettings {
    fn outline(&self, key: &str) -> Result<Polygon, String> {
        let (outline, what) = match (&self.polygon, self.rect) {
            (Some(polygon), None) => (polygon.clone(), "polygon"),
            (None, Some(RectSettings { x, y, width, height })) => {
                if !(width > 0.0 && height > 0.0) {
                    return Err(format!("{key}.rect is {width} wide and {height} high; give it a size"));
                }
                let corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
                (Outline(corners.map(Position).to_vec()), "rect")
            }
            (None, None) => return Err(format!("{key} has no outline; give polygon or rect")),
            (Some(_), Some(_)) => return Err(format!("{key} has polygon and rect; give one of them")),
        };
        outline.checked(&format!("{key}.{what}"))
    }
}
