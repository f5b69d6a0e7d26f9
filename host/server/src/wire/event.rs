//! Events. Their JSON is the pipeline's event line, the same as of `analyze` and `replay`.

use std::collections::BTreeMap;

use ocellus_core::EventRecord;
use ocellus_pipeline::wire::EventLine;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One event, as it is described; [`EventLine`] is what is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventSchema {
    /// Position in the log, from 1.
    sequence: u64,
    /// Time of the frame that caused it: microseconds since the Unix epoch.
    time_us: u64,
    /// Sequence of that frame on its camera.
    frame: u64,
    /// Camera's name.
    #[schema(example = "gate")]
    camera: String,
    /// Rule's name.
    #[schema(example = "line-crossing")]
    rule: String,
    /// What happened.
    #[schema(example = "line-crossing")]
    kind: String,
    /// The track concerned, or null.
    track: Option<u64>,
    /// Further facts: texts, numbers and flags.
    #[schema(value_type = BTreeMap<String, Object>, example = json!({"line": "door", "direction": "entry"}))]
    attributes: BTreeMap<String, String>,
}

/// Some events, in the order asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
pub(crate) struct Page<'a> {
    #[schema(value_type = Vec<EventSchema>)]
    pub(crate) events: Vec<EventLine<'a>>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub(crate) next: Option<u64>,
    /// Stored events that could not be read.
    pub(crate) damaged: u64,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilter {
    /// Of this camera.
    pub(crate) camera: Option<String>,
    /// Of this rule.
    pub(crate) rule: Option<String>,
    /// Of this kind.
    pub(crate) kind: Option<String>,
    /// At this time or later, microseconds since the Unix epoch.
    pub(crate) from: Option<u64>,
    /// Before this time.
    pub(crate) to: Option<u64>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<u64>,
    /// Which come first: `newest` (default) or `oldest`.
    #[param(inline)]
    pub(crate) order: Option<EventOrder>,
    /// Most events of the page, 1 to 1000; 100 where left out.
    pub(crate) limit: Option<usize>,
}

/// Which events come first.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventOrder {
    /// The newest.
    Newest,
    /// The oldest.
    Oldest,
}

/// Which events a viewer of `/ws/v1/events` wants.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventInterest {
    /// Of this camera.
    pub(crate) camera: Option<String>,
    /// Of this rule.
    pub(crate) rule: Option<String>,
    /// Of this kind.
    pub(crate) kind: Option<String>,
}

impl EventInterest {
    pub(crate) fn covers(&self, record: &EventRecord) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        is(&self.camera, record.camera.as_str())
            && is(&self.rule, record.rule.as_str())
            && is(&self.kind, &record.event.kind)
    }
}
