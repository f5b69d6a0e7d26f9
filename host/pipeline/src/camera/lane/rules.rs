//! The rules of a lane: shown frames in a fixed order, changed between two of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ocellus_core::{
    CameraHandle, Event, FrameInfo, Message, Name, RuleOutput, TimeUs, Track, TrackEmbeddings, TrackReadings,
};
use ocellus_runtime::{Moment, PreparedSwap, Probed, Processed, RuleSlot, Shown, TrackColumns};
use ocellus_store::{EventQueue, NewEvent};

use super::command::{LaneCommand, LaneMessage, Saved, SwapReply};
use crate::site::bus::Bus;
use crate::site::camera::CameraShared;
use crate::site::journal::Noted;
use crate::site::keeper::{Keeper, Kept};
use crate::site::outbox::Outgoing;
use crate::site::restarter::{Restarter, Revival};
use crate::site::rule::RuleCell;
use crate::site::seat::Seat;
use crate::site::shadow::Told;
use crate::site::tap::Tap;
use crate::site::webhooks::Webhooks;

/// What rules need of the site.
#[derive(Clone)]
pub(crate) struct RuleWiring {
    pub(crate) events: EventQueue,
    pub(crate) keeper: Keeper,
    pub(crate) restarter: Restarter,
    pub(crate) bus: Arc<Bus>,
    pub(crate) webhooks: Webhooks,
}

/// A frame that rules are shown.
pub(crate) struct Sight<'a> {
    pub(crate) shared: &'a Arc<CameraShared>,
    pub(crate) info: &'a FrameInfo,
    pub(crate) tracks: &'a [Track],
    pub(crate) embeddings: &'a TrackEmbeddings,
    pub(crate) readings: &'a TrackReadings,
    pub(crate) columns: &'a TrackColumns,
}

/// Where a lane stands between two frames.
#[derive(Clone)]
pub(crate) struct Between {
    /// The camera of the last frame.
    pub(crate) shared: Arc<CameraShared>,
    /// The time of the last frame.
    pub(crate) time: TimeUs,
    /// The sequence of the next.
    pub(crate) sequence: u64,
}

/// A last frame that is older than this is no measure of time: the camera is away, or has not shown anything yet.
const STALE: Duration = Duration::from_secs(2);
/// How far behind the clock of the host the time of the next frame may be.
const BEHIND: Duration = Duration::from_secs(1);

impl Between {
    /// When something happens here at `now` by the host's clock, in the time of frames: the time of the last one, or where
    /// there is none of late what the clock says, but not later than the next frame may be.
    fn moment(&self, now: TimeUs) -> TimeUs {
        if now.since(self.time) > STALE { now - BEHIND } else { self.time }
    }
}

/// The rules of a lane, by name.
pub(crate) struct LaneRules {
    seat: Seat,
    wiring: RuleWiring,
    /// The lane's own inbox, for what is made elsewhere.
    inbox: SyncSender<LaneMessage>,
    rules: BTreeMap<Name, BoundRule>,
}

pub(super) struct BoundRule {
    pub(super) slot: RuleSlot,
    pub(super) cell: Arc<RuleCell>,
    shadow: Option<Tap<Told>>,
    pub(super) journal: Option<Tap<Noted>>,
    /// Whether what it remembers stays here for now.
    held: bool,
}

impl LaneRules {
    pub(crate) fn new(seat: Seat, wiring: RuleWiring, inbox: SyncSender<LaneMessage>) -> LaneRules {
        LaneRules { seat, wiring, inbox, rules: BTreeMap::new() }
    }

    /// Shows every rule a frame; what there is to draw and to read of each.
    pub(crate) fn show(&mut self, sight: &Sight<'_>) -> Vec<(Name, RuleOutput)> {
        let wall = Some(now());
        let mut shown = Vec::with_capacity(self.rules.len());
        let mut said = Vec::new();
        for (name, rule) in &mut self.rules {
            // What waited for a site rule when its cameras were changed may be of one that it was not told of.
            if !rule.knows(sight.info.camera) {
                continue;
            }
            if let Some(output) = rule.see(&self.seat, sight, wall) {
                let output = self.wiring.submit(name, (sight.shared, sight.info), output, &mut said);
                shown.push((name.clone(), output));
            }
            if let Some(restart) = rule.slot.take_restart() {
                let lane = self.inbox.clone();
                self.wiring.restarter.submit(Revival { rule: name.clone(), restart, lane });
            }
            if !rule.held
                && let Some(checkpoint) = rule.slot.take_checkpoint()
            {
                self.wiring.keeper.keep(name, &rule.slot, checkpoint);
            }
        }
        // Whatever the order of the rules, what is said in this frame is heard in the next.
        self.wiring.bus.publish(&said);
        shown
    }

