//! Forgetting old events.

use std::time::Duration;

use ocellus_core::TimeUs;

use super::block::{self, BLOCK};
use super::stored;
use crate::database::Database;
use crate::engine::Draft;
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;

/// How much of the log to keep. What is `None` does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Events older than this may go.
    pub max_age: Option<Duration>,
    /// Bytes of events, as [`crate::Statistics::event_bytes`] counts them.
    pub max_bytes: Option<u64>,
}

/// What one call to [`Database::expire`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Events removed.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether there is more to remove: call again.
    pub more: bool,
}

/// Events removed in one batch; appending waits that long at most.
const BATCH: u64 = 256;
/// Batches a call.
const BATCHES: usize = 40;

impl Database {
    /// Removes events from the front of the log until both limits hold, at most some ten thousand a call.
    ///
    /// Only the front is looked at: an old event that arrived after a younger one goes when that one has gone.
    ///
    /// # Errors
    /// [`StoreError::Failed`], or [`StoreError::DiskFull`] when not even the room kept for removing is left.
    pub fn expire(&self, retention: &Retention, now: TimeUs) -> Result<Expired, StoreError> {
        let oldest = retention.max_age.map(|age| now - age);
        let due = Due { oldest, max_bytes: retention.max_bytes };
        let mut expired = Expired::default();
        let mut last = None;
        for _ in 0..BATCHES {
            if !self.is_due(&due)? {
                expired.more = false;
                break;
            }
            let purpose = Purpose::Freeing;
            let (batch, revision) =
                self.engine.commit("expiring events", purpose, |draft| self.expire_batch(draft, &due))?;
            expired.events += batch.events;
            expired.bytes += batch.bytes;
            expired.more = true;
            last = Some(revision);
        }
        if let Some(revision) = last {
            self.engine.make_durable(revision)?;
            self.engine.note_freed(expired.bytes);
        }
        Ok(expired)
    }

    /// Whether the first event must go, looked up without holding up appending.
    fn is_due(&self, due: &Due) -> Result<bool, StoreError> {
        let tail = self.engine.tail();
        if tail.first_event >= tail.next_event {
            return Ok(false);
        }
        if due.max_bytes.is_some_and(|max| tail.event_bytes > max) {
            return Ok(true);
        }
        let sequence = tail.first_event;
        let sealed = block::or_unknown(self.engine.get(&keys::numbered(Table::Event, sequence)), None)?;
        // Where an event is missing there is nothing to look at, so that is passed over.
        Ok(due.oldest.is_some() && sealed.is_none_or(|sealed| due.is_too_old(sequence, &sealed)))
    }

    fn expire_batch(&self, draft: &mut Draft, due: &Due) -> Result<Expired, StoreError> {
        let mut expired = Expired::default();
        let first = draft.tail.first_event;
        let end = first.saturating_add(BATCH).min(draft.tail.next_event);
        for sequence in first..end {
            let key = keys::numbered(Table::Event, sequence);
            // A row on a damaged page is left where it is: to remove it, its page would have to be read.
            if let Some(sealed) = block::or_unknown(self.engine.get(&key), None)? {
                let too_many = due.max_bytes.is_some_and(|max| draft.tail.event_bytes > max);
                if !too_many && !due.is_too_old(sequence, &sealed) {
                    break;
                }
                let bytes = stored::cost(&sealed);
                draft.tail.events = draft.tail.events.saturating_sub(1);
                draft.tail.event_bytes = draft.tail.event_bytes.saturating_sub(bytes);
                draft.batch.remove(key.as_slice());
                expired.events += 1;
                expired.bytes += bytes;
            }
            draft.tail.first_event = sequence + 1;
        }
        for number in first / BLOCK..draft.tail.first_event / BLOCK {
            block::remove(&self.engine, draft, number)?;
        }
        if draft.tail.first_event == draft.tail.next_event {
            draft.tail.events = 0;
            draft.tail.event_bytes = 0;
        }
        Ok(expired)
    }
}

/// What makes an event go.
struct Due {
    /// Events before this time may go.
    oldest: Option<TimeUs>,
    max_bytes: Option<u64>,
}

impl Due {
    /// Whether an event may go for its age. One that is damaged must not keep the others for ever.
    fn is_too_old(&self, sequence: u64, sealed: &[u8]) -> bool {
        self.oldest
            .is_some_and(|oldest| stored::open(sequence, sealed).map_or(true, |record| record.time < oldest))
    }
}
