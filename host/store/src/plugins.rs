//! Uploaded plugins: one file for the bytes, one row for what is known of them.
//!
//! The file is complete on the disk before the row is, and the row is gone before the file is: a row always
//! has its file, and a file without a row is what a killed process left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ocellus_core::{Name, TimeUs};
use serde::{Deserialize, Serialize};

use crate::database::{Database, Row};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::folder::{self, Survives};
use crate::keys::{self, Table};
use crate::room::Purpose;
use crate::states::Rows;
use crate::transitions::{NewTransition, TransitionRecord};

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFacts {
    /// Its name, shared by its versions.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// The contract it was built for, such as `0.1`.
    pub abi: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// Its settings, as a JSON Schema.
    pub schema: String,
    /// Who shares an instance: `camera` or `site`.
    pub scope: String,
    /// The powers that it asks for, by name.
    pub powers: Vec<String>,
}

/// A stored plugin version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRecord {
    /// The digest of its bytes, which names it.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// When it was first uploaded.
    pub uploaded: TimeUs,
    /// Id of the key whose signature vouched for it when it was uploaded; none where nothing did.
    pub signer: Option<String>,
    /// What it says of itself.
    pub facts: PluginFacts,
}

/// A plugin version to store.
#[derive(Debug, Clone, Copy)]
pub struct NewPlugin<'p> {
    /// The component.
    pub bytes: &'p [u8],
    /// What it says of itself.
    pub facts: &'p PluginFacts,
    /// Id of the key whose signature vouches for it.
    pub signer: Option<&'p str>,
    /// The time of the upload, by the wall clock.
    pub now: TimeUs,
}

#[derive(Serialize, Deserialize)]
struct StoredPlugin {
    digest: Digest,
    size: u64,
    uploaded_us: u64,
    name: String,
    version: String,
    abi: String,
    summary: String,
    schema: String,
    scope: String,
    #[serde(default)]
    powers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
}

impl Row for StoredPlugin {
    const TABLE: Table = Table::Plugin;
}

impl From<&PluginRecord> for StoredPlugin {
    fn from(record: &PluginRecord) -> StoredPlugin {
        let PluginRecord { digest, size, uploaded, signer, facts } = record.clone();
        let PluginFacts { name, version, abi, summary, schema, scope, powers } = facts;
        let (name, uploaded_us) = (name.as_str().to_owned(), uploaded.0);
        StoredPlugin { digest, size, uploaded_us, name, version, abi, summary, schema, scope, powers, signer }
    }
}

impl TryFrom<StoredPlugin> for PluginRecord {
    type Error = StoreError;

    fn try_from(stored: StoredPlugin) -> Result<PluginRecord, StoreError> {
        let StoredPlugin {
            digest,
            size,
            uploaded_us,
            name,
            version,
            abi,
            summary,
            schema,
            scope,
            powers,
            signer,
        } = stored;
        let name = Name::new(&name)
            .map_err(|error| StoreError::damaged(format!("the row of plugin {digest}"), error.to_string()))?;
        let facts = PluginFacts { name, version, abi, summary, schema, scope, powers };
        Ok(PluginRecord { digest, size, uploaded: TimeUs(uploaded_us), signer, facts })
    }
}

impl Database {
    /// Stores a plugin version that nobody signed, as [`Database::put_plugin_with`] does.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`], [`StoreError::Failed`]; nothing is kept then.
    pub fn put_plugin(
        &self,
        bytes: &[u8],
        facts: &PluginFacts,
        now: TimeUs,
    ) -> Result<PluginRecord, StoreError> {
        let plugin = NewPlugin { bytes, facts, signer: None, now };
        self.put_plugin_with(&plugin, &[]).map(|(record, _)| record)
    }

    /// Stores a plugin version under the digest of its bytes, with what is new of it in the log: a kill leaves both or
    /// neither. Storing the same bytes again keeps the first record but for a new signer, and mends a file that was
    /// damaged meanwhile.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`], [`StoreError::Failed`]; nothing is kept then.
    pub fn put_plugin_with(
        &self,
        plugin: &NewPlugin<'_>,
        new: &[NewTransition],
    ) -> Result<(PluginRecord, Vec<TransitionRecord>), StoreError> {
        let NewPlugin { bytes, facts, signer, now } = *plugin;
        let digest = Digest::of(bytes);
        let known = self.plugin(&digest).ok().flatten();
        // Coming again without a signature takes nothing from what vouched for the bytes before.
        let vouched = known.as_ref().and_then(|record| record.signer.clone());
        let signer = signer.map(str::to_owned).or_else(|| vouched.clone());
        // A record whose file was damaged keeps its upload time.
        let uploaded = known.as_ref().map_or(now, |record| record.uploaded);
        if let (Some(record), true, Ok(_)) = (known, vouched == signer, self.plugin_bytes(&digest)) {
            return Ok((record, self.add_transitions(new)?));
        }
        // Never the last of the disk: events go first.
        self.engine.leave_room(&self.engine.folder.plugins(), bytes.len())?;
        folder::write_whole(&self.plugin_file(&digest), bytes, Survives::PowerLoss)?;
        let size = bytes.len() as u64;
        let record = PluginRecord { digest, size, uploaded, signer, facts: facts.clone() };
        let told = self.put_with(
            "storing a plugin",
            (digest.as_bytes(), &StoredPlugin::from(&record)),
            new,
            Rows::new(),
        )?;
        Ok((record, told))
    }