    /// Carries out a change. A reply that nobody waits for any more changes nothing here.
    pub(crate) fn command(&mut self, command: LaneCommand, between: &Between) {
        match command {
            LaneCommand::Add { rule, slot, cell, reply } => {
                let bound = BoundRule { slot: *slot, cell, shadow: None, journal: None, held: true };
                self.rules.insert(rule, bound);
                let _ = reply.try_send(());
            }
            LaneCommand::Hold { rule, reply } => {
                if let Some(bound) = self.rules.get_mut(&rule) {
                    bound.held = true;
                }
                let _ = reply.try_send(());
            }
            LaneCommand::Release { rule } => {
                if let Some(bound) = self.rules.get_mut(&rule) {
                    bound.held = false;
                }
            }
            LaneCommand::Remove { rule, reply } => {
                self.rules.remove(&rule);
                let _ = reply.try_send(());
            }
            LaneCommand::Swap { rule, swap, reply } => {
                let _ = reply.try_send(self.swap(&rule, *swap, between));
            }
            LaneCommand::Save { rule, to, reply } => {
                let saved = self.rules.get_mut(&rule).map(|bound| bound.handover_to(&to));
                let _ = reply.try_send(saved);
            }
            LaneCommand::Shadow { rule, to, tap, reply } => {
                let saved = self.rules.get_mut(&rule).map(|bound| {
                    bound.shadow = tap;
                    match &bound.shadow {
                        Some(_) => bound.handover_to(&to),
                        None => Ok(None),
                    }
                });
                let _ = reply.try_send(saved);
            }
            LaneCommand::Record { rule, fresh, tap, reply } => {
                let begun = self.rules.get_mut(&rule).map(|bound| bound.record(*fresh, tap, between));
                let _ = reply.try_send(begun);
            }
            LaneCommand::Query { rule, request, reply } => {
                let answer = self.rules.get_mut(&rule).map(|bound| bound.query(&request));
                let _ = reply.try_send(answer);
            }
            LaneCommand::Command { rule, request, reply } => {
                let _ = reply.try_send(self.correct(&rule, &request, between));
            }
            LaneCommand::Keep { rule, reply } => {
                let _ = reply.try_send(self.keep(&rule));
            }
            LaneCommand::Restarted { rule, restarted } => {
                if let Some(bound) = self.rules.get_mut(&rule) {
                    bound.slot.install(*restarted);
                }
            }
            LaneCommand::Feed { .. } | LaneCommand::Calibrate(_) | LaneCommand::Stop => {}
        }
    }

    /// Hands over to the keeper what every rule remembers.
    pub(crate) fn end(&mut self) {
        for (name, mut rule) in std::mem::take(&mut self.rules).into_iter().filter(|(_, rule)| !rule.held) {
            let checkpoint = rule.slot.checkpoint_now();
            rule.note_save();
            if let Some(checkpoint) = checkpoint {
                self.wiring.keeper.keep(&name, &rule.slot, checkpoint);
            }
        }
    }

    fn swap(&mut self, rule: &Name, swap: PreparedSwap, between: &Between) -> Option<SwapReply> {
        let bound = self.rules.get_mut(rule)?;
        let result = bound.slot.commit(swap, between.time);
        match result {
            Ok(_) => {
                bound.held = true;
                bound.end_journal("the rule was changed");
            }
            Err(_) => bound.note_save(),
        }
        bound.cell.refresh(&bound.slot);
        Some(SwapReply { result, at_frame: between.sequence })
    }

    /// Hands over what a rule remembers, for somebody who waits. While a change is under way, that keeps it.
    fn keep(&mut self, rule: &Name) -> Option<Kept> {
        let bound = self.rules.get_mut(rule)?;
        if bound.held {
            return Some(Kept::Known);
        }
        let checkpoint = bound.slot.checkpoint_now();
        bound.note_save();
        Some(self.wiring.keeper.keep_for(rule, &bound.slot, checkpoint))
    }

