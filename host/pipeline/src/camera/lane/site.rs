//! The lane of a site rule: one thread that shows one instance the frames of all its cameras.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use ocellus_core::{Name, TimeUs};
use ocellus_runtime::TrackColumns;

use super::command::{LaneCommand, LaneMessage, SeenFrame};
use super::merge::Merge;
use super::rules::{Between, LaneRules, RuleWiring, Sight};
use crate::site::camera::CameraShared;
use crate::site::seat::Seat;

/// Frames that may wait for a site rule, over all its cameras; further ones are dropped and counted.
const FRAMES: usize = 192;
/// Places in its inbox: some more, so that commands always find one.
pub(crate) const INBOX: usize = 256;
/// How long it rests while nothing comes.
const IDLE: Duration = Duration::from_secs(3600);

/// A camera's way to a site rule: never by waiting.
#[derive(Clone)]
pub(crate) struct SiteTap {
    inbox: SyncSender<LaneMessage>,
    load: Arc<Load>,
}

/// How many frames wait, and how many found no room.
#[derive(Debug, Default)]
pub(crate) struct Load {
    waiting: AtomicUsize,
    missed: AtomicU64,
}

impl Load {
    /// Frames that found no room.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl SiteTap {
    pub(crate) fn new(inbox: SyncSender<LaneMessage>, load: Arc<Load>) -> SiteTap {
        SiteTap { inbox, load }
    }

    /// Tells the rule of a frame, or counts that there was no room.
    pub(crate) fn tell(&self, frame: SeenFrame) {
        if self.load.waiting.fetch_add(1, Ordering::AcqRel) < FRAMES
            && self.inbox.try_send(LaneMessage::Seen(Box::new(frame))).is_ok()
        {
            return;
        }
        self.load.waiting.fetch_sub(1, Ordering::AcqRel);
        self.load.missed.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) struct SiteLane {
    rule: Name,
    rules: LaneRules,
    merge: Merge<Box<SeenFrame>>,
    load: Arc<Load>,
    columns: TrackColumns,
    between: Between,
}

impl SiteLane {
    /// A lane for `rule`, one of whose cameras is `first`.
    pub(crate) fn new(
        (rule, first): (Name, Arc<CameraShared>),
        wiring: RuleWiring,
        inbox: SyncSender<LaneMessage>,
        load: Arc<Load>,
    ) -> SiteLane {
        SiteLane {
            rule,
            rules: LaneRules::new(Seat::Site, wiring, inbox),
            merge: Merge::new(),
            load,
            columns: TrackColumns::new(),
            between: Between { shared: first, time: TimeUs(0), sequence: 0 },
        }
    }

    /// Works until told to stop; then hands the rule's state to the keeper.
    pub(crate) fn run(mut self, inbox: &Receiver<LaneMessage>) {
        loop {
            let rest = self.merge.rest(Instant::now()).unwrap_or(IDLE);
            match inbox.recv_timeout(rest) {
                Ok(LaneMessage::Seen(frame)) => {
                    let place = (frame.info.time, frame.info.camera);
                    self.merge.put(place, frame, Instant::now());
                }
                Ok(LaneMessage::Tell(LaneCommand::Stop)) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(LaneMessage::Tell(command)) => self.command(command),
                Ok(LaneMessage::Ask(claim, command)) if claim.take() => self.command(command),
                Ok(LaneMessage::Ask(..) | LaneMessage::Frame(_)) | Err(RecvTimeoutError::Timeout) => {}
            }
            while let Some(frame) = self.merge.take(Instant::now()) {
                self.frame(&frame);
            }
        }
        self.rules.end();
    }

    fn command(&mut self, command: LaneCommand) {
        self.rules.command(command, &self.between);
    }

    fn frame(&mut self, frame: &SeenFrame) {
        let SeenFrame { shared, info, tracks, embeddings, readings } = frame;
        self.load.waiting.fetch_sub(1, Ordering::AcqRel);
        self.columns.fill(tracks, info.size);
        self.columns.fill_embeddings(embeddings);
        self.columns.fill_readings(readings);
        let sight = Sight { shared, info, tracks, embeddings, readings, columns: &self.columns };
        for (rule, output) in self.rules.show(&sight) {
            shared.site_outputs.put(&rule, output);
        }
        self.between = Between {
            shared: Arc::clone(shared),
            time: self.between.time.max(info.time),
            sequence: info.sequence + 1,
        };
    }
}

impl Drop for SiteLane {
    fn drop(&mut self) {
        tracing::debug!(rule = %self.rule, "the lane of a site rule ended");
    }
}
