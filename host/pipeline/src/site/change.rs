//! Bringing a rule's lanes from what they run to what they shall run: the one path for binding,
//! settings, activation, roll-back and boot.
//!
//! Everything that can fail slowly (compiling, configuring, instantiating, a first look at the state) happens
//! before any lane is touched; the lanes then change at their frame boundaries. If one of them still refuses,
//! those that had changed go back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use ocellus_core::Name;
use ocellus_runtime::{
    Binding, BoundCamera, Compiled, DeadlineMode, Handover, OnFailure, OnRefusal, PreparedSwap, Probed,
    RuleSlot, Scope, Share, Snapshot, StartError, prepare_swap,
};
use ocellus_store::{StateKey, StatePlace};

use super::ask::{Place, ask};
use super::policy::RulePolicy;
use super::rule::{HandedOver, RuleCell, RuleEntry, SwappedCamera};
use super::{Inner, SiteError};
use crate::camera::lane::{LaneCommand, SwapReply};

/// The states of a rule's instances, by camera.
pub(super) type States = BTreeMap<Name, Snapshot>;

/// What shall run.
pub(super) struct Change<'c> {
    pub(super) probed: &'c Probed,
    pub(super) places: &'c [Place],
    /// What runs now.
    pub(super) before: Option<&'c RuleEntry>,
    pub(super) on_refusal: OnRefusal,
    /// States to begin with where those of now are refused.
    pub(super) fallback: States,
    /// What becomes of an instance that fails.
    pub(super) on_failure: OnFailure,
    /// Why the version starts in quarantine, if it does.
    pub(super) quarantine: Option<String>,
}

/// A rule that shall be tried.
pub(super) struct Trial<'t> {
    pub(super) rule: &'t Name,
    pub(super) compiled: &'t Compiled,
    pub(super) settings: &'t str,
    pub(super) policy: &'t RulePolicy,
    pub(super) places: &'t [Place],
}

/// What a change of a rule came to.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) cells: BTreeMap<Name, Arc<RuleCell>>,
    pub(super) swapped: Vec<SwappedCamera>,
    /// The former version's states as it was replaced.
    pub(super) handed: States,
}

impl Inner {
    /// The rule's cameras.
    pub(super) fn places(&self, names: &[Name]) -> Result<Vec<Place>, SiteError> {
        let cameras = self.cameras();
        let place = |name: &Name| {
            let entry = cameras.get(name).ok_or_else(|| SiteError::no_camera(name))?;
            Ok(Place { shared: Arc::clone(&entry.shared), lane: entry.lane() })
        };
        names.iter().map(place).collect()
    }

    /// Settings and cameras put to a compiled plugin, tried out on a scratch instance.
    pub(super) fn probe(&self, trial: &Trial<'_>) -> Result<Probed, SiteError> {
        let Trial { rule, compiled, settings, policy, places } = *trial;
        if compiled.description().scope == Scope::Site {
            let name = &compiled.description().name;
            return Err(SiteError::Plugin(format!(
                "{name} asks for one instance for the whole site, and this host runs one for each camera"
            )));
        }
        let cameras = places.iter().map(|place| BoundCamera {
            handle: place.shared.handle,
            name: place.shared.name.clone(),
            classes: Arc::clone(&place.shared.classes),
        });
        let binding = Binding {
            rule: rule.clone(),
            settings: settings.to_owned(),
            cameras: cameras.collect(),
            limits: policy.limits.clone(),
            deadline: DeadlineMode::Live,
        };
        let refused = |reason: String| SiteError::Rule { rule: rule.clone(), reason };
        let bound = compiled.bind(binding).map_err(|error| refused(error.to_string()))?;
        bound.probe().map_err(|error| refused(error.to_string()))
    }

