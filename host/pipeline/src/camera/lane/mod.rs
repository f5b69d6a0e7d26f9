//! A camera's lane: the one thread that tracks its frames and asks its rules, in order.
//!
//! A lane owns its rules' instances. Whatever changes them comes as a [`LaneCommand`] between two
//! frames, so a swap happens at a frame boundary by construction.

pub(crate) mod command;
mod journal;
mod merge;
pub(crate) mod rules;
pub(crate) mod site;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use ocellus_core::calibration::GroundTracks;
use ocellus_core::tracker::{Observed, Tracked, TrackerSettings};
use ocellus_core::{Embedding, FrameInfo, Name, TimeUs, Track, TrackEmbeddings, TrackReadings};
use ocellus_runtime::TrackColumns;

pub(crate) use self::command::{LaneCommand, LaneMessage, NotRecorded, SeenFrame, SwapReply};
use self::rules::{Between, LaneRules, RuleWiring, Sight};
use self::site::SiteTap;
use super::appearance::{Appearance, Sighting};
use super::encode::Encoder;
use super::feed::{Detected, Feed};
use super::follow::{Follower, Mount};
use super::live::LiveFrame;
use super::meter::Stage;
use super::numbers::TrackNumbers;
use super::plates::{PlateSighting, Plates};
use super::status::SourceCell;
use crate::detector::Roster;
use crate::site::camera::CameraShared;
use crate::site::keeper::Job;
use crate::site::seat::Seat;

/// What a lane works with.
pub(crate) struct LaneParts {
    pub(crate) shared: Arc<CameraShared>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) source: Arc<SourceCell>,
    pub(crate) tracker: TrackerSettings,
    pub(crate) mount: Mount,
    pub(crate) frame_rate: Option<f32>,
    pub(crate) ground: Option<GroundTracks>,
    /// None where nothing is looked at.
    pub(crate) appearance: Option<Appearance>,
    /// None where none are read.
    pub(crate) plates: Option<Plates>,
    pub(crate) numbers: TrackNumbers,
    pub(crate) roster: Arc<Roster>,
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) wiring: RuleWiring,
    pub(crate) commands: SyncSender<LaneMessage>,
}

pub(crate) struct Lane {
    parts: LaneParts,
    follower: Option<Follower>,
    columns: TrackColumns,
    rules: LaneRules,
    /// Ways to the site rules that watch this camera.
    site_rules: BTreeMap<Name, SiteTap>,
    sequence: u64,
    last_time: TimeUs,
    /// Who draws the camera's region.
    region: Name,
}

/// The tracks of a frame, and what is known of them.
struct Followed {
    tracks: Vec<Track>,
    embeddings: TrackEmbeddings,
    readings: TrackReadings,
}

impl Default for Followed {
    fn default() -> Followed {
        Followed { tracks: Vec::new(), embeddings: Arc::new([]), readings: Arc::new([]) }
    }
}

