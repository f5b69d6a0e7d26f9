//! `[[rule]]`: a plugin bound to cameras.

use std::time::Duration;

use anyhow::{Context, ensure};
use ocellus_core::Power;
use ocellus_pipeline::RulePolicy;
use ocellus_runtime::{Grants, Limits, OnFailure};
use schemars::JsonSchema;
use serde::Deserialize;

/// A rule: a plugin bound to cameras.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleConfig {
    /// Unique; letters, digits, '.', '_' and '-'.
    pub(crate) name: String,
    /// A .wasm file, or the name of an uploaded plugin, or name@version, or its digest.
    pub(crate) plugin: String,
    /// Names of the cameras it watches.
    pub(crate) cameras: Vec<String>,
    /// Its settings; the plugin's schema says what may stand here.
    #[serde(default)]
    pub(crate) settings: serde_json::Map<String, serde_json::Value>,
    /// What it may use, each instance for itself.
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
    /// What becomes of it after its instance failed; video goes on in any case.
    #[serde(default)]
    pub(crate) on_failure: OnFailureConfig,
    /// What it may do beyond seeing tracks; nothing where not given.
    #[serde(default)]
    pub(crate) grants: GrantsConfig,
}

/// What a rule may do beyond seeing tracks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GrantsConfig {
    /// Of embeddings, readings, messages, key-value, wall-clock and webhook, those that it has.
    pub(crate) powers: Vec<String>,
    /// Addresses that it may have called with the power webhook, and all that is below them.
    pub(crate) webhooks: Vec<String>,
}

impl GrantsConfig {
    /// As the host takes it.
    pub(crate) fn grants(&self) -> anyhow::Result<Grants> {
        let power = |name: &String| {
            let known = || Power::ALL.map(Power::as_str).join(", ");
            Power::named(name)
                .with_context(|| format!("grants.powers: {name:?} is no power; there are {}", known()))
        };
        let powers = self.powers.iter().map(power).collect::<anyhow::Result<_>>()?;
        Grants::new(powers, &self.webhooks).context("grants")
    }
}

/// What a rule may use, each instance for itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsConfig {
    /// Processor time of one call, 1 to 1000 ms (10).
    #[schemars(range(min = 1, max = 1000))]
    call_ms: Option<u64>,
    /// Call time a second, 1 to 1000 ms (200). A rule over it misses frames.
    #[schemars(range(min = 1, max = 1000))]
    call_ms_per_second: Option<u64>,
    /// Processor time of its start and of `configure`, each, 10 to 30000 ms (1000).
    #[schemars(range(min = 10, max = 30000))]
    setup_ms: Option<u64>,
    /// Memory, 64 to 1048576 KiB (65536).
    #[schemars(range(min = 64, max = 1_048_576))]
    memory_kib: Option<u64>,
    /// Events a call, 1 to 100000 (1000).
    #[schemars(range(min = 1, max = 100_000))]
    events: Option<u64>,
    /// What one call may hand to the host, 1 to 65536 KiB (1024).
    #[schemars(range(min = 1, max = 65536))]
    output_kib: Option<u64>,
    /// Its state, 1 to 1024 KiB (1024).
    #[schemars(range(min = 1, max = 1024))]
    state_kib: Option<u64>,
    /// What it keeps under keys, 1 to 65536 KiB (1024).
    #[schemars(range(min = 1, max = 65536))]
    values_kib: Option<u64>,
    /// Its log, 0 to 1024 KiB a second of frame time (64).
    #[schemars(range(min = 0, max = 1024))]
    log_kib_per_second: Option<u64>,
}

/// What becomes of a rule after its instance failed.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnFailureConfig {
    /// A new instance with the last state after a pause of 1 to 60 s; quarantine after five failures in ten minutes.
    #[default]
    Reload,
    /// A new instance with the last state at once, and never quarantine.
    Skip,
    /// Quarantine at the first failure.
    Disable,
}

impl RuleConfig {
    /// What one field alone cannot show.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.cameras.is_empty(), "rule {:?}: cameras is empty, name at least one", self.name);
        self.policy().validate().with_context(|| format!("rule {:?}: limits", self.name))
    }

    /// What it may use, and what becomes of it after a failure.
    pub(crate) fn policy(&self) -> RulePolicy {
        let on_failure = match self.on_failure {
            OnFailureConfig::Reload => OnFailure::Reload,
            OnFailureConfig::Skip => OnFailure::Skip,
            OnFailureConfig::Disable => OnFailure::Disable,
        };
        RulePolicy { limits: self.limits.limits(), on_failure }
    }
}

impl LimitsConfig {
    fn limits(&self) -> Limits {
        let usual = Limits::default();
        let ms = |own: Option<u64>, usual: Duration| own.map_or(usual, Duration::from_millis);
        let count = |own: Option<u64>, usual: usize| {
            own.map_or(usual, |own| usize::try_from(own).unwrap_or(usize::MAX))
        };
        let kib = |own: Option<u64>, usual: usize| count(own.map(|kib| kib.saturating_mul(1024)), usual);
        Limits {
            call: ms(self.call_ms, usual.call),
            call_per_second: ms(self.call_ms_per_second, usual.call_per_second),
            setup: ms(self.setup_ms, usual.setup),
            memory: kib(self.memory_kib, usual.memory),
            events: count(self.events, usual.events),
            output: kib(self.output_kib, usual.output),
            state: kib(self.state_kib, usual.state),
            values: kib(self.values_kib, usual.values),
            log_per_second: kib(self.log_kib_per_second, usual.log_per_second),
        }
    }
}
