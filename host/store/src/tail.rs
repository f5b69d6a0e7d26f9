//! The one row that changes with every batch.

/// Counters of the database, written in the same batch as whatever changed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Counts the batches.
    pub(crate) revision: u64,
    /// The oldest event kept, or `next_event` if none is.
    pub(crate) first_event: u64,
    /// The sequence that the next event will get.
    pub(crate) next_event: u64,
    /// Events kept.
    pub(crate) events: u64,
    /// Bytes of the events kept, keys included.
    pub(crate) event_bytes: u64,
    /// The handle that the next new camera will get.
    pub(crate) next_handle: u32,
}

/// Bytes of a written tail.
pub(crate) const TAIL_BYTES: usize = 44;

impl Default for Tail {
    /// Sequences and handles count from 1.
    fn default() -> Tail {
        Tail { revision: 0, first_event: 1, next_event: 1, events: 0, event_bytes: 0, next_handle: 1 }
    }
}

impl Tail {
    pub(crate) fn encode(&self) -> [u8; TAIL_BYTES] {
        let mut bytes = [0; TAIL_BYTES];
        let numbers = [self.revision, self.first_event, self.next_event, self.events, self.event_bytes];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes[40..].copy_from_slice(&self.next_handle.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Tail> {
        let bytes: &[u8; TAIL_BYTES] = bytes.try_into().ok()?;
        let (numbers, handle) = bytes.split_at(40);
        let mut numbers = numbers.chunks_exact(8).filter_map(|n| n.try_into().ok()).map(u64::from_le_bytes);
        Some(Tail {
            revision: numbers.next()?,
            first_event: numbers.next()?,
            next_event: numbers.next()?,
            events: numbers.next()?,
            event_bytes: numbers.next()?,
            next_handle: u32::from_le_bytes(handle.try_into().ok()?),
        })
    }
}
