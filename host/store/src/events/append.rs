//! Appending.

use std::ops::Range;

use ocellus_core::{Event, EventRecord, Name, TimeUs};

use super::block::Changed;
use super::stored;
use crate::database::Database;
use crate::engine::Draft;
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;

/// An event that has no sequence yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Time of the frame that caused it.
    pub time: TimeUs,
    /// Sequence of that frame.
    pub frame: u64,
    /// The camera.
    pub camera: Name,
    /// The rule.
    pub rule: Name,
    /// What happened.
    pub event: Event,
}

impl NewEvent {
    /// The record of this event under its sequence.
    #[must_use]
    pub fn numbered(self, sequence: u64) -> EventRecord {
        let NewEvent { time, frame, camera, rule, event } = self;
        EventRecord { sequence, time, frame, camera, rule, event }
    }

    /// About how many bytes it takes, before it is sealed.
    pub(crate) fn estimate(&self) -> usize {
        let attributes = self.event.attributes.iter().map(|(key, value)| {
            let text = if let ocellus_core::Value::Text(text) = value { text.len() } else { 0 };
            key.len() + text + 12
        });
        let names = 2 * (self.camera.as_str().len() + self.rule.as_str().len() + self.event.kind.len());
        names + attributes.sum::<usize>() + 96
    }
}

/// The most events of one call, so that no call holds the log for long.
pub const APPEND_LIMIT: usize = 4096;

impl Database {
    /// Appends events in their order and returns the sequences they got, once they are on the disk.
    ///
    /// Sequences count from 1 without gaps, over restarts too. The events of one call stand side by side and are
    /// kept or lost as one whole. A call costs one flush whatever their number: who has many gives them together.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for more than [`APPEND_LIMIT`] events or one over 64 KiB, [`StoreError::DiskFull`],
    /// [`StoreError::Failed`]. Events of a failed call are not acknowledged, though all of them may be found after a
    /// restart when only the flush failed.
    pub fn append(&self, events: &[NewEvent]) -> Result<Range<u64>, StoreError> {
        if events.is_empty() {
            let next = self.engine.tail().next_event;
            return Ok(next..next);
        }
        if events.len() > APPEND_LIMIT {
            let what = "a call that appends events (counted in events, not bytes)".to_owned();
            return Err(StoreError::TooLarge { what, size: events.len(), limit: APPEND_LIMIT });
        }
        let bytes = events.iter().map(NewEvent::estimate).sum();
        self.acknowledge(self.engine.commit("appending events", Purpose::Adding(bytes), |draft| {
            let first = draft.tail.next_event;
            let mut changed = Changed::new(&self.engine);
            events.iter().try_for_each(|event| append_one(draft, &mut changed, event))?;
            changed.put_into(draft);
            Ok(first..draft.tail.next_event)
        })?)
    }
}

fn append_one(draft: &mut Draft, changed: &mut Changed<'_>, new: &NewEvent) -> Result<(), StoreError> {
    let sequence = draft.tail.next_event;
    let sealed = stored::seal(new, sequence)?;
    changed.add(sequence, new)?;
    draft.tail.next_event += 1;
    draft.tail.events += 1;
    draft.tail.event_bytes += stored::cost(&sealed);
    draft.batch.insert(keys::numbered(Table::Event, sequence).as_slice(), sealed);
    Ok(())
}
