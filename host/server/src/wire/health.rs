//! The host's health.

use ocellus_pipeline::{Health, HealthState};
use serde::Serialize;
use utoipa::ToSchema;

/// How the host does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthReport {
    pub(crate) state: State,
    /// The host's version.
    version: &'static str,
    /// Seconds since it started.
    uptime_s: u64,
    /// What it is made of.
    components: Vec<Component>,
}

/// How the host does as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// All is well.
    Healthy,
    /// It works, but a part does not.
    Degraded,
    /// It does not work yet.
    Starting,
}

/// One part of the host.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Component {
    /// Its name.
    name: String,
    /// Whether it works.
    ready: bool,
    /// Why not, or what is worth knowing. Left out for callers without the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl HealthReport {
    pub(crate) fn new(health: Health) -> HealthReport {
        let state = match health.state {
            HealthState::Healthy => State::Healthy,
            HealthState::Degraded => State::Degraded,
            HealthState::Starting => State::Starting,
        };
        let components = health.components.into_iter().map(|part| Component {
            name: part.name,
            ready: part.ready,
            detail: Some(part.detail).filter(|detail| !detail.is_empty()),
        });
        HealthReport {
            state,
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: health.uptime.as_secs(),
            components: components.collect(),
        }
    }

    /// The same for a caller who has not shown the token.
    pub(crate) fn without_details(mut self) -> HealthReport {
        for component in &mut self.components {
            component.detail = None;
        }
        self
    }
}
