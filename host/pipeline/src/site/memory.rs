//! What rules remember, on its way to the disk and back.

use std::collections::BTreeMap;

use ocellus_core::Name;
use ocellus_runtime::{Memory, Probed, Share, Snapshot};
use ocellus_store::{Digest, MemoryRecord, NewTransition, StateKey, StatePlace, StateRecord, StoreError};

use super::ask::Place;
use super::rule::RuleEntry;
use super::seat::Seat;
use super::{Inner, SiteError};
use crate::camera::Declared;

/// What a rule's instances remember, by place.
pub(super) type Memories = BTreeMap<Seat, Memory>;

/// Where the memory of a rule's instance is kept.
pub(super) fn key(rule: &Name, share: Share) -> StateKey {
    let place = match share {
        Share::Camera(handle) => StatePlace::Camera(handle),
        Share::Site => StatePlace::Site,
    };
    StateKey { rule: rule.clone(), place }
}

/// A state as it is kept, with the version that saved it.
pub(super) fn state(snapshot: &Snapshot) -> StateRecord {
    StateRecord {
        version: snapshot.version.to_string(),
        digest: Digest::from(*snapshot.digest.as_bytes()),
        time: snapshot.time,
        bytes: snapshot.state.to_vec(),
    }
}

/// All that an instance remembers, as it is kept.
pub(super) fn record(rule: &Name, share: Share, memory: &Memory) -> MemoryRecord {
    MemoryRecord {
        key: key(rule, share),
        state: memory.state.as_ref().map(state),
        values: memory.values.iter().map(|(key, value)| (key.to_owned(), value.to_vec())).collect(),
    }
}

impl Inner {
    /// Writes a rule down with what it says of its versions and with what they began with, then shows it as it runs
    /// now. A kill leaves all of that or nothing, so that a version comes back with no memory but one that it began with
    /// or has saved itself.
    pub(super) fn keep(
        &self,
        entry: RuleEntry,
        transitions: &[NewTransition],
        began: &[(Share, Memory)],
    ) -> Result<(), SiteError> {
        if !began.is_empty() {
            // What the former version handed over is older, and must not come after.
            self.wiring.rules.keeper.wait();
        }
        let rule = &entry.record.name;
        let began: Vec<MemoryRecord> =
            began.iter().map(|(share, memory)| record(rule, *share, memory)).collect();
        let told = match entry.declared {
            Declared::Config => self.database.add_transitions(transitions)?,
            Declared::Rest => self.database.put_rule_with(&entry.record, transitions, &began)?,
        };
        self.failed_rules().remove(&entry.record.name);
        self.wiring.rules.webhooks.keep_granted(&entry.record.name, &entry.grants.granted);
        self.rules_mut().insert(entry.record.name.clone(), entry);
        self.tell(told);
        Ok(())
    }

    /// What was kept of the rule there.
    pub(super) fn kept_memory(&self, probed: &Probed, place: &Place) -> Memory {
        let key = key(&probed.binding().rule, place.share);
        let without = |what: &'static str, error: StoreError| {
            tracing::warn!(place = %place.seat, rule = %key.rule, %error, "the rule starts without its {what}");
        };
        let state = self.database.state(&key).unwrap_or_else(|error| {
            without("state", error);
            None
        });
        let values = self.database.values(&key).unwrap_or_else(|error| {
            without("values", error);
            Vec::new()
        });
        let plugin = &probed.description().name;
        if state.as_ref().is_some_and(|record| !self.is_of_plugin(record.digest, plugin)) {
            tracing::warn!(place = %place.seat, rule = %key.rule, "what is kept is another plugin's; the rule starts without it");
            return Memory::default();
        }
        let state = state.and_then(|record| {
            Some(Snapshot {
                plugin: plugin.clone(),
                version: record.version.parse().ok()?,
                digest: (*record.digest.as_bytes()).into(),
                time: record.time,
                state: record.bytes.into(),
            })
        });
        Memory { state, values: values.into_iter().collect() }
    }

    /// Forgets what another plugin's rule of the same name remembered. Another version's memory is offered to this one,
    /// which may refuse the state and then begins without it.
    pub(super) fn forget_other_plugins(&self, rule: &Name, plugin: &Name) -> Result<(), SiteError> {
        let is_ours = |saved: Option<Digest>| saved.is_none_or(|saved| self.is_of_plugin(saved, plugin));
        self.database.retain_states(rule, is_ours)?;
        Ok(())
    }

    /// Whether a version that is kept is one of `plugin`.
    fn is_of_plugin(&self, digest: Digest, plugin: &Name) -> bool {
        let known = self.database.plugin(&digest).ok().flatten();
        known.is_some_and(|version| version.facts.name == *plugin)
    }
}
