//! A camera's lane: the one thread that tracks its frames and asks its rules, in order.
//!
//! A lane owns its rules' instances. Whatever changes them comes as a [`LaneCommand`] between two
//! frames, so a swap happens at a frame boundary by construction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use ocellus_core::tracker::{ByteTrack, ByteTrackSettings};
use ocellus_core::{FrameInfo, Name, RuleOutput, TimeUs, Track};
use ocellus_runtime::{
    CallError, Committed, PreparedSwap, Probed, Processed, RuleSlot, Snapshot, SwapAborted, TrackColumns,
};
use ocellus_store::{EventQueue, NewEvent};

use super::claim::Claim;
use super::encode::Encoder;
use super::feed::{Detected, Feed};
use super::live::LiveFrame;
use super::meter::Stage;
use super::numbers::TrackNumbers;
use super::status::SourceCell;
use crate::detector::Roster;
use crate::site::camera::CameraShared;
use crate::site::keeper::{Job, Keeper};
use crate::site::rule::RuleCell;
use crate::site::shadow::{Tap, Told};

/// What reaches a lane.
pub(crate) enum LaneMessage {
    Frame(Box<Detected>),
    /// Somebody waits for the answer, and may stop waiting.
    Ask(Claim, LaneCommand),
    /// Nobody waits.
    Tell(LaneCommand),
}

/// A change between two frames. Every one that has a way to reply is answered.
pub(crate) enum LaneCommand {
    Add {
        rule: Name,
        slot: Box<RuleSlot>,
        cell: Arc<RuleCell>,
        reply: SyncSender<()>,
    },
    Swap {
        rule: Name,
        swap: Box<PreparedSwap>,
        reply: SyncSender<Option<SwapReply>>,
    },
    /// The state that `to` would take over now.
    Save {
        rule: Name,
        to: Box<Probed>,
        reply: SyncSender<Option<Result<Option<Snapshot>, CallError>>>,
    },
    /// Tells a shadow of every frame from now on, or of none any more; the state that `to` would take over now.
    Shadow {
        rule: Name,
        to: Box<Probed>,
        tap: Option<Tap>,
        reply: SyncSender<Option<Result<Option<Snapshot>, CallError>>>,
    },
    Remove {
        rule: Name,
        reply: SyncSender<()>,
    },
    Query {
        rule: Name,
        request: String,
        reply: SyncSender<Option<Result<String, String>>>,
    },
    Command {
        rule: Name,
        request: String,
        reply: SyncSender<Option<Result<(), String>>>,
    },
    Restarted {
        rule: Name,
        restarted: Box<ocellus_runtime::Restarted>,
    },
    Stop,
}

/// How a swap went, and the sequence of the first frame that the new version sees.
pub(crate) struct SwapReply {
    pub(crate) result: Result<Committed, SwapAborted>,
    pub(crate) at_frame: u64,
}

struct BoundRule {
    slot: RuleSlot,
    cell: Arc<RuleCell>,
    shadow: Option<Tap>,
}

/// What a lane works with.
pub(crate) struct LaneParts {
    pub(crate) shared: Arc<CameraShared>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) source: Arc<SourceCell>,
    pub(crate) tracker: ByteTrackSettings,
    pub(crate) frame_rate: Option<f32>,
    pub(crate) numbers: TrackNumbers,
    pub(crate) roster: Arc<Roster>,
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) events: EventQueue,
    pub(crate) keeper: Keeper,
    pub(crate) commands: SyncSender<LaneMessage>,
}

pub(crate) struct Lane {
    parts: LaneParts,
    tracker: Option<ByteTrack>,
    columns: TrackColumns,
    rules: BTreeMap<Name, BoundRule>,
    sequence: u64,
    last_time: TimeUs,
}

impl Lane {
    pub(crate) fn new(parts: LaneParts) -> Lane {
        Lane {
            parts,
            tracker: None,
            columns: TrackColumns::new(),
            rules: BTreeMap::new(),
            sequence: 0,
            last_time: TimeUs(0),
        }
    }

