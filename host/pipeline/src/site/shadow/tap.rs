//! What a lane tells a shadow: never more than fits, and never by waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ocellus_core::{Event, FrameInfo, Message, Name, TimeUs, Track};
use ocellus_runtime::{Moment, Processed};

use crate::site::seat::Seat;

/// Frames that may wait for a shadow, over all cameras.
const CAPACITY: usize = 256;

/// What the active version was given, and what it said.
pub(crate) enum Told {
    Frame {
        seat: Seat,
        camera: Name,
        info: FrameInfo,
        tracks: Vec<Track>,
        messages: Vec<Message>,
        wall: Option<TimeUs>,
        said: Heard,
    },
    Command {
        seat: Seat,
        at: Moment,
        request: String,
        said: Heard,
    },
    /// The rule is another one from now on.
    Changed,
}

/// What came of a call of the active version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Events(Vec<Event>),
    Failed {
        error: String,
        is_fatal: bool,
    },
    /// It was not called.
    Nothing,
}

impl Heard {
    pub(crate) fn of(processed: &Processed) -> Heard {
        match processed {
            Processed::Output(output) => Heard::Events(output.events.clone()),
            Processed::Failed(error) => {
                Heard::Failed { error: error.to_string(), is_fatal: error.is_fatal() }
            }
            Processed::Skipped => Heard::Nothing,
        }
    }

    pub(crate) fn into_events(self) -> Vec<Event> {
        match self {
            Heard::Events(events) => events,
            Heard::Failed { .. } | Heard::Nothing => Vec::new(),
        }
    }
}

/// A lane's way to a shadow, or to a journal.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    sender: SyncSender<Told>,
    missed: Arc<AtomicU64>,
}

impl Tap {
    pub(crate) fn new() -> (Tap, Receiver<Told>) {
        let (sender, receiver) = sync_channel(CAPACITY);
        (Tap { sender, missed: Arc::default() }, receiver)
    }

    /// Tells it, or counts that there was no room.
    pub(crate) fn tell(&self, told: Told) {
        if self.sender.try_send(told).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The count of what there was no room for.
    pub(crate) fn missed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.missed)
    }
}
