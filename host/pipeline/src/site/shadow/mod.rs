//! A version that runs beside the active one on the same tracks. Its output goes nowhere but a comparison.
//!
//! It has a thread of its own and gets frames by way of a [`Tap`]: one that is slow misses frames, which are
//! counted, and the active version never waits for it.

mod comparison;
mod told;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ocellus_core::{Cause, Name, TimeUs, VersionState};
use ocellus_runtime::{Grants, Memory, Probed, Processed, RuleHealth, RuleSlot, Shown, TrackColumns};
use ocellus_store::PluginRecord;

use self::comparison::{Comparing, Place as FramePlace};
use super::ask::{Place, ask};
use super::camera::join_until;
use super::change::Trial;
use super::history::{of_plugin, refused as refused_version};
use super::rule::{Activation, RuleEntry};
use super::seat::Seat;
use super::tap::{Listener, Tap};
use super::turn::Subject;
use super::{Inner, Site, SiteError, now_us};
use crate::camera::lane::LaneCommand;

pub use self::comparison::{Comparison, Difference, Side};
pub(crate) use self::told::Told;

/// Shadows at a time; each has a thread.
const MAX_SHADOWS: usize = 8;
/// How long a shadow may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// All that can be seen of a shadow.
#[derive(Debug, Clone)]
pub struct ShadowStatus {
    /// The rule.
    pub rule: Name,
    /// The plugin's version.
    pub version: String,
    /// Its digest.
    pub digest: String,
    /// When it began, by the wall clock.
    pub since: TimeUs,
    /// Frames that both versions saw.
    pub frames: u64,
    /// Frames that the shadow did not see because it was behind; events of these frames are not compared.
    pub missed: u64,
    /// How the events compare.
    pub comparison: Comparison,
    /// How the shadow is doing on each camera.
    pub cameras: BTreeMap<String, RuleHealth>,
}

/// A shadow as the site holds it.
pub(super) struct Shadow {
    plugin: PluginRecord,
    since: TimeUs,
    missed: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
    /// Kept for its end only.
    thread: JoinHandle<()>,
}

impl Shadow {
    pub(super) fn into_thread(self) -> JoinHandle<()> {
        self.thread
    }
}

/// What the shadow's thread shows.
#[derive(Debug, Default)]
struct Seen {
    frames: u64,
    comparison: Comparison,
    cameras: BTreeMap<String, RuleHealth>,
}

impl Site {
    /// Runs another version of a rule's plugin beside the active one, from its state of now. One that runs there
    /// already is replaced, unless this one is refused. Blocks until every camera feeds it. It does not outlast a restart of the host.
    ///
    /// # Errors
    /// What the version refused; [`SiteError::Signature`] for an unsigned one where keys are configured;
    /// [`SiteError::Invalid`] for another plugin, or with eight shadows already.
    pub fn shadow(&self, rule: &Name, plugin: &str) -> Result<ShadowStatus, SiteError> {
        let _turn = self.0.take_turn(Subject::Shadow(rule.clone()))?;
        let entry = self.0.rules().get(rule).cloned().ok_or_else(|| SiteError::no_rule(rule))?;
        let plugin = self.0.plugins.resolve(plugin)?;
        if plugin.facts.name != entry.record.plugin {
            return Err(SiteError::Invalid(format!(
                "rule {rule} runs plugin {}, and {} is another plugin; a shadow is another version of the same",
                entry.record.plugin, plugin.facts.name
            )));
        }
        self.0.plugins.check_signer(&plugin)?;
        if self.0.shadows().keys().filter(|other| *other != rule).count() >= MAX_SHADOWS {
            return Err(SiteError::Invalid(format!(
                "{MAX_SHADOWS} shadows run already; drop one of them first"
            )));
        }
        let note = |plugin: &PluginRecord, state: VersionState, detail: &str| {
            let mut transition = of_plugin(plugin, (state, Cause::Shadow), detail);
            transition.rule = Some(rule.clone());
            self.0.note(&[transition]);
        };
        let started = self.0.rehearsed_shadow(&entry, &plugin).and_then(|probed| {
            if let Some(former) = self.0.end_shadow(rule) {
                note(&former, VersionState::Retired, "another version took its place");
            }
            self.0.start_shadow(&entry, plugin.clone(), &probed)
        });
        if let Err(error) = &started {
            self.0.note(&[refused_version(Some(rule), Some(&plugin), (Cause::Shadow, error))]);
        }
        started?;
        note(&plugin, VersionState::Shadow, "");
        self.shadow_status(rule)
    }

