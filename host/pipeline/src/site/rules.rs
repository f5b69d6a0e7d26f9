//! Plugins and rules, as operators change them.

use std::sync::mpsc::sync_channel;

use ocellus_core::Name;
use ocellus_runtime::OnRefusal;
use ocellus_store::{Digest, PluginRecord, RuleRecord};

use super::change::{Changed, Place, ask};
use super::rule::{Activation, RuleEntry, RuleLogLine, RuleSettings, RuleStatus};
use super::{Inner, PluginStatus, Site, SiteError, now_us, plugins};
use crate::camera::Declared;
use crate::camera::lane::LaneCommand;

/// Versions that are kept to go back to.
const KEPT_VERSIONS: usize = 3;

impl Site {
    /// All plugin versions, by name, then by upload time.
    ///
    /// # Errors
    /// The database's.
    pub fn plugins(&self) -> Result<Vec<PluginStatus>, SiteError> {
        let records = self.0.plugins.records()?;
        Ok(records.into_iter().map(|record| self.0.plugin_status(record)).collect())
    }

    /// Verifies, compiles and keeps a plugin. Blocks while it compiles.
    ///
    /// # Errors
    /// [`SiteError::Plugin`] says what was found and what is supported; or the database's.
    pub fn upload_plugin(&self, bytes: &[u8]) -> Result<PluginStatus, SiteError> {
        let record = self.0.plugins.upload(bytes, now_us())?;
        tracing::info!(plugin = %record.facts.name, version = %record.facts.version, digest = %record.digest, "plugin uploaded");
        Ok(self.0.plugin_status(record))
    }

    /// Removes a plugin version that no rule uses.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::InUse`], or the database's.
    pub fn remove_plugin(&self, digest: &str) -> Result<(), SiteError> {
        let _turn = self.0.take_turn()?;
        let record = self.0.plugins.resolve(digest)?;
        let users = self.0.users_of(record.digest);
        if !users.is_empty() {
            let rules = users.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
            return Err(SiteError::InUse { plugin: record.digest.to_string(), rules });
        }
        self.0.plugins.remove(record.digest)?;
        Ok(())
    }

