//! Calls of network addresses that rules asked for and operators granted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ocellus_core::Name;
use ocellus_runtime::Grants;
use ureq::tls::{RootCerts, TlsConfig};

use super::outbox::{Attempt, FAILING, Fate, NoRoom, Outbox, Outgoing};

/// Threads that call: those that may be kept waiting by addresses that do not answer, and as many for the others.
pub(super) const CALLERS: usize = 2 * FAILING;
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a caller rests at most before it looks for a call whose pause is over.
const REST: Duration = Duration::from_millis(200);

/// Rules whose calls are counted. A host that had more, one after the other, counts anew, as after a restart.
const COUNTED: usize = 4096;

/// The way to those who call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Webhooks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    outbox: Mutex<Outbox>,
    arrived: Condvar,
    /// Of rules that are there or were.
    counts: Mutex<BTreeMap<Name, WebhookCounts>>,
    ending: AtomicBool,
}

/// What became of a rule's webhook calls since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookCounts {
    /// Answered with a status of success.
    pub delivered: u64,
    /// Given up after three attempts, or refused by the other side.
    pub failed: u64,
    /// Not tried, since too many of the same rule were waiting, or since the rule is gone or may not any more.
    pub dropped: u64,
}

impl Webhooks {
    /// Has an address called, or counts that there was no room.
    pub(crate) fn submit(&self, outgoing: Outgoing) {
        let rule = outgoing.rule.clone();
        match self.outbox().put(outgoing) {
            Ok(()) => self.0.arrived.notify_one(),
            Err(NoRoom { is_news }) => {
                self.count(&rule, |counts| counts.dropped += 1);
                if is_news {
                    tracing::warn!(%rule, "webhook calls of the rule are dropped: too many of them wait");
                }
            }
        }
    }

    /// Drops what waits of a rule and is not granted any more.
    pub(super) fn keep_granted(&self, rule: &Name, grants: &Grants) {
        let dropped = self.outbox().retain(rule, |url| grants.callable(url).is_some());
        if dropped > 0 {
            self.count(rule, |counts| counts.dropped += dropped as u64);
        }
    }

    /// Of each rule that called or wanted to.
    pub(super) fn counts(&self) -> Vec<(Name, WebhookCounts)> {
        self.tallies().iter().map(|(rule, counts)| (rule.clone(), *counts)).collect()
    }

    fn count(&self, rule: &Name, change: impl FnOnce(&mut WebhookCounts)) {
        let mut tallies = self.tallies();
        if tallies.len() >= COUNTED && !tallies.contains_key(rule) {
            tallies.clear();
        }
        change(tallies.entry(rule.clone()).or_default());
    }

    fn tallies(&self) -> MutexGuard<'_, BTreeMap<Name, WebhookCounts>> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No further attempt begins.
    pub(super) fn stop(&self) {
        self.0.ending.store(true, Ordering::Release);
        self.0.arrived.notify_all();
    }

    /// Calls until told to stop.
    pub(super) fn run(&self) {
        // Certificates are judged as the rest of the machine judges them.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            // An address that was granted must not lead to one that was not.
            .max_redirects(0)
            // Nor be seen by a proxy that an operator did not name here.
            .proxy(None)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .build();
        let agent = ureq::Agent::new_with_config(config);
        while !self.0.ending.load(Ordering::Acquire) {
            if let Some(outgoing) = self.next() {
                let attempt = attempt(&agent, &outgoing);
                self.settle(&outgoing, attempt);
            }
        }
    }

    fn next(&self) -> Option<Outgoing> {
        let mut outbox = self.outbox();
        let next = outbox.take(Instant::now());
        if next.is_none() {
            drop(self.0.arrived.wait_timeout(outbox, REST));
        }
        next
    }

    fn settle(&self, outgoing: &Outgoing, attempt: Result<(), (Attempt, String)>) {
        let Outgoing { rule, call, .. } = outgoing;
        let (attempt, reason) = match attempt {
            Ok(()) => (Attempt::Delivered, String::new()),
            Err(failed) => failed,
        };
        match self.outbox().settle(rule, attempt, Instant::now()) {
            Fate::Waits => {}
            Fate::Delivered => {
                self.count(rule, |counts| counts.delivered += 1);
            }
            Fate::GivenUp => {
                self.count(rule, |counts| counts.failed += 1);
                tracing::warn!(%rule, to = server(&call.url), reason, "a webhook call failed");
            }
        }
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.0.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scheme, host and port of an address: what stands behind them may be a secret.
fn server(url: &str) -> &str {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    &url[..end]
}

/// # Errors
/// Whether it is worth another attempt, and what happened.
fn attempt(agent: &ureq::Agent, outgoing: &Outgoing) -> Result<(), (Attempt, String)> {
    let Outgoing { rule, camera, time, call } = outgoing;
    let response = agent
        .post(&call.url)
        .header("content-type", "application/json")
        .header("user-agent", "ocellus")
        .header("ocellus-rule", rule.as_str())
        .header("ocellus-camera", camera.as_str())
        .header("ocellus-time-us", time.0.to_string())
        .send(call.body.as_str())
        .map_err(|error| (Attempt::Failed, error.to_string()))?;
    let attempt = match response.status().as_u16() {
        200..300 => return Ok(()),
        500.. => Attempt::Failed,
        _ => Attempt::Refused,
    };
    Err((attempt, format!("it answered with status {}", response.status().as_u16())))
}
