//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::follow::{Anchor, Following};
use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_name, check_range, seconds};

use crate::plate;
use crate::privacy::Privacy;
use crate::watch::Watch;

/// Vehicles followed at once: the votes of each are part of the state.
pub(crate) const MOST_VEHICLES: usize = 256;
/// Entries that may be kept.
const MOST_ENTRIES: u32 = 2000;
/// Lists, and plates on all of them.
const MOST_LISTS: usize = 32;
const MOST_PLATES: usize = 5000;
/// Characters of a key, so that plates cannot be found by trying it.
const SHORTEST_KEY: usize = 16;
const LONGEST_KEY: usize = 256;
/// Bytes of a name: each entry may have that of its list.
const NAME_BYTES: usize = 64;

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The kind of readings that are plates.
    #[serde(default = "default_kind")]
    pub kind: String,
    /// Readings below this confidence are not looked at, 0..1.
    #[serde(default = "default_min_confidence")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_confidence: f64,
    /// Readings of a vehicle that must agree before it is logged.
    #[serde(default = "default_min_readings")]
    #[schemars(range(min = 1, max = 100))]
    pub min_readings: u32,
    /// Texts with fewer letters and digits are no plates.
    #[serde(default = "default_min_length")]
    #[schemars(range(min = 1, max = 16))]
    pub min_length: usize,
    /// A vehicle whose plate was logged up to so many seconds before goes on with its entry.
    #[serde(default = "default_again_s")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub again_s: f64,
    /// Entries kept; the oldest are forgotten.
    #[serde(default = "default_keep")]
    #[schemars(range(min = 1, max = 2000))]
    pub keep: u32,
    /// Hours after which an entry is forgotten; never if left out.
    #[serde(default)]
    #[schemars(range(min = 0.01, max = 87_600.0))]
    pub keep_hours: Option<f64>,
    /// Plates that matter.
    #[serde(default)]
    pub lists: Vec<WatchList>,
    /// Whether letters and digits that look alike (O and 0, B and 8) are the same on the lists.
    #[serde(default)]
    pub look_alike: LookAlike,
    /// What becomes of the text in events, drawings and the log.
    #[serde(default)]
    pub privacy: PrivacySettings,
}

/// Plates that matter.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchList {
    /// Its name in events; each list has its own.
    pub name: String,
    /// What it means to be on it.
    pub kind: ListKind,
    /// The plates; blanks, hyphens and small letters make no difference.
    pub plates: Vec<String>,
}

/// What it means to be on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// Expected: `plate-allowed`. Where there is such a list, a plate on no list is `plate-unlisted`.
    Allow,
    /// Looked for: `plate-denied`.
    Deny,
}

/// How plates are compared with those of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LookAlike {
    /// Letter by letter.
    #[default]
    Different,
    /// Those that look alike are the same.
    Same,
}

/// What becomes of a plate's text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "mode", deny_unknown_fields)]
pub enum PrivacySettings {
    /// It is kept as it was read.
    #[default]
    Plain,
    /// All but the first characters are asterisks.
    Masked {
        /// Characters that stay.
        #[serde(default = "default_shown")]
        #[schemars(range(max = 8))]
        shown: usize,
    },
    /// A fingerprint takes its place: the same for the same plate and key.
    Hashed {
        /// Whoever has it can find a plate's fingerprint; 16 characters or more.
        #[schemars(length(min = 16, max = 256))]
        key: String,
    },
}

fn default_kind() -> String {
    "plate".to_owned()
}

fn default_min_confidence() -> f64 {
    0.5
}

fn default_min_readings() -> u32 {
    2
}

fn default_min_length() -> usize {
    4
}

fn default_again_s() -> f64 {
    60.0
}

fn default_keep() -> u32 {
    500
}

fn default_shown() -> usize {
    2
}

impl Settings {
    /// The lists, or what cannot be meant.
    pub(crate) fn check(&self) -> Result<Watch, String> {
        check_name("kind", &self.kind, NAME_BYTES)?;
        check_range("min_confidence", self.min_confidence, 0.0..=1.0, "of certainty")?;
        check_range("min_readings", f64::from(self.min_readings), 1.0..=100.0, "readings")?;
        check_range("min_length", self.min_length as f64, 1.0..=plate::LONGEST as f64, "characters")?;
        check_range("again_s", self.again_s, 0.0..=86_400.0, "seconds")?;
        check_range("keep", f64::from(self.keep), 1.0..=f64::from(MOST_ENTRIES), "entries")?;
        if let Some(hours) = self.keep_hours {
            check_range("keep_hours", hours, 0.01..=87_600.0, "hours")?;
        }
        self.check_lists()?;
        Ok(Watch::new(&self.lists, self.look_alike))
    }

    fn check_lists(&self) -> Result<(), String> {
        if self.lists.len() > MOST_LISTS {
            return Err(format!("lists has {} lists; give at most {MOST_LISTS}", self.lists.len()));
        }
        let count: usize = self.lists.iter().map(|list| list.plates.len()).sum();
        if count > MOST_PLATES {
            return Err(format!("the lists have {count} plates together; at most {MOST_PLATES} are taken"));
        }
        for (index, list) in self.lists.iter().enumerate() {
            check_name(&format!("lists[{index}].name"), &list.name, NAME_BYTES)?;
            if self.lists[..index].iter().any(|other| other.name == list.name) {
                return Err(format!(
                    "lists[{index}].name {:?} is taken by a list before it; give each a name of its own",
                    list.name
                ));
            }
            for (place, text) in list.plates.iter().enumerate() {
                if plate::normalised(text).is_none_or(|text| text.chars().count() < self.min_length) {
                    return Err(format!(
                        "lists[{index}].plates[{place}] is {text:?}; give {} to {} letters and digits",
                        self.min_length,
                        plate::LONGEST
                    ));
                }
            }
        }
        Ok(())
    }

    /// What becomes of a plate's text.
    pub(crate) fn privacy(&self) -> Result<Privacy, String> {
        match &self.privacy {
            PrivacySettings::Plain => Ok(Privacy::Plain),
            PrivacySettings::Masked { shown } if *shown > 8 => {
                Err(format!("privacy.shown is {shown}; give 0 to 8 characters"))
            }
            PrivacySettings::Masked { shown } => Ok(Privacy::Masked(*shown)),
            PrivacySettings::Hashed { key } => {
                let length = key.chars().count();
                if (SHORTEST_KEY..=LONGEST_KEY).contains(&length) {
                    Ok(Privacy::Hashed(key.clone()))
                } else {
                    Err(format!(
                        "privacy.key has {length} characters; give {SHORTEST_KEY} to {LONGEST_KEY}, chosen at random"
                    ))
                }
            }
        }
    }

    /// How vehicles are followed.
    pub(crate) fn following(&self) -> Following {
        let (memory, handover) = (Duration::from_secs(5), Duration::from_secs(2));
        Following { anchor: Anchor::Centre, memory, handover, most: MOST_VEHICLES }
    }

    pub(crate) fn again(&self) -> Duration {
        seconds(self.again_s)
    }

    pub(crate) fn keep_for(&self) -> Option<Duration> {
        self.keep_hours.map(|hours| seconds(hours * 3600.0))
    }
}
