//! Reading the log.
//!
//! Each filter of a query is an index: sequences in order. The reader holds a position and asks every index in turn for
//! its first sequence at or past it; when one answers with a later one, that becomes the position and all are asked
//! again. What all agree on is a hit. So the work follows the rarest filter, not the length of the log.

use ocellus_core::{EventRecord, Name, TimeUs};

use super::block::{BLOCK, Block};
use super::stored;
use crate::database::Database;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::keys::{self, Table};

/// The most events on one page.
pub const PAGE_LIMIT: usize = 1000;

/// The most index entries, blocks and events that one call looks at; some tens of milliseconds.
const WORK_LIMIT: usize = 20_000;

/// Which end of the log comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// In the order of arrival.
    Oldest,
    /// Against it.
    #[default]
    Newest,
}

/// Which events to read. What is `None` does not filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// Of this camera.
    pub camera: Option<Name>,
    /// Of this rule.
    pub rule: Option<Name>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this time or later.
    pub from: Option<TimeUs>,
    /// Of an earlier time than this.
    pub to: Option<TimeUs>,
    /// A cursor: only events past this sequence, as `order` goes.
    pub after: Option<u64>,
    /// Events come by sequence, which is the order of arrival; times of different cameras follow it only roughly.
    pub order: Order,
    /// The most events on the page, 1 to [`PAGE_LIMIT`].
    pub limit: usize,
}

impl Default for EventQuery {
    /// The newest 100 events.
    fn default() -> EventQuery {
        EventQuery {
            camera: None,
            rule: None,
            kind: None,
            from: None,
            to: None,
            after: None,
            order: Order::Newest,
            limit: 100,
        }
    }
}

/// Some of the events asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The events, in the order asked for.
    pub records: Vec<EventRecord>,
    /// Where to go on: the next query's `after`. `None` at the end of the log.
    ///
    /// One call's work is bounded, so a page may have room left, or be empty, and yet have more to come.
    pub next: Option<u64>,
    /// Events on the way that are damaged and left out.
    pub damaged: u64,
}

impl Database {
    /// Reads one page of events. Events appended or expired meanwhile may or may not be on it; none comes twice over
    /// the pages of one reading, and none that stays is left out.
    ///
    /// # Errors
    /// [`StoreError::BadLimit`], and [`StoreError::Damaged`] or [`StoreError::Failed`] when the database cannot be read.
    pub fn events(&self, query: &EventQuery) -> Result<EventPage, StoreError> {
        if !(1..=PAGE_LIMIT).contains(&query.limit) {
            return Err(StoreError::BadLimit { found: query.limit });
        }
        Reader::new(&self.engine, query).read()
    }

    /// One event, if it is kept.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the event is.
    pub fn event(&self, sequence: u64) -> Result<Option<EventRecord>, StoreError> {
        let Some(sealed) = self.engine.get(&keys::numbered(Table::Event, sequence))? else { return Ok(None) };
        stored::open(sequence, &sealed).map(Some).map_err(|why| {
            let what = format!("event {sequence}");
            self.engine.report_damaged(&what, &why);
            StoreError::damaged(what, why)
        })
    }
}

struct Reader<'a> {
    engine: &'a Engine,
    query: &'a EventQuery,
    /// What the keys of each sorted list to agree on begin with; the log's own when nothing filters.
    prefixes: Vec<Vec<u8>>,
    first: u64,
    end: u64,
    /// The block whose times were last found to be worth a look.
    admitted: Option<u64>,
    work: usize,
}

