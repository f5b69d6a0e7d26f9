//! A camera as the site holds it: what its threads share, and the threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ocellus_core::calibration::GroundTracks;
use ocellus_core::{CameraHandle, Name};
use ocellus_inference::ClassFilter;
use ocellus_media::{OpenOptions, Stop};
use ocellus_store::Database;

use super::SiteError;
use super::site_outputs::SiteOutputs;
use crate::camera::appearance::{Appearance, Plan};
use crate::camera::encode::Encoder;
use crate::camera::feed::{Feed, Orders};
use crate::camera::ingest::Ingest;
use crate::camera::lane::rules::RuleWiring;
use crate::camera::lane::{Lane, LaneCommand, LaneMessage, LaneParts};
use crate::camera::numbers::{BLOCK, TrackNumbers};
use crate::camera::plates::PlateLog;
use crate::camera::plates::{PlatePlan, Plates};
use crate::camera::{
    CalibrationSpec, CameraSettings, CameraSettingsError, CameraStatus, Declared, Meter, Publisher, Region,
    RegionSpec, SolvedCalibration, SourceCell, Views,
};
use crate::detector::Roster;
use crate::recordings::{Holds, Recorder, RecordingCell, RecordingOrders};

/// What a camera's threads and the site look at together.
#[derive(Debug)]
pub(crate) struct CameraShared {
    pub(crate) name: Name,
    pub(crate) handle: CameraHandle,
    pub(crate) classes: Arc<[String]>,
    pub(crate) publisher: Publisher,
    pub(crate) views: Views,
    pub(crate) meter: Arc<Meter>,
    pub(crate) encode_pending: AtomicBool,
    pub(crate) site_outputs: SiteOutputs,
    pub(crate) plates: PlateLog,
    pub(crate) recording: RecordingCell,
}

/// What every camera needs of the site.
#[derive(Clone)]
pub(crate) struct CameraWiring {
    pub(crate) roster: Arc<Roster>,
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) rules: RuleWiring,
    pub(crate) database: Database,
    pub(crate) classes: Arc<[String]>,
    /// Whether the host has an embedder.
    pub(crate) looks: bool,
    /// Whether it has a reader of plates.
    pub(crate) reads: bool,
    /// None where no recordings are kept.
    pub(crate) recorder: Option<Recorder>,
}

/// A running camera.
pub(crate) struct CameraEntry {
    pub(crate) shared: Arc<CameraShared>,
    pub(crate) settings: CameraSettings,
    pub(crate) declared: Declared,
    calibration: Option<SolvedCalibration>,
    source: Arc<SourceCell>,
    feed: Arc<Feed>,
    lane: SyncSender<LaneMessage>,
    stop: Stop,
    threads: Vec<(String, JoinHandle<()>)>,
}

/// Places in a lane's inbox: the frames in flight and a handful of commands.
const INBOX: usize = 16;

