//! Forgetting old events.

use std::time::Duration;

use ocellus_core::TimeUs;

use super::block::BLOCK;
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
    /// Bytes of events with their index entries, as [`crate::Statistics::event_bytes`] counts them.
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
        let Some(oldest) = due.oldest else { return Ok(false) };
        let sequence = tail.first_event;
        let sealed = self.engine.get(&keys::numbered(Table::Event, sequence))?;
        let record = sealed.and_then(|sealed| stored::open(sequence, &sealed).ok());
        // One that is damaged or gone must not keep the others for ever.
        Ok(record.is_none_or(|record| record.time < oldest))
    }

    fn expire_batch(&self, draft: &mut Draft, due: &Due) -> Result<Expired, StoreError> {
        let mut expired = Expired::default();
        let first = draft.tail.first_event;
        let end = first.saturating_add(BATCH).min(draft.tail.next_event);
        for sequence in first..end {
            let key = keys::numbered(Table::Event, sequence);
            let too_many = due.max_bytes.is_some_and(|max| draft.tail.event_bytes > max);
            if let Some(sealed) = self.engine.get(&key)? {
                let Some(bytes) = remove_one(draft, sequence, &sealed, (!too_many).then_some(due)) else {
                    break;
                };
                draft.tail.events = draft.tail.events.saturating_sub(1);
                draft.tail.event_bytes = draft.tail.event_bytes.saturating_sub(bytes);
                draft.batch.remove(key.as_slice());
                expired.events += 1;
                expired.bytes += bytes;
            }
            draft.tail.first_event = sequence + 1;
        }
        for block in first / BLOCK..draft.tail.first_event / BLOCK {
            draft.batch.remove(keys::numbered(Table::EventBlock, block).as_slice());
        }
        if draft.tail.first_event == draft.tail.next_event {
            draft.tail.events = 0;
            draft.tail.event_bytes = 0;
        }
        Ok(expired)
    }
}

struct Due {
    /// Events before this time may go.
    oldest: Option<TimeUs>,
    max_bytes: Option<u64>,
}

/// Drafts the removal of an event's index entries and returns its bytes; `None` if `only_if` says to keep it.
fn remove_one(draft: &mut Draft, sequence: u64, sealed: &[u8], only_if: Option<&Due>) -> Option<u64> {
    let Ok(record) = stored::open(sequence, sealed) else {
        // Its index entries cannot be named any more. They lead to nothing and are passed over.
        return Some(sealed.len() as u64);
    };
    if only_if.is_some_and(|due| due.oldest.is_none_or(|oldest| record.time >= oldest)) {
        return None;
    }
    let index = stored::index_keys(sequence, &record.camera, &record.rule, &record.event.kind);
    let bytes = stored::cost(sealed, &index);
    for entry in index {
        draft.batch.remove(entry);
    }
    Some(bytes)
}
