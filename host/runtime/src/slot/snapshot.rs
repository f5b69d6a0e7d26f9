//! The last state that a rule saved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// To be given when both are kept.
    pub receipt: Receipt,
}

/// Says that a state is kept. One of which this is not said comes again with the next checkpoint.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    number: u64,
    kept: Arc<AtomicU64>,
}

impl Receipt {
    /// The state is kept.
    pub fn confirm(&self) {
        self.kept.fetch_max(self.number, Ordering::AcqRel);
    }
}

/// When a state was saved last, and what it was.
#[derive(Debug)]
pub(super) struct Snapshots {
    newest: Option<Snapshot>,
    /// The owner shall take the newest.
    is_new: bool,
    /// Counts states; the newest's.
    number: u64,
    /// The last that the owner has kept.
    kept: Arc<AtomicU64>,
    /// Time of the last attempt, or of the first frame.
    last: Option<TimeUs>,
}

impl Snapshots {
    pub(super) fn new(resumed: Option<Snapshot>) -> Snapshots {
        Snapshots { newest: resumed, is_new: false, number: 0, kept: Arc::default(), last: None }
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
            // The same state again is not worth the owner's disk, unless it could not be kept before.
            newest.time = now;
            self.is_new |= self.number > self.kept.load(Ordering::Acquire);
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
        self.number += 1;
        state
    }

    /// Another version has begun, with this state.
    pub(super) fn begin(&mut self, state: Option<Snapshot>) {
        self.is_new = state.is_some();
        self.number += u64::from(self.is_new);
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
    pub(super) fn take_new(&mut self, in_any_case: bool) -> Option<(Snapshot, Receipt)> {
        let taken = self.newest.as_ref().filter(|_| self.is_new || in_any_case).cloned();
        self.is_new = false;
        taken.map(|snapshot| (snapshot, Receipt { number: self.number, kept: Arc::clone(&self.kept) }))
    }
}
