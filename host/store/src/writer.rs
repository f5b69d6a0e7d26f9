//! Appended, then fanned out: one thread takes events from all cameras, appends them together and hands the records on.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ocellus_core::EventRecord;

use crate::database::Database;
use crate::engine::{lock, panic_text};
use crate::error::StoreError;
use crate::events::{APPEND_LIMIT, NewEvent};

/// Sizes and times of an [`EventWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventWriterSettings {
    /// Events that may wait. A single submission larger than this is taken when nothing else waits.
    pub capacity: usize,
    /// The most events appended with one flush, at most [`APPEND_LIMIT`].
    pub batch: usize,
    /// How long a submission waits for room before its events are dropped.
    pub patience: Duration,
}

impl Default for EventWriterSettings {
    fn default() -> EventWriterSettings {
        EventWriterSettings { capacity: 4096, batch: 512, patience: Duration::from_millis(200) }
    }
}

/// What went through an [`EventWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriterCounters {
    /// Events submitted, dropped ones too.
    pub submitted: u64,
    /// Events appended and handed on.
    pub appended: u64,
    /// Events dropped: there was no room, or the database refused them.
    pub dropped: u64,
    /// Events waiting.
    pub queued: u64,
    /// Whether the last attempt to append failed.
    pub failing: bool,
}

/// There was no room for these events; they are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{dropped} events were dropped: the event log does not keep up, or its disk fails")]
pub struct Overflow {
    /// How many.
    pub dropped: u64,
}

/// The thread that appends, with the right to stop it. Dropping it without [`EventWriter::close`] stops it after what is
/// queued, with no more than one further attempt.
#[derive(Debug)]
pub struct EventWriter {
    queue: EventQueue,
    thread: Option<JoinHandle<()>>,
}

/// Where events are submitted. Clones share the queue.
#[derive(Debug, Clone)]
pub struct EventQueue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: EventWriterSettings,
    state: Mutex<State>,
    /// Told when events come or the writer is to stop.
    filled: Condvar,
    /// Told when events have gone.
    drained: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<NewEvent>,
    counters: WriterCounters,
    /// Events that the thread has taken and not appended yet.
    in_hand: usize,
    /// Nobody waits while this is set: patience ran out, and there has been no room since.
    overflowing: bool,
    /// Dropped since there was last room.
    dropped_in_a_row: u64,
    /// No more submissions; the thread ends when nothing waits, or at this moment.
    closing: Option<Instant>,
}

impl State {
    fn queued(&self) -> usize {
        self.waiting.len() + self.in_hand
    }
}

impl EventWriter {
    /// Starts the thread `event-writer`.
    ///
    /// `deliver` is called on that thread with records in the order of their sequences, each once, after they are
    /// on the disk. It must not block for long: appending waits for it.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the system starts no thread.
    pub fn start(
        database: Database,
        settings: EventWriterSettings,
        deliver: impl FnMut(Vec<EventRecord>) + Send + 'static,
    ) -> Result<EventWriter, StoreError> {
        let shared = Arc::new(Shared {
            settings,
            state: Mutex::new(State::default()),
            filled: Condvar::new(),
            drained: Condvar::new(),
        });
        let folder = database.folder().to_owned();
        let thread = thread::Builder::new()
            .name("event-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || run(&shared, &database, deliver)
            })
            .map_err(|error| StoreError::io("starting the event writer", &folder, error))?;
        Ok(EventWriter { queue: EventQueue { shared }, thread: Some(thread) })
    }

    /// Where to submit events.
    #[must_use]
    pub fn queue(&self) -> EventQueue {
        self.queue.clone()
    }

    /// What went through so far.
    #[must_use]
    pub fn counters(&self) -> WriterCounters {
        self.queue.counters()
    }

    /// Takes no more events, appends those that wait, and ends the thread. What cannot be appended within `grace` is
    /// dropped and counted.
    #[must_use]
    pub fn close(mut self, grace: Duration) -> WriterCounters {
        self.stop(grace);
        self.queue.counters()
    }

    fn stop(&mut self, grace: Duration) {
        let Some(thread) = self.thread.take() else { return };
        lock(&self.queue.shared.state).closing = Some(Instant::now() + grace);
        self.queue.shared.filled.notify_all();
        self.queue.shared.drained.notify_all();
        if let Err(panic) = thread.join() {
            tracing::error!(cause = panic_text(&*panic), "the event writer ended in a panic");
        }
    }
}

