//! Rules: plugins bound to cameras.

use ocellus_core::Name;
use ocellus_pipeline::{
    Activation, HandedOver, RuleCameraStatus, RuleLogLine, RulePolicy, RuleSettings, RuleStatus, SiteError,
};
use ocellus_runtime::{RuleHealth, RuleState};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::grants::{self, PowerName, RuleGrants};
use super::limits::{OnFailureName, RuleLimits};
use super::{Declared, micros, raw};
use crate::extract::name;
use crate::problem::Problem;

/// All rules, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleList {
    pub(crate) rules: Vec<Rule>,
}

/// A rule and how it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rule {
    /// Its name.
    name: String,
    plugin: PluginInUse,
    /// Digests of the versions that ran before, newest first.
    previous: Vec<String>,
    /// Versions that failed and are not run until they are activated again, the latest first.
    quarantined: Vec<QuarantinedVersion>,
    limits: RuleLimits,
    on_failure: OnFailureName,
    /// `camera`: one instance a camera; `site`: one for all its cameras.
    scope: String,
    /// The cameras it watches.
    watches: Vec<String>,
    /// What its plugin's version asks for.
    asks: Vec<PowerName>,
    grants: RuleGrants,
    declared: Declared,
    /// Its settings.
    #[schema(value_type = Object)]
    settings: Box<RawValue>,
    /// Why it did not start, if it did not; bind it anew or remove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// Digest of the version that runs beside it as its shadow; null where none does.
    shadow: Option<String>,
    /// How each of its instances does: one a camera, or one for the site.
    cameras: Vec<RuleOnCamera>,
}

/// A version that failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantinedVersion {
    /// Its digest.
    digest: String,
    /// What it did.
    reason: String,
}

/// The plugin version that a rule runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginInUse {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Its digest.
    digest: String,
}

/// A rule on one camera. Counts are since this version runs there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleOnCamera {
    /// The camera; `site` for the one instance of a rule of site scope.
    camera: String,
    state: RuleStateName,
    /// Failures that count towards quarantine.
    strikes: usize,
    /// What went wrong last.
    last_error: Option<String>,
    /// Calls.
    calls: u64,
    /// Calls that it answered with an error of its own.
    refusals: u64,
    /// Calls that trapped.
    traps: u64,
    /// Calls that were stopped because they took too long.
    deadline_misses: u64,
    /// Calls that broke another limit: memory, events, output, state.
    limit_breaches: u64,
    /// Frames that it did not see because it was backing off or in quarantine.
    skipped: u64,
    /// Frames that it did not see because it had used up its call time a second.
    throttled: u64,
    /// Events that it reported.
    events: u64,
    /// Time that its calls took in all, in seconds.
    call_seconds: f64,
    /// Times it was started anew from its last snapshot.
    restarts: u64,
    /// Outputs that asked for something that is not granted, which was left out.
    denied: u64,
    /// Messages of other rules that it was too slow to hear.
    messages_dropped: u64,
    /// Log lines beyond its allowance, which were dropped.
    log_lines_dropped: u64,
    /// Memory that its instance holds, in bytes.
    memory_bytes: usize,
    /// Its last saved state, in bytes.
    state_bytes: usize,
    /// What it keeps under keys, in bytes, with 64 for each.
    values_bytes: usize,
    /// Half of its calls took at most so many microseconds.
    p50_us: f64,
    /// 99 of 100 calls took at most so many microseconds.
    p99_us: f64,
    /// Its longest call in microseconds.
    max_us: f64,
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RuleStateName {
    /// It sees frames.
    Active,
    /// It failed and starts anew after a pause.
    BackingOff,
    /// It failed too often; an operator must change it.
    Quarantined,
}

impl RuleStateName {
    pub(crate) fn of(state: &RuleState) -> RuleStateName {
        match state {
            RuleState::Active => RuleStateName::Active,
            RuleState::BackingOff { .. } => RuleStateName::BackingOff,
            RuleState::Quarantined => RuleStateName::Quarantined,
        }
    }
}

impl RuleOnCamera {
    pub(crate) fn new(camera: String, health: RuleHealth) -> RuleOnCamera {
        RuleOnCamera {
            camera,
            state: RuleStateName::of(&health.state),
            strikes: health.strikes,
            last_error: health.last_error,
            calls: health.calls,
            refusals: health.refusals,
            traps: health.traps,
            deadline_misses: health.deadline_misses,
            limit_breaches: health.limit_breaches,
            skipped: health.skipped,
            throttled: health.throttled,
            events: health.events,
            call_seconds: health.call_total.as_secs_f64(),
            restarts: health.restarts,
            log_lines_dropped: health.log_lines_dropped,
            memory_bytes: health.memory,
            denied: health.denied,
            messages_dropped: 0,
            state_bytes: health.state_bytes,
            values_bytes: health.values,
            p50_us: micros(health.call_time.p50),
            p99_us: micros(health.call_time.p99),
            max_us: micros(health.call_time.max),
        }
    }
}

impl From<RuleCameraStatus> for RuleOnCamera {
    fn from(status: RuleCameraStatus) -> RuleOnCamera {
        let messages_dropped = status.messages_dropped;
        RuleOnCamera { messages_dropped, ..RuleOnCamera::new(status.camera, status.health) }
    }
}

