//! Rules: plugin versions bound to cameras.

use ocellus_core::{Name, TimeUs};
use serde::{Deserialize, Serialize};

use crate::database::{Database, Row};
use crate::digest::Digest;
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;
use crate::states::MemoryRecord;
use crate::transitions::{NewTransition, TransitionRecord};

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
    /// Limits and what to do after a failure, as JSON text; empty for the defaults.
    pub policy: String,
    /// What it may do beyond seeing tracks, as JSON text; empty for nothing.
    pub grants: String,
    /// Versions that failed here and wait for an operator, the latest first, at most eight.
    pub quarantined: Vec<QuarantinedVersion>,
    /// Whether it runs.
    pub enabled: bool,
    /// When it was created.
    pub created: TimeUs,
    /// When it was last changed.
    pub changed: TimeUs,
}

impl RuleRecord {
    /// Makes another version of the rule's plugin the active one and takes it out of quarantine. The one active
    /// before heads [`RuleRecord::previous`], so that activating that one again is the way back.
    pub fn make_active(&mut self, digest: Digest, now: TimeUs) {
        self.quarantined.retain(|version| version.digest != digest);
        if self.digest != digest {
            let former = std::mem::replace(&mut self.digest, digest);
            self.previous.retain(|previous| *previous != digest && *previous != former);
            self.previous.insert(0, former);
            self.previous.truncate(PREVIOUS);
        }
        self.changed = now;
    }

    /// Puts a version into quarantine.
    pub fn quarantine(&mut self, digest: Digest, reason: String, now: TimeUs) {
        self.quarantined.retain(|version| version.digest != digest);
        self.quarantined.insert(0, QuarantinedVersion { digest, reason });
        self.quarantined.truncate(QUARANTINED);
        self.changed = now;
    }

    /// Why a version is in quarantine, if it is.
    #[must_use]
    pub fn quarantine_of(&self, digest: Digest) -> Option<&str> {
        self.quarantined
            .iter()
            .find(|version| version.digest == digest)
            .map(|version| version.reason.as_str())
    }
}

/// A version that a rule does not run until an operator activates it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedVersion {
    /// The version.
    pub digest: Digest,
    /// Why.
    pub reason: String,
}

/// Versions in quarantine that a rule remembers.
const QUARANTINED: usize = 8;

#[derive(Serialize, Deserialize)]
struct StoredRule {
    name: String,
    plugin: String,
    digest: Digest,
    previous: Vec<Digest>,
    cameras: Vec<String>,
    settings: String,
    #[serde(default)]
    policy: String,
    #[serde(default)]
    grants: String,
    #[serde(default)]
    quarantined: Vec<QuarantinedVersion>,
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
            policy: rule.policy.clone(),
            grants: rule.grants.clone(),
            quarantined: rule.quarantined.iter().take(QUARANTINED).cloned().collect(),
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
            policy: stored.policy,
            grants: stored.grants,
            quarantined: stored.quarantined,
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
        self.put_rule_with(rule, &[], &[]).map(drop)
    }

    /// The same, with what it says of the rule's versions in the log and with what its instances begin with: a kill
    /// leaves all of it or nothing. Only a state over 4 KiB may be there before the rest.
    ///
    /// # Errors
    /// As [`Database::put_rule`].
    pub fn put_rule_with(
        &self,
        rule: &RuleRecord,
        new: &[NewTransition],
        began: &[MemoryRecord],
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let began = began.iter().map(|memory| self.memory_rows(memory)).collect::<Result<Vec<_>, _>>()?;
        let began = began.into_iter().flatten().collect();
        let id = rule.name.as_str().as_bytes();
        self.put_with("storing a rule", (id, &StoredRule::from(rule)), new, began)
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

    /// Forgets a rule and its states; whether there was one. Its events stay.
    ///
    /// # Errors
    /// Those of any change.
    pub fn delete_rule(&self, name: &Name) -> Result<bool, StoreError> {
        let was_there = self.engine.get(&keys::row(Table::Rule, name.as_str().as_bytes()))?.is_some();
        self.delete_rule_with(name, &[])?;
        Ok(was_there)
    }

    /// The same, with what it says of the rule's versions in the log: a kill leaves all of it or nothing.
    ///
    /// # Errors
    /// Those of any change.
    pub fn delete_rule_with(
        &self,
        name: &Name,
        new: &[NewTransition],
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let memory = self.memory_of(name)?;
        let told = self.acknowledge(self.engine.commit("deleting a rule", Purpose::Freeing, |draft| {
            draft.batch.remove(keys::row(Table::Rule, name.as_str().as_bytes()));
            memory.draft_removal(draft);
            self.draft_transitions(draft, new)
        })?)?;
        self.remove_state_files(&memory)?;
        Ok(told)
    }
}
