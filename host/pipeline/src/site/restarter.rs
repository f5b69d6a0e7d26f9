//! Makes new instances of rules that failed, on a thread of its own: what a rule does as it starts may take long, and
//! neither cameras nor the keeping of states wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ocellus_core::Name;
use ocellus_runtime::Restart;

use crate::camera::lane::{LaneCommand, LaneMessage};

/// Rules whose next instance may wait to be made. A slot whose restart finds no room offers it again with its next frame.
const CAPACITY: usize = 64;

/// The next instance of a rule, to be made.
pub(crate) struct Revival {
    pub(crate) rule: Name,
    pub(crate) restart: Restart,
    /// Where the instance goes.
    pub(crate) lane: SyncSender<LaneMessage>,
}

/// The way to the thread.
#[derive(Clone)]
pub(crate) struct Restarter {
    queue: SyncSender<Option<Revival>>,
    has_ended: Arc<AtomicBool>,
}

/// What waits to be made.
pub(crate) struct Revivals {
    queue: Receiver<Option<Revival>>,
    has_ended: Arc<AtomicBool>,
}

impl Restarter {
    pub(crate) fn new() -> (Restarter, Revivals) {
        let (sender, queue) = sync_channel(CAPACITY);
        let has_ended = Arc::<AtomicBool>::default();
        (Restarter { queue: sender, has_ended: Arc::clone(&has_ended) }, Revivals { queue, has_ended })
    }

    pub(crate) fn submit(&self, revival: Revival) {
        if let Err(refused) = self.queue.try_send(Some(revival)) {
            tracing::debug!(%refused, "a rule's restart waits");
        }
    }

    /// Ends the thread with the instance that it is making.
    pub(crate) fn stop(&self) {
        self.has_ended.store(true, Ordering::Release);
        // It waits for nothing where there is no room.
        let _ = self.queue.try_send(None);
    }
}

/// Makes instances until told to stop.
pub(crate) fn run(revivals: &Revivals) {
    while let Ok(Some(Revival { rule, restart, lane })) = revivals.queue.recv() {
        if revivals.has_ended.load(Ordering::Acquire) {
            return;
        }
        let restarted = Box::new(restart.run());
        // Where the lane has no room, its slot offers the restart again.
        let _ = lane.try_send(LaneMessage::Tell(LaneCommand::Restarted { rule, restarted }));
    }
}