    /// How a rule's shadow compares so far.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn shadow_status(&self, rule: &Name) -> Result<ShadowStatus, SiteError> {
        let shadows = self.0.shadows();
        let shadow = shadows.get(rule).ok_or_else(|| no_shadow(rule))?;
        let seen = shadow.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ShadowStatus {
            rule: rule.clone(),
            version: shadow.plugin.facts.version.clone(),
            digest: shadow.plugin.digest.to_string(),
            since: shadow.since,
            frames: seen.frames,
            missed: shadow.missed.load(Ordering::Relaxed),
            comparison: seen.comparison.clone(),
            cameras: seen.cameras.clone(),
        })
    }

    /// Ends a rule's shadow.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn drop_shadow(&self, rule: &Name) -> Result<(), SiteError> {
        let _turn = self.0.take_turn_of(rule)?;
        let plugin = self.0.end_shadow(rule).ok_or_else(|| no_shadow(rule))?;
        let mut transition = of_plugin(&plugin, (VersionState::Retired, Cause::Shadow), "dropped");
        transition.rule = Some(rule.clone());
        self.0.note(&[transition]);
        Ok(())
    }

    /// Activates the version that runs as a rule's shadow, with the active version's state, and ends the shadow.
    /// `grants` as in activating.
    ///
    /// # Errors
    /// [`SiteError::NotFound`]; else as [`Site::activate`], and the shadow goes on.
    pub fn promote_shadow(&self, rule: &Name, grants: Option<Grants>) -> Result<Activation, SiteError> {
        let _turn = self.0.take_turn_of(rule)?;
        let digest = self.0.shadows().get(rule).map(|shadow| shadow.plugin.digest.to_string());
        let digest = digest.ok_or_else(|| no_shadow(rule))?;
        let entry = self.0.running_rule(rule)?;
        let activation = self.0.activate(&entry, (&digest, grants), Cause::Shadow)?;
        self.0.end_shadow(rule);
        Ok(activation)
    }
}

impl Inner {
    /// The version as a rule's shadow, after it has taken the state of now everywhere: so that one which is refused
    /// touches nothing.
    fn rehearsed_shadow(&self, entry: &RuleEntry, plugin: &PluginRecord) -> Result<Probed, SiteError> {
        let rule = &entry.record.name;
        let cameras = self.camera_places(&entry.record.cameras)?;
        let compiled = self.plugins.compiled(plugin.digest)?;
        if compiled.description().scope != entry.probed.description().scope {
            return Err(SiteError::Invalid(format!(
                "rule {rule} has {} scope, and that version {}; a shadow sees what the active version sees",
                entry.probed.description().scope,
                compiled.description().scope
            )));
        }
        let probed = self.probe(&Trial {
            rule,
            compiled: &compiled,
            settings: &entry.record.settings,
            policy: &entry.policy,
            grants: &entry.grants.granted,
            cameras: &cameras,
        })?;
        self.places_at(rule, entry.cells.keys()).iter().try_for_each(|place| rehearse(place, &probed))?;
        Ok(probed)
    }

