//! Plugins on the site: uploaded, verified, compiled, kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ocellus_core::{Name, TimeUs};
use ocellus_runtime::{CompileError, Compiled, KeyId, PluginError, Runtime, Upload, VerifyError};
use ocellus_store::{
    Database, Digest, NewPlugin, NewTransition, PluginFacts, PluginRecord, TransitionRecord,
};
use semver::Version;

use super::SiteError;

/// All that can be seen of a plugin version.
#[derive(Debug, Clone)]
pub struct PluginStatus {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// What it says of itself.
    pub summary: String,
    /// SHA-256 of the component, 64 hexadecimal digits.
    pub digest: String,
    /// Version of the contract it was built for.
    pub abi: String,
    /// Bytes.
    pub size: u64,
    /// JSON Schema of its settings.
    pub settings_schema: String,
    /// `camera` or `site`.
    pub scope: String,
    /// What it asks for.
    pub powers: Vec<String>,
    /// When it was uploaded.
    pub uploaded: TimeUs,
    /// Id of the key that signed it, 16 hexadecimal digits; none for one that came without a signature.
    pub signer: Option<String>,
    /// Rules that use it now.
    pub used_by: Vec<Name>,
}

/// Compiled plugins, by digest; filled on upload and on first use after a start.
pub(crate) struct Plugins {
    runtime: Runtime,
    database: Database,
    compiled: Mutex<BTreeMap<Digest, Compiled>>,
}

impl Plugins {
    pub(crate) fn new(runtime: Runtime, database: Database) -> Plugins {
        Plugins { runtime, database, compiled: Mutex::new(BTreeMap::new()) }
    }

    /// Verifies, compiles and keeps a plugin. The same bytes again give the same row.
    pub(crate) fn upload(&self, upload: Upload, now: TimeUs) -> Result<PluginRecord, SiteError> {
        self.upload_with(upload, now, |_, _| Vec::new()).map(|(record, _)| record)
    }

    /// The same, with what `news` says of it in the log.
    pub(crate) fn upload_with(
        &self,
        upload: Upload,
        now: TimeUs,
        news: impl FnOnce(&PluginFacts, Digest) -> Vec<NewTransition>,
    ) -> Result<(PluginRecord, Vec<TransitionRecord>), SiteError> {
        let compiled = self.build(upload)?;
        let (description, artifact) = (compiled.description(), compiled.artifact());
        let facts = PluginFacts {
            name: description.name.clone(),
            version: description.version.to_string(),
            abi: artifact.abi.to_string(),
            summary: description.summary.clone(),
            schema: description.settings_schema.clone(),
            scope: description.scope.to_string(),
            powers: description.powers.iter().map(|power| power.as_str().to_owned()).collect(),
        };
        let signer = artifact.signer.map(|key| key.to_string());
        let news = news(&facts, Digest::from(*artifact.digest.as_bytes()));
        let (bytes, signer) = (&*artifact.bytes, signer.as_deref());
        let plugin = NewPlugin { bytes, facts: &facts, signer, now };
        let (record, told) = self.database.put_plugin_with(&plugin, &news)?;
        self.lock().insert(record.digest, compiled);
        Ok((record, told))
    }

    /// The compiled plugin; the same path as an upload where it was not used since the start.
    pub(crate) fn compiled(&self, digest: Digest) -> Result<Compiled, SiteError> {
        if let Some(compiled) = self.lock().get(&digest) {
            return Ok(compiled.clone());
        }
        let signer = self.database.plugin(&digest)?.as_ref().and_then(signer);
        let compiled = self.build(Upload::kept(self.database.plugin_bytes(&digest)?, signer))?;
        self.lock().insert(digest, compiled.clone());
        Ok(compiled)
    }

    /// Whether an operator may let this version run now: with keys configured, one of them must have signed it.
    ///
    /// # Errors
    /// [`SiteError::Signature`] names the version and the remedy.
    pub(crate) fn check_signer(&self, record: &PluginRecord) -> Result<(), SiteError> {
        let trusted = &self.runtime.options().trusted_keys;
        let signer = signer(record);
        if trusted.is_empty() || signer.is_some_and(|signer| trusted.contains(signer)) {
            return Ok(());
        }
        let (PluginFacts { name, version, .. }, remedy) = (
            &record.facts,
            "sign it with `ocellus plugin sign FILE.wasm --key KEY` and upload it again with its signature",
        );
        Err(SiteError::Signature(match signer {
            Some(signer) => {
                format!("plugin {name}@{version} was signed by key {signer}, which is not trusted; {remedy}")
            }
            None => format!(
                "plugin {name}@{version} is unsigned, and this host activates only signed ones; {remedy}"
            ),
        }))
    }

    fn build(&self, upload: Upload) -> Result<Compiled, SiteError> {
        self.runtime.load(upload).map_err(|error| match &error {
            PluginError::Verify(VerifyError::Signature(why)) => {
                SiteError::Signature(format!("the plugin is refused: {why}"))
            }
            PluginError::Compile(CompileError::Compiler(why)) if !why.is_final() => {
                SiteError::Compiler(why.to_string())
            }
            _ => SiteError::Plugin(error.to_string()),
        })
    }

    /// Finds a plugin by digest, by name (its highest version), or by `name@version`.
    pub(crate) fn resolve(&self, wanted: &str) -> Result<PluginRecord, SiteError> {
        let missing = || SiteError::NotFound { what: "plugin", name: wanted.chars().take(100).collect() };
        if let Ok(digest) = wanted.parse::<Digest>() {
            return self.database.plugin(&digest)?.ok_or_else(missing);
        }
        let (name, version) = match wanted.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (wanted, None),
        };
        let mut matching: Vec<PluginRecord> = self.database.plugins()?;
        matching.retain(|record| {
            record.facts.name.as_str() == name
                && version.is_none_or(|version| record.facts.version == version)
        });
        let order = |record: &PluginRecord| (record.facts.version.parse::<Version>().ok(), record.uploaded);
        matching.sort_by_cached_key(order);
        let newest = matching.pop().ok_or_else(missing)?;
        // Which of several was meant is for the operator to say.
        let twins = matching.iter().filter(|other| other.facts.version == newest.facts.version);
        let digests: Vec<String> = twins.chain([&newest]).map(|record| record.digest.to_string()).collect();
        match digests.len() {
            1 => Ok(newest),
            count => Err(SiteError::Invalid(format!(
                "{count} uploads are {name}@{}; name one by its digest: {}",
                newest.facts.version,
                digests.join(", ")
            ))),
        }
    }

    pub(crate) fn records(&self) -> Result<Vec<PluginRecord>, SiteError> {
        Ok(self.database.plugins()?)
    }

    /// Forgets a version, with what is new of it in the log.
    pub(crate) fn remove(
        &self,
        digest: Digest,
        news: &[NewTransition],
    ) -> Result<Vec<TransitionRecord>, SiteError> {
        self.lock().remove(&digest);
        Ok(self.database.delete_plugin_with(&digest, news)?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, Compiled>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signer(record: &PluginRecord) -> Option<KeyId> {
    record.signer.as_deref()?.parse().ok()
}

pub(crate) fn status(record: PluginRecord, used_by: Vec<Name>) -> PluginStatus {
    PluginStatus {
        name: record.facts.name,
        version: record.facts.version,
        summary: record.facts.summary,
        digest: record.digest.to_string(),
        abi: record.facts.abi,
        size: record.size,
        settings_schema: record.facts.schema,
        scope: record.facts.scope,
        powers: record.facts.powers,
        uploaded: record.uploaded,
        signer: record.signer,
        used_by,
    }
}