    /// An operator's correction.
    fn correct(&mut self, rule: &Name, request: &str, between: &Between) -> Option<Result<Kept, String>> {
        let bound = self.rules.get_mut(rule)?;
        let now = now();
        let time = between.moment(now);
        let info = FrameInfo {
            camera: between.shared.handle,
            sequence: between.sequence.saturating_sub(1),
            time,
            size: ocellus_core::Size::default(),
        };
        let at = Moment { time, wall: Some(now) };
        let processed = bound.slot.command(at, request);
        if let Some(shadow) = &bound.shadow {
            shadow.tell(Told::Command { seat: self.seat.clone(), at, request: request.to_owned() });
        }
        bound.note_command(at, request, &processed);
        Some(match processed {
            Processed::Output(output) => {
                let mut said = Vec::new();
                self.wiring.submit(rule, (&between.shared, &info), output, &mut said);
                self.wiring.bus.publish(&said);
                // Whoever gave it is told that it is kept.
                Ok(self.keep(rule)?)
            }
            Processed::Failed(error) => Err(error.to_string()),
            Processed::Skipped => Err("the rule is backing off after a failure; try again later".into()),
        })
    }
}

impl BoundRule {
    fn query(&mut self, request: &str) -> Result<String, String> {
        let answer = self.slot.query(request);
        self.note_query(request, &answer);
        answer.map_err(|error| error.to_string())
    }

    fn handover_to(&mut self, to: &Probed) -> Saved {
        let saved = self.slot.handover_to(to);
        self.note_save();
        saved
    }

    /// Whether the camera is one that its instance was configured with.
    fn knows(&self, camera: CameraHandle) -> bool {
        self.slot.probed().binding().cameras.iter().any(|bound| bound.handle == camera)
    }

    /// Shows it a frame, with what others have said, and tells its shadow.
    fn see(&mut self, seat: &Seat, sight: &Sight<'_>, wall: Option<TimeUs>) -> Option<RuleOutput> {
        let messages = self.cell.inbox().take(self.slot.topics());
        let shown = Shown { tracks: sight.columns, messages: &messages, wall };
        let processed = self.slot.show(sight.info, shown);
        let failed = matches!(processed, Processed::Failed(_));
        if let Some(shadow) = &self.shadow {
            shadow.tell(Told::Frame {
                seat: seat.clone(),
                camera: sight.shared.name.clone(),
                info: *sight.info,
                tracks: sight.tracks.to_vec(),
                embeddings: Arc::clone(sight.embeddings),
                readings: Arc::clone(sight.readings),
                messages: messages.clone(),
                wall,
                events: events_of(&processed),
            });
        }
        self.note_frame((sight, &messages, wall), &processed);
        self.slot.save_when_due();
        self.note_save();
        self.cell.observe(&mut self.slot, sight.info, failed);
        match processed {
            Processed::Output(output) => Some(output),
            Processed::Failed(_) => None,
            Processed::Skipped => {
                self.cell.inbox().give_back(messages);
                None
            }
        }
    }
}

impl RuleWiring {
    /// Hands a rule's events, messages and calls on, and gives back what is for viewers.
    fn submit(
        &self,
        rule: &Name,
        (shared, info): (&CameraShared, &FrameInfo),
        mut output: RuleOutput,
        said: &mut Vec<Message>,
    ) -> RuleOutput {
        let events: Vec<NewEvent> = std::mem::take(&mut output.events)
            .into_iter()
            .map(|event| NewEvent {
                time: info.time,
                frame: info.sequence,
                camera: shared.name.clone(),
                rule: rule.clone(),
                event,
            })
            .collect();
        shared.meter.events.fetch_add(events.len() as u64, Ordering::Relaxed);
        if !events.is_empty()
            && let Err(overflow) = self.events.submit(events)
        {
            tracing::error!(camera = %shared.name, %rule, dropped = overflow.dropped, "events lost: the store is behind");
        }
        for publication in std::mem::take(&mut output.publications) {
            said.push(Message {
                time: info.time,
                camera: shared.name.clone(),
                rule: rule.clone(),
                topic: publication.topic,
                attributes: publication.attributes.into(),
            });
        }
        for call in std::mem::take(&mut output.webhooks) {
            let (rule, camera) = (rule.clone(), shared.name.clone());
            self.webhooks.submit(Outgoing { rule, camera, time: info.time, call });
        }
        output
    }
}

fn events_of(processed: &Processed) -> Vec<Event> {
    match processed {
        Processed::Output(output) => output.events.clone(),
        Processed::Failed(_) | Processed::Skipped => Vec::new(),
    }
}

/// The time of day.
fn now() -> TimeUs {
    TimeUs(0) + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
