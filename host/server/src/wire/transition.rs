//! What became of plugin versions.

use ocellus_pipeline::TransitionRecord;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Transitions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransitionPage {
    pub(crate) transitions: Vec<Transition>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub(crate) next: Option<u64>,
}

/// A plugin version that came into a state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Transition {
    /// Position in the log, from 1.
    sequence: u64,
    /// Microseconds since the Unix epoch.
    time_us: u64,
    /// The rule; null for a mere upload or deletion.
    rule: Option<String>,
    /// The plugin's name; null for refused bytes that have none.
    plugin: Option<String>,
    /// The plugin's version, empty where it is not known.
    version: String,
    /// The version's digest; null for refused bytes, which are not kept.
    digest: Option<String>,
    /// `uploaded`, `active`, `shadow`, `retired`, `quarantined`, `refused` or `removed`.
    #[schema(example = "active")]
    state: &'static str,
    /// `upload`, `bind`, `activate`, `roll-back`, `shadow`, `breach`, `strikes`, `start` or `remove`.
    #[schema(example = "activate")]
    cause: &'static str,
    /// More in words.
    detail: String,
}

/// Which transitions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TransitionFilter {
    /// Of this rule.
    pub(crate) rule: Option<String>,
    /// Of this plugin.
    pub(crate) plugin: Option<String>,
    /// Older than this position; `next` of the page before.
    pub(crate) cursor: Option<u64>,
    /// At most so many, 1 to 1000; 100 by default.
    pub(crate) limit: Option<usize>,
}

impl From<TransitionRecord> for Transition {
    fn from(record: TransitionRecord) -> Transition {
        let transition = record.transition;
        Transition {
            sequence: record.sequence,
            time_us: transition.time.0,
            rule: transition.rule.map(|rule| rule.to_string()),
            plugin: transition.plugin.map(|plugin| plugin.to_string()),
            version: transition.version,
            digest: transition.digest.map(|digest| digest.to_string()),
            state: transition.state.as_str(),
            cause: transition.cause.as_str(),
            detail: transition.detail,
        }
    }
}