    /// All rules, by name.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleStatus> {
        self.0.rules().values().map(RuleEntry::status).collect()
    }

    /// One rule.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn rule(&self, name: &Name) -> Result<RuleStatus, SiteError> {
        self.0.rules().get(name).map(RuleEntry::status).ok_or_else(|| SiteError::no_rule(name))
    }

    /// Binds a plugin to cameras, or changes such a rule: settings, cameras, plugin version. Blocks
    /// until every camera has taken the change. A rule keeps its state where the new settings allow it.
    ///
    /// # Errors
    /// What the plugin or the rule refused; nothing has changed then.
    pub fn put_rule(&self, settings: RuleSettings) -> Result<RuleStatus, SiteError> {
        let name = settings.name.clone();
        let _turn = self.0.take_turn()?;
        self.0.put_rule(settings, Declared::Rest)?;
        self.rule(&name)
    }

    /// Swaps a rule to another version of its plugin, with its state. Blocks until every camera has it.
    ///
    /// # Errors
    /// What the new version refused; the former one goes on then.
    pub fn activate(&self, name: &Name, plugin: &str) -> Result<Activation, SiteError> {
        let _turn = self.0.take_turn()?;
        let entry = self.0.rules().get(name).cloned().ok_or_else(|| SiteError::no_rule(name))?;
        if entry.declared == Declared::Config {
            return Err(self.0.read_only("rule", name));
        }
        self.0.activate(&entry, plugin)
    }

    /// Removes a rule and its state.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::ReadOnly`], or the database's.
    pub fn remove_rule(&self, name: &Name) -> Result<(), SiteError> {
        let _turn = self.0.take_turn()?;
        let entry = self.0.rules().get(name).cloned();
        if entry.as_ref().is_some_and(|entry| entry.declared == Declared::Config) {
            return Err(self.0.read_only("rule", name));
        }
        let failed = self.0.failed_rules().remove(name).is_some();
        let Some(entry) = entry else {
            return if failed {
                Ok(self.0.database.delete_rule(name).map(|_| ())?)
            } else {
                Err(SiteError::no_rule(name))
            };
        };
        for camera in entry.cells.keys() {
            self.0.take_off(name, camera);
        }
        self.0.rules_mut().remove(name);
        self.0.database.delete_rule(name)?;
        Ok(())
    }

    /// Asks a rule on a camera. Blocks until the lane's next frame boundary.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], or the rule's own refusal.
    pub fn query_rule(&self, name: &Name, camera: &Name, request: &str) -> Result<String, SiteError> {
        let place = self.place_of(name, camera)?;
        let (reply, answer) = sync_channel(1);
        let command = LaneCommand::Query { rule: name.clone(), request: request.to_owned(), reply };
        let answer = ask(&place, command, &answer)?.ok_or_else(|| SiteError::no_rule(name))?;
        answer.map_err(|reason| SiteError::Rule { rule: name.clone(), reason })
    }

    /// Gives a rule on a camera an operator's correction. Blocks until the lane's next frame boundary.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], or the rule's own refusal.
    pub fn command_rule(&self, name: &Name, camera: &Name, request: &str) -> Result<(), SiteError> {
        let place = self.place_of(name, camera)?;
        let (reply, answer) = sync_channel(1);
        let command = LaneCommand::Command { rule: name.clone(), request: request.to_owned(), reply };
        let answer = ask(&place, command, &answer)?.ok_or_else(|| SiteError::no_rule(name))?;
        answer.map_err(|reason| SiteError::Rule { rule: name.clone(), reason })
    }

    /// The last lines that a rule wrote to its log, camera by camera.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn rule_log(&self, name: &Name) -> Result<Vec<RuleLogLine>, SiteError> {
        let rules = self.0.rules();
        let entry = rules.get(name).ok_or_else(|| SiteError::no_rule(name))?;
        let mut lines: Vec<_> = entry.cells.values().flat_map(|cell| cell.log()).collect();
        lines.sort_by_key(|line| line.time);
        Ok(lines)
    }

    fn place_of(&self, rule: &Name, camera: &Name) -> Result<Place, SiteError> {
        if !self.rule(rule)?.cameras.iter().any(|on| on.camera == *camera) {
            let name = format!("{rule} on camera {camera}");
            return Err(SiteError::NotFound { what: "rule", name });
        }
        let mut places = self.0.places(std::slice::from_ref(camera))?;
        places.pop().ok_or_else(|| SiteError::no_camera(camera))
    }
}

impl Inner {
    /// Creates or changes a rule. The caller has the turn.
    pub(super) fn put_rule(&self, settings: RuleSettings, declared: Declared) -> Result<(), SiteError> {
        let before = self.rules().get(&settings.name).cloned();
        if before
            .as_ref()
            .is_some_and(|entry| entry.declared == Declared::Config && declared == Declared::Rest)
        {
            return Err(self.read_only("rule", &settings.name));
        }
        let cameras = distinct(settings.cameras)?;
        let plugin = self.plugins.resolve(&settings.plugin)?;
        let places = self.places(&cameras)?;
        let compiled = self.plugins.compiled(plugin.digest)?;
        let probed = self.probe(&settings.name, &compiled, &settings.settings, &places)?;
        let same_version = before.as_ref().is_some_and(|entry| entry.record.digest == plugin.digest);
        // New settings may make the old state meaningless; another version must say so itself.
        let on_refusal = if same_version { OnRefusal::StartCold } else { OnRefusal::Abort };
        let changed = self.change(&probed, &places, before.as_ref(), on_refusal)?;
        let now = now_us();
        let record = RuleRecord {
            name: settings.name,
            plugin: plugin.facts.name,
            digest: plugin.digest,
            previous: previous_of(before.as_ref(), plugin.digest),
            cameras,
            settings: settings.settings,
            enabled: true,
            created: before.as_ref().map_or(now, |entry| entry.record.created),
            changed: now,
        };
        self.keep(RuleEntry { record, declared, probed, cells: changed.cells })
    }

