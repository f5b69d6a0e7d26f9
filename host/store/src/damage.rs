//! What is done about a damaged database.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::database::Database;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::folder::{self, Folder};
use crate::keys::Table;
use crate::open::DatabaseSettings;
use crate::room::Purpose;
use crate::start::start_sled;
use crate::tail::Tail;
use crate::value;

/// What was damaged, what was lost, and where the remains are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What was found.
    pub what: String,
    /// Where the damaged database was moved; `None` when it could be used after a repair.
    pub moved_to: Option<PathBuf>,
    /// Cameras, camera handles, plugins and rules that were found intact and taken over.
    pub rescued: usize,
    /// Sequences of acknowledged events that are gone. They are not given out again.
    pub lost_events: Option<Range<u64>>,
    /// Plugin files that lost their row, moved here; they can be uploaded again.
    pub plugins: Vec<PathBuf>,
}

impl Damage {
    /// Damage of which no consequence is known yet.
    pub(crate) fn found(what: String) -> Damage {
        Damage { what, moved_to: None, rescued: 0, lost_events: None, plugins: vec![] }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database is damaged: {}", self.what)?;
        match &self.moved_to {
            Some(place) => {
                write!(f, "; it was moved to {} and a clean one started", place.display())?;
                write!(f, " with {} intact cameras, plugins and rules of the old one", self.rescued)?;
            }
            None => write!(f, "; it goes on with what is left")?,
        }
        if let Some(lost) = &self.lost_events {
            write!(f, "; events {} to {} are lost", lost.start, lost.end.saturating_sub(1))?;
        }
        if let [first, ..] = &self.plugins[..] {
            let folder = first.parent().unwrap_or(first);
            write!(f, "; {} plugins to upload again are in {}", self.plugins.len(), folder.display())?;
        }
        Ok(())
    }
}

/// Moves the damaged database away.
pub(crate) fn set_aside(folder: &Folder, place: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::io("moving the damaged database aside", place, error);
    fs::rename(folder.sled(), place).map_err(failed)?;
    folder::sync_parent(place).map_err(failed)?;
    folder.forget_suspicion()
}

/// Takes over what is intact of a database that was set aside, but for the events; how many cameras, plugins and rules.
pub(crate) fn rescue(
    engine: &Engine,
    place: &Path,
    settings: &DatabaseSettings,
) -> Result<usize, StoreError> {
    let rows = catch_unwind(AssertUnwindSafe(|| intact_rows(place, settings))).unwrap_or_default();
    if rows.is_empty() {
        return Ok(0);
    }
    let bytes = rows.iter().map(|(key, sealed)| key.len() + sealed.len()).sum();
    let ((), revision) = engine.commit("taking over intact rows", Purpose::Adding(bytes), |draft| {
        for (key, sealed) in &rows {
            draft.batch.insert(key, sealed);
        }
        Ok(())
    })?;
    engine.make_durable(revision)?;
    let counted = [Table::Camera, Table::Plugin, Table::Rule].map(|table| table as u8);
    Ok(rows.iter().filter(|(key, _)| key.first().is_some_and(|table| counted.contains(table))).count())
}

type SealedRow = (sled::IVec, sled::IVec);

fn intact_rows(place: &Path, settings: &DatabaseSettings) -> Vec<SealedRow> {
    let Ok(db) = start_sled(place, settings) else { return Vec::new() };
    let of_table = |table: &Table| {
        let prefix = [*table as u8];
        let rows = || db.scan_prefix(prefix).map_while(Result::ok).collect::<Vec<SealedRow>>();
        catch_unwind(AssertUnwindSafe(rows)).unwrap_or_default()
    };
    let rows = Table::FEW.iter().flat_map(of_table);
    rows.filter(|(key, sealed)| value::open(key, sealed).is_ok()).collect()
}

/// Goes on above everything that was acknowledged, and tells which events are gone.
pub(crate) fn go_on_above(
    database: &Database,
    marked: Option<&Tail>,
) -> Result<Option<Range<u64>>, StoreError> {
    let handle = database.handles()?.into_iter().map(|(_, handle)| handle.0).max().unwrap_or(0);
    let unmarked = Tail::default();
    let marked = marked.unwrap_or(&unmarked);
    database.acknowledge(database.engine.commit("repairing the database", Purpose::Freeing, |draft| {
        let tail = &mut draft.tail;
        // After a clean start all that was kept is gone, otherwise what came after the cut.
        let lost = if tail.events == 0 { marked.first_event } else { tail.next_event }..marked.next_event;
        tail.next_event = tail.next_event.max(marked.next_event);
        if tail.events == 0 {
            tail.first_event = tail.next_event;
        }
        tail.next_handle = tail.next_handle.max(marked.next_handle).max(handle.saturating_add(1));
        tail.revision = tail.revision.max(marked.revision + 1);
        Ok((!lost.is_empty()).then_some(lost))
    })?)
}