impl From<RuleStatus> for Rule {
    fn from(status: RuleStatus) -> Rule {
        Rule {
            name: status.name.to_string(),
            plugin: PluginInUse {
                name: status.plugin_name.to_string(),
                version: status.plugin_version,
                digest: status.digest,
            },
            previous: status.previous,
            quarantined: status
                .quarantined
                .into_iter()
                .map(|(digest, reason)| QuarantinedVersion { digest, reason })
                .collect(),
            limits: RuleLimits::from(&status.policy.limits),
            on_failure: status.policy.on_failure.into(),
            scope: status.scope,
            watches: status.watches.iter().map(ToString::to_string).collect(),
            asks: grants::names(status.asks),
            grants: RuleGrants::from(&status.grants),
            declared: status.declared.into(),
            settings: raw(status.settings),
            failure: status.failure,
            shadow: status.shadow,
            cameras: status.cameras.into_iter().map(RuleOnCamera::from).collect(),
        }
    }
}

/// A plugin to bind to cameras, or a change of that.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BindRule {
    /// A digest, a plugin's name (its highest version), or `name@version`.
    #[schema(example = "line-crossing@0.1.0")]
    plugin: String,
    /// The cameras it watches.
    cameras: Vec<String>,
    /// Its settings; the plugin's schema says what may stand there.
    #[serde(default = "nothing")]
    #[schema(value_type = Object)]
    settings: Box<RawValue>,
    /// What it may use; what is left out keeps its default.
    #[serde(default)]
    limits: RuleLimits,
    /// What becomes of it after a failure.
    #[serde(default)]
    on_failure: OnFailureName,
    /// What it may do beyond seeing tracks; as before where it is left out, and nothing for a new rule. Needed where
    /// another version is bound that asks for more than the ones before it.
    #[serde(default)]
    grants: Option<RuleGrants>,
}

fn nothing() -> Box<RawValue> {
    raw("{}".into())
}

impl BindRule {
    pub(crate) fn into_settings(self, rule: Name) -> Result<RuleSettings, Problem> {
        let cameras =
            self.cameras.iter().enumerate().map(|(index, text)| name(text, &format!("cameras[{index}]")));
        Ok(RuleSettings {
            name: rule,
            plugin: self.plugin,
            cameras: cameras.collect::<Result<_, _>>()?,
            settings: self.settings.get().to_owned(),
            grants: self.grants.map(RuleGrants::into_grants).transpose().map_err(SiteError::from)?,
            policy: RulePolicy { limits: self.limits.into_limits(), on_failure: self.on_failure.into() },
        })
    }
}

/// The version to switch to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activate {
    /// A digest, or `name@version`.
    pub(crate) plugin: String,
    /// What the rule may do from now on; as before where it is left out. Needed where the version asks for more
    /// than the ones before it.
    #[serde(default)]
    pub(crate) grants: Option<RuleGrants>,
}

/// What an operator says as a shadow takes over.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Promote {
    /// As in activating.
    #[serde(default)]
    pub(crate) grants: Option<RuleGrants>,
}

/// What a switch came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Activated {
    /// The rule.
    rule: String,
    /// Digest that ran before.
    from: String,
    /// Digest that runs now.
    to: String,
    /// Where and when.
    cameras: Vec<ActivatedOn>,
}

/// A switch on one camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivatedOn {
    /// The camera.
    camera: String,
    /// Sequence of the first frame that the new version sees; the old one saw all before.
    at_frame: u64,
    state: Handover,
}

/// Whether a switch carried the rule's state.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Handover {
    /// It did.
    Carried,
    /// The new version began from nothing.
    Cold,
}

impl From<Activation> for Activated {
    fn from(activation: Activation) -> Activated {
        let cameras = activation.cameras.into_iter().map(|swapped| ActivatedOn {
            camera: swapped.camera,
            at_frame: swapped.at_frame,
            state: match swapped.state {
                HandedOver::Carried => Handover::Carried,
                HandedOver::Cold => Handover::Cold,
            },
        });
        Activated {
            rule: activation.rule.to_string(),
            from: activation.from,
            to: activation.to,
            cameras: cameras.collect(),
        }
    }
}

/// A question to a rule, or an operator's correction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleRequest {
    /// The camera whose instance is meant.
    pub(crate) camera: String,
    /// What the rule is given; its documentation says what it understands.
    #[schema(value_type = Object)]
    pub(crate) request: Box<RawValue>,
}

/// A rule's answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleAnswer {
    /// What the rule said.
    #[schema(value_type = Object)]
    pub(crate) answer: Box<RawValue>,
}

impl RuleAnswer {
    /// # Errors
    /// What is wrong with an answer that is not JSON; a rule may say anything.
    pub(crate) fn new(said: String) -> Result<RuleAnswer, String> {
        let answer = RawValue::from_string(said);
        answer.map(|answer| RuleAnswer { answer }).map_err(|error| format!("its answer is not JSON: {error}"))
    }
}

/// What a rule wrote, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleLog {
    pub(crate) lines: Vec<LogLine>,
}

/// A line that a rule wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogLine {
    /// The camera.
    camera: String,
    /// Time of the frame.
    time_us: u64,
    /// `debug`, `info`, `warn` or `error`.
    level: String,
    /// The text.
    message: String,
}

impl From<RuleLogLine> for LogLine {
    fn from(line: RuleLogLine) -> LogLine {
        LogLine { camera: line.camera, time_us: line.time.0, level: line.level, message: line.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_json_is_not_passed_on() {
        for said in ["", "{", "3 people", "{} {}", "\0"] {
            let reason = RuleAnswer::new(said.to_owned()).map(drop).unwrap_err();
            assert!(reason.starts_with("its answer is not JSON: "), "{reason}");
        }
        let answer = RuleAnswer::new(r#"{"people":3}"#.to_owned()).unwrap();
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"answer":{"people":3}}"#);
    }
}