impl Lane {
    pub(crate) fn new(parts: LaneParts) -> Lane {
        let seat = Seat::Camera(parts.shared.name.clone());
        let rules = LaneRules::new(seat, parts.wiring.clone(), parts.commands.clone());
        Lane {
            parts,
            follower: None,
            columns: TrackColumns::new(),
            rules,
            site_rules: BTreeMap::new(),
            sequence: 0,
            last_time: TimeUs(0),
            region: Name::from_lossy("region", "region"),
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
                LaneMessage::Ask(..) | LaneMessage::Seen(_) => {}
            }
        }
        self.rules.end();
    }

    fn frame(&mut self, detected: Detected) {
        let waiting = &detected.waiting;
        let info = FrameInfo {
            camera: self.parts.shared.handle,
            sequence: self.sequence,
            time: waiting.time,
            size: waiting.picture.size(),
        };
        let meter = Arc::clone(&self.parts.shared.meter);
        let started = Instant::now();
        let Followed { mut tracks, embeddings, readings } = self.track(&info, &detected);
        if let Some(ground) = &mut self.parts.ground {
            ground.place(info.time, info.size, &mut tracks);
        }
        self.reserve_numbers();
        let tracked = Instant::now();
        meter.add(Stage::Track, tracked - started);
        let shared = &self.parts.shared;
        shared.recording.tell((&shared.name, &shared.classes), &info, &tracks, (&embeddings, &readings));
        self.columns.fill(&tracks, info.size);
        self.columns.fill_embeddings(&embeddings);
        self.columns.fill_readings(&readings);
        let waiting = detected.waiting;
        let mut live = LiveFrame {
            info,
            camera: self.parts.shared.name.clone(),
            classes: Arc::clone(&self.parts.shared.classes),
            picture: waiting.picture,
            tracks,
            plates: self.parts.plates.as_ref().map_or_else(|| Arc::new([]) as Arc<[_]>, Plates::known),
            overlays: Vec::new(),
            measurements: Vec::new(),
            captured: waiting.captured,
        };
        self.ask_rules((&embeddings, &readings), &mut live);
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

    /// Follows the objects of a frame, and says what they look like. Leaves for the next picture what would be good to
    /// know of it.
    fn track(&mut self, info: &FrameInfo, detected: &Detected) -> Followed {
        let Detected { waiting, detections, looks, plates } = detected;
        let slices: Vec<Option<&[f32]>> =
            looks.iter().map(|look| look.as_ref().map(Embedding::as_slice)).collect();
        let Some(follower) = self.follower() else { return Followed::default() };
        let observed = Observed::new(info.time, detections).with_embeddings(&slices);
        // Copied out of the tracker, which is a part of this lane as the appearances are.
        let (tracks, seen_as) = {
            let tracked = follower.update(Some(&waiting.picture), &observed);
            (tracked.tracks.to_vec(), tracked.seen_as.to_vec())
        };
        let tracked = Tracked { tracks: &tracks, seen_as: &seen_as };
        let (time, size) = (info.time, info.size);
        let mut followed = Followed::default();
        if let Some(appearance) = &mut self.parts.appearance {
            followed.embeddings = appearance.see(Sighting { time, size, tracked, detections, looks });
            self.parts.feed.leave(appearance.wishes());
        }
        if let Some(known) = &mut self.parts.plates {
            let picture = &waiting.picture;
            followed.readings = known.see(PlateSighting { time, picture, tracked, looks: plates });
            self.parts.feed.leave_plates(known.wishes());
            self.parts.shared.plates.add(known.gone());
        }
        Followed { tracks, ..followed }
    }

    fn reserve_numbers(&mut self) {
        let last = self.follower.as_ref().map_or(0, Follower::last_id);
        let LaneParts { numbers, wiring, shared, .. } = &mut self.parts;
        let keeper = &wiring.keeper;
        if numbers.run_short(last) && keeper.submit(Job::ReserveTracks { camera: shared.name.clone() }) {
            numbers.extend();
        }
    }

    /// The tracker, made when the source's rate is known: with the first frame.
    fn follower(&mut self) -> Option<&mut Follower> {
        if self.follower.is_none() {
            let settings = self.parts.tracker.clone();
            let declared = self.parts.source.frame_rate().map(|rate| rate as f32);
            let rate = match (declared, self.parts.frame_rate) {
                (Some(declared), Some(cap)) => Some(declared.min(cap)),
                (declared, cap) => declared.or(cap),
            };
            let rate = rate.filter(|rate| *rate > 0.0).unwrap_or(settings.frame_rate());
            match Follower::new(settings.at_rate(rate), self.parts.mount) {
                Ok(follower) => self.follower = Some(follower.numbered_from(self.parts.numbers.first())),
                Err(error) => {
                    tracing::error!(camera = %self.parts.shared.name, %error, "no tracking");
                }
            }
        }
        self.follower.as_mut()
    }

    /// Shows the rules the frame, and tells those of the site of it.
    fn ask_rules(
        &mut self,
        (embeddings, readings): (&TrackEmbeddings, &TrackReadings),
        live: &mut LiveFrame,
    ) {
        let (shared, info) = (&self.parts.shared, &live.info);
        let sight =
            Sight { shared, info, tracks: &live.tracks, embeddings, readings, columns: &self.columns };
        let mut shown = self.rules.show(&sight);
        for tap in self.site_rules.values() {
            tap.tell(SeenFrame {
                shared: Arc::clone(shared),
                info: *info,
                tracks: live.tracks.clone(),
                embeddings: Arc::clone(embeddings),
                readings: Arc::clone(readings),
            });
        }
        // Site rules are asked beside the cameras: this is what they said of an earlier frame.
        shown.extend(shared.site_outputs.all());
        if let Some(region) = self.parts.feed.region() {
            live.overlays.push((self.region.clone(), region.overlays()));
        }
        for (name, output) in shown {
            live.overlays.push((name.clone(), output.overlays.into()));
            live.measurements.push((name, output.measurements.into()));
        }
    }

    fn command(&mut self, command: LaneCommand) {
        if let LaneCommand::Calibrate(ground) = command {
            self.parts.ground = ground.map(|ground| *ground);
            return;
        }
        if let LaneCommand::Feed { rule, tap } = command {
            match tap {
                Some(tap) => {
                    self.parts.shared.site_outputs.expect(rule.clone());
                    self.site_rules.insert(rule, tap);
                }
                None => {
                    self.site_rules.remove(&rule);
                    self.parts.shared.site_outputs.forget(&rule);
                }
            }
            return;
        }
        let shared = Arc::clone(&self.parts.shared);
        let between = Between { shared, time: self.last_time, sequence: self.sequence };
        self.rules.command(command, &between);
    }
}