    /// Works until told to stop; then hands every rule's state to the keeper.
    pub(crate) fn run(mut self, inbox: &Receiver<LaneMessage>) {
        while let Ok(message) = inbox.recv() {
            match message {
                LaneMessage::Frame(detected) => self.frame(*detected),
                LaneMessage::Tell(LaneCommand::Stop) => break,
                LaneMessage::Tell(command) => self.command(command),
                LaneMessage::Ask(claim, command) if claim.take() => self.command(command),
                LaneMessage::Ask(..) => {}
            }
        }
        let rules = std::mem::take(&mut self.rules);
        for (name, mut rule) in rules {
            if let Some(snapshot) = rule.slot.snapshot_now() {
                self.parts.keeper.keep(&self.parts.shared, &name, &rule.slot, &snapshot);
            }
        }
    }

    fn frame(&mut self, detected: Detected) {
        let Detected { waiting, detections } = detected;
        let info = FrameInfo {
            camera: self.parts.shared.handle,
            sequence: self.sequence,
            time: waiting.time,
            size: waiting.picture.size(),
        };
        let meter = Arc::clone(&self.parts.shared.meter);
        let started = Instant::now();
        let tracks: Vec<Track> = match self.tracker() {
            Some(tracker) => tracker.update(info.time, &detections).to_vec(),
            None => Vec::new(),
        };
        self.reserve_numbers();
        let tracked = Instant::now();
        meter.add(Stage::Track, tracked - started);
        self.columns.fill(&tracks, info.size);
        let mut live = LiveFrame {
            info,
            camera: self.parts.shared.name.clone(),
            classes: Arc::clone(&self.parts.shared.classes),
            picture: waiting.picture,
            tracks,
            overlays: Vec::new(),
            measurements: Vec::new(),
            captured: waiting.captured,
        };
        self.ask_rules(&info, &mut live);
        let now = Instant::now();
        meter.add(Stage::Rules, now - tracked);
        meter.frame_done(now);
        self.sequence += 1;
        self.last_time = info.time;
        self.parts.shared.publisher.publish(Arc::new(live));
        if self.parts.shared.views.is_watched() {
            self.parts.encoder.request(&self.parts.shared);
        }
        self.parts.feed.done();
        self.parts.roster.bell.ring();
    }

    fn reserve_numbers(&mut self) {
        let last = self.tracker.as_ref().map_or(0, ByteTrack::last_id);
        let LaneParts { numbers, keeper, shared, .. } = &mut self.parts;
        if numbers.run_short(last) && keeper.submit(Job::ReserveTracks { camera: shared.name.clone() }) {
            numbers.extend();
        }
    }

    /// The tracker, made when the source's rate is known: with the first frame.
    fn tracker(&mut self) -> Option<&mut ByteTrack> {
        if self.tracker.is_none() {
            let mut settings = self.parts.tracker.clone();
            let declared = self.parts.source.frame_rate().map(|rate| rate as f32);
            let rate = match (declared, self.parts.frame_rate) {
                (Some(declared), Some(cap)) => Some(declared.min(cap)),
                (declared, cap) => declared.or(cap),
            };
            settings.frame_rate = rate.filter(|rate| *rate > 0.0).unwrap_or(settings.frame_rate);
            match ByteTrack::new(settings) {
                Ok(tracker) => self.tracker = Some(tracker.numbered_from(self.parts.numbers.first())),
                Err(error) => {
                    tracing::error!(camera = %self.parts.shared.name, %error, "no tracking");
                }
            }
        }
        self.tracker.as_mut()
    }

    fn ask_rules(&mut self, info: &FrameInfo, live: &mut LiveFrame) {
        for (name, rule) in &mut self.rules {
            let processed = rule.slot.process(info, &self.columns);
            let failed = matches!(processed, Processed::Failed(_));
            if let Some(shadow) = &rule.shadow {
                let said = match &processed {
                    Processed::Output(output) => output.events.clone(),
                    Processed::Failed(_) | Processed::Skipped => Vec::new(),
                };
                let (camera, tracks) = (live.camera.clone(), live.tracks.clone());
                shadow.tell(Told::Frame { camera, info: *info, tracks, live: said });
            }
            if let Processed::Output(output) = processed {
                let output = submit(&self.parts, name, info, output);
                live.overlays.push((name.clone(), output.overlays.into()));
                live.measurements.push((name.clone(), output.measurements.into()));
            }
            rule.cell.observe(&mut rule.slot, info, failed);
            if let Some(restart) = rule.slot.take_restart() {
                let job = Job::Restart { rule: name.clone(), restart, lane: self.parts.commands.clone() };
                self.parts.keeper.submit(job);
            }
            if let Some(snapshot) = rule.slot.take_snapshot() {
                self.parts.keeper.keep(&self.parts.shared, name, &rule.slot, &snapshot);
            }
        }
    }

