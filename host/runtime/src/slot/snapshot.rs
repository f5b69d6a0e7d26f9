//! The last state that a rule saved.

use std::sync::Arc;
use std::time::Duration;

use ocellus_core::{Name, TimeUs};

use crate::lifecycle::{Digest, Probed};
use crate::values::{KeyValues, ValueChanges};

/// A rule's state and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The plugin that wrote it; no other plugin reads it.
    pub plugin: Name,
    /// The plugin's version, which a later version is told.
    pub version: semver::Version,
    /// The bytes that wrote it: two builds may go by one version.
    pub digest: Digest,
    /// Time of the last frame it contains.
    pub time: TimeUs,
    /// The state; only the plugin knows what it means.
    pub state: Arc<[u8]>,
}

/// All that an instance remembers: its state, and what it keeps under keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// The state, if one was saved.
    pub state: Option<Snapshot>,
    /// Values under keys.
    pub values: KeyValues,
}

impl Memory {
    /// What is left of it for a version of `plugin`: all, or nothing if another plugin wrote it.
    pub(super) fn of(self, plugin: &Name) -> Memory {
        match &self.state {
            Some(snapshot) if snapshot.plugin != *plugin => Memory::default(),
            _ => self,
        }
    }
}

/// A state, and nothing under keys.
impl From<Option<Snapshot>> for Memory {
    fn from(state: Option<Snapshot>) -> Memory {
        Memory { state, values: KeyValues::default() }
    }
}

/// What the owner shall keep of a rule, as one whole.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The state.
    pub snapshot: Snapshot,
    /// The values that changed since the last checkpoint that was confirmed.
    pub values: ValueChanges,
}

/// When a state was saved last, and what it was.
#[derive(Debug)]
pub(super) struct Snapshots {
    newest: Option<Snapshot>,
    /// The owner has not taken the newest yet.
    is_new: bool,
    /// Time of the last attempt, or of the first frame.
    last: Option<TimeUs>,
}

impl Snapshots {
    pub(super) fn new(resumed: Option<Snapshot>) -> Snapshots {
        Snapshots { newest: resumed, is_new: false, last: None }
    }

    /// Whether `every` has passed since the last attempt; the first frame starts the count.
    pub(super) fn is_due(&mut self, now: TimeUs, every: Duration) -> bool {
        now.since(*self.last.get_or_insert(now)) >= every
    }

    /// Keeps a state, and gives it back as it is kept.
    pub(super) fn keep(&mut self, probed: &Probed, now: TimeUs, state: Vec<u8>) -> Arc<[u8]> {
        self.last = Some(now);
        let (description, digest) = (probed.description(), probed.artifact().digest);
        if let Some(newest) = &mut self.newest
            && *newest.state == *state
            && newest.digest == digest
        {
            // The same state again is not worth the owner's disk.
            newest.time = now;
            return Arc::clone(&newest.state);
        }
        let state: Arc<[u8]> = state.into();
        self.newest = Some(Snapshot {
            plugin: description.name.clone(),
            version: description.version.clone(),
            digest,
            time: now,
            state: Arc::clone(&state),
        });
        self.is_new = true;
        state
    }

    /// Another version has begun, with this state.
    pub(super) fn begin(&mut self, state: Option<Snapshot>) {
        self.is_new = state.is_some();
        self.newest = state;
    }

    /// Waits for the next turn instead of trying again on every frame.
    pub(super) fn failed(&mut self, now: TimeUs) {
        self.last = Some(now);
    }

    pub(super) fn newest(&self) -> Option<&Snapshot> {
        self.newest.as_ref()
    }

    /// The newest, unless it was taken before; or in any case, where something goes with it.
    pub(super) fn take_new(&mut self, in_any_case: bool) -> Option<Snapshot> {
        let taken = self.newest.as_ref().filter(|_| self.is_new || in_any_case).cloned();
        self.is_new = false;
        taken
    }
}
