//! What goes over the wire under `/api/v1` and `/ws/v1`: JSON, and nothing of the core types themselves.

pub(crate) mod calibration;
pub(crate) mod camera;
pub(crate) mod event;
pub(crate) mod frame;
pub(crate) mod grants;
pub(crate) mod health;
pub(crate) mod limits;
pub(crate) mod plate;
pub(crate) mod plugin;
pub(crate) mod recording;
pub(crate) mod rule;
pub(crate) mod shadow;
pub(crate) mod transition;

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Who said that a camera or a rule exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Declared {
    /// The config file: read-only here.
    Config,
    /// This API.
    Rest,
}

impl From<ocellus_pipeline::Declared> for Declared {
    fn from(declared: ocellus_pipeline::Declared) -> Declared {
        match declared {
            ocellus_pipeline::Declared::Config => Declared::Config,
            ocellus_pipeline::Declared::Rest => Declared::Rest,
        }
    }
}

/// JSON text as it was written; a text that is not JSON, which only damage can bring, as a string.
pub(crate) fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text)
        .or_else(|error| serde_json::value::to_raw_value(&error.to_string()))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Microseconds with a fraction, for times of a few of them.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1000.0
}
