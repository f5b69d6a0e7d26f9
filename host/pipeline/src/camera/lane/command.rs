//! What reaches a lane.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use ocellus_core::calibration::GroundTracks;
use ocellus_core::{FrameInfo, Name, Track, TrackEmbeddings, TrackReadings};
use ocellus_runtime::{CallError, Committed, Memory, PreparedSwap, Probed, RuleSlot, SwapAborted};

use super::site::SiteTap;
use crate::camera::claim::Claim;
use crate::camera::feed::Detected;
use crate::site::camera::CameraShared;
use crate::site::journal::Noted;
use crate::site::keeper::Kept;
use crate::site::rule::RuleCell;
use crate::site::shadow::Told;
use crate::site::tap::Tap;

/// What reaches a lane.
pub(crate) enum LaneMessage {
    /// A picture with its detections, for a camera's lane.
    Frame(Box<Detected>),
    /// A camera's tracks, for the lane of a site rule.
    Seen(Box<SeenFrame>),
    /// Somebody waits for the answer, and may stop waiting.
    Ask(Claim, LaneCommand),
    /// Nobody waits.
    Tell(LaneCommand),
}

/// A frame of a camera as rules see it.
pub(crate) struct SeenFrame {
    pub(crate) shared: Arc<CameraShared>,
    pub(crate) info: FrameInfo,
    pub(crate) tracks: Vec<Track>,
    pub(crate) embeddings: TrackEmbeddings,
    pub(crate) readings: TrackReadings,
}

/// A change between two frames. Every one that has a way to reply is answered.
pub(crate) enum LaneCommand {
    /// Puts a rule on the lane, held as after a swap.
    Add {
        rule: Name,
        slot: Box<RuleSlot>,
        cell: Arc<RuleCell>,
        reply: SyncSender<()>,
    },
    /// Puts another version in place, and holds what that remembers until [`LaneCommand::Release`]: as long as the
    /// change is not written down, the former version is what a restart begins with.
    Swap {
        rule: Name,
        swap: Box<PreparedSwap>,
        reply: SyncSender<Option<SwapReply>>,
    },
    /// What `to` would take over now.
    Save {
        rule: Name,
        to: Box<Probed>,
        reply: SyncSender<Option<Saved>>,
    },
    /// Tells a shadow of every frame from now on, or of none any more; what `to` would take over now.
    Shadow {
        rule: Name,
        to: Box<Probed>,
        tap: Option<Tap<Told>>,
        reply: SyncSender<Option<Saved>>,
    },
    /// Puts a fresh instance with the same memory in place, and tells a journal of every call from now on.
    Record {
        rule: Name,
        fresh: Box<PreparedSwap>,
        tap: Tap<Noted>,
        reply: SyncSender<Option<Result<Memory, NotRecorded>>>,
    },
    /// Hands nothing more that a rule remembers to the keeper, for now.
    Hold {
        rule: Name,
        reply: SyncSender<()>,
    },
    /// Hands over to the keeper again what a rule remembers.
    Release {
        rule: Name,
    },
    Remove {
        rule: Name,
        reply: SyncSender<()>,
    },
    /// Tells the lane of a site rule of every frame from now on, or of none any more.
    Feed {
        rule: Name,
        tap: Option<SiteTap>,
    },
    Query {
        rule: Name,
        request: String,
        reply: SyncSender<Option<Result<String, String>>>,
    },
    Command {
        rule: Name,
        request: String,
        reply: SyncSender<Option<Result<Kept, String>>>,
    },
    /// Hands what a rule remembers to the keeper now, for somebody who waits.
    Keep {
        rule: Name,
        reply: SyncSender<Option<Kept>>,
    },
    /// Places tracks on the ground anew from the next frame on, or not at all.
    Calibrate(Option<Box<GroundTracks>>),
    Restarted {
        rule: Name,
        restarted: Box<ocellus_runtime::Restarted>,
    },
    Stop,
}

/// Why no journal begins.
pub(crate) enum NotRecorded {
    /// Somebody else records the rule there.
    Already,
    Refused(String),
}

/// What a rule remembers, if it could say so.
pub(crate) type Saved = Result<Option<Memory>, CallError>;

/// How a swap went, and the sequence of the first frame that the new version sees.
pub(crate) struct SwapReply {
    pub(crate) result: Result<Committed, SwapAborted>,
    pub(crate) at_frame: u64,
}
