//! How a camera's number plates are read, as an operator writes it.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most looks for plates in a frame.
const MOST_BUDGET: u32 = 16;
/// Seconds between two looks at a vehicle at most.
const LONGEST_S: f32 = 60.0;
/// Pixels that a vehicle may have to be wide.
const WIDEST: f32 = 4096.0;
/// Characters of a key, so that plates cannot be found by trying it.
const KEY: std::ops::RangeInclusive<usize> = 16..=256;
/// Characters that a mask may leave.
const MOST_SHOWN: u8 = 8;

/// What detectors call vehicles that have plates.
const VEHICLES: [&str; 8] = ["car", "bus", "truck", "motorcycle", "motorbike", "van", "vehicle", "trailer"];

/// How a camera's number plates are read, on a host that has a reader of plates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlatesSpec {
    /// Looks for plates in a frame, at most 16: each at one vehicle, or at the whole picture where that is small; 0 turns
    /// it off.
    pub budget: u32,
    /// Seconds after which a vehicle whose plate is not sure is looked at again, from 0 to 60.
    pub refresh_seconds: f32,
    /// Vehicles narrower than this many pixels are not looked at.
    pub min_width: f32,
    /// Names of the classes that have plates; what is called car, bus, truck, motorcycle, van or vehicle where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// What becomes of the text before a rule, a recording or a viewer sees it.
    pub privacy: PlatePrivacy,
}

/// What becomes of a plate's text before anybody sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "mode", deny_unknown_fields)]
pub enum PlatePrivacy {
    // With braces: beside a mode without any serde takes every field, and whoever writes `shown` expects a mask.
    /// It stays as it was read.
    Keep {},
    /// All but the first characters of what was read in most looks are asterisks.
    Mask {
        /// Characters that stay, at most 8.
        #[serde(default = "shown")]
        shown: u8,
    },
    /// A fingerprint of what was read in most looks, with a key: the same plate has the same one, and nobody without the key
    /// can tell which it is.
    Hash {
        /// 16 to 256 characters.
        key: String,
    },
}

fn shown() -> u8 {
    2
}

impl Default for PlatePrivacy {
    fn default() -> PlatePrivacy {
        PlatePrivacy::Keep {}
    }
}

/// Without the key.
impl fmt::Debug for PlatePrivacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlatePrivacy::Keep {} => f.write_str("Keep"),
            PlatePrivacy::Mask { shown } => write!(f, "Mask({shown})"),
            PlatePrivacy::Hash { .. } => f.write_str("Hash"),
        }
    }
}

impl Default for PlatesSpec {
    fn default() -> PlatesSpec {
        PlatesSpec {
            budget: 1,
            refresh_seconds: 0.1,
            min_width: 80.0,
            classes: None,
            privacy: PlatePrivacy::default(),
        }
    }
}

/// A value of a [`PlatesSpec`] that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlatesError {
    /// Too many.
    #[error("plates.budget is {0}, it must be from 0 to {MOST_BUDGET} looks a frame")]
    Budget(u32),
    /// No time.
    #[error("plates.refresh_seconds is {0}, it must be from 0 to {LONGEST_S}")]
    Refresh(f32),
    /// No width.
    #[error("plates.min_width is {0}, it must be from 1 to {WIDEST} pixels")]
    Width(f32),
    /// A class that the model does not know.
    #[error("plates.classes: the model knows no class {class:?}; it knows {known}")]
    Class {
        /// What was given.
        class: String,
        /// The model's classes.
        known: String,
    },
    /// No class has plates.
    #[error(
        "plates: none of the model's classes is called a vehicle ({known}); name those that have plates in plates.classes"
    )]
    NoVehicle {
        /// The model's classes.
        known: String,
    },
    /// A mask that hides little.
    #[error("plates.privacy.shown is {0}, it must be from 0 to {MOST_SHOWN} characters")]
    Shown(u8),
    /// A key that can be guessed.
    #[error("plates.privacy.key has {0} characters, it must have {first} to {last}", first = KEY.start(), last = KEY.end())]
    Key(usize),
}