    /// Makes the lanes run what they shall. Cameras that the rule shall leave keep it until
    /// [`Inner::leave_cameras`].
    ///
    /// # Errors
    /// What refused; the lanes run what they ran before then.
    pub(super) fn change(&self, change: &Change<'_>) -> Result<Changed, SiteError> {
        let mut swaps = Vec::new();
        let mut starts = Vec::new();
        for place in change.places {
            match change.before.and_then(|entry| entry.cells.get(&place.shared.name)) {
                Some(cell) => swaps.push((place, Arc::clone(cell), self.prepare(change, place)?)),
                None => starts.push((place, self.start_slot(change, place)?)),
            }
        }
        let mut changed = Changed::default();
        match carry_out(change.probed, swaps, starts, &mut changed) {
            Ok(()) => Ok(changed),
            Err(error) => {
                self.go_back(change, &changed);
                Err(error)
            }
        }
    }

    /// Takes a rule off the cameras of `before` that it no longer watches.
    pub(super) fn leave_cameras(&self, before: &RuleEntry, now: &Changed) {
        let left = before.cells.keys().filter(|name| !now.cells.contains_key(*name));
        left.for_each(|name| self.take_off(&before.record.name, name));
    }

    fn prepare(&self, change: &Change<'_>, place: &Place) -> Result<PreparedSwap, SiteError> {
        let probed = change.probed;
        let kept = change.fallback.get(&place.shared.name).cloned();
        if change.on_refusal == OnRefusal::Abort && kept.is_none() {
            try_state(place, probed)?;
        }
        let swap = prepare_swap(probed, Share::Camera(place.shared.handle), change.on_refusal)
            .map_err(|error| refused(probed, &error.to_string()))?;
        Ok(swap.with_fallback(kept).with_policy(change.on_failure.into()))
    }

    /// A slot with the state that was kept of the rule on that camera, if it takes it.
    fn start_slot(&self, change: &Change<'_>, place: &Place) -> Result<RuleSlot, SiteError> {
        let probed = change.probed;
        let share = Share::Camera(place.shared.handle);
        let kept = self.kept_state(probed, place);
        if let Some(reason) = &change.quarantine {
            return Ok(RuleSlot::quarantined(probed, share, kept, reason.clone()));
        }
        let slot = match RuleSlot::start(probed, share, kept) {
            Err(StartError::Restore(error)) => {
                let rule = &probed.binding().rule;
                tracing::warn!(camera = %place.shared.name, %rule, %error, "the kept state was refused; starting without it");
                RuleSlot::start(probed, share, None)
            }
            started => started,
        };
        let slot = slot.map_err(|error| refused(probed, &error.to_string()))?;
        Ok(slot.with_policy(change.on_failure.into()))
    }

    fn kept_state(&self, probed: &Probed, place: &Place) -> Option<Snapshot> {
        let rule = probed.binding().rule.clone();
        let key = StateKey { rule, place: StatePlace::Camera(place.shared.handle) };
        let record = match self.database.state(&key) {
            Ok(record) => record?,
            Err(error) => {
                tracing::warn!(camera = %place.shared.name, rule = %key.rule, %error, "the rule starts without its state");
                return None;
            }
        };
        Some(Snapshot {
            plugin: probed.description().name.clone(),
            version: record.version.parse().ok()?,
            time: record.time,
            state: record.bytes.into(),
        })
    }

    /// Undoes a change that one lane refused, or that could not be stored. A version on its way back takes the
    /// state of now, or else the one it had when it was replaced. A lane that does not even so go back keeps
    /// what it has, and health shows it.
    pub(super) fn go_back(&self, change: &Change<'_>, changed: &Changed) {
        let rule = &change.probed.binding().rule;
        let done = change.places.iter().filter(|place| changed.cells.contains_key(&place.shared.name));
        for place in done {
            let name = &place.shared.name;
            let Some(before) = change.before.filter(|before| before.cells.contains_key(name)) else {
                self.take_off(rule, name);
                continue;
            };
            let back = Change {
                probed: &before.probed,
                places: &[],
                before: change.before,
                on_refusal: OnRefusal::StartCold,
                fallback: changed.handed.clone(),
                on_failure: before.policy.on_failure,
                quarantine: None,
            };
            if let Err(error) = self.prepare(&back, place).and_then(|swap| swap_on(place, rule, swap)) {
                tracing::error!(camera = %name, %rule, %error, "the former version did not come back");
            }
        }
    }

