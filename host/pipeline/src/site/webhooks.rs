//! Calls of network addresses that rules asked for and operators granted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ocellus_core::{Name, TimeUs, WebhookCall};
use ureq::tls::{RootCerts, TlsConfig};

/// Calls that may wait; further ones are dropped and counted.
const CAPACITY: usize = 256;
/// Threads that call, so that one address that does not answer holds up no other.
pub(super) const CALLERS: usize = 2;
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pauses before the further attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// A call with its origin.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) rule: Name,
    pub(crate) camera: Name,
    pub(crate) time: TimeUs,
    pub(crate) call: WebhookCall,
}

/// The way to those who call.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    sender: SyncSender<Outgoing>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    ending: AtomicBool,
}

/// What became of webhook calls since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookCounts {
    /// Answered with a status of success.
    pub delivered: u64,
    /// Given up after three attempts, or refused by the other side.
    pub failed: u64,
    /// Not tried, since too many were waiting.
    pub dropped: u64,
}

/// Where calls wait for those who call.
pub(super) type Queue = Arc<Mutex<Receiver<Outgoing>>>;

impl Webhooks {
    pub(super) fn new() -> (Webhooks, Queue) {
        let (sender, queue) = sync_channel(CAPACITY);
        (Webhooks { sender, counts: Arc::default() }, Arc::new(Mutex::new(queue)))
    }

    /// Has an address called, or counts that there was no room.
    pub(crate) fn submit(&self, outgoing: Outgoing) {
        if let Err(error) = self.sender.try_send(outgoing) {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            let (std::sync::mpsc::TrySendError::Full(lost)
            | std::sync::mpsc::TrySendError::Disconnected(lost)) = error;
            tracing::warn!(rule = %lost.rule, url = lost.call.url, "a webhook call was dropped: too many wait");
        }
    }

    pub(super) fn counts(&self) -> WebhookCounts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { delivered, failed, dropped, .. } = &*self.counts;
        WebhookCounts { delivered: get(delivered), failed: get(failed), dropped: get(dropped) }
    }

    /// No further attempt begins.
    pub(super) fn stop(&self) {
        self.counts.ending.store(true, Ordering::Release);
    }

    /// Calls until told to stop.
    pub(super) fn run(&self, queue: &Queue) {
        // Certificates are judged as the rest of the machine judges them.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            // An address that was granted must not lead to one that was not.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .build();
        let agent = ureq::Agent::new_with_config(config);
        while !self.is_ending() {
            let next = {
                let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                queue.recv_timeout(Duration::from_millis(200))
            };
            let Ok(outgoing) = next else { continue };
            let (count, what) = match self.deliver(&agent, &outgoing) {
                Ok(()) => (&self.counts.delivered, None),
                Err(reason) => (&self.counts.failed, Some(reason)),
            };
            count.fetch_add(1, Ordering::Relaxed);
            if let Some(reason) = what {
                let Outgoing { rule, call, .. } = &outgoing;
                tracing::warn!(%rule, url = call.url, reason, "a webhook call failed");
            }
        }
    }

    fn deliver(&self, agent: &ureq::Agent, outgoing: &Outgoing) -> Result<(), String> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let reason = match attempt(agent, outgoing) {
                Ok(status) if (200..300).contains(&status) => return Ok(()),
                // The other side does not want it; asking again would not change that.
                Ok(status) if status < 500 => return Err(format!("it answered with status {status}")),
                Ok(status) => format!("it answered with status {status}"),
                Err(error) => error.to_string(),
            };
            match pauses.next() {
                Some(pause) if self.rest(pause) => {}
                _ => return Err(reason),
            }
        }
    }

    /// Rests, and says whether to go on.
    fn rest(&self, pause: Duration) -> bool {
        let end = std::time::Instant::now() + pause;
        while std::time::Instant::now() < end && !self.is_ending() {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        !self.is_ending()
    }

    fn is_ending(&self) -> bool {
        self.counts.ending.load(Ordering::Acquire)
    }
}

fn attempt(agent: &ureq::Agent, outgoing: &Outgoing) -> Result<u16, ureq::Error> {
    let Outgoing { rule, camera, time, call } = outgoing;
    let response = agent
        .post(&call.url)
        .header("content-type", "application/json")
        .header("user-agent", "ocellus")
        .header("ocellus-rule", rule.as_str())
        .header("ocellus-camera", camera.as_str())
        .header("ocellus-time-us", time.0.to_string())
        .send(call.body.as_str())?;
    Ok(response.status().as_u16())
}
