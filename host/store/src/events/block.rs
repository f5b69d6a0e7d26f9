//! Least and greatest time of each block of sequences, so that a query for a time passes over the others.
//!
//! Events are numbered as they arrive, and over several cameras times arrive only roughly in order. A range of
//! sequences cannot stand for a range of times; the times of a block say safely which blocks to look into.

use ocellus_core::TimeUs;

use crate::keys::{self, Table};
use crate::tail::Tail;
use crate::value;

/// Events a block.
pub(super) const BLOCK: u64 = 1024;

/// The times of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(super) number: u64,
    pub(super) earliest: TimeUs,
    pub(super) latest: TimeUs,
}

impl Block {
    /// The block that `sequence` is in, as far as it goes: `current` if it is that one, else a new one.
    pub(super) fn with(current: Option<Block>, sequence: u64, time: TimeUs) -> Block {
        let number = sequence / BLOCK;
        match current.filter(|block| block.number == number) {
            Some(block) => {
                Block { number, earliest: block.earliest.min(time), latest: block.latest.max(time) }
            }
            None => Block { number, earliest: time, latest: time },
        }
    }

    pub(super) fn key(&self) -> [u8; 9] {
        keys::numbered(Table::EventBlock, self.number)
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let mut payload = self.earliest.0.to_le_bytes().to_vec();
        payload.extend_from_slice(&self.latest.0.to_le_bytes());
        value::seal(&self.key(), &payload)
    }

    pub(super) fn open(number: u64, sealed: &[u8]) -> Result<Block, String> {
        let payload = value::open(&keys::numbered(Table::EventBlock, number), sealed)?;
        let (earliest, latest) = payload.split_first_chunk::<8>().ok_or("it is too short")?;
        let latest = latest.first_chunk::<8>().ok_or("it is too short")?;
        let time = |bytes: &[u8; 8]| TimeUs(u64::from_le_bytes(*bytes));
        Ok(Block { number, earliest: time(earliest), latest: time(latest) })
    }
}

/// The greatest sequence in the log.
pub(crate) fn last_sequence(db: &sled::Db) -> sled::Result<Option<u64>> {
    let row = db.range(..=keys::numbered(Table::Event, u64::MAX)).next_back().transpose()?;
    Ok(row
        .filter(|(key, _)| key.first() == Some(&(Table::Event as u8)))
        .and_then(|(key, _)| keys::number_at_end(&key)))
}

/// The block to go on filling. One that cannot be read admits every time, so that no event is passed over.
pub(crate) fn last_block(db: &sled::Db, tail: &Tail) -> sled::Result<Option<Block>> {
    let number = tail.next_event / BLOCK;
    if tail.first_event.max(number * BLOCK) >= tail.next_event {
        return Ok(None);
    }
    let everything = Block { number, earliest: TimeUs(0), latest: TimeUs(u64::MAX) };
    let sealed = db.get(keys::numbered(Table::EventBlock, number))?;
    Ok(sealed.and_then(|sealed| Block::open(number, &sealed).ok()).or(Some(everything)))
}
