//! Rules: plugin versions bound to cameras.

use ocellus_core::{Name, TimeUs};
use serde::{Deserialize, Serialize};

use crate::database::{Database, Row, sealed_row};
use crate::digest::Digest;
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;

/// Former versions that a rule remembers.
const PREVIOUS: usize = 3;

/// A rule as stored: one row, so that at any moment exactly one version is the active one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRecord {
    /// Its name.
    pub name: Name,
    /// The plugin's name.
    pub plugin: Name,
    /// The active version.
    pub digest: Digest,
    /// Versions that were active before, the latest first, at most three.
    pub previous: Vec<Digest>,
    /// The cameras it is bound to.
    pub cameras: Vec<Name>,
    /// Its settings, as JSON text.
    pub settings: String,
    /// Whether it runs.
    pub enabled: bool,
    /// When it was created.
    pub created: TimeUs,
    /// When it was last changed.
    pub changed: TimeUs,
}

#[derive(Serialize, Deserialize)]
struct StoredRule {
    name: String,
    plugin: String,
    digest: Digest,
    previous: Vec<Digest>,
    cameras: Vec<String>,
    settings: String,
    enabled: bool,
    created_us: u64,
    changed_us: u64,
}

impl Row for StoredRule {
    const TABLE: Table = Table::Rule;
}

impl From<&RuleRecord> for StoredRule {
    fn from(rule: &RuleRecord) -> StoredRule {
        StoredRule {
            name: rule.name.as_str().to_owned(),
            plugin: rule.plugin.as_str().to_owned(),
            digest: rule.digest,
            previous: rule.previous.iter().copied().take(PREVIOUS).collect(),
            cameras: rule.cameras.iter().map(|camera| camera.as_str().to_owned()).collect(),
            settings: rule.settings.clone(),
            enabled: rule.enabled,
            created_us: rule.created.0,
            changed_us: rule.changed.0,
        }
    }
}

impl TryFrom<StoredRule> for RuleRecord {
    type Error = StoreError;

    fn try_from(stored: StoredRule) -> Result<RuleRecord, StoreError> {
        let name = |text: &str| {
            let what = format!("the stored rule {:?}", stored.name);
            Name::new(text).map_err(|error| StoreError::damaged(what, error.to_string()))
        };
        Ok(RuleRecord {
            name: name(&stored.name)?,
            plugin: name(&stored.plugin)?,
            digest: stored.digest,
            cameras: stored.cameras.iter().map(|camera| name(camera)).collect::<Result<_, _>>()?,
            previous: stored.previous,
            settings: stored.settings,
            enabled: stored.enabled,
            created: TimeUs(stored.created_us),
            changed: TimeUs(stored.changed_us),
        })
    }
}

impl Database {
    /// Creates a rule or replaces it as one whole. More than three previous versions are cut to the latest three.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::DiskFull`], [`StoreError::Failed`].
    pub fn put_rule(&self, rule: &RuleRecord) -> Result<(), StoreError> {
        self.put("storing a rule", rule.name.as_str().as_bytes(), &StoredRule::from(rule))
    }

    /// A rule.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when its row is.
    pub fn rule(&self, name: &Name) -> Result<Option<RuleRecord>, StoreError> {
        self.row::<StoredRule>(name.as_str().as_bytes())?.map(RuleRecord::try_from).transpose()
    }

    /// All rules, by name.
    ///
    /// # Errors
    /// When the database cannot be read; single damaged rows are left out and counted.
    pub fn rules(&self) -> Result<Vec<RuleRecord>, StoreError> {
        let stored = self.all_rows::<StoredRule>()?;
        let records = stored.into_iter().map(RuleRecord::try_from).filter_map(|rule| {
            rule.inspect_err(|error| self.engine.report_damaged("a stored rule", &error.to_string())).ok()
        });
        Ok(records.collect())
    }

    /// Makes another version of a rule's plugin the active one. The one active before heads [`RuleRecord::previous`],
    /// so that activating that one again is the way back.
    ///
    /// Reading, changing and writing are one step: of two threads each one's change counts, and a kill leaves
    /// the old row or the new.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] without such a rule, and those of any change.
    pub fn activate(&self, name: &Name, digest: Digest, now: TimeUs) -> Result<RuleRecord, StoreError> {
        let id = name.as_str().as_bytes();
        let purpose = Purpose::Adding(64 * 1024);
        self.acknowledge(self.engine.commit("activating a plugin version", purpose, |draft| {
            let no_such = || StoreError::NoSuch { what: "rule", name: name.to_string() };
            let mut rule = self.rule(name)?.ok_or_else(no_such)?;
            if rule.digest != digest {
                let former = std::mem::replace(&mut rule.digest, digest);
                rule.previous.retain(|previous| *previous != digest && *previous != former);
                rule.previous.insert(0, former);
                rule.previous.truncate(PREVIOUS);
                rule.changed = now;
            }
            let key = keys::row(Table::Rule, id);
            let sealed = sealed_row(&key, &StoredRule::from(&rule))?;
            draft.batch.insert(key, sealed);
            Ok(rule)
        })?)
    }

    /// Forgets a rule and its states; whether there was one. Its events stay.
    ///
    /// # Errors
    /// Those of any change.
    pub fn delete_rule(&self, name: &Name) -> Result<bool, StoreError> {
        let was_there = self.delete::<StoredRule>("deleting a rule", name.as_str().as_bytes())?;
        self.delete_states(name)?;
        Ok(was_there)
    }
}