impl<'a> Reader<'a> {
    fn new(engine: &'a Engine, query: &'a EventQuery) -> Reader<'a> {
        let filters = [
            (Table::EventByCamera, query.camera.as_ref().map(Name::as_str)),
            (Table::EventByRule, query.rule.as_ref().map(Name::as_str)),
            (Table::EventByKind, query.kind.as_deref()),
        ];
        let filters = filters.into_iter().filter_map(|(table, term)| Some((table, term?)));
        let mut prefixes: Vec<Vec<u8>> =
            filters.map(|(table, term)| keys::index_prefix(table, term)).collect();
        if prefixes.is_empty() {
            prefixes.push(vec![Table::Event as u8]);
        }
        let tail = engine.tail();
        let (first, end) = (tail.first_event, tail.next_event);
        Reader { engine, query, prefixes, first, end, admitted: None, work: 0 }
    }

    fn read(mut self) -> Result<EventPage, StoreError> {
        let mut page = EventPage { records: Vec::new(), next: None, damaged: 0 };
        let mut position = self.start();
        while let Some(at) = position.filter(|at| (self.first..self.end).contains(at)) {
            if page.records.len() == self.query.limit || self.work >= WORK_LIMIT {
                page.next = Some(self.before(at));
                break;
            }
            position = self.step(at, &mut page)?;
        }
        Ok(page)
    }

    /// Moves on from `at`, taking the event there if it is a hit.
    fn step(&mut self, at: u64, page: &mut EventPage) -> Result<Option<u64>, StoreError> {
        let admitted = self.admit(at)?;
        if admitted != Some(at) {
            return Ok(admitted);
        }
        for index in 0..self.prefixes.len() {
            let found = self.seek(index, at)?;
            if found != Some(at) {
                return Ok(found);
            }
        }
        self.work += 1;
        if let Some(sealed) = self.engine.get(&keys::numbered(Table::Event, at))? {
            match stored::open(at, &sealed) {
                Ok(record) if self.matches(&record) => page.records.push(record),
                Ok(_) => {}
                Err(why) => {
                    page.damaged += 1;
                    self.engine.report_damaged(&format!("event {at}"), &why);
                }
            }
        }
        Ok(self.past(at))
    }

    /// `at` if its block has times that are asked for; else the next position worth a try.
    fn admit(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        let number = at / BLOCK;
        if (self.query.from.is_none() && self.query.to.is_none()) || self.admitted == Some(number) {
            return Ok(Some(at));
        }
        self.work += 1;
        let sealed = self.engine.get(&keys::numbered(Table::EventBlock, number))?;
        // A block whose times are unknown is looked into.
        let block = sealed.and_then(|sealed| Block::open(number, &sealed).ok());
        let from = self.query.from.unwrap_or(TimeUs(0));
        if block
            .is_none_or(|block| block.latest >= from && self.query.to.is_none_or(|to| block.earliest < to))
        {
            self.admitted = Some(number);
            return Ok(Some(at));
        }
        Ok(match self.query.order {
            Order::Oldest => (number + 1).checked_mul(BLOCK),
            Order::Newest => (number * BLOCK).checked_sub(1),
        })
    }

    /// The first sequence at or past `at` in one of the lists.
    fn seek(&mut self, index: usize, at: u64) -> Result<Option<u64>, StoreError> {
        self.work += 1;
        let prefix = &self.prefixes[index];
        let key = keys::index_entry(prefix, at);
        let row = match self.query.order {
            Order::Oldest => self.engine.first_from(&key, prefix)?,
            Order::Newest => self.engine.last_to(&key, prefix)?,
        };
        Ok(row.and_then(|(key, _)| keys::number_at_end(&key)))
    }

    fn matches(&self, record: &EventRecord) -> bool {
        let query = self.query;
        query.camera.as_ref().is_none_or(|camera| *camera == record.camera)
            && query.rule.as_ref().is_none_or(|rule| *rule == record.rule)
            && query.kind.as_ref().is_none_or(|kind| *kind == record.event.kind)
            && query.from.is_none_or(|from| record.time >= from)
            && query.to.is_none_or(|to| record.time < to)
    }

    fn start(&self) -> Option<u64> {
        let last = self.end.checked_sub(1)?;
        match (self.query.order, self.query.after) {
            (Order::Oldest, None) => Some(self.first),
            (Order::Oldest, Some(after)) => Some(after.checked_add(1)?.max(self.first)),
            (Order::Newest, None) => Some(last),
            (Order::Newest, Some(after)) => Some(after.checked_sub(1)?.min(last)),
        }
    }

    /// The next position as the order goes.
    fn past(&self, at: u64) -> Option<u64> {
        match self.query.order {
            Order::Oldest => at.checked_add(1),
            Order::Newest => at.checked_sub(1),
        }
    }

    /// The cursor after which `at` comes first.
    fn before(&self, at: u64) -> u64 {
        match self.query.order {
            Order::Oldest => at.saturating_sub(1),
            Order::Newest => at.saturating_add(1),
        }
    }
}
