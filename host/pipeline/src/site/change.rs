//! Bringing a rule's lanes from what they run to what they shall run: the one path for binding,
//! settings, activation and boot.
//!
//! Everything that can fail slowly (compiling, configuring, instantiating) happens before any lane is
//! touched; the lanes then change at their frame boundaries. If one lane refuses, those that had
//! changed go back, with the state they have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use ocellus_core::Name;
use ocellus_runtime::{
    Binding, BoundCamera, Compiled, DeadlineMode, Handover, Limits, OnRefusal, PreparedSwap, Probed,
    RuleSlot, Scope, Share, Snapshot, StartError, prepare_swap,
};
use ocellus_store::{StateKey, StatePlace};

use super::camera::CameraShared;
use super::rule::{HandedOver, RuleCell, RuleEntry, SwappedCamera};
use super::{Inner, SiteError};
use crate::camera::lane::{LaneCommand, LaneMessage, SwapReply};

/// How long a lane may take to reach its next frame boundary.
const PATIENCE: Duration = Duration::from_secs(5);

/// A camera as a change sees it.
pub(super) struct Place {
    pub(super) shared: Arc<CameraShared>,
    pub(super) lane: SyncSender<LaneMessage>,
}

/// What a change of a rule came to.
pub(super) struct Changed {
    pub(super) cells: BTreeMap<Name, Arc<RuleCell>>,
    pub(super) swapped: Vec<SwappedCamera>,
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
    pub(super) fn probe(
        &self,
        rule: &Name,
        compiled: &Compiled,
        settings: &str,
        places: &[Place],
    ) -> Result<Probed, SiteError> {
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
            limits: Limits::default(),
            deadline: DeadlineMode::Live,
        };
        let refused = |reason: String| SiteError::Rule { rule: rule.clone(), reason };
        let bound = compiled.bind(binding).map_err(|error| refused(error.to_string()))?;
        bound.probe().map_err(|error| refused(error.to_string()))
    }

    /// Makes the lanes run `probed`; `before` is what they run now.
    pub(super) fn change(
        &self,
        probed: &Probed,
        places: &[Place],
        before: Option<&RuleEntry>,
        on_refusal: OnRefusal,
    ) -> Result<Changed, SiteError> {
        let rule = &probed.binding().rule;
        let runs_there = |place: &Place| before.and_then(|entry| entry.cells.get(&place.shared.name));
        let mut swaps = Vec::new();
        let mut starts = Vec::new();
        for place in places {
            match runs_there(place) {
                Some(cell) => swaps.push((place, Arc::clone(cell), self.prepare(probed, place, on_refusal)?)),
                None => starts.push((place, self.start_slot(probed, place)?)),
            }
        }
        let mut changed = Changed { cells: BTreeMap::new(), swapped: Vec::new() };
        let mut done: Vec<&Place> = Vec::new();
        for (place, cell, swap) in swaps {
            match swap_on(place, rule, swap) {
                Ok(swapped) => {
                    done.push(place);
                    changed.swapped.push(swapped);
                    changed.cells.insert(place.shared.name.clone(), cell);
                }
                Err(error) => {
                    if let Some(before) = before {
                        self.go_back(&before.probed, &done);
                    }
                    return Err(error);
                }
            }
        }
        for (place, slot) in starts {
            let cell = Arc::new(RuleCell::new(place.shared.name.clone(), &slot));
            let (reply, answer) = sync_channel(1);
            let (slot, shown) = (Box::new(slot), Arc::clone(&cell));
            ask(place, LaneCommand::Add { rule: rule.clone(), slot, cell: shown, reply }, &answer)?;
            changed.cells.insert(place.shared.name.clone(), cell);
        }
        for (name, _) in before.iter().flat_map(|entry| &entry.cells) {
            if !changed.cells.contains_key(name) {
                self.take_off(rule, name);
            }
        }
        Ok(changed)
    }

    fn prepare(
        &self,
        probed: &Probed,
        place: &Place,
        on_refusal: OnRefusal,
    ) -> Result<PreparedSwap, SiteError> {
        prepare_swap(probed, Share::Camera(place.shared.handle), on_refusal)
            .map_err(|error| refused(probed, &error.to_string()))
    }

    /// A slot with the state that was kept of the rule on that camera, if it takes it.
    fn start_slot(&self, probed: &Probed, place: &Place) -> Result<RuleSlot, SiteError> {
        let share = Share::Camera(place.shared.handle);
        let kept = self.kept_state(probed, place);
        match RuleSlot::start(probed, share, kept) {
            Ok(slot) => Ok(slot),
            Err(StartError::Restore(error)) => {
                let rule = &probed.binding().rule;
                tracing::warn!(camera = %place.shared.name, %rule, %error, "the kept state was refused; starting without it");
                RuleSlot::start(probed, share, None).map_err(|error| refused(probed, &error.to_string()))
            }
            Err(error) => Err(refused(probed, &error.to_string())),
        }
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

    /// Best effort: a lane that does not go back keeps the version it has, and health shows it.
    fn go_back(&self, before: &Probed, places: &[&Place]) {
        let rule = &before.binding().rule;
        for place in places {
            let back =
                self.prepare(before, place, OnRefusal::StartCold).and_then(|swap| swap_on(place, rule, swap));
            if let Err(error) = back {
                tracing::error!(camera = %place.shared.name, %rule, %error, "the former version did not come back");
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

/// Sends a command between two frames and waits for its answer.
pub(super) fn ask<T>(place: &Place, command: LaneCommand, answer: &Receiver<T>) -> Result<T, SiteError> {
    let no_answer = || SiteError::NoAnswer(place.shared.name.clone(), PATIENCE.as_secs());
    place.lane.try_send(LaneMessage::Command(command)).map_err(|_| no_answer())?;
    answer.recv_timeout(PATIENCE).map_err(|_| no_answer())
}

fn swap_on(place: &Place, rule: &Name, swap: PreparedSwap) -> Result<SwappedCamera, SiteError> {
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
            Ok(SwappedCamera { camera, at_frame, state })
        }
        Err(aborted) => {
            let reason = format!("on camera {camera}: {aborted}; the former version goes on");
            Err(SiteError::Rule { rule: rule.clone(), reason })
        }
    }
}
