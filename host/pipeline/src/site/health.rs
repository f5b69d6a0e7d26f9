//! Whether the host is well, part by part.

use std::sync::PoisonError;
use std::time::Duration;

use ocellus_runtime::RuleState;
use ocellus_store::{EventWriter, WriterCounters};

use super::Site;
use crate::camera::SourceState;

/// How the host is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthState {
    /// Every part works.
    Healthy,
    /// It works, but some part does not.
    Degraded,
    /// No camera has given a frame since the start, and none has failed yet.
    Starting,
}

/// One part of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentHealth {
    /// Which, such as `detector` or `camera gate`.
    pub name: String,
    /// Whether it works.
    pub ready: bool,
    /// What is wrong, or a short description.
    pub detail: String,
}

/// How the host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// As a whole.
    pub state: HealthState,
    /// Part by part.
    pub components: Vec<ComponentHealth>,
    /// Time since the start.
    pub uptime: Duration,
}

impl Site {
    /// How the host is.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut components = vec![self.detector_health()];
        components.extend(self.embedder_health());
        components.extend(self.reader_health());
        components.push(self.store_health());
        let cameras = self.cameras();
        components.extend(self.recordings_health(&cameras));
        let starting = !cameras.is_empty() && cameras.iter().all(|camera| camera.frames == 0);
        let waiting = cameras.iter().all(|camera| {
            matches!(camera.state, SourceState::Connecting | SourceState::Live) && camera.frames == 0
        });
        components.extend(cameras.iter().map(|camera| {
            let (ready, detail) = match &camera.state {
                SourceState::Live => (true, "live".to_owned()),
                SourceState::Connecting => (camera.frames > 0, "connecting".to_owned()),
                SourceState::Stalled => (false, "no picture arrives".to_owned()),
                SourceState::Failed { reason, .. } => (false, reason.clone()),
                SourceState::Ended { note } => {
                    (note.is_none(), note.clone().unwrap_or_else(|| "ended".into()))
                }
            };
            ComponentHealth { name: format!("camera {}", camera.name), ready, detail }
        }));
        components.extend(self.rules_health());
        let state = match (starting && waiting, components.iter().all(|component| component.ready)) {
            (true, _) => HealthState::Starting,
            (false, true) => HealthState::Healthy,
            (false, false) => HealthState::Degraded,
        };
        Health { state, components, uptime: self.0.started.elapsed() }
    }

    /// What became of the events that rules reported; none once the host is ending.
    #[must_use]
    pub fn event_counters(&self) -> Option<WriterCounters> {
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.as_ref().map(EventWriter::counters)
    }

    fn detector_health(&self) -> ComponentHealth {
        let failure = self.0.wiring.roster.failure();
        ComponentHealth {
            name: "detector".into(),
            ready: failure.is_none(),
            detail: failure.unwrap_or_else(|| "ready".into()),
        }
    }

    /// None where the host has no embedder.
    fn embedder_health(&self) -> Option<ComponentHealth> {
        let failure = self.0.wiring.roster.embedder_failure();
        self.0.wiring.looks.then(|| ComponentHealth {
            name: "embedder".into(),
            ready: failure.is_none(),
            detail: failure.unwrap_or_else(|| "ready".into()),
        })
    }

    /// None where the host reads no plates.
    fn reader_health(&self) -> Option<ComponentHealth> {
        let failure = self.0.wiring.roster.reader_failure();
        self.0.wiring.reads.then(|| ComponentHealth {
            name: "plates".into(),
            ready: failure.is_none(),
            detail: failure.unwrap_or_else(|| "ready".into()),
        })
    }

    fn store_health(&self) -> ComponentHealth {
        let counters = self.event_counters();
        let (ready, detail) = match (self.0.database.failure(), counters) {
            (Some(failure), _) => (false, format!("{failure}; restart the host to repair it")),
            // To be seen by whoever was not there at the start, until they have set right what is missing.
            (None, Some(_)) if let Some(damage) = self.0.database.damage() => {
                (false, format!("{damage}; put back what is missing, then restart the host"))
            }
            (None, Some(counters)) => {
                let WriterCounters { appended, dropped, failing, .. } = counters;
                (!failing, format!("{appended} events written, {dropped} dropped"))
            }
            (None, None) => (false, "closed".into()),
        };
        ComponentHealth { name: "store".into(), ready, detail }
    }

    fn rules_health(&self) -> Vec<ComponentHealth> {
        let mut components = Vec::new();
        for status in self.rules() {
            if let Some(reason) = status.failure {
                let name = format!("rule {}", status.name);
                components.push(ComponentHealth { name, ready: false, detail: reason });
                continue;
            }
            let troubled = status.cameras.iter().find(|on| on.health.state != RuleState::Active);
            components.push(ComponentHealth {
                name: format!("rule {}", status.name),
                ready: troubled.is_none(),
                detail: match troubled {
                    None => "active".into(),
                    Some(on) => format!(
                        "on camera {}: {}",
                        on.camera,
                        on.health.last_error.as_deref().unwrap_or("not active")
                    ),
                },
            });
        }
        components
    }
}