    /// Removes a rule from a camera's lane.
    pub(super) fn take_off(&self, rule: &Name, camera: &Name) {
        let Ok(places) = self.places(std::slice::from_ref(camera)) else { return };
        for place in &places {
            let (reply, answer) = sync_channel(1);
            if ask(place, LaneCommand::Remove { rule: rule.clone(), reply }, &answer).is_err() {
                tracing::warn!(%camera, %rule, "the camera did not answer; the rule ends with it");
            }
        }
    }
}

fn refused(probed: &Probed, reason: &str) -> SiteError {
    SiteError::Rule { rule: probed.binding().rule.clone(), reason: reason.to_owned() }
}

/// Changes lane after lane; `changed` holds what has happened, also after an error.
fn carry_out(
    probed: &Probed,
    swaps: Vec<(&Place, Arc<RuleCell>, PreparedSwap)>,
    starts: Vec<(&Place, RuleSlot)>,
    changed: &mut Changed,
) -> Result<(), SiteError> {
    let rule = &probed.binding().rule;
    for (place, cell, swap) in swaps {
        let (swapped, handed) = swap_on(place, rule, swap)?;
        let name = place.shared.name.clone();
        changed.swapped.push(swapped);
        changed.handed.extend(handed.map(|handed| (name.clone(), handed)));
        changed.cells.insert(name, cell);
    }
    for (place, slot) in starts {
        let cell = Arc::new(RuleCell::new(place.shared.name.clone(), &slot));
        let (reply, answer) = sync_channel(1);
        let (slot, shown) = (Box::new(slot), Arc::clone(&cell));
        ask(place, LaneCommand::Add { rule: rule.clone(), slot, cell: shown, reply }, &answer)?;
        changed.cells.insert(place.shared.name.clone(), cell);
    }
    Ok(())
}

/// Whether the new version would take over the state of now; asked before any camera changes, so that a version
/// that refuses it refuses for all.
fn try_state(place: &Place, probed: &Probed) -> Result<(), SiteError> {
    let rule = &probed.binding().rule;
    let (reply, answer) = sync_channel(1);
    let command = LaneCommand::Save { rule: rule.clone(), to: Box::new(probed.clone()), reply };
    let saved = ask(place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
    let given_up = |reason: String| {
        let camera = &place.shared.name;
        refused(
            probed,
            &format!("on camera {camera}: the swap was given up: {reason}; the former version goes on"),
        )
    };
    let kept =
        saved.map_err(|error| given_up(format!("the running version cannot save its state: {error}")))?;
    let Some(snapshot) = kept else { return Ok(()) };
    probed
        .try_state(Share::Camera(place.shared.handle), &snapshot)
        .map_err(|error| given_up(format!("the new version does not take over the state: {error}")))
}

fn swap_on(
    place: &Place,
    rule: &Name,
    swap: PreparedSwap,
) -> Result<(SwappedCamera, Option<Snapshot>), SiteError> {
    let (reply, answer) = sync_channel(1);
    let command = LaneCommand::Swap { rule: rule.clone(), swap: Box::new(swap), reply };
    let SwapReply { result, at_frame } =
        ask(place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
    let camera = place.shared.name.clone();
    // The retired instance is dropped here, off the lane.
    match result {
        Ok(committed) => {
            let state = match committed.state {
                Handover::Carried { .. } | Handover::FromSnapshot { .. } => HandedOver::Carried,
                Handover::Cold => HandedOver::Cold,
            };
            Ok((SwappedCamera { camera, at_frame, state }, committed.handed))
        }
        Err(aborted) => {
            let reason = format!("on camera {camera}: {aborted}; the former version goes on");
            Err(SiteError::Rule { rule: rule.clone(), reason })
        }
    }
}