    fn command(&mut self, command: LaneCommand) {
        // A reply that nobody waits for any more changes nothing here.
        match command {
            LaneCommand::Add { rule, slot, cell, reply } => {
                self.rules.insert(rule, BoundRule { slot: *slot, cell, shadow: None });
                let _ = reply.try_send(());
            }
            LaneCommand::Remove { rule, reply } => {
                self.rules.remove(&rule);
                let _ = reply.try_send(());
            }
            LaneCommand::Swap { rule, swap, reply } => {
                let _ = reply.try_send(self.swap(&rule, *swap));
            }
            LaneCommand::Save { rule, to, reply } => {
                let saved = self.rules.get_mut(&rule).map(|bound| bound.slot.handover_to(&to));
                let _ = reply.try_send(saved);
            }
            LaneCommand::Shadow { rule, to, tap, reply } => {
                let saved = self.rules.get_mut(&rule).map(|bound| {
                    bound.shadow = tap;
                    match &bound.shadow {
                        Some(_) => bound.slot.handover_to(&to),
                        None => Ok(None),
                    }
                });
                let _ = reply.try_send(saved);
            }
            LaneCommand::Query { rule, request, reply } => {
                let answer = self
                    .rules
                    .get_mut(&rule)
                    .map(|bound| bound.slot.query(&request).map_err(|error| error.to_string()));
                let _ = reply.try_send(answer);
            }
            LaneCommand::Command { rule, request, reply } => {
                let _ = reply.try_send(self.correct(&rule, &request));
            }
            LaneCommand::Restarted { rule, restarted } => {
                if let Some(bound) = self.rules.get_mut(&rule) {
                    bound.slot.install(*restarted);
                }
            }
            LaneCommand::Stop => {}
        }
    }

    fn swap(&mut self, rule: &Name, swap: PreparedSwap) -> Option<SwapReply> {
        let bound = self.rules.get_mut(rule)?;
        let result = bound.slot.commit(swap, self.last_time);
        bound.cell.refresh(&bound.slot);
        Some(SwapReply { result, at_frame: self.sequence })
    }

    /// An operator's correction, at the time of the last frame.
    fn correct(&mut self, rule: &Name, request: &str) -> Option<Result<(), String>> {
        let bound = self.rules.get_mut(rule)?;
        let info = FrameInfo {
            camera: self.parts.shared.handle,
            sequence: self.sequence.saturating_sub(1),
            time: self.last_time,
            size: ocellus_core::Size::default(),
        };
        if let Some(shadow) = &bound.shadow {
            let (camera, request) = (self.parts.shared.name.clone(), request.to_owned());
            shadow.tell(Told::Command { camera, time: self.last_time, request });
        }
        Some(match bound.slot.command(self.last_time, request) {
            Processed::Output(output) => {
                submit(&self.parts, rule, &info, output);
                Ok(())
            }
            Processed::Failed(error) => Err(error.to_string()),
            Processed::Skipped => Err("the rule is backing off after a failure; try again later".into()),
        })
    }
}

/// Hands a rule's events on and gives the rest back.
fn submit(parts: &LaneParts, rule: &Name, info: &FrameInfo, mut output: RuleOutput) -> RuleOutput {
    let events: Vec<NewEvent> = std::mem::take(&mut output.events)
        .into_iter()
        .map(|event| NewEvent {
            time: info.time,
            frame: info.sequence,
            camera: parts.shared.name.clone(),
            rule: rule.clone(),
            event,
        })
        .collect();
    parts.shared.meter.events.fetch_add(events.len() as u64, Ordering::Relaxed);
    if !events.is_empty()
        && let Err(overflow) = parts.events.submit(events)
    {
        tracing::error!(camera = %parts.shared.name, %rule, dropped = overflow.dropped, "events lost: the store is behind");
    }
    output
}
