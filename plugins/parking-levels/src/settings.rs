//! Settings, and what is wrong with them.

use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_name, check_range};

/// Levels of a location.
const MOST_LEVELS: usize = 64;
/// Bytes of a level's id: measurements are named after it, and the host takes 128 bytes.
const ID_BYTES: usize = 64;
/// Bytes of another name.
const NAME_BYTES: usize = 256;
/// Spaces of a level that no camera sees.
const MOST_SPACES: u32 = 1_000_000;

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The levels in the order of the answers, each with an id of its own.
    pub levels: Vec<LevelSettings>,
    /// The location whose levels they are, as the `parking` rules name it.
    #[serde(default)]
    pub location: String,
    /// Seconds after which what a camera said counts no more, unless it says it again; `parking` does so every 10.
    #[serde(default = "default_forget_s")]
    #[schemars(range(min = 15.0, max = 604_800.0))]
    pub forget_s: f64,
}

/// A level of the location.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelSettings {
    /// As the `parking` rules name it.
    pub id: String,
    /// What people call it; its id if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Spaces on it that no camera sees: their number is told by commands.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub unseen: u32,
}

fn default_forget_s() -> f64 {
    3600.0
}

impl Settings {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.levels.is_empty() || self.levels.len() > MOST_LEVELS {
            return Err(format!("levels has {} levels; give 1 to {MOST_LEVELS}", self.levels.len()));
        }
        check_range("forget_s", self.forget_s, 15.0..=604_800.0, "seconds")?;
        for (index, level) in self.levels.iter().enumerate() {
            check_name(&format!("levels[{index}].id"), &level.id, ID_BYTES)?;
            if let Some(name) = &level.name {
                check_name(&format!("levels[{index}].name"), name, NAME_BYTES)?;
            }
            if level.unseen > MOST_SPACES {
                return Err(format!(
                    "levels[{index}].unseen is {}; give at most {MOST_SPACES}",
                    level.unseen
                ));
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
}
