//! Keeping what a rule remembers in its lanes while it is open which version, if any, shall have it after a restart.

use std::sync::mpsc::{SyncSender, sync_channel};

use ocellus_core::Name;

use super::SiteError;
use super::ask::{Place, ask};
use crate::camera::lane::{LaneCommand, LaneMessage};

/// Lanes that hand nothing of a rule to the keeper, until this is dropped.
#[derive(Default)]
pub(super) struct Held(Vec<(Name, SyncSender<LaneMessage>)>);

impl Held {
    /// Has a lane hold what a rule remembers; what it has handed over before is on its way to the disk.
    ///
    /// # Errors
    /// [`SiteError::NoAnswer`].
    pub(super) fn hold(&mut self, place: &Place, rule: &Name) -> Result<(), SiteError> {
        let (reply, answer) = sync_channel(1);
        ask(place, LaneCommand::Hold { rule: rule.clone(), reply }, &answer)?;
        self.add(place, rule);
        Ok(())
    }

    /// Adds a lane that holds it already, or is about to.
    pub(super) fn add(&mut self, place: &Place, rule: &Name) {
        self.0.push((rule.clone(), place.lane.clone()));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for (rule, lane) in self.0.drain(..) {
            // A full inbox empties with the lane's next frames. A lane that has ended holds nothing.
            let _ = lane.send(LaneMessage::Tell(LaneCommand::Release { rule }));
        }
    }
}
