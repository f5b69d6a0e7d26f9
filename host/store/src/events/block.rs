//! The index of the log, by blocks of sequences: their times, and which of their events a camera, rule or kind has.
//!
//! An index entry for each event would be three more rows an event, and rows are what sled's memory and its start
//! pay for. A block of 1,024 events instead has one row for its times and one for each camera, rule and kind in it.
//!
//! Events are numbered as they arrive, and over several cameras times arrive only roughly in order. A range of
//! sequences cannot stand for a range of times; the times of a block say safely which blocks to look into.
//!
//! Whatever of the index cannot be read counts as "maybe": whoever reads it looks at the events as well.

use std::collections::BTreeMap;

use ocellus_core::TimeUs;

use super::NewEvent;
use super::postings::Postings;
use crate::engine::{Draft, Engine};
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::value;

/// Events a block.
pub(super) const BLOCK: u64 = 1024;

/// What events are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term<'a> {
    Camera(&'a str),
    Rule(&'a str),
    Kind(&'a str),
}

impl Term<'_> {
    /// The key of the term's row in a block. Texts longer than 255 bytes share a row with others that begin so.
    fn key(self, number: u64) -> Vec<u8> {
        let (tag, text) = match self {
            Term::Camera(text) => (b'c', text),
            Term::Rule(text) => (b'r', text),
            Term::Kind(text) => (b'k', text),
        };
        let text = &text.as_bytes()[..text.len().min(255)];
        [&keys::numbered(Table::EventBlock, number)[..], &[tag], text].concat()
    }
}

/// The least and the greatest time in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) earliest: TimeUs,
    pub(super) latest: TimeUs,
}

impl Times {
    pub(super) const ANY: Times = Times { earliest: TimeUs(0), latest: TimeUs(u64::MAX) };

    fn with(self, time: TimeUs) -> Times {
        Times { earliest: self.earliest.min(time), latest: self.latest.max(time) }
    }

    fn encode(self) -> [u8; 16] {
        let mut payload = [0; 16];
        payload[..8].copy_from_slice(&self.earliest.0.to_le_bytes());
        payload[8..].copy_from_slice(&self.latest.0.to_le_bytes());
        payload
    }

    fn decode(payload: &[u8]) -> Option<Times> {
        let (earliest, latest) = payload.split_first_chunk::<8>()?;
        let time = |bytes: &[u8; 8]| TimeUs(u64::from_le_bytes(*bytes));
        Some(Times { earliest: time(earliest), latest: time(latest.try_into().ok()?) })
    }
}

/// `unknown` in place of what is on a page that cannot be read.
pub(super) fn or_unknown<T>(read: Result<T, StoreError>, unknown: T) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Damaged { .. }) => Ok(unknown),
        read => read,
    }
}

/// The times in a block; `None` if it has no events.
pub(super) fn times(engine: &Engine, number: u64) -> Result<Option<Times>, StoreError> {
    let key = keys::numbered(Table::EventBlock, number);
    let sealed = engine.get(&key)?;
    Ok(sealed.map(|sealed| value::open(&key, &sealed).ok().and_then(Times::decode).unwrap_or(Times::ANY)))
}

/// The events of a term in a block.
pub(super) fn postings(engine: &Engine, number: u64, term: Term<'_>) -> Result<Postings, StoreError> {
    let key = term.key(number);
    Ok(engine.get(&key)?.map_or(Postings::NONE, |sealed| read(&key, &sealed)))
}

fn read(key: &[u8], sealed: &[u8]) -> Postings {
    value::open(key, sealed).ok().and_then(Postings::decode).unwrap_or(Postings::ALL)
}

/// Drafts the removal of a block's rows.
pub(super) fn remove(engine: &Engine, draft: &mut Draft, number: u64) -> Result<(), StoreError> {
    // Each event has at most three terms of its own.
    let most = 1 + 3 * BLOCK as usize;
    let rows = engine.rows(&keys::numbered(Table::EventBlock, number), most);
    // Rows on a damaged page stay: nobody looks for them any more.
    for (key, _) in or_unknown(rows, Vec::new())? {
        draft.batch.remove(key);
    }
    Ok(())
}

/// The rows of the index that a call of appending changes.
pub(super) struct Changed<'a> {
    engine: &'a Engine,
    times: BTreeMap<u64, Times>,
    postings: BTreeMap<Vec<u8>, Postings>,
}

impl<'a> Changed<'a> {
    pub(super) fn new(engine: &'a Engine) -> Changed<'a> {
        Changed { engine, times: BTreeMap::new(), postings: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, sequence: u64, new: &NewEvent) -> Result<(), StoreError> {
        let number = sequence / BLOCK;
        let before = match self.times.get(&number) {
            Some(times) => Some(*times),
            None => times(self.engine, number)?,
        };
        let once = Times { earliest: new.time, latest: new.time };
        self.times.insert(number, before.map_or(once, |before| before.with(new.time)));
        let terms =
            [Term::Camera(new.camera.as_str()), Term::Rule(new.rule.as_str()), Term::Kind(&new.event.kind)];
        for term in terms {
            let key = term.key(number);
            let before = match self.postings.get(&key) {
                Some(postings) => *postings,
                None => postings(self.engine, number, term)?,
            };
            let mut after = before;
            after.insert(sequence);
            self.postings.insert(key, after);
        }
        Ok(())
    }

    pub(super) fn put_into(self, draft: &mut Draft) {
        for (number, times) in self.times {
            let key = keys::numbered(Table::EventBlock, number);
            draft.batch.insert(key.as_slice(), value::seal(&key, &times.encode()));
        }
        for (key, postings) in self.postings {
            let sealed = value::seal(&key, &postings.encode());
            draft.batch.insert(key, sealed);
        }
    }
}

/// The greatest sequence in the log.
pub(crate) fn last_sequence(db: &sled::Db) -> sled::Result<Option<u64>> {
    let row = db.range(..=keys::numbered(Table::Event, u64::MAX)).next_back().transpose()?;
    let row = row.filter(|(key, _)| key.first() == Some(&(Table::Event as u8)));
    Ok(row.and_then(|(key, _)| keys::number_at_end(&key)))
}
