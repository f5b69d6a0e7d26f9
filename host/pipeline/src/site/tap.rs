//! What a lane tells a shadow or a journal: never more than fits, and never by waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};

/// Calls that may wait for who listens, over all cameras.
const CAPACITY: usize = 256;

/// A lane's way to a shadow, or to a journal.
#[derive(Debug)]
pub(crate) struct Tap<T> {
    sender: SyncSender<T>,
    missed: Weak<AtomicU64>,
}

/// The other end of a tap.
#[derive(Debug)]
pub(crate) struct Listener<T> {
    pub(crate) inbox: Receiver<T>,
    /// How much there was no room for. Dropping it says that nobody listens any more.
    pub(crate) missed: Arc<AtomicU64>,
}

impl<T> Tap<T> {
    pub(crate) fn new() -> (Tap<T>, Listener<T>) {
        let (sender, inbox) = sync_channel(CAPACITY);
        let missed = Arc::default();
        (Tap { sender, missed: Arc::downgrade(&missed) }, Listener { inbox, missed })
    }

    /// Tells it, or counts that there was no room.
    pub(crate) fn tell(&self, told: T) {
        if self.sender.try_send(told).is_err()
            && let Some(missed) = self.missed.upgrade()
        {
            missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether anybody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.missed.strong_count() > 0
    }
}

impl<T> Clone for Tap<T> {
    fn clone(&self) -> Tap<T> {
        Tap { sender: self.sender.clone(), missed: Weak::clone(&self.missed) }
    }
}
