//! Slow work that lanes must not wait for: keeping rule state, expiring events.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ocellus_core::{Name, TimeUs};
use ocellus_runtime::{Checkpoint, Receipt, RuleSlot, ValueChanges};
use ocellus_store::{Database, Retention, StateKey, StateRecord, StoreError, Values};

use super::memory;
use crate::camera::numbers::BLOCK;

/// A piece of slow work.
pub(crate) enum Job {
    /// Keep what a rule remembers.
    Keep(Box<Keep>),
    /// Say that all before this is done.
    Tell { done: SyncSender<()> },
    /// Set the next track numbers of a camera aside.
    ReserveTracks { camera: Name },
    /// Nothing more comes.
    Stop,
}

/// A rule's memory, and how to say that it is kept.
pub(crate) struct Keep {
    key: StateKey,
    state: StateRecord,
    values: ValueChanges,
    receipt: Receipt,
    /// Who wants to hear how it went.
    tell: Option<SyncSender<Result<(), StoreError>>>,
}

/// What becomes of a memory that somebody waits for.
pub(crate) enum Kept {
    /// Nothing of it is new to the keeper.
    Known,
    /// The keeper has it, and will say how it went.
    Handed(Receiver<Result<(), StoreError>>),
    /// The keeper has more to do than it may hold; it must be handed over again.
    NoRoom,
}

/// The way to the keeper's thread.
#[derive(Clone)]
pub(crate) struct Keeper(SyncSender<Job>);

/// Jobs that may wait. A state that finds no room is superseded within a second anyway.
const CAPACITY: usize = 256;
const EXPIRE_EVERY: Duration = Duration::from_secs(30);

impl Keeper {
    pub(crate) fn new() -> (Keeper, Receiver<Job>) {
        let (sender, inbox) = sync_channel(CAPACITY);
        (Keeper(sender), inbox)
    }

    /// Hands over what a rule remembers, to be kept.
    pub(crate) fn keep(&self, rule: &Name, slot: &RuleSlot, checkpoint: Checkpoint) {
        self.submit(Job::Keep(Box::new(Keep::new(rule, slot, checkpoint, None))));
    }

    /// The same where somebody waits until it is kept.
    pub(crate) fn keep_for(&self, rule: &Name, slot: &RuleSlot, checkpoint: Option<Checkpoint>) -> Kept {
        let Some(checkpoint) = checkpoint else { return Kept::Known };
        let (tell, told) = sync_channel(1);
        let job = Job::Keep(Box::new(Keep::new(rule, slot, checkpoint, Some(tell))));
        if self.submit(job) { Kept::Handed(told) } else { Kept::NoRoom }
    }

    /// Blocks until all that was handed over before is kept.
    pub(crate) fn wait(&self) {
        let (done, waiting) = sync_channel(1);
        if self.0.send(Job::Tell { done }).is_ok() {
            let _ = waiting.recv();
        }
    }

    /// Whether there was room for it.
    pub(crate) fn submit(&self, job: Job) -> bool {
        self.0.try_send(job).is_ok()
    }

    /// Ends the thread once the work before this is done.
    pub(crate) fn stop(&self) {
        let _ = self.0.send(Job::Stop);
    }
}

impl Keep {
    fn new(
        rule: &Name,
        slot: &RuleSlot,
        checkpoint: Checkpoint,
        tell: Option<SyncSender<Result<(), StoreError>>>,
    ) -> Keep {
        let Checkpoint { snapshot, values, receipt } = checkpoint;
        Keep { key: memory::key(rule, slot.share()), state: memory::state(&snapshot), values, receipt, tell }
    }

    fn put(self, database: &Database) {
        let Keep { key, state, values, receipt, tell } = self;
        let kept = match values.are_all {
            true => Values::All(&values.changes),
            false => Values::Changed(&values.changes),
        };
        let put = database.put_memory(&key, &state, kept);
        match &put {
            Ok(()) => {
                values.confirm();
                receipt.confirm();
            }
            Err(error) => tracing::warn!(rule = %key.rule, %error, "a rule's state was not kept"),
        }
        if let Some(tell) = tell {
            let _ = tell.try_send(put);
        }
    }
}

/// Does the jobs until told to stop.
pub(crate) fn run(inbox: &Receiver<Job>, database: &Database, retention: &Retention) {
    let mut next_expiry = Instant::now() + EXPIRE_EVERY;
    loop {
        match inbox.recv_timeout(next_expiry.saturating_duration_since(Instant::now())) {
            Ok(Job::Keep(keep)) => keep.put(database),
            Ok(Job::Tell { done }) => drop(done.try_send(())),
            Ok(Job::ReserveTracks { camera }) => {
                if let Err(error) = database.reserve_track_ids(&camera, BLOCK) {
                    tracing::warn!(%camera, %error, "track numbers may be given again after a restart");
                }
            }
            Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => {
                if let Err(error) = database.flush_states() {
                    tracing::warn!(%error, "the last states of rules may be lost with the process");
                }
                return;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if Instant::now() >= next_expiry {
            expire(database, retention);
            next_expiry = Instant::now() + EXPIRE_EVERY;
        }
    }
}

fn expire(database: &Database, retention: &Retention) {
    let now = TimeUs(0) + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    loop {
        match database.expire(retention, now) {
            Ok(expired) if expired.more => {}
            Ok(_) => return,
            Err(error) => return tracing::warn!(%error, "old events were not removed"),
        }
    }
}
