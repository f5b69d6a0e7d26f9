//! A rule's limits as a journal holds them.

use ocellus_runtime::Limits;
use serde::{Deserialize, Serialize};

use crate::site::RulePolicy;

/// What a rule may use, in bytes and numbers. Time is not among it: a replay has its own time limits, since a busy
/// machine must not change what a rule decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalLimits {
    memory: usize,
    events: usize,
    output: usize,
    state: usize,
    values: usize,
    log_per_second: usize,
}

impl From<&Limits> for JournalLimits {
    fn from(limits: &Limits) -> JournalLimits {
        let Limits { memory, events, output, state, values, log_per_second, .. } = *limits;
        JournalLimits { memory, events, output, state, values, log_per_second }
    }
}

impl JournalLimits {
    /// The limits, if they are such as a rule can have.
    ///
    /// # Errors
    /// Which one is out of its range.
    pub(crate) fn checked(&self) -> Result<Limits, String> {
        let JournalLimits { memory, events, output, state, values, log_per_second } = *self;
        let limits = Limits { memory, events, output, state, values, log_per_second, ..Limits::default() };
        let policy = RulePolicy { limits, ..RulePolicy::default() };
        policy.validate().map_err(|error| format!("limits of the journal: {error}"))?;
        Ok(policy.limits)
    }
}