impl CameraEntry {
    /// Starts the camera's lane and its ingest.
    pub(crate) fn start(
        settings: CameraSettings,
        handle: CameraHandle,
        declared: Declared,
        wiring: &CameraWiring,
    ) -> Result<CameraEntry, SiteError> {
        settings.validate(&wiring.classes)?;
        let numbers = TrackNumbers::block(wiring.database.reserve_track_ids(&settings.name, BLOCK)?);
        let plan = plan(&settings, wiring);
        let plates = plate_plan(&settings, wiring);
        let recording = RecordingOrders {
            recorder: wiring.recorder.clone(),
            is_on: settings.record,
            holds: Holds { embeddings: plan.is_some(), readings: plates.is_some() },
        };
        let shared = Arc::new(CameraShared {
            name: settings.name.clone(),
            handle,
            classes: Arc::clone(&wiring.classes),
            publisher: Publisher::new(),
            views: Views::default(),
            meter: Arc::new(Meter::new(Instant::now())),
            encode_pending: AtomicBool::new(false),
            site_outputs: SiteOutputs::default(),
            plates: PlateLog::default(),
            recording: RecordingCell::new(recording),
        });
        let (lane, inbox) = sync_channel(INBOX);
        let (region, calibration) = (solved_region(&settings)?, solved_calibration(&settings)?);
        let filter = match &settings.classes {
            Some(wanted) => Some(class_filter(wanted, &wiring.classes)?),
            None => None,
        };
        let appearance = plan.is_some().then(Appearance::default);
        let known_plates = settings.plates.as_ref().filter(|_| plates.is_some());
        let known_plates = known_plates.map(|spec| Plates::new(spec.privacy.clone()));
        let orders = Orders { thresholds: settings.thresholds(), classes: filter, region, plan, plates };
        let feed = Arc::new(Feed::new(lane.clone(), Arc::clone(&shared.meter), orders));
        let source = Arc::new(SourceCell::new());
        let stop = Stop::new();
        let parts = LaneParts {
            shared: Arc::clone(&shared),
            feed: Arc::clone(&feed),
            source: Arc::clone(&source),
            tracker: settings.tracker.clone(),
            mount: settings.mount,
            frame_rate: settings.frame_rate,
            ground: calibration
                .as_ref()
                .map(|solved| GroundTracks::new(Arc::clone(&solved.map), &wiring.classes)),
            appearance,
            plates: known_plates,
            numbers,
            roster: Arc::clone(&wiring.roster),
            encoder: Arc::clone(&wiring.encoder),
            wiring: wiring.rules.clone(),
            commands: lane.clone(),
        };
        let ingest = Ingest {
            camera: settings.name.clone(),
            source: settings.source.clone(),
            options: OpenOptions::default(),
            calibration: settings.calibration.clone(),
            interval: settings.frame_rate.map(|rate| Duration::from_secs_f32(1.0 / rate)),
            cell: Arc::clone(&source),
            feed: Arc::clone(&feed),
            meter: Arc::clone(&shared.meter),
            roster: Arc::clone(&wiring.roster),
            stop: stop.clone(),
        };
        let mut entry = CameraEntry {
            shared,
            settings,
            declared,
            calibration,
            source,
            feed,
            lane,
            stop,
            threads: Vec::new(),
        };
        entry.spawn("lane", move || Lane::new(parts).run(&inbox))?;
        entry.spawn("ingest", move || ingest.run())?;
        wiring.roster.add(Arc::clone(&entry.feed));
        Ok(entry)
    }

    fn spawn(&mut self, role: &str, work: impl FnOnce() + Send + 'static) -> Result<(), SiteError> {
        let name = format!("{role}-{}", self.settings.name);
        let thread = std::thread::Builder::new().name(name.clone()).spawn(work).map_err(SiteError::Thread)?;
        self.threads.push((name, thread));
        Ok(())
    }

    /// The lane's inbox.
    pub(crate) fn lane(&self) -> SyncSender<LaneMessage> {
        self.lane.clone()
    }

    /// Takes settings that differ in region, calibration or recording only; what the lane is to be told of it.
    pub(crate) fn change(&mut self, settings: CameraSettings) -> Result<Option<LaneCommand>, SiteError> {
        let (region, calibration) = (solved_region(&settings)?, solved_calibration(&settings)?);
        if settings.region != self.settings.region {
            self.feed.set_region(region);
        }
        if settings.record != self.settings.record {
            self.shared.recording.switch(&self.shared.name, settings.record);
        }
        let is_moved = settings.calibration != self.settings.calibration;
        self.settings = settings;
        if !is_moved {
            return Ok(None);
        }
        let ground = calibration
            .as_ref()
            .map(|solved| GroundTracks::new(Arc::clone(&solved.map), &self.shared.classes));
        self.calibration = calibration;
        Ok(Some(LaneCommand::Calibrate(ground.map(Box::new))))
    }

    /// No further frames; those on their way still reach the rules.
    pub(crate) fn stop_source(&self) {
        self.stop.stop();
    }