impl Drop for EventWriter {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

impl EventQueue {
    /// Submits events, which stay in their order. Waits up to the patience for room; then these events are dropped,
    /// counted and reported. After that nobody waits until there is room again, so that a failing disk delays each
    /// camera once and not at every frame.
    ///
    /// # Errors
    /// [`Overflow`] when they were dropped.
    pub fn submit(&self, events: Vec<NewEvent>) -> Result<(), Overflow> {
        if events.is_empty() {
            return Ok(());
        }
        let shared = &*self.shared;
        let count = events.len() as u64;
        let has_room = |state: &State| {
            let queued = state.queued();
            queued == 0 || queued + events.len() <= shared.settings.capacity
        };
        let mut state = lock(&shared.state);
        state.counters.submitted += count;
        if !has_room(&state) && !state.overflowing {
            let full = |state: &mut State| !has_room(state) && !state.overflowing && state.closing.is_none();
            state = shared
                .drained
                .wait_timeout_while(state, shared.settings.patience, full)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        if state.closing.is_some() || !has_room(&state) {
            if !state.overflowing && state.closing.is_none() {
                state.overflowing = true;
                tracing::error!(
                    capacity = shared.settings.capacity,
                    "the event log does not keep up: events are dropped"
                );
            }
            state.counters.dropped += count;
            state.dropped_in_a_row += count;
            return Err(Overflow { dropped: count });
        }
        state.waiting.extend(events);
        shared.filled.notify_one();
        Ok(())
    }

    /// What went through so far.
    #[must_use]
    pub fn counters(&self) -> WriterCounters {
        let state = lock(&self.shared.state);
        WriterCounters { queued: state.queued() as u64, ..state.counters }
    }
}

/// The first pause after a failed attempt; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);

fn run(shared: &Shared, database: &Database, mut deliver: impl FnMut(Vec<EventRecord>)) {
    let mut pause = FIRST_PAUSE;
    // Events that the database refuses for themselves are found by appending one by one.
    let mut singly = 0_usize;
    while let Some(batch) = shared.next_batch(if singly > 0 { 1 } else { shared.settings.batch }) {
        let count = batch.len();
        match database.append(&batch) {
            Ok(sequences) => {
                pause = FIRST_PAUSE;
                let numbered = batch.into_iter().zip(sequences);
                hand_on(&mut deliver, numbered.map(|(event, sequence)| event.numbered(sequence)).collect());
                shared.done(count, Outcome::Appended);
            }
            Err(StoreError::TooLarge { .. }) if count > 1 => {
                singly = count + 1;
                shared.put_back(batch);
            }
            Err(error @ StoreError::TooLarge { .. }) => {
                tracing::error!(%error, "an event is dropped");
                shared.done(count, Outcome::Refused);
            }
            Err(error) => {
                tracing::error!(%error, ?pause, events = count, "events were not appended yet");
                shared.put_back(batch);
                if shared.rest(pause) == Rest::GiveUp {
                    return;
                }
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
        singly = singly.saturating_sub(1);
    }
}

/// Calls `deliver`, whose panic must not end the log.
fn hand_on(deliver: &mut impl FnMut(Vec<EventRecord>), records: Vec<EventRecord>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| deliver(records))) {
        tracing::error!(cause = panic_text(&*panic), "events were appended, handing them on failed");
    }
}

/// How a batch ended.
#[derive(Clone, Copy)]
enum Outcome {
    Appended,
    Refused,
}

/// What to do after a pause.
#[derive(PartialEq)]
enum Rest {
    GoOn,
    GiveUp,
}

impl Shared {
    /// Waits for events; `None` when the writer is to stop and none are left.
    fn next_batch(&self, most: usize) -> Option<Vec<NewEvent>> {
        let idle = |state: &mut State| state.waiting.is_empty() && state.closing.is_none();
        let state = lock(&self.state);
        let mut state = self.filled.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        let count = state.waiting.len().min(most.clamp(1, APPEND_LIMIT));
        state.in_hand = count;
        let batch: Vec<NewEvent> = state.waiting.drain(..count).collect();
        (!batch.is_empty()).then_some(batch)
    }

    /// Counts a batch that is done with, and lets those in who wait for room.
    fn done(&self, count: usize, outcome: Outcome) {
        let mut state = lock(&self.state);
        state.in_hand = 0;
        let counters = &mut state.counters;
        match outcome {
            Outcome::Appended => counters.appended += count as u64,
            Outcome::Refused => counters.dropped += count as u64,
        }
        counters.failing = false;
        if state.overflowing {
            tracing::error!(dropped = state.dropped_in_a_row, "the event log keeps up again");
            state.overflowing = false;
            state.dropped_in_a_row = 0;
        }
        drop(state);
        self.drained.notify_all();
    }

    /// Returns a batch to the front of the queue.
    fn put_back(&self, batch: Vec<NewEvent>) {
        let mut state = lock(&self.state);
        state.in_hand = 0;
        for event in batch.into_iter().rev() {
            state.waiting.push_front(event);
        }
    }

    /// Waits after a failure, until the next attempt or the end of the grace of closing.
    fn rest(&self, pause: Duration) -> Rest {
        let mut state = lock(&self.state);
        state.counters.failing = true;
        let open = |state: &mut State| state.closing.is_none();
        state = self.filled.wait_timeout_while(state, pause, open).unwrap_or_else(PoisonError::into_inner).0;
        let Some(deadline) = state.closing else { return Rest::GoOn };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let lost = state.waiting.len() as u64;
            state.waiting.clear();
            state.counters.dropped += lost;
            tracing::error!(dropped = lost, "the event log closes with events that could not be appended");
            return Rest::GiveUp;
        }
        drop(state);
        thread::sleep(left.min(FIRST_PAUSE));
        Rest::GoOn
    }
}