    fn start_shadow(
        &self,
        entry: &RuleEntry,
        plugin: PluginRecord,
        probed: &Probed,
    ) -> Result<(), SiteError> {
        let rule = &entry.record.name;
        let places = self.places_at(rule, entry.cells.keys());
        let (tap, Listener { inbox, missed }) = Tap::new();
        let mut slots = BTreeMap::new();
        for place in &places {
            let started = begin(place, probed, Some(tap.clone()));
            match started.and_then(|state| slot(place, probed, state)) {
                Ok(slot) => drop(slots.insert(place.seat.clone(), slot)),
                Err(error) => {
                    places.iter().for_each(|place| take_off(place, rule, probed));
                    return Err(error);
                }
            }
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shown = Arc::clone(&seen);
        let thread = std::thread::Builder::new()
            .name(format!("shadow-{rule}"))
            .spawn(move || run(&inbox, slots, &shown))
            .map_err(SiteError::Thread)?;
        let shadow = Shadow { plugin, since: now_us(), missed, seen, thread };
        self.shadows().insert(rule.clone(), shadow);
        Ok(())
    }

    /// Ends a rule's shadow, if there is one: its lanes let go of it, and its thread ends with the last of them.
    pub(super) fn end_shadow(&self, rule: &Name) -> Option<PluginRecord> {
        let shadow = self.shadows().remove(rule)?;
        let entry = self.rules().get(rule).cloned();
        if let Some(entry) = entry {
            let places = self.places_at(rule, entry.cells.keys());
            places.iter().for_each(|place| take_off(place, rule, &entry.probed));
        }
        // What still waits for it is bounded, in number and in time for each.
        let threads = vec![(format!("shadow-{rule}"), shadow.thread)];
        for name in join_until(threads, Instant::now() + PATIENCE) {
            tracing::error!(thread = %name, "the shadow does not end");
        }
        Some(shadow.plugin)
    }

    /// Digest of the version that runs as a rule's shadow.
    pub(super) fn shadow_of(&self, rule: &Name) -> Option<String> {
        self.shadows().get(rule).map(|shadow| shadow.plugin.digest.to_string())
    }

    pub(super) fn shadows(&self) -> MutexGuard<'_, BTreeMap<Name, Shadow>> {
        self.shadows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_shadow(rule: &Name) -> SiteError {
    SiteError::NotFound { what: "shadow of rule", name: rule.to_string() }
}

/// Whether a version would take the state that the active one has on a lane.
fn rehearse(place: &Place, probed: &Probed) -> Result<(), SiteError> {
    let rule = &probed.binding().rule;
    let (reply, answer) = sync_channel(1);
    let command = LaneCommand::Save { rule: rule.clone(), to: Box::new(probed.clone()), reply };
    let saved = ask(place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
    let memory = saved.map_err(|error| refused(place, probed, &error.to_string()))?;
    let Some(memory) = memory else { return Ok(()) };
    probed.try_memory(place.share, &memory).map_err(|error| refused(place, probed, &error.to_string()))
}

/// Has a lane feed a shadow from its next frame on; the state that the active version has there.
fn begin(place: &Place, probed: &Probed, tap: Option<Tap<Told>>) -> Result<Option<Memory>, SiteError> {
    let rule = &probed.binding().rule;
    let (reply, answer) = sync_channel(1);
    let command = LaneCommand::Shadow { rule: rule.clone(), to: Box::new(probed.clone()), tap, reply };
    let saved = ask(place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
    saved.map_err(|error| refused(place, probed, &error.to_string()))
}

fn take_off(place: &Place, rule: &Name, probed: &Probed) {
    if let Err(error) = begin(place, probed, None) {
        tracing::debug!(place = %place.seat, %rule, %error, "a lane did not let go of a shadow");
    }
}

fn slot(place: &Place, probed: &Probed, memory: Option<Memory>) -> Result<RuleSlot, SiteError> {
    RuleSlot::start(probed, place.share, memory.unwrap_or_default())
        .map_err(|error| refused(place, probed, &error.to_string()))
}

fn refused(place: &Place, probed: &Probed, reason: &str) -> SiteError {
    let reason = format!("as a shadow ({}): {reason}", place.seat);
    SiteError::Rule { rule: probed.binding().rule.clone(), reason }
}

/// Until the last lane lets go.
fn run(inbox: &Receiver<Told>, mut slots: BTreeMap<Seat, RuleSlot>, shown: &Mutex<Seen>) {
    let mut comparing = Comparing::default();
    let mut columns = TrackColumns::new();
    let mut frames = 0;
    while let Ok(told) = inbox.recv() {
        let seat = match told {
            Told::Frame { seat, camera, info, tracks, embeddings, readings, messages, wall, events } => {
                let Some(slot) = slots.get_mut(&seat) else { continue };
                columns.fill(&tracks, info.size);
                columns.fill_embeddings(&embeddings);
                columns.fill_readings(&readings);
                let place = FramePlace { camera: &camera, frame: info.sequence, time: info.time };
                comparing.heard(Side::Live, place, events);
                if let Processed::Output(output) =
                    slot.process(&info, Shown { tracks: &columns, messages: &messages, wall })
                {
                    comparing.heard(Side::Shadow, place, output.events);
                }
                comparing.settle(&camera, info.time);
                frames += 1;
                seat
            }
            Told::Command { seat, at, request } => {
                let Some(slot) = slots.get_mut(&seat) else { continue };
                let _ = slot.command(at, &request);
                seat
            }
        };
        let Some(slot) = slots.get_mut(&seat) else { continue };
        // Nobody reads a shadow's log; its state and its restarts stay here.
        drop((slot.drain_logs(), slot.take_checkpoint()));
        let health = slot.health();
        let mut seen = shown.lock().unwrap_or_else(PoisonError::into_inner);
        seen.frames = frames;
        seen.comparison = comparing.so_far();
        seen.cameras.insert(seat.to_string(), health);
    }
}
