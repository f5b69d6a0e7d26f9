//! Plugins and rules, as operators change them.

use std::sync::mpsc::sync_channel;

use ocellus_core::{Cause, Name, TimeUs, VersionState};
use ocellus_runtime::{Grants, OnRefusal, Upload};
use ocellus_store::{Digest, PluginRecord, RuleRecord};

use super::ask::{Place, ask};
use super::change::{Change, Changed, Trial};
use super::grants::RuleGrants;
use super::history::{self, of_entry, of_facts, of_plugin};
use super::hold::Held;
use super::keeper::Kept;
use super::level::Level;
use super::memory::Memories;
use super::policy::RulePolicy;
use super::rule::{Activation, FailedRule, RuleEntry, RuleLogLine, RuleSettings, RuleStatus, SwappedCamera};
use super::seat::Seat;
use super::{Inner, NotKept, PluginStatus, Site, SiteError, now_us, plugins};
use crate::camera::Declared;
use crate::camera::lane::LaneCommand;

/// How often a memory is handed over to a keeper that has no room, before that is said.
const KEEPS: usize = 20;

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
    /// [`SiteError::Plugin`] says what was found and what is supported; [`SiteError::Signature`] where keys are
    /// configured and none of them vouches for it; [`SiteError::Compiler`] while others compile; or the database's.
    pub fn upload_plugin(&self, upload: impl Into<Upload>) -> Result<PluginStatus, SiteError> {
        let upload = self.0.plugins.upload_with(upload.into(), now_us(), |facts, digest| {
            vec![of_facts(facts, digest, (VersionState::Uploaded, Cause::Upload))]
        });
        let refused = |error: &SiteError| {
            if matches!(error, SiteError::Plugin(_) | SiteError::Signature(_)) {
                self.0.note(&[history::refused(None, None, (Cause::Upload, error))]);
            }
        };
        let (record, told) = upload.inspect_err(refused)?;
        self.0.tell(told);
        tracing::info!(plugin = %record.facts.name, version = %record.facts.version, digest = %record.digest, "plugin uploaded");
        Ok(self.0.plugin_status(record))
    }

    /// Removes a plugin version that no rule uses.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::InUse`], or the database's.
    pub fn remove_plugin(&self, digest: &str) -> Result<(), SiteError> {
        let _turn = self.0.take_turn_alone("plugin", digest)?;
        let record = self.0.plugins.resolve(digest)?;
        let users = self.0.users_of(record.digest);
        if !users.is_empty() {
            let rules = users.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
            return Err(SiteError::InUse { plugin: record.digest.to_string(), rules });
        }
        let removed = of_plugin(&record, (VersionState::Removed, Cause::Upload), "");
        let told = self.0.plugins.remove(record.digest, &[removed])?;
        self.0.tell(told);
        Ok(())
    }

    /// All rules, by name.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleStatus> {
        let mut rules: Vec<RuleStatus> = self.0.rules().values().map(RuleEntry::status).collect();
        rules.extend(self.0.failed_rules().values().map(FailedRule::status));
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        for rule in &mut rules {
            rule.shadow = self.0.shadow_of(&rule.name);
        }
        rules
    }

    /// One rule.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn rule(&self, name: &Name) -> Result<RuleStatus, SiteError> {
        let running = self.0.rules().get(name).map(RuleEntry::status);
        let failed = || self.0.failed_rules().get(name).map(FailedRule::status);
        let mut status = running.or_else(failed).ok_or_else(|| SiteError::no_rule(name))?;
        status.shadow = self.0.shadow_of(name);
        Ok(status)
    }

    /// Binds a plugin to cameras, or changes such a rule: settings, cameras, plugin version. Blocks
    /// until every camera has taken the change. A rule keeps its state where the new settings allow it.
    ///
    /// # Errors
    /// What the plugin or the rule refused; nothing has changed then.
    pub fn put_rule(&self, settings: RuleSettings) -> Result<RuleStatus, SiteError> {
        let name = settings.name.clone();
        let _turn = self.0.take_turn_of(&name)?;
        self.0.put_rule(settings, Declared::Rest)?;
        self.rule(&name)
    }

    /// Swaps a rule to another version of its plugin, with its state. Blocks until every camera has it. `grants`
    /// replace what the rule may do.
    ///
    /// # Errors
    /// What the new version refused; [`SiteError::Consent`] where it asks for more than the operator has seen and
    /// `grants` do not say what it gets. The former version goes on then.
    pub fn activate(
        &self,
        name: &Name,
        plugin: &str,
        grants: Option<Grants>,
    ) -> Result<Activation, SiteError> {
        let _turn = self.0.take_turn_of(name)?;
        let entry = self.0.running_rule(name)?;
        self.0.activate(&entry, (plugin, grants), Cause::Activate)
    }

    /// Goes back to the version that ran before the active one, with the state of now, or else the one that
    /// version had when it was replaced. Blocks until every camera has it.
    ///
    /// # Errors
    /// [`SiteError::Invalid`] where there is none to go back to; else as [`Site::activate`].
    pub fn roll_back(&self, name: &Name) -> Result<Activation, SiteError> {
        let _turn = self.0.take_turn_of(name)?;
        let entry = self.0.running_rule(name)?;
        let sound = |digest: &&Digest| entry.record.quarantine_of(**digest).is_none();
        let former =
            entry.record.previous.iter().find(sound).ok_or_else(|| {
                SiteError::Invalid(format!("rule {name} has no former version to go back to"))
            })?;
        self.0.activate(&entry, (&former.to_string(), None), Cause::RollBack)
    }

    /// Removes a rule and its state.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::ReadOnly`], or the database's.
    pub fn remove_rule(&self, name: &Name) -> Result<(), SiteError> {
        let _turn = self.0.take_turn_of(name)?;
        let entry = self.0.rules().get(name).cloned();
        if entry.as_ref().is_some_and(|entry| entry.declared == Declared::Config) {
            return Err(self.0.read_only("rule", name));
        }
        if entry.is_none() && !self.0.failed_rules().contains_key(name) {
            return Err(SiteError::no_rule(name));
        }
        let mut held = Held::default();
        let seats = entry.iter().flat_map(|entry| entry.cells.keys());
        self.0.places_at(name, seats).iter().try_for_each(|place| held.hold(place, name))?;
        // What lanes have handed over before must not come after the removal: nobody would forget it.
        self.0.wiring.rules.keeper.wait();
        self.0.end_shadow(name);
        let retired = entry.as_ref().map(|entry| of_entry(entry, (VersionState::Retired, Cause::Remove), ""));
        // What cannot be forgotten is not taken off its cameras either.
        let told = self.0.database.delete_rule_with(name, retired.as_slice())?;
        self.0.failed_rules().remove(name);
        let Some(entry) = entry else { return Ok(()) };
        entry.cells.keys().for_each(|seat| self.0.take_off(name, seat));
        self.0.rules_mut().remove(name);
        self.0.forget_watch(name);
        self.0.wiring.rules.webhooks.keep_granted(name, &Grants::none());
        self.0.tell(told);
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

    /// Gives a rule on a camera an operator's correction. Blocks until the lane's next frame boundary, and until the
    /// rule's state with it is on the disk.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], the rule's own refusal, or the database's: then the rule has it, and the disk may not.
    pub fn command_rule(&self, name: &Name, camera: &Name, request: &str) -> Result<(), SiteError> {
        let place = self.place_of(name, camera)?;
        let (reply, answer) = sync_channel(1);
        let command = LaneCommand::Command { rule: name.clone(), request: request.to_owned(), reply };
        let answer = ask(&place, command, &answer)?.ok_or_else(|| SiteError::no_rule(name))?;
        let kept = answer.map_err(|reason| SiteError::Rule { rule: name.clone(), reason })?;
        self.kept(name, &place, kept).map_err(|source| SiteError::NotKept { rule: name.clone(), source })
    }

    /// Waits until what a rule remembers is on the disk.
    fn kept(&self, rule: &Name, place: &Place, mut kept: Kept) -> Result<(), NotKept> {
        let keeper = &self.0.wiring.rules.keeper;
        for _ in 0..KEEPS {
            match kept {
                Kept::Handed(told) => told.recv().map_err(|_| NotKept::Ending)??,
                Kept::Known => keeper.wait(),
                Kept::NoRoom => {
                    keeper.wait();
                    let (reply, answer) = sync_channel(1);
                    let command = LaneCommand::Keep { rule: rule.clone(), reply };
                    // A rule that is gone by now has nothing to keep.
                    let asked = ask(place, command, &answer).map_err(|_| NotKept::Busy)?;
                    kept = asked.unwrap_or(Kept::Known);
                    continue;
                }
            }
            return Ok(self.0.database.flush_states()?);
        }
        Err(NotKept::Busy)
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

    pub(super) fn place_of(&self, rule: &Name, camera: &Name) -> Result<Place, SiteError> {
        let known = self.rule(rule)?.watches.contains(camera);
        let seats: Vec<Seat> = self.0.rules().get(rule).map_or_else(Vec::new, |entry| {
            let here = |seat: &&Seat| seat.camera().is_none_or(|on| on == camera);
            entry.cells.keys().filter(here).cloned().collect()
        });
        if !known || seats.is_empty() {
            let name = format!("{rule} on camera {camera}");
            return Err(SiteError::NotFound { what: "rule", name });
        }
        let mut places = self.0.places_at(rule, seats.iter());
        places.pop().ok_or_else(|| SiteError::no_camera(camera))
    }
}

/// What a rule shall become.
struct Next {
    record: RuleRecord,
    declared: Declared,
    policy: RulePolicy,
    grants: RuleGrants,
    plugin: PluginRecord,
    on_refusal: OnRefusal,
    fallback: Memories,
    cause: Cause,
}

impl Inner {
    /// A rule that REST may change and that runs.
    pub(super) fn running_rule(&self, name: &Name) -> Result<RuleEntry, SiteError> {
        if let Some(failed) = self.failed_rules().get(name) {
            let reason = format!("it did not start ({}); bind it anew, or remove it", failed.reason);
            return Err(SiteError::Rule { rule: name.clone(), reason });
        }
        let entry = self.rules().get(name).cloned().ok_or_else(|| SiteError::no_rule(name))?;
        match entry.declared {
            Declared::Config => Err(self.read_only("rule", name)),
            Declared::Rest => Ok(entry),
        }
    }

    /// Creates or changes a rule. The caller has the turn.
    pub(super) fn put_rule(&self, settings: RuleSettings, declared: Declared) -> Result<(), SiteError> {
        let before = self.rules().get(&settings.name).cloned();
        if before
            .as_ref()
            .is_some_and(|entry| entry.declared == Declared::Config && declared == Declared::Rest)
        {
            return Err(self.read_only("rule", &settings.name));
        }
        settings.policy.validate()?;
        let is_new = before.is_none() && !self.failed_rules().contains_key(&settings.name);
        let cameras = distinct(settings.cameras)?;
        let plugin = self.plugins.resolve(&settings.plugin)?;
        match declared {
            // A rule that the config file had goes on where it stopped, if it is the very same.
            Declared::Rest if is_new => {
                self.database.retain_states(&settings.name, |saved| saved == Some(plugin.digest))?;
            }
            Declared::Rest => {}
            Declared::Config => self.forget_other_plugins(&settings.name, &plugin.facts.name)?,
        }
        let now = now_us();
        let same_version = before.as_ref().is_some_and(|entry| entry.record.digest == plugin.digest);
        let mut record = before.as_ref().map_or_else(
            || new_record(&settings.name, &plugin, now),
            |entry| RuleRecord { plugin: plugin.facts.name.clone(), ..entry.record.clone() },
        );
        record.make_active(plugin.digest, now);
        record.cameras = cameras;
        record.settings = settings.settings;
        record.policy = settings.policy.to_json();
        let grants = match &before {
            Some(before) => self.consent(before, &plugin, (settings.grants, Cause::Bind))?,
            // What a new rule gets is said with its plugin in view.
            None => RuleGrants {
                granted: settings.grants.unwrap_or_else(Grants::none),
                seen: self.plugins.compiled(plugin.digest)?.description().powers,
            },
        };
        record.grants = grants.to_json();
        // New settings may make the old state meaningless; another version must say so itself.
        let on_refusal = if same_version { OnRefusal::StartCold } else { OnRefusal::Abort };
        let policy = settings.policy;
        let (fallback, cause) = (Memories::new(), Cause::Bind);
        let next = Next { record, declared, policy, grants, plugin, on_refusal, fallback, cause };
        self.take_over(next, before.as_ref()).map(|_| ())
    }

    pub(super) fn activate(
        &self,
        before: &RuleEntry,
        (plugin, grants): (&str, Option<Grants>),
        cause: Cause,
    ) -> Result<Activation, SiteError> {
        let name = &before.record.name;
        let plugin = self.plugins.resolve(plugin)?;
        if plugin.facts.name != before.record.plugin {
            return Err(SiteError::Invalid(format!(
                "rule {name} runs plugin {}, and {} is another plugin; bind it as a rule of its own",
                before.record.plugin, plugin.facts.name
            )));
        }
        let grants = self.consent(before, &plugin, (grants, cause))?;
        let mut record = before.record.clone();
        record.grants = grants.to_json();
        record.make_active(plugin.digest, now_us());
        let (from, to) = (before.record.digest, plugin.digest);
        let fallback = match cause {
            Cause::RollBack if before.record.previous.first() == Some(&to) => self.former_memories(name),
            _ => Memories::new(),
        };
        let (declared, policy) = (before.declared, before.policy.clone());
        let on_refusal = OnRefusal::Abort;
        let next = Next { record, declared, policy, grants, plugin, on_refusal, fallback, cause };
        let swapped = self.take_over(next, Some(before))?;
        tracing::info!(rule = %name, %from, %to, %cause, "version activated");
        Ok(Activation { rule: name.clone(), from: from.to_string(), to: to.to_string(), cameras: swapped })
    }

    /// What a version may do that shall be activated: what the operator says now, else as before, unless it asks for
    /// something that they have not seen.
    fn consent(
        &self,
        before: &RuleEntry,
        plugin: &PluginRecord,
        (said, cause): (Option<Grants>, Cause),
    ) -> Result<RuleGrants, SiteError> {
        let asked = self.plugins.compiled(plugin.digest)?.description().powers;
        let RuleGrants { granted, seen } = &before.grants;
        let news = asked.without(*seen);
        if said.is_none() && !news.is_none() {
            let rule = &before.record.name;
            let (name, version) = (plugin.facts.name.clone(), plugin.facts.version.clone());
            let error = SiteError::Consent { rule: rule.clone(), plugin: name, version, powers: news };
            self.note(&[history::waiting(rule, plugin, (cause, &error))]);
            return Err(error);
        }
        Ok(RuleGrants { granted: said.unwrap_or_else(|| granted.clone()), seen: seen.and(asked) })
    }

    /// The one path on which a rule changes: tried out, put in place, written down, watched.
    fn take_over(&self, next: Next, before: Option<&RuleEntry>) -> Result<Vec<SwappedCamera>, SiteError> {
        let Next { record, declared, policy, grants, plugin, on_refusal, fallback, cause } = next;
        let (rule, on_failure) = (record.name.clone(), policy.on_failure);
        let cameras = self.camera_places(&record.cameras)?;
        // What runs already is the operator's decision of another day.
        let is_new = before.is_none_or(|entry| entry.record.digest != plugin.digest);
        let allowed = match declared {
            Declared::Rest if is_new => self.plugins.check_signer(&plugin),
            _ => Ok(()),
        };
        let tried = allowed.and_then(|()| self.plugins.compiled(plugin.digest)).and_then(|compiled| {
            self.probe(&Trial {
                rule: &rule,
                compiled: &compiled,
                settings: &record.settings,
                policy: &policy,
                grants: &grants.granted,
                cameras: &cameras,
            })
        });
        let told =
            |error: &SiteError| self.note(&[history::refused(Some(&rule), Some(&plugin), (cause, error))]);
        let probed = tried.inspect_err(told)?;
        let places = self.places(&rule, probed.description().scope, &cameras)?;
        let level = before.map(|entry| Level::over(entry.cells.values().map(|cell| cell.health())));
        let change = Change {
            probed: &probed,
            places: &places,
            before,
            on_refusal,
            fallback,
            on_failure,
            quarantine: None,
        };
        let changed = self.change(&change).inspect_err(|error| {
            told(error);
            self.close_unused_lane(&rule);
        })?;
        let watched = record.cameras.clone();
        let cells = changed.cells.clone();
        let entry = RuleEntry { record, declared, policy, grants, probed: probed.clone(), cells };
        let mut transitions = vec![of_entry(&entry, (VersionState::Active, cause), "")];
        let replaced = before.filter(|former| former.record.digest != entry.record.digest);
        transitions.extend(replaced.map(|former| of_entry(former, (VersionState::Retired, cause), "")));
        if let Err(error) = self.keep(entry, &transitions, &changed.began) {
            self.go_back(&change, &changed);
            return Err(error);
        }
        if let Some(former) = before {
            self.leave_places(former, &changed);
        }
        let former_cameras = before.map_or(Vec::new(), |former| former.record.cameras.clone());
        self.feed(&rule, &former_cameras, &self.camera_places(&watched)?);
        match (replaced, level, cause) {
            (Some(former), Some(level), Cause::Bind | Cause::Activate | Cause::Shadow) => {
                self.watch(former.clone(), level, changed.handed);
            }
            _ => self.forget_watch(&rule),
        }
        Ok(changed.swapped)
    }

    /// Binds a rule of the database as it was; cameras that are gone are left out.
    pub(super) fn bind_stored_rule(&self, record: RuleRecord) -> Result<(), SiteError> {
        let known: Vec<Name> = {
            let cameras = self.cameras();
            record.cameras.iter().filter(|name| cameras.contains_key(*name)).cloned().collect()
        };
        let policy = RulePolicy::from_json(&record.policy).map_err(|reason| SiteError::Rule {
            rule: record.name.clone(),
            reason: format!("its stored limits are damaged: {reason}"),
        })?;
        let grants = RuleGrants::from_json(&record.grants).map_err(|reason| SiteError::Rule {
            rule: record.name.clone(),
            reason: format!("its stored grants are damaged: {reason}"),
        })?;
        self.forget_other_plugins(&record.name, &record.plugin)?;
        let cameras = self.camera_places(&known)?;
        let compiled = self.plugins.compiled(record.digest)?;
        let probed = self.probe(&Trial {
            rule: &record.name,
            compiled: &compiled,
            settings: &record.settings,
            policy: &policy,
            grants: &grants.granted,
            cameras: &cameras,
        })?;
        let places = self.places(&record.name, probed.description().scope, &cameras)?;
        let Changed { cells, .. } = self.change(&Change {
            probed: &probed,
            places: &places,
            before: None,
            on_refusal: OnRefusal::StartCold,
            fallback: Memories::new(),
            on_failure: policy.on_failure,
            quarantine: record.quarantine_of(record.digest).map(str::to_owned),
        })?;
        self.feed(&record.name, &[], &cameras);
        let entry = RuleEntry { record, declared: Declared::Rest, policy, grants, probed, cells };
        self.rules_mut().insert(entry.record.name.clone(), entry);
        Ok(())
    }

    /// A rule without a camera could not start any more.
    pub(super) fn refuse_to_strand_rules(&self, camera: &Name) -> Result<(), SiteError> {
        let rules = self.rules();
        let stranded = rules.values().filter(|entry| entry.record.cameras == [camera.clone()]);
        let names: Vec<&str> = stranded.map(|entry| entry.record.name.as_str()).collect();
        match names.is_empty() {
            true => Ok(()),
            false => Err(SiteError::OnlyCamera { camera: camera.clone(), rules: names.join(", ") }),
        }
    }

    /// A camera goes: its rules watch the others only.
    pub(super) fn forget_camera_in_rules(&self, camera: &Name) -> Result<(), SiteError> {
        let bound: Vec<RuleEntry> =
            self.rules().values().filter(|entry| entry.record.cameras.contains(camera)).cloned().collect();
        for mut entry in bound {
            let seat = Seat::Camera(camera.clone());
            if entry.cells.remove(&seat).is_some() {
                self.take_off(&entry.record.name, &seat);
            }
            self.starve(&entry.record.name, std::slice::from_ref(camera));
            entry.record.cameras.retain(|name| name != camera);
            entry.record.changed = now_us();
            let rests = entry.record.quarantine_of(entry.record.digest).is_some();
            if entry.cells.contains_key(&Seat::Site) && !rests {
                self.go_on_without(&entry, camera)?;
            } else {
                self.keep(entry, &[], &[])?;
            }
        }
        Ok(())
    }

    /// Tells a site rule that a camera is gone: a new instance is configured with the others. Where that fails, the one
    /// that runs goes on as it is until the next start.
    fn go_on_without(&self, entry: &RuleEntry, camera: &Name) -> Result<(), SiteError> {
        let RuleEntry { record, declared, policy, grants, .. } = entry.clone();
        let plugin = self.plugins.resolve(&record.digest.to_string())?;
        let next = Next {
            record,
            declared,
            policy,
            grants,
            plugin,
            on_refusal: OnRefusal::StartCold,
            fallback: Memories::new(),
            cause: Cause::Bind,
        };
        match self.take_over(next, Some(entry)) {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(rule = %entry.record.name, %camera, %error, "a site rule was not told that a camera is gone");
                self.keep(entry.clone(), &[], &[])
            }
        }
    }

    fn users_of(&self, digest: Digest) -> Vec<Name> {
        let rules = self.rules();
        let failed = self.failed_rules();
        let records = rules.values().map(|entry| &entry.record);
        let records = records.chain(failed.values().map(|failed| &failed.record));
        records.filter(|record| record.digest == digest).map(|record| record.name.clone()).collect()
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

/// A rule that has not been there before.
fn new_record(name: &Name, plugin: &PluginRecord, now: TimeUs) -> RuleRecord {
    RuleRecord {
        name: name.clone(),
        plugin: plugin.facts.name.clone(),
        digest: plugin.digest,
        previous: Vec::new(),
        cameras: Vec::new(),
        settings: String::new(),
        policy: String::new(),
        grants: String::new(),
        quarantined: Vec::new(),
        enabled: true,
        created: now,
        changed: now,
    }
}