impl PlatesSpec {
    /// Checks every value against its range and the detector's classes.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn validate(&self, known: &[String]) -> Result<(), PlatesError> {
        if self.budget > MOST_BUDGET {
            return Err(PlatesError::Budget(self.budget));
        }
        if !(0.0..=LONGEST_S).contains(&self.refresh_seconds) {
            return Err(PlatesError::Refresh(self.refresh_seconds));
        }
        if !(1.0..=WIDEST).contains(&self.min_width) {
            return Err(PlatesError::Width(self.min_width));
        }
        if let Some(class) = self.classes.iter().flatten().find(|class| !known.contains(class)) {
            return Err(PlatesError::Class { class: class.clone(), known: known.join(", ") });
        }
        if self.budget > 0 && !self.wanted(known).contains(&true) {
            return Err(PlatesError::NoVehicle { known: known.join(", ") });
        }
        match &self.privacy {
            PlatePrivacy::Mask { shown } if *shown > MOST_SHOWN => Err(PlatesError::Shown(*shown)),
            PlatePrivacy::Hash { key } if !KEY.contains(&key.chars().count()) => {
                Err(PlatesError::Key(key.chars().count()))
            }
            _ => Ok(()),
        }
    }

    /// `refresh_seconds`, which has been checked; in whole microseconds as times are, since a 32-bit 0.1 is a little more
    /// than the time between two of ten frames a second.
    pub(super) fn refresh(&self) -> Duration {
        Duration::from_micros((f64::from(self.refresh_seconds) * 1e6).round() as u64)
    }

    /// For each of the detector's classes whether it has plates.
    pub(super) fn wanted(&self, known: &[String]) -> Vec<bool> {
        let has_plates = |class: &String| match &self.classes {
            Some(wanted) => wanted.contains(class),
            None => VEHICLES.iter().any(|vehicle| class.eq_ignore_ascii_case(vehicle)),
        };
        known.iter().map(has_plates).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named_with_its_key() {
        let known = ["person".to_owned(), "car".to_owned()];
        for (json, says) in [
            (r#"{"budget": 17}"#, "plates.budget is 17, it must be from 0 to 16"),
            (r#"{"refresh_seconds": -1}"#, "plates.refresh_seconds is -1"),
            (r#"{"min_width": 0}"#, "plates.min_width is 0, it must be from 1"),
            (r#"{"classes": ["dog"]}"#, "no class \"dog\"; it knows person, car"),
            (r#"{"classes": []}"#, "name those that have plates in plates.classes"),
            (r#"{"privacy": {"mode": "mask", "shown": 9}}"#, "plates.privacy.shown is 9"),
            (r#"{"privacy": {"mode": "hash", "key": "short"}}"#, "plates.privacy.key has 5 characters"),
        ] {
            let spec: PlatesSpec = serde_json::from_str(json).unwrap();
            let error = spec.validate(&known).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(PlatesSpec::default().validate(&known), Ok(()));
        assert!(PlatesSpec::default().validate(&known[..1]).is_err());
    }

    #[test]
    fn a_tenth_of_a_second_has_passed_with_each_of_ten_frames_a_second() {
        assert_eq!(PlatesSpec::default().refresh(), Duration::from_millis(100));
        let spec = |refresh_seconds| PlatesSpec { refresh_seconds, ..PlatesSpec::default() };
        assert_eq!(spec(0.0).refresh(), Duration::ZERO);
        assert_eq!(spec(LONGEST_S).refresh(), Duration::from_secs(60));
    }

    #[test]
    fn what_another_mode_takes_is_refused_by_name() {
        for (json, says) in [
            (r#"{"privacy": {"mode": "keep", "shown": 2}}"#, "unknown field `shown`"),
            (r#"{"privacy": {"mode": "mask", "key": "sixteen characters"}}"#, "unknown field `key`"),
            (r#"{"privacy": {"shown": 2}}"#, "missing field `mode`"),
        ] {
            let error = serde_json::from_str::<PlatesSpec>(json).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let kept: PlatesSpec = serde_json::from_str(r#"{"privacy": {"mode": "keep"}}"#).unwrap();
        assert_eq!(kept, PlatesSpec::default());
    }

    #[test]
    fn a_key_is_not_shown() {
        let privacy = PlatePrivacy::Hash { key: "sixteen characters".to_owned() };
        assert_eq!(
            format!("{:?}", PlatesSpec { privacy, ..PlatesSpec::default() }).matches("sixteen").count(),
            0
        );
    }
}