    /// What is known of a plugin version.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when its row is.
    pub fn plugin(&self, digest: &Digest) -> Result<Option<PluginRecord>, StoreError> {
        self.row::<StoredPlugin>(digest.as_bytes())?.map(PluginRecord::try_from).transpose()
    }

    /// All plugin versions, by name, then by time of upload.
    ///
    /// # Errors
    /// When the database cannot be read; single damaged rows are left out and counted.
    pub fn plugins(&self) -> Result<Vec<PluginRecord>, StoreError> {
        let records = self.all_rows::<StoredPlugin>()?.into_iter().map(PluginRecord::try_from);
        let mut records: Vec<PluginRecord> = records
            .filter_map(|record| {
                record.inspect_err(|error| self.engine.report_damaged("a plugin", &error.to_string())).ok()
            })
            .collect();
        records.sort_by(|a, b| {
            (&a.facts.name, a.uploaded, a.digest).cmp(&(&b.facts.name, b.uploaded, b.digest))
        });
        Ok(records)
    }

    /// The bytes of a plugin version, which were checked against its digest.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] without such a file; [`StoreError::Damaged`], naming the file, when it has other bytes.
    pub fn plugin_bytes(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.plugin_file(digest);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                StoreError::NoSuch { what: "plugin file", name: path.display().to_string() }
            }
            _ => StoreError::io("reading a plugin", &path, error),
        })?;
        let found = Digest::of(&bytes);
        if found == *digest {
            return Ok(bytes);
        }
        let (what, why) = (format!("the plugin file {}", path.display()), format!("its digest is {found}"));
        self.engine.report_damaged(&what, &why);
        Err(StoreError::damaged(what, why))
    }

    /// Forgets a plugin version and its file; whether there was one. The caller makes sure that no rule is bound to it.
    ///
    /// # Errors
    /// Those of any change, and [`StoreError::Io`] when the file stays; then the next start removes it.
    pub fn delete_plugin(&self, digest: &Digest) -> Result<bool, StoreError> {
        let was_there = self.engine.get(&keys::row(Table::Plugin, digest.as_bytes()))?.is_some();
        if was_there {
            self.delete_plugin_with(digest, &[])?;
        }
        Ok(was_there)
    }

    /// The same, with what is new of it in the log: a kill leaves the plugin, or neither its row nor a gap in the log.
    ///
    /// # Errors
    /// As [`Database::delete_plugin`].
    pub fn delete_plugin_with(
        &self,
        digest: &Digest,
        new: &[NewTransition],
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let key = keys::row(Table::Plugin, digest.as_bytes());
        let told =
            self.acknowledge(self.engine.commit("deleting a plugin", Purpose::Freeing, |draft| {
                draft.batch.remove(key);
                self.draft_transitions(draft, new)
            })?)?;
        remove(&self.plugin_file(digest))?;
        Ok(told)
    }

    fn plugin_file(&self, digest: &Digest) -> PathBuf {
        self.engine.folder.plugins().join(format!("{digest}.wasm"))
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("removing a plugin", path, error))
        }
        _ => Ok(()),
    }
}

/// Tidies the folder: files without a row are removed, or moved below `keep` after damage, since then their rows may
/// have been lost. Returns the files moved.
pub(crate) fn sweep(engine: &Engine, keep: Option<&Path>) -> Result<Vec<PathBuf>, StoreError> {
    let mut moved = Vec::new();
    for path in folder::files_without_leftovers(&engine.folder.plugins())? {
        // What is not named like one of ours is left alone.
        let Some(digest) = digest_in(&path) else { continue };
        if engine.get(&keys::row(Table::Plugin, digest.as_bytes()))?.is_some() {
            continue;
        }
        let Some(keep) = keep else {
            tracing::info!(file = %path.display(), "removing a plugin whose upload was interrupted");
            remove(&path)?;
            continue;
        };
        let place = keep.join("plugins");
        folder::make(&place)?;
        let target = place.join(path.file_name().unwrap_or_default());
        fs::rename(&path, &target).map_err(|error| StoreError::io("moving a plugin aside", &path, error))?;
        moved.push(target);
    }
    Ok(moved)
}

fn digest_in(path: &Path) -> Option<Digest> {
    path.file_name()?.to_str()?.strip_suffix(".wasm")?.parse().ok()
}
