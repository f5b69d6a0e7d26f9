//! Asking a lane between two of its frames.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use super::SiteError;
use super::camera::CameraShared;
use crate::camera::claim::Claim;
use crate::camera::lane::{LaneCommand, LaneMessage};

/// How long a lane may take to reach its next frame boundary.
const PATIENCE: Duration = Duration::from_secs(5);

/// A camera as a change sees it.
pub(super) struct Place {
    pub(super) shared: Arc<CameraShared>,
    pub(super) lane: SyncSender<LaneMessage>,
}

/// Sends a command between two frames and waits for its answer. After [`SiteError::NoAnswer`] the command is
/// withdrawn: it did not happen and will not.
pub(super) fn ask<T>(place: &Place, command: LaneCommand, answer: &Receiver<T>) -> Result<T, SiteError> {
    let no_answer = || SiteError::NoAnswer(place.shared.name.clone(), PATIENCE.as_secs());
    let claim = Claim::default();
    place.lane.try_send(LaneMessage::Ask(claim.clone(), command)).map_err(|_| no_answer())?;
    match answer.recv_timeout(PATIENCE) {
        Ok(answer) => Ok(answer),
        Err(_) if claim.withdraw() => Err(no_answer()),
        // It is being done right now, and a rule's limits bound how long that takes.
        Err(_) => answer.recv_timeout(PATIENCE).map_err(|_| no_answer()),
    }
}
