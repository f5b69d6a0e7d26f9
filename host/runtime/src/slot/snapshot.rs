//! The last state that a rule saved.

use std::sync::Arc;
use std::time::Duration;

use ocellus_core::{Name, TimeUs};

use crate::lifecycle::Probed;

/// A rule's state and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The plugin that wrote it; no other plugin reads it.
    pub plugin: Name,
    /// The plugin's version, which a later version is told.
    pub version: semver::Version,
    /// Time of the last frame it contains.
    pub time: TimeUs,
    /// The state; only the plugin knows what it means.
    pub state: Arc<[u8]>,
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

    pub(super) fn keep(&mut self, probed: &Probed, now: TimeUs, state: Vec<u8>) {
        self.last = Some(now);
        let description = probed.description();
        if let Some(newest) = &mut self.newest
            && *newest.state == *state
            && newest.version == description.version
        {
            // The same state again is not worth the owner's disk.
            newest.time = now;
            return;
        }
        self.newest = Some(Snapshot {
            plugin: description.name.clone(),
            version: description.version.clone(),
            time: now,
            state: state.into(),
        });
        self.is_new = true;
    }

    /// Waits for the next turn instead of trying again on every frame.
    pub(super) fn failed(&mut self, now: TimeUs) {
        self.last = Some(now);
    }

    pub(super) fn newest(&self) -> Option<&Snapshot> {
        self.newest.as_ref()
    }

    pub(super) fn take_new(&mut self) -> Option<Snapshot> {
        let taken = self.newest.as_ref().filter(|_| self.is_new).cloned();
        self.is_new = false;
        taken
    }

    pub(super) fn clear(&mut self) {
        *self = Snapshots::new(None);
    }
}