    fn activate(&self, before: &RuleEntry, plugin: &str) -> Result<Activation, SiteError> {
        let name = &before.record.name;
        let plugin = self.plugins.resolve(plugin)?;
        if plugin.facts.name != before.record.plugin {
            return Err(SiteError::Invalid(format!(
                "rule {name} runs plugin {}, and {} is another plugin; bind it as a rule of its own",
                before.record.plugin, plugin.facts.name
            )));
        }
        let places = self.places(&before.record.cameras)?;
        let compiled = self.plugins.compiled(plugin.digest)?;
        let probed = self.probe(name, &compiled, &before.record.settings, &places)?;
        let Changed { cells, swapped } = self.change(&probed, &places, Some(before), OnRefusal::Abort)?;
        let from = before.record.digest;
        let record = RuleRecord {
            digest: plugin.digest,
            previous: previous_of(Some(before), plugin.digest),
            changed: now_us(),
            ..before.record.clone()
        };
        self.keep(RuleEntry { record, declared: before.declared, probed, cells })?;
        tracing::info!(rule = %name, %from, to = %plugin.digest, version = %plugin.facts.version, "version activated");
        Ok(Activation {
            rule: name.clone(),
            from: from.to_string(),
            to: plugin.digest.to_string(),
            cameras: swapped,
        })
    }

    /// Binds a rule of the database as it was; cameras that are gone are left out.
    pub(super) fn bind_stored_rule(&self, record: RuleRecord) -> Result<(), SiteError> {
        let known: Vec<Name> = {
            let cameras = self.cameras();
            record.cameras.iter().filter(|name| cameras.contains_key(*name)).cloned().collect()
        };
        let places = self.places(&known)?;
        let compiled = self.plugins.compiled(record.digest)?;
        let probed = self.probe(&record.name, &compiled, &record.settings, &places)?;
        let Changed { cells, .. } = self.change(&probed, &places, None, OnRefusal::StartCold)?;
        self.rules_mut()
            .insert(record.name.clone(), RuleEntry { record, declared: Declared::Rest, probed, cells });
        Ok(())
    }

    /// Shows a rule as it runs now, and writes it down.
    fn keep(&self, entry: RuleEntry) -> Result<(), SiteError> {
        let record = entry.record.clone();
        let declared = entry.declared;
        self.failed_rules().remove(&record.name);
        self.rules_mut().insert(record.name.clone(), entry);
        match declared {
            Declared::Config => {}
            Declared::Rest => self.database.put_rule(&record)?,
        }
        Ok(())
    }

    /// A camera goes: its rules watch the others only.
    pub(super) fn forget_camera_in_rules(&self, camera: &Name) -> Result<(), SiteError> {
        let bound: Vec<RuleEntry> =
            self.rules().values().filter(|entry| entry.cells.contains_key(camera)).cloned().collect();
        for mut entry in bound {
            self.take_off(&entry.record.name, camera);
            entry.cells.remove(camera);
            entry.record.cameras.retain(|name| name != camera);
            entry.record.changed = now_us();
            self.keep(entry)?;
        }
        Ok(())
    }

    fn users_of(&self, digest: Digest) -> Vec<Name> {
        let rules = self.rules();
        let uses = |entry: &&RuleEntry| entry.record.digest == digest;
        rules.values().filter(uses).map(|entry| entry.record.name.clone()).collect()
    }

    fn plugin_status(&self, record: PluginRecord) -> PluginStatus {
        let users = self.users_of(record.digest);
        plugins::status(record, users)
    }
}

fn distinct(mut cameras: Vec<Name>) -> Result<Vec<Name>, SiteError> {
    cameras.sort();
    cameras.dedup();
    if cameras.is_empty() {
        return Err(SiteError::Invalid("cameras is empty; a rule needs at least one camera".into()));
    }
    Ok(cameras)
}

/// The versions to go back to, newest first, after `digest` became active.
fn previous_of(before: Option<&RuleEntry>, digest: Digest) -> Vec<Digest> {
    let Some(before) = before else { return Vec::new() };
    let mut previous = before.record.previous.clone();
    if before.record.digest != digest {
        previous.insert(0, before.record.digest);
        previous.retain(|kept| *kept != digest);
    }
    previous.truncate(KEPT_VERSIONS);
    previous
}
