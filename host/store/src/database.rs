//! The handle that everyone holds.

use std::path::Path;
use std::sync::Arc;

use crate::damage::Damage;
use crate::engine::{Engine, Revision};
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;
use crate::states::Rows;
use crate::transitions::{NewTransition, TransitionRecord};
use crate::value;

/// An open database; clones share it. The data folder stays locked until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) engine: Arc<Engine>,
    /// What was found wrong when it was opened.
    damage: Option<Arc<Damage>>,
}

/// Figures about a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Events kept.
    pub events: u64,
    /// Sequence of the oldest event kept; the next one's if none is kept.
    pub first_sequence: u64,
    /// Sequence that the next event will get.
    pub next_sequence: u64,
    /// Bytes of the events kept, with their keys: what [`crate::Retention::max_bytes`] limits.
    pub event_bytes: u64,
    /// Bytes of the database's files. sled writes new versions beside old ones, so this is a few times more.
    pub disk_bytes: u64,
    /// Damaged values met since the database was opened.
    pub damaged_values: u64,
}

impl Database {
    pub(crate) fn new(engine: Arc<Engine>) -> Database {
        Database { engine, damage: None }
    }

    pub(crate) fn with_damage(self, damage: Option<&Damage>) -> Database {
        Database { damage: damage.cloned().map(Arc::new), ..self }
    }

    /// What was found wrong when it was opened, and what became of it.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_deref()
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.engine.folder.root()
    }

    /// Why the database accepts no more changes, if it has failed. Opening it anew is the remedy: what is damaged is
    /// then moved aside.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.engine.failure()
    }

    /// Figures as of the last change.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let tail = self.engine.tail();
        Statistics {
            events: tail.events,
            first_sequence: tail.first_event,
            next_sequence: tail.next_event,
            event_bytes: tail.event_bytes,
            disk_bytes: self.engine.disk_bytes(),
            damaged_values: self.engine.damaged(),
        }
    }

    /// Waits until a change is on the disk, then hands out its result.
    pub(crate) fn acknowledge<R>(&self, (result, revision): (R, Revision)) -> Result<R, StoreError> {
        self.engine.make_durable(revision)?;
        Ok(result)
    }

    /// One row that was stored as JSON.
    ///
    /// A damaged one is an error and counted.
    pub(crate) fn row<T: Row>(&self, id: &[u8]) -> Result<Option<T>, StoreError> {
        let key = keys::row(T::TABLE, id);
        let Some(sealed) = self.engine.get(&key)? else { return Ok(None) };
        value::open_row(&key, &sealed).map(Some).map_err(|why| self.damaged(&key, why))
    }

    /// All rows of a kind in the order of their keys; damaged ones are counted, reported and left out.
    pub(crate) fn all_rows<T: Row>(&self) -> Result<Vec<T>, StoreError> {
        let sealed = self.engine.rows(&[T::TABLE as u8], ROWS_LIMIT)?;
        let opened = sealed.iter().filter_map(|(key, sealed)| {
            let row = value::open_row(key, sealed);
            row.map_err(|why| drop(self.damaged(key, why))).ok()
        });
        Ok(opened.collect())
    }

    /// Writes one row as JSON and waits for the disk.
    pub(crate) fn put<T: Row>(&self, doing: &'static str, id: &[u8], row: &T) -> Result<(), StoreError> {
        self.put_with(doing, (id, row), &[], Rows::new()).map(drop)
    }

    /// The same, with what it says of plugin versions in the log and with other rows: a kill leaves all or nothing.
    pub(crate) fn put_with<T: Row>(
        &self,
        doing: &'static str,
        (id, row): (&[u8], &T),
        new: &[NewTransition],
        others: Rows,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let key = keys::row(T::TABLE, id);
        let sealed = sealed_row(&key, row)?;
        let added =
            others.iter().map(|(key, value)| value.as_ref().map_or(0, |value| key.len() + value.len()));
        let purpose = Purpose::Adding(sealed.len() + new.len() * 4096 + added.sum::<usize>());
        self.acknowledge(self.engine.commit(doing, purpose, |draft| {
            draft.batch.insert(key, sealed);
            for (key, value) in others {
                match value {
                    Some(value) => draft.batch.insert(key, value),
                    None => draft.batch.remove(key),
                }
            }
            self.draft_transitions(draft, new)
        })?)
    }

    /// Removes one row and waits for the disk; whether it was there.
    pub(crate) fn delete<T: Row>(&self, doing: &'static str, id: &[u8]) -> Result<bool, StoreError> {
        let key = keys::row(T::TABLE, id);
        if self.engine.get(&key)?.is_none() {
            return Ok(false);
        }
        self.acknowledge(self.engine.commit(doing, Purpose::Freeing, |draft| {
            let was_there = self.engine.get(&key)?.is_some();
            draft.batch.remove(key);
            Ok(was_there)
        })?)
    }

    fn damaged(&self, key: &[u8], why: String) -> StoreError {
        let what = format!("the stored row {}", key.escape_ascii());
        self.engine.report_damaged(&what, &why);
        StoreError::damaged(what, why)
    }
}

/// A seldom-changed kind of row, stored as JSON.
pub(crate) trait Row: serde::Serialize + serde::de::DeserializeOwned {
    const TABLE: Table;
}

/// The most rows of one kind that a list returns; far above what a site has.
const ROWS_LIMIT: usize = 100_000;

/// The largest row. sled keeps rows beyond about 100 KiB in files of their own, which it does well but slowly.
const ROW_LIMIT: usize = 512 * 1024;

/// Seals a row, refusing one that is too large.
pub(crate) fn sealed_row<T: Row>(key: &[u8], row: &T) -> Result<Vec<u8>, StoreError> {
    let what = || format!("the row {}", key.escape_ascii());
    let sealed = value::seal_row(key, row).map_err(|why| StoreError::damaged(what(), why))?;
    if sealed.len() > ROW_LIMIT {
        return Err(StoreError::TooLarge { what: what(), size: sealed.len(), limit: ROW_LIMIT });
    }
    Ok(sealed)
}