    /// Ends the camera: source first, then frames on their way, then the lane. Gives back its last
    /// status and the threads that are still running after `grace`.
    pub(crate) fn end(mut self, roster: &Roster, grace: Duration) -> (CameraStatus, Vec<String>) {
        let deadline = Instant::now() + grace;
        self.stop.stop();
        while self.feed.is_busy() && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        self.feed.close();
        roster.remove(&self.feed);
        let _ = self.lane.try_send(LaneMessage::Tell(LaneCommand::Stop));
        self.shared.views.close();
        let running = join_until(std::mem::take(&mut self.threads), deadline);
        self.shared.recording.end(&self.shared.name);
        (self.status(Vec::new(), Instant::now()), running)
    }

    pub(crate) fn status(&self, rules: Vec<Name>, now: Instant) -> CameraStatus {
        let (state, size, last_frame_age) = self.source.view(now);
        let meter = &self.shared.meter;
        CameraStatus {
            name: self.settings.name.clone(),
            handle: self.shared.handle,
            source: self.settings.source.to_string(),
            declared: self.declared,
            state,
            size,
            frame_rate: meter.frame_rate(now),
            frames: meter.frames.load(Ordering::Relaxed),
            dropped: meter.dropped.load(Ordering::Relaxed),
            events: meter.events.load(Ordering::Relaxed),
            last_frame_age,
            viewers: self.shared.views.viewers(),
            encoded: self.shared.views.encoded.load(Ordering::Relaxed),
            rules,
            classes: self.shared.classes.to_vec(),
            stages: meter.stages(),
            region: self.settings.region.clone(),
            ignored: self.settings.region.as_ref().map(|_| meter.ignored()),
            calibration: self.calibration.clone(),
            calibration_spec: self.settings.calibration.clone(),
            recording: self.shared.recording.status(),
            looks: self.feed.has_plan().then(|| meter.looks()),
            reads: self.feed.reads_plates().then(|| meter.reads()),
        }
    }
}

fn solved_region(settings: &CameraSettings) -> Result<Option<Arc<Region>>, CameraSettingsError> {
    let region = settings.region.as_ref().map(RegionSpec::solve).transpose();
    let region =
        region.map_err(|reason| CameraSettingsError::Region { camera: settings.name.clone(), reason })?;
    Ok(region.map(Arc::new))
}

fn solved_calibration(settings: &CameraSettings) -> Result<Option<SolvedCalibration>, CameraSettingsError> {
    let calibration = settings.calibration.as_ref().map(CalibrationSpec::solve).transpose();
    calibration.map_err(|reason| CameraSettingsError::Calibration { camera: settings.name.clone(), reason })
}

/// What is looked at of the camera; none where the host has no embedder or the camera wants nothing.
fn plan(settings: &CameraSettings, wiring: &CameraWiring) -> Option<Plan> {
    if !wiring.looks {
        if settings.embedding.is_some() {
            tracing::warn!(camera = %settings.name, "embedding is set and this host has no embedder");
        }
        return None;
    }
    let spec = settings.embedding.clone().unwrap_or_default();
    Plan::new(&spec, &settings.tracker, &wiring.classes)
}

/// What plates are read on the camera; none where the host has no reader of plates or the camera does not say how.
fn plate_plan(settings: &CameraSettings, wiring: &CameraWiring) -> Option<PlatePlan> {
    let spec = settings.plates.as_ref()?;
    if !wiring.reads {
        tracing::warn!(camera = %settings.name, "plates is set and this host has no reader of plates");
        return None;
    }
    PlatePlan::new(spec, &settings.tracker, &wiring.classes)
}

fn class_filter(wanted: &[String], known: &[String]) -> Result<ClassFilter, SiteError> {
    ClassFilter::new(known, wanted).map_err(|error| SiteError::Invalid(error.to_string()))
}

/// Joins threads until the deadline; the names of those that did not end.
pub(crate) fn join_until(threads: Vec<(String, JoinHandle<()>)>, deadline: Instant) -> Vec<String> {
    let mut running = Vec::new();
    for (name, thread) in threads {
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        if !thread.is_finished() {
            running.push(name);
        } else if thread.join().is_err() {
            tracing::error!(thread = %name, "the thread ended with a panic");
        }
    }
    running
}
