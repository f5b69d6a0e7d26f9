//! What a rule may use and what becomes of it after a failure, as operators set it.

use std::time::Duration;

use ocellus_runtime::{Limits, OnFailure};
use serde::{Deserialize, Serialize};

/// What a rule may use, and what becomes of it after a failure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RulePolicy {
    /// What each instance may use.
    pub limits: Limits,
    /// After a fatal failure.
    pub on_failure: OnFailure,
}

/// A limit that cannot be set so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} is {value}, it must be from {least} to {most}")]
pub struct PolicyError {
    key: &'static str,
    value: u128,
    least: u128,
    most: u128,
}

impl RulePolicy {
    /// Checks that every limit is one that the host can keep.
    ///
    /// # Errors
    /// [`PolicyError`] names the first limit out of its range.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let Limits { call, call_per_second, setup, memory, events, output, state, values, log_per_second } =
            &self.limits;
        let kib = |bytes: usize| bytes as u128 / 1024;
        in_range("call_ms", call.as_millis(), 1, 1_000)?;
        in_range("call_ms_per_second", call_per_second.as_millis(), 1, 1_000)?;
        in_range("setup_ms", setup.as_millis(), 10, 30_000)?;
        in_range("memory_kib", kib(*memory), 64, 1024 * 1024)?;
        in_range("events", *events as u128, 1, 100_000)?;
        in_range("output_kib", kib(*output), 1, 64 * 1024)?;
        in_range("state_kib", kib(*state), 1, 1024)?;
        in_range("values_kib", kib(*values), 1, 64 * 1024)?;
        in_range("log_kib_per_second", kib(*log_per_second), 0, 1024)
    }

    /// As the database keeps it: only what differs from the defaults, so that better defaults reach old rules.
    pub(crate) fn to_json(&self) -> String {
        let (own, usual) = (&self.limits, Limits::default());
        let time = |own: Duration, usual: Duration| {
            (own != usual).then(|| u64::try_from(own.as_millis()).unwrap_or(u64::MAX))
        };
        let size = |own: usize, usual: usize| (own != usual).then_some(own);
        let stored = StoredPolicy {
            call_ms: time(own.call, usual.call),
            call_ms_per_second: time(own.call_per_second, usual.call_per_second),
            setup_ms: time(own.setup, usual.setup),
            memory: size(own.memory, usual.memory),
            events: size(own.events, usual.events),
            output: size(own.output, usual.output),
            state: size(own.state, usual.state),
            values: size(own.values, usual.values),
            log_per_second: size(own.log_per_second, usual.log_per_second),
            on_failure: match self.on_failure {
                OnFailure::Reload => None,
                OnFailure::Skip => Some(StoredOnFailure::Skip),
                OnFailure::Disable => Some(StoredOnFailure::Disable),
            },
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// # Errors
    /// The parser's words.
    pub(crate) fn from_json(text: &str) -> Result<RulePolicy, String> {
        if text.is_empty() {
            return Ok(RulePolicy::default());
        }
        let stored: StoredPolicy = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let usual = Limits::default();
        let time = |own: Option<u64>, usual: Duration| own.map_or(usual, Duration::from_millis);
        Ok(RulePolicy {
            limits: Limits {
                call: time(stored.call_ms, usual.call),
                call_per_second: time(stored.call_ms_per_second, usual.call_per_second),
                setup: time(stored.setup_ms, usual.setup),
                memory: stored.memory.unwrap_or(usual.memory),
                events: stored.events.unwrap_or(usual.events),
                output: stored.output.unwrap_or(usual.output),
                state: stored.state.unwrap_or(usual.state),
                values: stored.values.unwrap_or(usual.values),
                log_per_second: stored.log_per_second.unwrap_or(usual.log_per_second),
            },
            on_failure: match stored.on_failure {
                None => OnFailure::Reload,
                Some(StoredOnFailure::Skip) => OnFailure::Skip,
                Some(StoredOnFailure::Disable) => OnFailure::Disable,
            },
        })
    }
}

fn in_range(key: &'static str, value: u128, least: u128, most: u128) -> Result<(), PolicyError> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(PolicyError { key, value, least, most }),
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    call_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_ms_per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_per_second: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<StoredOnFailure>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredOnFailure {
    Skip,
    Disable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_stored_and_comes_back() {
        assert_eq!(RulePolicy::default().to_json(), "{}");
        let mut policy = RulePolicy { on_failure: OnFailure::Disable, ..RulePolicy::default() };
        policy.limits.call = Duration::from_millis(3);
        policy.limits.events = 7;
        assert_eq!(policy.to_json(), r#"{"call_ms":3,"events":7,"on_failure":"disable"}"#);
        assert_eq!(RulePolicy::from_json(&policy.to_json()), Ok(policy));
        assert_eq!(RulePolicy::from_json(""), Ok(RulePolicy::default()));
    }

    #[test]
    fn a_limit_that_cannot_be_kept_is_named_with_its_range() {
        assert_eq!(RulePolicy::default().validate(), Ok(()));
        let mut policy = RulePolicy::default();
        policy.limits.call = Duration::from_secs(5);
        assert_eq!(policy.validate().unwrap_err().to_string(), "call_ms is 5000, it must be from 1 to 1000");
    }
}
