//! After an activation: whether the new version keeps the service level, and the way back if it does not.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ocellus_core::{Cause, Name, VersionState};
use ocellus_runtime::{OnRefusal, RuleState};

use super::change::{Change, Trial};
use super::history::of_entry;
use super::level::{Level, WATCHED};
use super::memory::Memories;
use super::rule::RuleEntry;
use super::{Inner, SiteError, now_us};

/// A version on trial.
pub(super) struct Watch {
    since: Instant,
    /// What ran before, with everything it takes to run it again.
    former: RuleEntry,
    /// How that did.
    level: Level,
    /// What it remembered as it was replaced.
    memories: Memories,
}

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// Looks after the site until it ends.
pub(super) fn run(site: &Weak<Inner>, stop: &Receiver<()>) {
    while matches!(stop.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
        let Some(site) = site.upgrade() else { return };
        site.look_after_rules(Instant::now());
    }
}

impl Inner {
    /// Watches the version that has just taken the place of `former`.
    pub(super) fn watch(&self, former: RuleEntry, level: Level, memories: Memories) {
        let name = former.record.name.clone();
        self.watches().insert(name, Watch { since: Instant::now(), former, level, memories });
    }

    pub(super) fn forget_watch(&self, rule: &Name) {
        self.watches().remove(rule);
    }

    /// What the version before the active one remembered when it was replaced, while that is watched.
    pub(super) fn former_memories(&self, rule: &Name) -> Memories {
        self.watches().get(rule).map(|watch| watch.memories.clone()).unwrap_or_default()
    }

    fn look_after_rules(&self, now: Instant) {
        let entries: Vec<RuleEntry> = self.rules().values().cloned().collect();
        for entry in entries {
            let level = Level::over(entry.cells.values().map(|cell| cell.health()));
            if let Some(reason) = self.breach(&entry, &level, now) {
                self.fall_back(&entry.record.name, &reason);
            } else if level.quarantined && entry.record.quarantine_of(entry.record.digest).is_none() {
                self.keep_quarantine(&entry);
            }
        }
    }

    /// Why the version on trial must go, if there is one and it must.
    fn breach(&self, entry: &RuleEntry, level: &Level, now: Instant) -> Option<String> {
        let mut watches = self.watches();
        let watch = watches.get(&entry.record.name)?;
        if let Some(reason) = level.breach(&watch.level, &entry.policy.limits) {
            let last_error = entry.cells.values().find_map(|cell| cell.health().last_error);
            return Some(match last_error {
                Some(error) => format!("{reason}; the last error: {}", clipped(&error)),
                None => reason,
            });
        }
        if now.duration_since(watch.since) > WATCHED {
            watches.remove(&entry.record.name);
            tracing::info!(rule = %entry.record.name, digest = %entry.record.digest, "the version kept the service level");
        }
        None
    }

    /// Goes back to what ran before the version on trial.
    fn fall_back(&self, rule: &Name, reason: &str) {
        // Somebody is changing something: the next look comes soon.
        let Ok(_turn) = self.take_turn_of(rule) else { return };
        let (Some(entry), Some(watch)) = (self.rules().get(rule).cloned(), self.watches().remove(rule))
        else {
            return;
        };
        match self.run_again(&entry, &watch, reason) {
            Ok(()) => {
                tracing::warn!(%rule, from = %entry.record.digest, to = %watch.former.record.digest, reason, "rolled back");
            }
            Err(error) => tracing::error!(%rule, %error, reason, "the roll-back failed; the version stays"),
        }
    }

    fn run_again(&self, entry: &RuleEntry, watch: &Watch, reason: &str) -> Result<(), SiteError> {
        let former = &watch.former;
        let mut record = former.record.clone();
        record.quarantined.clone_from(&entry.record.quarantined);
        record.quarantine(entry.record.digest, reason.to_owned(), now_us());
        record.cameras.retain(|camera| self.cameras().contains_key(camera));
        let cameras = self.camera_places(&record.cameras)?;
        let compiled = self.plugins.compiled(record.digest)?;
        let places = self.places(&record.name, compiled.description().scope, &cameras)?;
        let probed = self.probe(&Trial {
            rule: &record.name,
            compiled: &compiled,
            settings: &record.settings,
            policy: &former.policy,
            grants: &former.grants.granted,
            cameras: &cameras,
        })?;
        let change = Change {
            probed: &probed,
            places: &places,
            before: Some(entry),
            on_refusal: OnRefusal::StartCold,
            fallback: watch.memories.clone(),
            on_failure: former.policy.on_failure,
            quarantine: None,
        };
        let changed = self.change(&change)?;
        let next = RuleEntry {
            record,
            declared: former.declared,
            policy: former.policy.clone(),
            grants: former.grants.clone(),
            probed: probed.clone(),
            cells: changed.cells.clone(),
        };
        let transitions = [
            of_entry(entry, (VersionState::Quarantined, Cause::Breach), reason),
            of_entry(&next, (VersionState::Active, Cause::Breach), "the version after it was worse"),
        ];
        self.leave_places(entry, &changed);
        self.feed(&next.record.name, &entry.record.cameras, &cameras);
        // What runs now is right even where it cannot be written down.
        self.keep(next, &transitions, &changed.began)
    }

    /// A version without a way back failed too often: that outlasts a restart.
    fn keep_quarantine(&self, entry: &RuleEntry) {
        let Ok(_turn) = self.take_turn_of(&entry.record.name) else { return };
        let name = &entry.record.name;
        let Some(mut entry) = self.rules().get(name).filter(|now| now.record == entry.record).cloned() else {
            return;
        };
        let healths = entry.cells.values().map(|cell| cell.health());
        let failed = healths
            .filter(|health| health.state == RuleState::Quarantined)
            .find_map(|health| health.last_error);
        let reason = failed.unwrap_or_else(|| "it failed too often".into());
        entry.record.quarantine(entry.record.digest, reason.clone(), now_us());
        let transition = of_entry(&entry, (VersionState::Quarantined, Cause::Strikes), reason);
        if let Err(error) = self.keep(entry, &[transition], &[]) {
            tracing::warn!(rule = %name, %error, "the quarantine does not outlast a restart");
        }
    }

    fn watches(&self) -> MutexGuard<'_, BTreeMap<Name, Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first words of an error, which ends with a backtrace: they are kept with the rule.
fn clipped(error: &str) -> &str {
    const BYTES: usize = 1000;
    &error[..error.floor_char_boundary(BYTES)]
}
