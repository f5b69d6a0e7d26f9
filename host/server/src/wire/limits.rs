//! What a rule may use.

use std::time::Duration;

use ocellus_runtime::{Limits, OnFailure};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a rule may use, each instance for itself. In an answer every field is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuleLimits {
    /// Processor time of one call, 1 to 1000 ms; 10 by default.
    call_ms: Option<u64>,
    /// Call time a second, 1 to 1000 ms; 200 by default. A rule over it misses frames.
    call_ms_per_second: Option<u64>,
    /// Processor time of its start and of `configure`, each, 10 to 30000 ms; 1000 by default.
    setup_ms: Option<u64>,
    /// Memory, 64 to 1048576 KiB; 65536 by default.
    memory_kib: Option<u64>,
    /// Events a call, 1 to 100000; 1000 by default.
    events: Option<u64>,
    /// What one call may hand to the host, 1 to 65536 KiB; 1024 by default.
    output_kib: Option<u64>,
    /// Its state, 1 to 1024 KiB; 1024 by default.
    state_kib: Option<u64>,
    /// What it keeps under keys, 1 to 65536 KiB; 1024 by default.
    values_kib: Option<u64>,
    /// Its log, 0 to 1024 KiB a second of frame time; 64 by default.
    log_kib_per_second: Option<u64>,
}

/// What becomes of a rule after its instance failed. Video goes on in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnFailureName {
    /// A new instance with the last state after a pause of 1 to 60 s; quarantine after five failures in ten minutes.
    #[default]
    Reload,
    /// A new instance with the last state at once, and never quarantine.
    Skip,
    /// Quarantine at the first failure.
    Disable,
}

impl RuleLimits {
    pub(crate) fn into_limits(self) -> Limits {
        let usual = Limits::default();
        let kib = |wanted: Option<u64>, usual: usize| {
            wanted.map_or(usual, |kib| usize::try_from(kib.saturating_mul(1024)).unwrap_or(usize::MAX))
        };
        let ms = |wanted: Option<u64>, usual: Duration| wanted.map_or(usual, Duration::from_millis);
        Limits {
            call: ms(self.call_ms, usual.call),
            call_per_second: ms(self.call_ms_per_second, usual.call_per_second),
            setup: ms(self.setup_ms, usual.setup),
            memory: kib(self.memory_kib, usual.memory),
            events: self.events.map_or(usual.events, |events| usize::try_from(events).unwrap_or(usize::MAX)),
            output: kib(self.output_kib, usual.output),
            state: kib(self.state_kib, usual.state),
            values: kib(self.values_kib, usual.values),
            log_per_second: kib(self.log_kib_per_second, usual.log_per_second),
        }
    }
}

impl From<&Limits> for RuleLimits {
    fn from(limits: &Limits) -> RuleLimits {
        let ms = |time: Duration| Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let kib = |bytes: usize| Some(bytes as u64 / 1024);
        RuleLimits {
            call_ms: ms(limits.call),
            call_ms_per_second: ms(limits.call_per_second),
            setup_ms: ms(limits.setup),
            memory_kib: kib(limits.memory),
            events: Some(limits.events as u64),
            output_kib: kib(limits.output),
            state_kib: kib(limits.state),
            values_kib: kib(limits.values),
            log_kib_per_second: kib(limits.log_per_second),
        }
    }
}

impl From<OnFailureName> for OnFailure {
    fn from(name: OnFailureName) -> OnFailure {
        match name {
            OnFailureName::Reload => OnFailure::Reload,
            OnFailureName::Skip => OnFailure::Skip,
            OnFailureName::Disable => OnFailure::Disable,
        }
    }
}

impl From<OnFailure> for OnFailureName {
    fn from(on_failure: OnFailure) -> OnFailureName {
        match on_failure {
            OnFailure::Reload => OnFailureName::Reload,
            OnFailure::Skip => OnFailureName::Skip,
            OnFailure::Disable => OnFailureName::Disable,
        }
    }
}
