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
    Binding, BoundCamera, Compiled, DeadlineMode, Grants, Handover, Memory, OnFailure, OnRefusal,
    PreparedSwap, Probed, RuleSlot, Share, StartError, prepare_swap,
};

use super::ask::{CameraPlace, Place, ask};
use super::hold::Held;
use super::memory::Memories;
use super::policy::RulePolicy;
use super::rule::{HandedOver, RuleCell, RuleEntry, SwappedCamera};
use super::seat::Seat;
use super::{Inner, SiteError};
use crate::camera::lane::{LaneCommand, SwapReply};

/// What shall run.
pub(super) struct Change<'c> {
    pub(super) probed: &'c Probed,
    pub(super) places: &'c [Place],
    /// What runs now.
    pub(super) before: Option<&'c RuleEntry>,
    pub(super) on_refusal: OnRefusal,
    /// Memories to begin with where those of now are refused.
    pub(super) fallback: Memories,
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
    pub(super) grants: &'t Grants,
    pub(super) cameras: &'t [CameraPlace],
}

/// What a change of a rule came to.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) cells: BTreeMap<Seat, Arc<RuleCell>>,
    pub(super) swapped: Vec<SwappedCamera>,
    /// What the former version remembered as it was replaced.
    pub(super) handed: Memories,
    /// What the new version began with, to be written down with the change.
    pub(super) began: Vec<(Share, Memory)>,
    /// Until the change is written down, or undone, nothing of what the lanes have now reaches the disk.
    pub(super) held: Held,
}

impl Inner {
    /// Settings and cameras put to a compiled plugin, tried out on a scratch instance.
    pub(super) fn probe(&self, trial: &Trial<'_>) -> Result<Probed, SiteError> {
        let Trial { rule, compiled, settings, policy, grants, cameras } = *trial;
        let cameras = cameras.iter().map(|place| BoundCamera {
            handle: place.shared.handle,
            name: place.shared.name.clone(),
            classes: Arc::clone(&place.shared.classes),
        });
        let binding = Binding {
            rule: rule.clone(),
            settings: settings.to_owned(),
            cameras: cameras.collect(),
            limits: policy.limits.clone(),
            grants: grants.clone(),
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
            match change.before.and_then(|entry| entry.cells.get(&place.seat)) {
                Some(cell) => swaps.push((place, Arc::clone(cell), self.prepare(change, place)?)),
                None => starts.push((place, self.start_slot(change, place)?)),
            }
        }
        let mut changed = Changed::default();
        match self.carry_out(change.probed, swaps, starts, &mut changed) {
            Ok(()) => Ok(changed),
            Err(error) => {
                self.go_back(change, &changed);
                Err(error)
            }
        }
    }

    /// Takes a rule off the places of `before` that it no longer has.
    pub(super) fn leave_places(&self, before: &RuleEntry, now: &Changed) {
        let left = before.cells.keys().filter(|seat| !now.cells.contains_key(*seat));
        left.for_each(|seat| self.take_off(&before.record.name, seat));
    }

    fn prepare(&self, change: &Change<'_>, place: &Place) -> Result<PreparedSwap, SiteError> {
        let probed = change.probed;
        let kept = change.fallback.get(&place.seat).cloned();
        if change.on_refusal == OnRefusal::Abort && kept.is_none() {
            try_state(place, probed)?;
        }
        let swap = prepare_swap(probed, place.share, change.on_refusal)
            .map_err(|error| refused(probed, &error.to_string()))?;
        Ok(swap.with_fallback(kept).with_policy(change.on_failure.into()))
    }

    /// A slot with what was kept of the rule on that camera, if it takes it; and what it began with.
    fn start_slot(&self, change: &Change<'_>, place: &Place) -> Result<(RuleSlot, Memory), SiteError> {
        let probed = change.probed;
        let share = place.share;
        let mut kept = self.kept_memory(probed, place);
        if let Some(reason) = &change.quarantine {
            return Ok((RuleSlot::quarantined(probed, share, kept.clone(), reason.clone()), kept));
        }
        let slot = match RuleSlot::start(probed, share, kept.clone()) {
            Err(StartError::Restore(error)) => {
                let rule = &probed.binding().rule;
                tracing::warn!(place = %place.seat, %rule, %error, "the kept state was refused; starting without it");
                kept.state = None;
                RuleSlot::start(probed, share, kept.clone())
            }
            started => started,
        };
        let slot = slot.map_err(|error| refused(probed, &error.to_string()))?;
        Ok((slot.with_policy(change.on_failure.into()), kept))
    }

    /// Undoes a change that one lane refused, or that could not be stored. A version on its way back takes the
    /// state of now, or else the one it had when it was replaced. A lane that does not even so go back keeps
    /// what it has, and health shows it.
    pub(super) fn go_back(&self, change: &Change<'_>, changed: &Changed) {
        let rule = &change.probed.binding().rule;
        let done = change.places.iter().filter(|place| changed.cells.contains_key(&place.seat));
        for place in done {
            let seat = &place.seat;
            let Some(before) = change.before.filter(|before| before.cells.contains_key(seat)) else {
                self.take_off(rule, seat);
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
                tracing::error!(place = %seat, %rule, %error, "the former version did not come back");
            }
        }
    }

