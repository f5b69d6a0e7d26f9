//! Reading the log.
//!
//! The reader goes through the log block by block. A block whose times are not asked for, or in which some filter has
//! no event, costs one look; in the others only events that all filters have in common are read.

use ocellus_core::{EventRecord, Name, TimeUs};

use super::block::{self, BLOCK, Term, Times};
use super::postings::Postings;
use super::stored;
use crate::database::Database;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::keys::{self, Table};

/// The most events on one page.
pub const PAGE_LIMIT: usize = 1000;

/// The most rows, of the index and of events, that one call looks at; some tens of milliseconds.
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
    /// [`StoreError::BadLimit`], and [`StoreError::Io`] when the disk cannot be read.
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
        event(&self.engine, sequence)
    }
}

fn event(engine: &Engine, sequence: u64) -> Result<Option<EventRecord>, StoreError> {
    let Some(sealed) = engine.get(&keys::numbered(Table::Event, sequence))? else { return Ok(None) };
    stored::open(sequence, &sealed).map(Some).map_err(|why| {
        let what = format!("event {sequence}");
        engine.report_damaged(&what, &why);
        StoreError::damaged(what, why)
    })
}

struct Reader<'a> {
    engine: &'a Engine,
    query: &'a EventQuery,
    terms: Vec<Term<'a>>,
    first: u64,
    end: u64,
    /// The block looked at, and its events that may be hits.
    block: Option<(u64, Postings)>,
    work: usize,
}

impl<'a> Reader<'a> {
    fn new(engine: &'a Engine, query: &'a EventQuery) -> Reader<'a> {
        let camera = query.camera.as_ref().map(|camera| Term::Camera(camera.as_str()));
        let rule = query.rule.as_ref().map(|rule| Term::Rule(rule.as_str()));
        let kind = query.kind.as_deref().map(Term::Kind);
        let terms = [camera, rule, kind].into_iter().flatten().collect();
        let tail = engine.tail();
        let (first, end) = (tail.first_event, tail.next_event);
        Reader { engine, query, terms, first, end, block: None, work: 0 }
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
        let candidates = self.candidates(at / BLOCK)?;
        if candidates == Postings::NONE {
            return Ok(self.past_block(at));
        }
        if !candidates.contains(at) {
            return Ok(self.past(at));
        }
        self.work += 1;
        match event(self.engine, at) {
            Ok(Some(record)) if self.matches(&record) => page.records.push(record),
            Ok(_) => {}
            Err(StoreError::Damaged { .. }) => page.damaged += 1,
            Err(error) => return Err(error),
        }
        Ok(self.past(at))
    }

    /// The events of a block that may be hits.
    fn candidates(&mut self, number: u64) -> Result<Postings, StoreError> {
        if let Some((current, candidates)) = self.block
            && current == number
        {
            return Ok(candidates);
        }
        self.work += 1;
        let from = self.query.from.unwrap_or(TimeUs(0));
        let wanted = block::or_unknown(block::times(self.engine, number), Some(Times::ANY))?
            .is_some_and(|times| times.latest >= from && self.query.to.is_none_or(|to| times.earliest < to));
        let mut candidates = if wanted { Postings::ALL } else { Postings::NONE };
        for term in &self.terms {
            if candidates == Postings::NONE {
                break;
            }
            self.work += 1;
            candidates = candidates
                .and(block::or_unknown(block::postings(self.engine, number, *term), Postings::ALL)?);
        }
        self.block = Some((number, candidates));
        Ok(candidates)
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

    /// The first position of the next block as the order goes.
    fn past_block(&self, at: u64) -> Option<u64> {
        let number = at / BLOCK;
        match self.query.order {
            Order::Oldest => (number + 1).checked_mul(BLOCK),
            Order::Newest => (number * BLOCK).checked_sub(1),
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
