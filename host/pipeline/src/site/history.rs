//! What became of plugin versions, as it is kept and told.

use std::sync::Arc;

use ocellus_core::{Cause, Name, VersionState};
use ocellus_store::{Digest, NewTransition, PluginFacts, PluginRecord, TransitionQuery, TransitionRecord};
use tokio::sync::broadcast;

use super::rule::RuleEntry;
use super::{Inner, Site, SiteError, now_us};

impl Site {
    /// What became of plugin versions, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn transitions(&self, query: &TransitionQuery) -> Result<Vec<TransitionRecord>, SiteError> {
        Ok(self.0.database.transitions(query)?)
    }

    /// What becomes of plugin versions from now on, each after it was written.
    #[must_use]
    pub fn subscribe_transitions(&self) -> broadcast::Receiver<Arc<TransitionRecord>> {
        self.0.transitions.subscribe()
    }
}

impl Inner {
    /// Writes down what happened apart from any other change. One that cannot be written is in the program's log.
    pub(super) fn note(&self, new: &[NewTransition]) {
        match self.database.add_transitions(new) {
            Ok(records) => self.tell(records),
            Err(error) => {
                for NewTransition { state, cause, detail, .. } in new {
                    tracing::warn!(%error, %state, %cause, detail, "a transition was not written down");
                }
            }
        }
    }

    /// Tells whoever listens of what was written.
    pub(super) fn tell(&self, records: Vec<TransitionRecord>) {
        for record in records {
            // Nobody listening is fine: the record is written.
            let _ = self.transitions.send(Arc::new(record));
        }
    }
}

/// A plugin version that came into a state.
pub(super) fn of_plugin(
    plugin: &PluginRecord,
    (state, cause): (VersionState, Cause),
    detail: impl Into<String>,
) -> NewTransition {
    NewTransition { detail: detail.into(), ..of_facts(&plugin.facts, plugin.digest, (state, cause)) }
}

/// The same of one that is about to be kept.
pub(super) fn of_facts(
    facts: &PluginFacts,
    digest: Digest,
    (state, cause): (VersionState, Cause),
) -> NewTransition {
    NewTransition {
        time: now_us(),
        rule: None,
        plugin: Some(facts.name.clone()),
        version: facts.version.clone(),
        digest: Some(digest),
        state,
        cause,
        detail: String::new(),
    }
}

/// The version that a rule runs, or ran.
pub(super) fn of_entry(
    entry: &RuleEntry,
    (state, cause): (VersionState, Cause),
    detail: impl Into<String>,
) -> NewTransition {
    NewTransition {
        time: now_us(),
        rule: Some(entry.record.name.clone()),
        plugin: Some(entry.record.plugin.clone()),
        version: entry.probed.description().version.to_string(),
        digest: Some(entry.record.digest),
        state,
        cause,
        detail: detail.into(),
    }
}

/// A version that waits for an operator's word on what it asks for.
pub(super) fn waiting(
    rule: &Name,
    plugin: &PluginRecord,
    (cause, error): (Cause, &SiteError),
) -> NewTransition {
    let mut transition = of_plugin(plugin, (VersionState::Waiting, cause), error.to_string());
    transition.rule = Some(rule.clone());
    transition
}

/// Something that was refused: bytes, or a version for a rule.
pub(super) fn refused(
    rule: Option<&Name>,
    plugin: Option<&PluginRecord>,
    why: (Cause, &SiteError),
) -> NewTransition {
    let (cause, error) = why;
    NewTransition {
        time: now_us(),
        rule: rule.cloned(),
        plugin: plugin.map(|plugin| plugin.facts.name.clone()),
        version: plugin.map(|plugin| plugin.facts.version.clone()).unwrap_or_default(),
        digest: plugin.map(|plugin| plugin.digest),
        state: VersionState::Refused,
        cause,
        detail: error.to_string(),
    }
}
