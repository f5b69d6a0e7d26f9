//! The log of what became of plugin versions: kept in order, bounded, written with the change it tells of.

use ocellus_core::{Cause, Name, TimeUs, VersionState};
use serde::{Deserialize, Serialize};

use crate::database::{Database, Row, sealed_row};
use crate::digest::Digest;
use crate::engine::Draft;
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;
use crate::value;

/// Transitions that are kept; the oldest go first.
const KEPT: u64 = 10_000;
/// Longest detail, in bytes.
const DETAIL: usize = 4096;
/// Largest page.
const PAGE: usize = 1000;

/// A version that came into a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransition {
    /// When, by the wall clock.
    pub time: TimeUs,
    /// The rule; none for a mere upload or deletion.
    pub rule: Option<Name>,
    /// The plugin's name; none where bytes were refused that have none.
    pub plugin: Option<Name>,
    /// The plugin's version, empty where it is not known.
    pub version: String,
    /// The bytes; none where they were refused and not kept.
    pub digest: Option<Digest>,
    /// The state it is in now.
    pub state: VersionState,
    /// What moved it there.
    pub cause: Cause,
    /// More in words, for people; cut to 4 KiB.
    pub detail: String,
}

/// A transition as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransitionRecord {
    /// Its number: later ones have higher ones.
    pub sequence: u64,
    /// What happened.
    pub transition: NewTransition,
}

/// Which transitions are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransitionQuery {
    /// Only of this rule.
    pub rule: Option<Name>,
    /// Only of this plugin.
    pub plugin: Option<Name>,
    /// Only those older than this number.
    pub before: Option<u64>,
    /// At most so many; 0 and more than 1000 mean 1000.
    pub limit: usize,
}

#[derive(Serialize, Deserialize)]
struct StoredTransition {
    time_us: u64,
    rule: Option<String>,
    plugin: Option<String>,
    version: String,
    digest: Option<Digest>,
    state: String,
    cause: String,
    detail: String,
}

impl Row for StoredTransition {
    const TABLE: Table = Table::Transition;
}

impl From<&NewTransition> for StoredTransition {
    fn from(transition: &NewTransition) -> StoredTransition {
        let name = |name: &Option<Name>| name.as_ref().map(|name| name.as_str().to_owned());
        let detail = &transition.detail;
        let end = (0..=DETAIL.min(detail.len())).rev().find(|end| detail.is_char_boundary(*end)).unwrap_or(0);
        StoredTransition {
            time_us: transition.time.0,
            rule: name(&transition.rule),
            plugin: name(&transition.plugin),
            version: transition.version.clone(),
            digest: transition.digest,
            state: transition.state.as_str().to_owned(),
            cause: transition.cause.as_str().to_owned(),
            detail: detail[..end].to_owned(),
        }
    }
}

impl StoredTransition {
    /// None for a word that this release does not know.
    fn read(self) -> Option<NewTransition> {
        let name = |text: Option<String>| text.map(|text| Name::new(&text)).transpose().ok();
        Some(NewTransition {
            time: TimeUs(self.time_us),
            rule: name(self.rule)?,
            plugin: name(self.plugin)?,
            version: self.version,
            digest: self.digest,
            state: VersionState::named(&self.state)?,
            cause: Cause::named(&self.cause)?,
            detail: self.detail,
        })
    }
}

impl Database {
    /// Adds to the log.
    ///
    /// # Errors
    /// Those of any change.
    pub fn add_transitions(&self, new: &[NewTransition]) -> Result<Vec<TransitionRecord>, StoreError> {
        let purpose = Purpose::Adding(new.len() * (DETAIL + 512));
        self.acknowledge(
            self.engine
                .commit("logging a transition", purpose, |draft| self.draft_transitions(draft, new))?,
        )
    }

    /// The log, newest first.
    ///
    /// # Errors
    /// When the database cannot be read; single damaged rows are left out and counted.
    pub fn transitions(&self, query: &TransitionQuery) -> Result<Vec<TransitionRecord>, StoreError> {
        let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE) };
        let rows = self.engine.rows(&[Table::Transition as u8], usize::MAX)?;
        let records = rows.iter().rev().filter_map(|(key, sealed)| {
            let sequence = keys::number_at_end(key)?;
            if query.before.is_some_and(|before| sequence >= before) {
                return None;
            }
            let stored = value::open_row::<StoredTransition>(key, sealed)
                .inspect_err(|why| self.engine.report_damaged("a transition of a plugin version", why))
                .ok()?;
            Some(TransitionRecord { sequence, transition: stored.read()? })
        });
        let wanted = records.filter(|record| {
            let is = |wanted: &Option<Name>, found: &Option<Name>| wanted.is_none() || wanted == found;
            is(&query.rule, &record.transition.rule) && is(&query.plugin, &record.transition.plugin)
        });
        Ok(wanted.take(limit).collect())
    }

    /// Puts transitions into a change that is being put together.
    pub(crate) fn draft_transitions(
        &self,
        draft: &mut Draft,
        new: &[NewTransition],
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let last = self.engine.last_key(&[Table::Transition as u8])?;
        let mut sequence = last.and_then(|key| keys::number_at_end(&key)).unwrap_or(0);
        let mut records = Vec::with_capacity(new.len());
        for transition in new {
            sequence += 1;
            let key = keys::numbered(Table::Transition, sequence);
            let sealed = sealed_row(&key, &StoredTransition::from(transition))?;
            draft.batch.insert(&key, sealed);
            if let Some(old) = sequence.checked_sub(KEPT) {
                draft.batch.remove(&keys::numbered(Table::Transition, old));
            }
            records.push(TransitionRecord { sequence, transition: transition.clone() });
        }
        Ok(records)
    }
}