    /// Removes a rule from a lane; the lane of a site rule ends with it.
    pub(super) fn take_off(&self, rule: &Name, seat: &Seat) {
        for place in &self.places_at(rule, std::iter::once(seat)) {
            let (reply, answer) = sync_channel(1);
            if ask(place, LaneCommand::Remove { rule: rule.clone(), reply }, &answer).is_err() {
                tracing::warn!(place = %seat, %rule, "the place did not answer; the rule ends with it");
            }
            tracing::debug!(place = %seat, %rule, "rule taken off");
        }
        if *seat == Seat::Site {
            let watched: Vec<Name> = self.cameras().keys().cloned().collect();
            self.starve(rule, &watched);
            self.close_site_lane(rule);
        }
    }

    /// Changes lane after lane; `changed` holds what has happened, also after an error.
    fn carry_out(
        &self,
        probed: &Probed,
        swaps: Vec<(&Place, Arc<RuleCell>, PreparedSwap)>,
        starts: Vec<(&Place, (RuleSlot, Memory))>,
        changed: &mut Changed,
    ) -> Result<(), SiteError> {
        let rule = &probed.binding().rule;
        for (place, cell, swap) in swaps {
            changed.held.add(place, rule);
            let (swapped, Handed { before, began }) = swap_on(place, rule, swap)?;
            let seat = place.seat.clone();
            tracing::debug!(place = %seat, %rule, at_frame = swapped.at_frame, "rule swapped");
            changed.swapped.push(swapped);
            changed.handed.extend(before.map(|before| (seat.clone(), before)));
            changed.began.push((place.share, began));
            changed.cells.insert(seat, cell);
        }
        for (place, (slot, began)) in starts {
            changed.held.add(place, rule);
            changed.began.push((place.share, began));
            let cell = Arc::new(RuleCell::new(place.seat.clone(), &slot, self.wiring.rules.bus.open(rule)));
            let (reply, answer) = sync_channel(1);
            let (slot, shown) = (Box::new(slot), Arc::clone(&cell));
            ask(place, LaneCommand::Add { rule: rule.clone(), slot, cell: shown, reply }, &answer)?;
            tracing::debug!(place = %place.seat, %rule, "rule added");
            changed.cells.insert(place.seat.clone(), cell);
        }
        Ok(())
    }
}

fn refused(probed: &Probed, reason: &str) -> SiteError {
    SiteError::Rule { rule: probed.binding().rule.clone(), reason: reason.to_owned() }
}

/// Whether the new version would take over the state of now; asked before any camera changes, so that a version
/// that refuses it refuses for all.
fn try_state(place: &Place, probed: &Probed) -> Result<(), SiteError> {
    let rule = &probed.binding().rule;
    let (reply, answer) = sync_channel(1);
    let command = LaneCommand::Save { rule: rule.clone(), to: Box::new(probed.clone()), reply };
    let saved = ask(place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
    let given_up = |reason: String| {
        let seat = &place.seat;
        refused(probed, &format!("{}: the swap was given up: {reason}; the former version goes on", at(seat)))
    };
    let kept =
        saved.map_err(|error| given_up(format!("the running version cannot save its state: {error}")))?;
    let Some(memory) = kept else { return Ok(()) };
    probed
        .try_memory(place.share, &memory)
        .map_err(|error| given_up(format!("the new version does not take over the state: {error}")))
}

/// The memories at a swap.
struct Handed {
    /// What the former version had.
    before: Option<Memory>,
    /// What the new version began with.
    began: Memory,
}

fn swap_on(place: &Place, rule: &Name, swap: PreparedSwap) -> Result<(SwappedCamera, Handed), SiteError> {
    let (reply, answer) = sync_channel(1);
    let command = LaneCommand::Swap { rule: rule.clone(), swap: Box::new(swap), reply };
    let SwapReply { result, at_frame } =
        ask(place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
    let camera = place.seat.to_string();
    // The retired instance is dropped here, off the lane.
    match result {
        Ok(committed) => {
            let state = match committed.state {
                Handover::Carried { .. } | Handover::FromSnapshot { .. } => HandedOver::Carried,
                Handover::Cold => HandedOver::Cold,
            };
            let handed = Handed { before: committed.handed, began: committed.began };
            Ok((SwappedCamera { camera, at_frame, state }, handed))
        }
        Err(aborted) => {
            let reason = format!("{}: {aborted}; the former version goes on", at(&place.seat));
            Err(SiteError::Rule { rule: rule.clone(), reason })
        }
    }
}

/// `on camera north`, or `for the site`.
fn at(seat: &Seat) -> String {
    match seat {
        Seat::Camera(camera) => format!("on camera {camera}"),
        Seat::Site => "for the site".to_owned(),
    }
}
