//! Asking a lane between two of its frames.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use ocellus_runtime::Share;

use super::SiteError;
use super::camera::CameraShared;
use super::seat::Seat;
use crate::camera::claim::Claim;
use crate::camera::lane::{LaneCommand, LaneMessage};

/// How long a lane may take to reach its next frame boundary.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks whether a full inbox has room.
const GLANCE: Duration = Duration::from_millis(2);

/// A camera that a rule watches.
#[derive(Clone)]
pub(super) struct CameraPlace {
    pub(super) shared: Arc<CameraShared>,
    pub(super) lane: SyncSender<LaneMessage>,
}

/// A place where an instance of a rule works, or shall work.
pub(super) struct Place {
    pub(super) seat: Seat,
    pub(super) share: Share,
    pub(super) lane: SyncSender<LaneMessage>,
}

/// Sends a command between two frames and waits for its answer. After [`SiteError::NoAnswer`] the command is
/// withdrawn: it did not happen and will not.
pub(super) fn ask<T>(place: &Place, command: LaneCommand, answer: &Receiver<T>) -> Result<T, SiteError> {
    let no_answer = || SiteError::NoAnswer {
        place: match &place.seat {
            Seat::Camera(camera) => format!("camera {camera}"),
            Seat::Site => "the site rule".to_owned(),
        },
        seconds: PATIENCE.as_secs(),
    };
    let claim = Claim::default();
    hand_over(&place.lane, LaneMessage::Ask(claim.clone(), command)).map_err(|_| no_answer())?;
    match answer.recv_timeout(PATIENCE) {
        Ok(answer) => Ok(answer),
        Err(_) if claim.withdraw() => Err(no_answer()),
        // It is being done right now, and a rule's limits bound how long that takes.
        Err(_) => answer.recv_timeout(PATIENCE).map_err(|_| no_answer()),
    }
}

/// Puts a message into a lane's inbox; where that is full, as it is when many ask at once, as soon as there is room. It looks
/// again and again, since the standard library's channel has no way to wait for room up to a time.
fn hand_over(lane: &SyncSender<LaneMessage>, mut message: LaneMessage) -> Result<(), LaneMessage> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        message = match lane.try_send(message) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Disconnected(message)) => return Err(message),
            Err(TrySendError::Full(message)) => message,
        };
        if Instant::now() >= deadline {
            return Err(message);
        }
        thread::sleep(GLANCE);
    }
}
