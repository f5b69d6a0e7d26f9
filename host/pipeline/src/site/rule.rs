//! A rule as the site holds it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use ocellus_core::{FrameInfo, Name, Powers, TimeUs};
use ocellus_runtime::{Grants, Logs, Probed, RuleHealth, RuleSlot};
use ocellus_store::RuleRecord;

use super::bus::Inbox;
use super::grants::RuleGrants;
use super::policy::RulePolicy;
use super::seat::Seat;
use crate::camera::Declared;

/// What an operator says of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSettings {
    /// Its name, unique on the site.
    pub name: Name,
    /// The plugin: a digest, a name (its highest version), or `name@version`.
    pub plugin: String,
    /// The cameras it watches.
    pub cameras: Vec<Name>,
    /// Its settings, a JSON text; the plugin's schema says what may stand there.
    pub settings: String,
    /// What it may use, and what becomes of it after a failure.
    pub policy: RulePolicy,
    /// What it may do beyond seeing tracks. `None` leaves it as it is: a new rule may do nothing, and a version that
    /// asks for more than the ones before it waits ([`SiteError::Consent`](super::SiteError::Consent)).
    pub grants: Option<Grants>,
}

/// A rule on one camera, or one for all of them.
#[derive(Debug, Clone)]
pub struct RuleCameraStatus {
    /// The camera; `site` for a rule with one instance for all its cameras.
    pub camera: String,
    /// How the rule is doing there.
    pub health: RuleHealth,
    /// Messages of other rules that it was too slow to hear.
    pub messages_dropped: u64,
}

/// All that can be seen of a rule.
#[derive(Debug, Clone)]
pub struct RuleStatus {
    /// Its name.
    pub name: Name,
    /// The plugin's name.
    pub plugin_name: Name,
    /// The plugin's version.
    pub plugin_version: String,
    /// The active version's digest.
    pub digest: String,
    /// Digests that were active before, newest first; at most three.
    pub previous: Vec<String>,
    /// Versions that failed and wait for an operator, and why, the latest first.
    pub quarantined: Vec<(String, String)>,
    /// What it may use, and what becomes of it after a failure.
    pub policy: RulePolicy,
    /// Who shares an instance: `camera` or `site`.
    pub scope: String,
    /// The cameras that it watches.
    pub watches: Vec<Name>,
    /// What its version asks for.
    pub asks: Powers,
    /// What it may do beyond seeing tracks.
    pub grants: Grants,
    /// How it is doing on each camera.
    pub cameras: Vec<RuleCameraStatus>,
    /// Its settings, a JSON text.
    pub settings: String,
    /// Who said that it exists.
    pub declared: Declared,
    /// Why it did not start, if it did not.
    pub failure: Option<String>,
    /// Digest of the version that runs beside it as its shadow, if one does.
    pub shadow: Option<String>,
}

/// A line that a rule wrote to its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLogLine {
    /// The camera, or `site`.
    pub camera: String,
    /// Time of the frame.
    pub time: TimeUs,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub message: String,
}

/// What a swap to another version came to.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The rule.
    pub rule: Name,
    /// Digest that was active.
    pub from: String,
    /// Digest that is active now.
    pub to: String,
    /// Where and when.
    pub cameras: Vec<SwappedCamera>,
}

/// A swap on one camera.
#[derive(Debug, Clone)]
pub struct SwappedCamera {
    /// The camera, or `site`.
    pub camera: String,
    /// Sequence of the first frame that the new version sees.
    pub at_frame: u64,
    /// Whether it began with the former version's state.
    pub state: HandedOver,
}

/// Whether a swap carried the rule's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedOver {
    /// It did.
    Carried,
    /// The new version began from nothing.
    Cold,
}

/// A rule on the site: what is stored of it, the version in use, and its cells.
#[derive(Clone)]
pub(crate) struct RuleEntry {
    pub(crate) record: RuleRecord,
    pub(crate) declared: Declared,
    pub(crate) policy: RulePolicy,
    pub(crate) grants: RuleGrants,
    pub(crate) probed: Probed,
    pub(crate) cells: BTreeMap<Seat, Arc<RuleCell>>,
}

