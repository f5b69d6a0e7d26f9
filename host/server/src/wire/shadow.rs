//! A version beside the active one.

use std::collections::BTreeMap;

use ocellus_core::Value;
use ocellus_pipeline::{Difference, ShadowStatus, Side};
use serde::Serialize;
use utoipa::ToSchema;

use super::rule::RuleOnCamera;

/// A version that runs beside the active one on the same tracks, and how their events compare.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shadow {
    /// The rule.
    rule: String,
    /// The plugin's version.
    version: String,
    /// Its digest.
    digest: String,
    /// When it began, microseconds since the Unix epoch.
    since_us: u64,
    /// Frames that both versions saw.
    frames: u64,
    /// Frames that the shadow did not see because it was behind.
    missed: u64,
    /// Events that both reported.
    both: u64,
    /// Events that only the active version reported.
    only_live: u64,
    /// Events that only the shadow reported.
    only_shadow: u64,
    /// The newest differences, oldest first, at most 20.
    differences: Vec<OnlyHere>,
    /// How the shadow does on each camera.
    cameras: Vec<RuleOnCamera>,
}

/// An event that one side alone reported.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlyHere {
    side: SideName,
    /// The camera.
    camera: String,
    /// Sequence of the frame.
    frame: u64,
    /// Time of the frame, microseconds since the Unix epoch.
    time_us: u64,
    /// What happened.
    kind: String,
    /// The track concerned, or null.
    track: Option<u64>,
    /// Further facts.
    #[schema(value_type = BTreeMap<String, Object>)]
    attributes: BTreeMap<String, serde_json::Value>,
}

/// Who reported it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SideName {
    /// The active version.
    Live,
    /// The version beside it.
    Shadow,
}

impl From<Difference> for OnlyHere {
    fn from(difference: Difference) -> OnlyHere {
        let json = |value: Value| match value {
            Value::Flag(flag) => flag.into(),
            Value::Integer(integer) => integer.into(),
            Value::Number(number) => number.into(),
            Value::Text(text) => text.into(),
        };
        let attributes = difference.event.attributes.into_iter().map(|(key, value)| (key, json(value)));
        OnlyHere {
            side: match difference.side {
                Side::Live => SideName::Live,
                Side::Shadow => SideName::Shadow,
            },
            camera: difference.camera.to_string(),
            frame: difference.frame,
            time_us: difference.time.0,
            kind: difference.event.kind,
            track: difference.event.track,
            attributes: attributes.collect(),
        }
    }
}

impl From<ShadowStatus> for Shadow {
    fn from(status: ShadowStatus) -> Shadow {
        let comparison = status.comparison;
        let cameras = status.cameras.into_iter();
        Shadow {
            rule: status.rule.to_string(),
            version: status.version,
            digest: status.digest,
            since_us: status.since.0,
            frames: status.frames,
            missed: status.missed,
            both: comparison.both,
            only_live: comparison.only_live,
            only_shadow: comparison.only_shadow,
            differences: comparison.differences.into_iter().map(OnlyHere::from).collect(),
            cameras: cameras.map(|(camera, health)| RuleOnCamera::new(camera, health)).collect(),
        }
    }
}
