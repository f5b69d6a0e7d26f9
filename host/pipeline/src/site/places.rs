//! Where the instances of a rule work: on its cameras, or on a lane of its own beside them.

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ocellus_core::Name;
use ocellus_runtime::{Scope, Share};

use super::ask::{CameraPlace, Place};
use super::camera::join_until;
use super::seat::Seat;
use super::{Inner, SiteError};
use crate::camera::lane::site::{INBOX, Load, SiteLane, SiteTap};
use crate::camera::lane::{LaneCommand, LaneMessage};

/// How long the lane of a site rule may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The lane of a site rule.
pub(super) struct SiteLaneEntry {
    inbox: SyncSender<LaneMessage>,
    load: Arc<Load>,
    thread: JoinHandle<()>,
}

impl SiteLaneEntry {
    /// Frames that it had no room for.
    pub(super) fn missed(&self) -> u64 {
        self.load.missed()
    }

    /// Asks it to end, which it does after what waits; its thread.
    pub(super) fn end(self) -> JoinHandle<()> {
        // A full inbox empties fast; and without its sender the lane ends too.
        let _ = self.inbox.send(LaneMessage::Tell(LaneCommand::Stop));
        self.thread
    }
}

impl Inner {
    /// The cameras of these names.
    pub(super) fn camera_places(&self, names: &[Name]) -> Result<Vec<CameraPlace>, SiteError> {
        let cameras = self.cameras();
        let place = |name: &Name| {
            let entry = cameras.get(name).ok_or_else(|| SiteError::no_camera(name))?;
            Ok(CameraPlace { shared: Arc::clone(&entry.shared), lane: entry.lane() })
        };
        names.iter().map(place).collect()
    }

    /// The places of a rule that watches these cameras. A site rule that has no lane gets one.
    pub(super) fn places(
        &self,
        rule: &Name,
        scope: Scope,
        cameras: &[CameraPlace],
    ) -> Result<Vec<Place>, SiteError> {
        match scope {
            Scope::Camera => Ok(cameras.iter().map(on_camera).collect()),
            Scope::Site => {
                let lane = self.site_lane(rule, cameras)?;
                Ok(vec![Place { seat: Seat::Site, share: Share::Site, lane }])
            }
        }
    }

    /// The places that a rule has now; those that are gone are left out.
    pub(super) fn places_at<'s>(&self, rule: &Name, seats: impl Iterator<Item = &'s Seat>) -> Vec<Place> {
        let place = |seat: &Seat| match seat {
            Seat::Camera(camera) => {
                self.camera_places(std::slice::from_ref(camera)).ok()?.first().map(on_camera)
            }
            Seat::Site => {
                let lane = self.site_lanes().get(rule)?.inbox.clone();
                Some(Place { seat: Seat::Site, share: Share::Site, lane })
            }
        };
        seats.filter_map(place).collect()
    }

    /// Has exactly these cameras feed a site rule; those of `before` stop.
    pub(super) fn feed(&self, rule: &Name, before: &[Name], cameras: &[CameraPlace]) {
        let (inbox, load) = match self.site_lanes().get(rule) {
            Some(lane) => (lane.inbox.clone(), Arc::clone(&lane.load)),
            None => return,
        };
        let gone: Vec<Name> = before
            .iter()
            .filter(|name| !cameras.iter().any(|place| place.shared.name == **name))
            .cloned()
            .collect();
        self.starve(rule, &gone);
        for place in cameras {
            let tap = Some(SiteTap::new(inbox.clone(), Arc::clone(&load)));
            tell(place, LaneCommand::Feed { rule: rule.clone(), tap });
        }
    }

    /// Has cameras feed a site rule no more.
    pub(super) fn starve(&self, rule: &Name, cameras: &[Name]) {
        for camera in cameras {
            for place in self.camera_places(std::slice::from_ref(camera)).unwrap_or_default() {
                tell(&place, LaneCommand::Feed { rule: rule.clone(), tap: None });
            }
        }
    }

    /// Ends the lane of a site rule that did not come about.
    pub(super) fn close_unused_lane(&self, rule: &Name) {
        let used = self.rules().get(rule).is_some_and(|entry| entry.cells.contains_key(&Seat::Site));
        if !used {
            self.close_site_lane(rule);
        }
    }

    /// Ends the lane of a site rule, if it has one.
    pub(super) fn close_site_lane(&self, rule: &Name) {
        let Some(lane) = self.site_lanes().remove(rule) else { return };
        for name in join_until(vec![(format!("site-{rule}"), lane.end())], Instant::now() + PATIENCE) {
            tracing::error!(thread = %name, "the lane of a site rule does not end");
        }
    }

    pub(super) fn site_lanes(&self) -> MutexGuard<'_, BTreeMap<Name, SiteLaneEntry>> {
        self.site_lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn site_lane(&self, rule: &Name, cameras: &[CameraPlace]) -> Result<SyncSender<LaneMessage>, SiteError> {
        let mut lanes = self.site_lanes();
        if let Some(lane) = lanes.get(rule) {
            return Ok(lane.inbox.clone());
        }
        let first = cameras.first().ok_or_else(|| SiteError::Invalid("a rule needs a camera".into()))?;
        let (inbox, messages) = sync_channel(INBOX);
        let load = Arc::new(Load::default());
        let place = (rule.clone(), Arc::clone(&first.shared));
        let lane = SiteLane::new(place, self.wiring.rules.clone(), inbox.clone(), Arc::clone(&load));
        let thread = std::thread::Builder::new()
            .name(format!("site-{rule}"))
            .spawn(move || lane.run(&messages))
            .map_err(SiteError::Thread)?;
        lanes.insert(rule.clone(), SiteLaneEntry { inbox: inbox.clone(), load, thread });
        Ok(inbox)
    }
}

fn on_camera(camera: &CameraPlace) -> Place {
    Place {
        seat: Seat::Camera(camera.shared.name.clone()),
        share: Share::Camera(camera.shared.handle),
        lane: camera.lane.clone(),
    }
}

/// Tells a camera's lane something that nobody waits for. A full inbox empties with the lane's next frames.
fn tell(place: &CameraPlace, command: LaneCommand) {
    if place.lane.send(LaneMessage::Tell(command)).is_err() {
        tracing::debug!(camera = %place.shared.name, "the camera has ended; it feeds no site rule");
    }
}