impl RuleEntry {
    pub(crate) fn status(&self) -> RuleStatus {
        let cameras = self.cells.iter().map(|(seat, cell)| RuleCameraStatus {
            camera: seat.to_string(),
            health: cell.health(),
            messages_dropped: cell.inbox.dropped(),
        });
        let quarantined = self
            .record
            .quarantined
            .iter()
            .map(|version| (version.digest.to_string(), version.reason.clone()));
        RuleStatus {
            name: self.record.name.clone(),
            plugin_name: self.record.plugin.clone(),
            plugin_version: self.probed.description().version.to_string(),
            digest: self.record.digest.to_string(),
            previous: self.record.previous.iter().map(ToString::to_string).collect(),
            quarantined: quarantined.collect(),
            policy: self.policy.clone(),
            scope: self.probed.description().scope.to_string(),
            watches: self.record.cameras.clone(),
            asks: self.probed.description().powers,
            grants: self.grants.granted.clone(),
            cameras: cameras.collect(),
            settings: self.record.settings.clone(),
            declared: self.declared,
            failure: None,
            shadow: None,
        }
    }
}

/// A rule of the database that could not be started.
#[derive(Debug, Clone)]
pub(crate) struct FailedRule {
    pub(crate) record: RuleRecord,
    pub(crate) reason: String,
}

impl FailedRule {
    pub(crate) fn status(&self) -> RuleStatus {
        let record = &self.record;
        RuleStatus {
            name: record.name.clone(),
            plugin_name: record.plugin.clone(),
            plugin_version: String::new(),
            digest: record.digest.to_string(),
            previous: record.previous.iter().map(ToString::to_string).collect(),
            quarantined: Vec::new(),
            policy: RulePolicy::from_json(&record.policy).unwrap_or_default(),
            scope: String::new(),
            watches: record.cameras.clone(),
            asks: Powers::NONE,
            grants: RuleGrants::from_json(&record.grants).unwrap_or_default().granted,
            cameras: Vec::new(),
            settings: record.settings.clone(),
            declared: Declared::Rest,
            failure: Some(self.reason.clone()),
            shadow: None,
        }
    }
}

/// Log lines that are kept of a rule on a camera.
const LOG_LINES: usize = 500;

/// What can be seen of a rule on one camera, written by its lane.
#[derive(Debug)]
pub(crate) struct RuleCell {
    seat: Seat,
    inbox: Arc<Inbox>,
    health: Mutex<RuleHealth>,
    log: Mutex<VecDeque<RuleLogLine>>,
    /// Written and read by the lane only: the sequence at which health was last published.
    published: std::sync::atomic::AtomicU64,
}

/// Health is published this often while nothing unusual happens, in frames.
const PUBLISH_EVERY: u64 = 5;

impl RuleCell {
    pub(crate) fn new(seat: Seat, slot: &RuleSlot, inbox: Arc<Inbox>) -> RuleCell {
        RuleCell {
            seat,
            inbox,
            health: Mutex::new(slot.health()),
            log: Mutex::new(VecDeque::new()),
            published: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// What other rules have said to it.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(crate) fn health(&self) -> RuleHealth {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn log(&self) -> Vec<RuleLogLine> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Takes over health and log lines after a call.
    pub(crate) fn observe(&self, slot: &mut RuleSlot, info: &FrameInfo, failed: bool) {
        use std::sync::atomic::Ordering::Relaxed;
        // A site rule sees the sequences of several cameras, of which the one that is ahead may leave.
        if failed || info.sequence.abs_diff(self.published.load(Relaxed)) >= PUBLISH_EVERY {
            self.published.store(info.sequence, Relaxed);
            self.refresh(slot);
        }
        self.keep_log(slot.drain_logs());
    }

    /// Keeps log lines for whoever asks for them.
    pub(crate) fn keep_log(&self, logs: Logs) {
        if logs.lines.is_empty() {
            return;
        }
        let mut kept = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        for line in logs.lines {
            if kept.len() == LOG_LINES {
                kept.pop_front();
            }
            kept.push_back(RuleLogLine {
                camera: self.seat.to_string(),
                time: line.time,
                level: line.level.as_str().to_owned(),
                message: line.message,
            });
        }
    }

    pub(crate) fn refresh(&self, slot: &RuleSlot) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = slot.health();
    }
}
