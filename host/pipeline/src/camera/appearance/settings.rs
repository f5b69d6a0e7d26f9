//! How a camera's tracks are looked at, as an operator writes it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most detections of a frame that are looked at.
const MOST_BUDGET: u32 = 64;
/// Seconds for which a look may be trusted at most.
const LONGEST_S: f32 = 3600.0;

/// How a camera's tracks are looked at, on a host that has an embedder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddingSpec {
    /// Detections that are looked at in a frame, at most 64; 0 turns it off.
    pub budget: u32,
    /// Seconds after which a track in plain sight is looked at again, from 0 to 3600.
    pub refresh_seconds: f32,
    /// Names of the classes that are looked at; all that the camera keeps where not given. An embedder is made for one
    /// kind of object, such as people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

impl Default for EmbeddingSpec {
    fn default() -> EmbeddingSpec {
        EmbeddingSpec { budget: 4, refresh_seconds: 0.5, classes: None }
    }
}

/// A value of an [`EmbeddingSpec`] that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EmbeddingError {
    /// Too many.
    #[error("embedding.budget is {0}, it must be from 0 to {MOST_BUDGET} detections a frame")]
    Budget(u32),
    /// No time.
    #[error("embedding.refresh_seconds is {0}, it must be from 0 to {LONGEST_S}")]
    Refresh(f32),
    /// A class that the model does not know.
    #[error("embedding.classes: the model knows no class {class:?}; it knows {known}")]
    Class {
        /// What was given.
        class: String,
        /// The model's classes.
        known: String,
    },
}

impl EmbeddingSpec {
    /// Checks every value against its range and the detector's classes.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn validate(&self, known: &[String]) -> Result<(), EmbeddingError> {
        if self.budget > MOST_BUDGET {
            return Err(EmbeddingError::Budget(self.budget));
        }
        if !(0.0..=LONGEST_S).contains(&self.refresh_seconds) {
            return Err(EmbeddingError::Refresh(self.refresh_seconds));
        }
        match self.classes.iter().flatten().find(|class| !known.contains(class)) {
            Some(class) => Err(EmbeddingError::Class { class: class.clone(), known: known.join(", ") }),
            None => Ok(()),
        }
    }

    /// `refresh_seconds`, which has been checked.
    pub(super) fn refresh(&self) -> Duration {
        Duration::try_from_secs_f32(self.refresh_seconds).unwrap_or_default()
    }

    /// For each of the detector's classes whether it is looked at.
    pub(super) fn wanted(&self, known: &[String]) -> Vec<bool> {
        known.iter().map(|class| self.classes.as_ref().is_none_or(|wanted| wanted.contains(class))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named_with_its_key() {
        let known = ["person".to_owned(), "car".to_owned()];
        for (json, says) in [
            (r#"{"budget": 65}"#, "embedding.budget is 65, it must be from 0 to 64"),
            (r#"{"refresh_seconds": -1}"#, "embedding.refresh_seconds is -1"),
            (r#"{"refresh_seconds": 1e9}"#, "it must be from 0 to 3600"),
            (r#"{"classes": ["dog"]}"#, "no class \"dog\"; it knows person, car"),
        ] {
            let spec: EmbeddingSpec = serde_json::from_str(json).unwrap();
            let error = spec.validate(&known).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let nan = EmbeddingSpec { refresh_seconds: f32::NAN, ..EmbeddingSpec::default() };
        assert!(nan.validate(&known).is_err());
        assert!(serde_json::from_str::<EmbeddingSpec>(r#"{"bugdet": 1}"#).is_err());
        assert_eq!(EmbeddingSpec::default().validate(&known), Ok(()));
    }
}
