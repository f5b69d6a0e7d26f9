//! The live host: cameras, rules, and what changes them while frames run.

mod ask;
pub(crate) mod bus;
pub(crate) mod camera;
mod camera_change;
mod change;
mod error;
mod grants;
mod health;
mod history;
mod hold;
pub(crate) mod journal;
pub(crate) mod keeper;
mod level;
mod memory;
pub(crate) mod outbox;
mod places;
mod plugins;
mod policy;
mod recordings;
pub(crate) mod restarter;
pub(crate) mod rule;
mod rules;
pub(crate) mod seat;
pub(crate) mod shadow;
pub(crate) mod site_outputs;
mod start;
mod stored;
pub(crate) mod tap;
mod turn;
mod watch;
pub(crate) mod webhooks;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ocellus_core::{EventRecord, Name, TimeUs};
use ocellus_store::{CameraDeclaration, Database, EventPage, EventQuery, EventWriter, TransitionRecord};
use tokio::sync::broadcast;

use self::camera::{CameraEntry, CameraShared, CameraWiring, join_until};
use self::places::SiteLaneEntry;
use self::plugins::Plugins;
use self::rule::{FailedRule, RuleEntry};
use self::shadow::Shadow;
use self::turn::{Subject, Turn, Turns};
use self::watch::Watch;
use crate::camera::{CameraSettings, CameraStatus, Declared, Live, SeenPlate, View, ViewSettings, encode};

pub use self::error::{NotKept, SiteError, SiteErrorKind};
pub use self::health::{ComponentHealth, Health, HealthState};
pub use self::journal::RuleJournal;
pub use self::plugins::PluginStatus;
pub use self::policy::{PolicyError, RulePolicy};
pub use self::rule::{
    Activation, HandedOver, RuleCameraStatus, RuleLogLine, RuleSettings, RuleStatus, SwappedCamera,
};
pub use self::shadow::{Comparison, Difference, ShadowStatus, Side};
pub use self::start::{DeclaredRule, SiteParts, SiteSettings};
pub use self::webhooks::WebhookCounts;

/// JPEG quality of a plate's picture, which is small.
const PLATE_QUALITY: u8 = 90;

/// The live host. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

pub(crate) struct Inner {
    database: Database,
    plugins: Plugins,
    wiring: CameraWiring,
    cameras: RwLock<BTreeMap<Name, CameraEntry>>,
    rules: RwLock<BTreeMap<Name, RuleEntry>>,
    /// Rules of the database that could not be started, and why.
    failed_rules: Mutex<BTreeMap<Name, FailedRule>>,
    events: broadcast::Sender<Arc<EventRecord>>,
    transitions: broadcast::Sender<Arc<TransitionRecord>>,
    /// Versions on trial, by rule.
    watches: Mutex<BTreeMap<Name, Watch>>,
    /// Versions that run beside the active ones, by rule.
    shadows: Mutex<BTreeMap<Name, Shadow>>,
    /// The lanes of site rules, by rule.
    site_lanes: Mutex<BTreeMap<Name, SiteLaneEntry>>,
    /// Dropped to end the watch.
    watching: Mutex<Option<SyncSender<()>>>,
    writer: Mutex<Option<EventWriter>>,
    threads: Mutex<Vec<(String, std::thread::JoinHandle<()>)>>,
    turns: Turns,
    config_file: Option<PathBuf>,
    started: Instant,
    ending: AtomicBool,
}

/// What was still running when the grace period was over.
#[derive(Debug, Clone, Default)]
pub struct ShutdownReport {
    /// The cameras as they were at the end.
    pub cameras: Vec<CameraStatus>,
    /// Names of threads that did not end.
    pub still_running: Vec<String>,
    /// Events that could not be written any more.
    pub events_lost: u64,
}

impl Site {
    /// All cameras, by name.
    #[must_use]
    pub fn cameras(&self) -> Vec<CameraStatus> {
        let now = Instant::now();
        let rules = self.rules_by_camera();
        let cameras = self.0.cameras();
        let status = |(name, entry): (&Name, &CameraEntry)| {
            entry.status(rules.get(name).cloned().unwrap_or_default(), now)
        };
        cameras.iter().map(status).collect()
    }

    /// One camera.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn camera(&self, name: &Name) -> Result<CameraStatus, SiteError> {
        let mut rules = self.rules_by_camera();
        let cameras = self.0.cameras();
        let entry = cameras.get(name).ok_or_else(|| SiteError::no_camera(name))?;
        Ok(entry.status(rules.remove(name).unwrap_or_default(), Instant::now()))
    }

    /// Adds a camera and keeps it in the database. Blocks for the database.
    ///
    /// # Errors
    /// [`SiteError::Exists`], [`SiteError::Camera`] for a bad value, or the database's error.
    pub fn add_camera(&self, settings: CameraSettings) -> Result<CameraStatus, SiteError> {
        let name = settings.name.clone();
        let _turn = self.0.take_turn(Subject::Camera(name.clone()))?;
        if self.0.cameras().contains_key(&name) {
            return Err(SiteError::Exists { what: "camera", name });
        }
        settings.validate(&self.0.wiring.classes)?;
        if settings.embedding.is_some() && !self.0.wiring.looks {
            return Err(SiteError::Invalid(format!(
                "camera {name}: embedding is set and this host has no embedder; leave it out, or name a model in [embedder] \
                 of the config file"
            )));
        }
        if settings.plates.is_some() && !self.0.wiring.reads {
            return Err(SiteError::Invalid(format!(
                "camera {name}: plates is set and this host reads none; leave it out, or name the models in [plates] of the \
                 config file"
            )));
        }
        self.0.expect_recordings(&settings)?;
        let declaration = CameraDeclaration {
            name: name.clone(),
            source: settings.source.expose().to_owned(),
            settings: stored::to_json(&settings),
        };
        let record = self.0.database.put_camera(&declaration, now_us())?;
        let entry = CameraEntry::start(settings, record.handle, Declared::Rest, &self.0.wiring)?;
        self.0.cameras_mut().insert(name.clone(), entry);
        self.camera(&name)
    }

    /// Removes a camera; its rules go on without it. Blocks until its threads have ended.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::ReadOnly`] for one of the config file, or the database's.
    pub fn remove_camera(&self, name: &Name) -> Result<(), SiteError> {
        let _turn = self.0.take_turn_alone("camera", name)?;
        let declared = self.0.cameras().get(name).map(|entry| entry.declared);
        match declared.ok_or_else(|| SiteError::no_camera(name))? {
            Declared::Config => return Err(self.0.read_only("camera", name)),
            Declared::Rest => {}
        }
        self.0.refuse_to_strand_rules(name)?;
        self.0.forget_camera_in_rules(name)?;
        self.0.database.delete_camera(name)?;
        let entry = self.0.cameras_mut().remove(name);
        if let Some(entry) = entry {
            entry.end(&self.0.wiring.roster, Duration::from_secs(8));
        }
        Ok(())
    }

    /// The newest frame as JPEG. Blocks for the encoding.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::NoFrameYet`], or the encoder's error.
    pub fn snapshot(&self, name: &Name, view: ViewSettings) -> Result<Bytes, SiteError> {
        let shared = self.0.shared(name)?;
        let frame = shared.publisher.newest().ok_or_else(|| SiteError::NoFrameYet(name.clone()))?;
        encode::encode(&frame, &view, None)
            .map_err(|error| SiteError::Encode { camera: name.clone(), reason: error.to_string() })
    }

    /// The number plates of the vehicles in view and of the last 50 that have gone, the one seen last first.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn plates(&self, name: &Name) -> Result<Vec<SeenPlate>, SiteError> {
        let shared = self.0.shared(name)?;
        Ok(shared.plates.latest(shared.publisher.newest().as_deref()))
    }

    /// The clearest picture of a track's plate as JPEG. Blocks for the encoding.
    ///
    /// # Errors
    /// [`SiteError::NotFound`] where none of [`Site::plates`] is that track's or has a picture, or the encoder's error.
    pub fn plate_picture(&self, name: &Name, track: u64) -> Result<Bytes, SiteError> {
        let plates = self.plates(name)?;
        let seen = plates.into_iter().find(|seen| seen.plate.track == track);
        let picture = seen.as_ref().and_then(|seen| seen.plate.picture.as_ref());
        // Where a camera masks or hashes its plates there are none of any.
        let what = "picture of a plate (none is kept where plates.privacy is mask or hash) of track";
        let picture = picture.ok_or_else(|| SiteError::NotFound { what, name: track.to_string() })?;
        encode::plain(picture, PLATE_QUALITY)
            .map_err(|error| SiteError::Encode { camera: name.clone(), reason: error.to_string() })
    }

    /// Looks at a camera's pictures.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], or [`SiteError::TooManyViews`] when 16 different ones are looked at.
    pub fn view(&self, name: &Name, view: ViewSettings) -> Result<View, SiteError> {
        let shared = self.0.shared(name)?;
        let view = shared.views.open(view).map_err(|_| SiteError::TooManyViews(name.clone()))?;
        // The newest frame at once, not at the camera's next.
        self.0.wiring.encoder.request(&shared);
        Ok(view)
    }

    /// Looks at a camera's tracks, without pictures.
    ///
    /// # Errors
    /// [`SiteError::NotFound`].
    pub fn live(&self, name: &Name) -> Result<Live, SiteError> {
        Ok(self.0.shared(name)?.publisher.subscribe())
    }

    /// Events of the past.
    ///
    /// # Errors
    /// The database's, or a limit out of range.
    pub fn events(&self, query: &EventQuery) -> Result<EventPage, SiteError> {
        Ok(self.0.database.events(query)?)
    }

    /// Events from now on, each after it was written. A receiver that is slow is told how many it missed.
    #[must_use]
    pub fn subscribe_events(&self) -> broadcast::Receiver<Arc<EventRecord>> {
        self.0.events.subscribe()
    }

    /// What became of the webhook calls of each rule that made any.
    #[must_use]
    pub fn webhooks(&self) -> Vec<(Name, WebhookCounts)> {
        self.0.wiring.rules.webhooks.counts()
    }

    /// Frames that site rules had no room for, by rule.
    #[must_use]
    pub fn site_rules_missed(&self) -> Vec<(Name, u64)> {
        self.0.site_lanes().iter().map(|(rule, lane)| (rule.clone(), lane.missed())).collect()
    }

    /// Ends everything in order: sources, frames on their way, lanes, events, the rest. Blocks.
    #[must_use]
    pub fn shutdown(&self, grace: Duration) -> ShutdownReport {
        if self.0.ending.swap(true, Ordering::AcqRel) {
            return ShutdownReport::default();
        }
        let deadline = Instant::now() + grace;
        let left = || deadline.saturating_duration_since(Instant::now());
        let cameras = std::mem::take(&mut *self.0.cameras_mut());
        cameras.values().for_each(CameraEntry::stop_source);
        let mut report = ShutdownReport::default();
        for entry in cameras.into_values() {
            let (status, running) = entry.end(&self.0.wiring.roster, left());
            report.cameras.push(status);
            report.still_running.extend(running);
        }
        if let Some(recorder) = &self.0.wiring.recorder {
            recorder.stop();
        }
        drop(self.0.watching.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.0.wiring.roster.stop();
        self.0.wiring.encoder.stop();
        let site_lanes = std::mem::take(&mut *self.0.site_lanes()).into_iter();
        let site_lanes = site_lanes.map(|(rule, lane)| (format!("site-{rule}"), lane.end()));
        report.still_running.extend(join_until(site_lanes.collect(), deadline));
        self.0.wiring.rules.webhooks.stop();
        self.0.wiring.rules.restarter.stop();
        self.0.wiring.rules.keeper.stop();
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            report.events_lost = writer.close(left()).dropped;
        }
        let threads = std::mem::take(&mut *self.0.threads.lock().unwrap_or_else(PoisonError::into_inner));
        report.still_running.extend(join_until(threads, deadline));
        let shadows = std::mem::take(&mut *self.0.shadows()).into_iter();
        let shadows = shadows.map(|(rule, shadow)| (format!("shadow-{rule}"), shadow.into_thread()));
        report.still_running.extend(join_until(shadows.collect(), deadline));
        report
    }

    fn rules_by_camera(&self) -> BTreeMap<Name, Vec<Name>> {
        let mut by_camera: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
        for (rule, entry) in self.0.rules().iter() {
            for camera in &entry.record.cameras {
                by_camera.entry(camera.clone()).or_default().push(rule.clone());
            }
        }
        by_camera
    }
}

impl Inner {
    /// The right to change a rule.
    fn take_turn_of(&self, rule: &Name) -> Result<Turn<'_>, SiteError> {
        self.take_turn(Subject::Rule(rule.clone()))
    }

    /// The right to change what others stand on.
    fn take_turn_alone(
        &self,
        what: &str,
        name: &(impl std::fmt::Display + ?Sized),
    ) -> Result<Turn<'_>, SiteError> {
        self.take_turn(Subject::Alone(format!("{what} {name}")))
    }

    fn take_turn(&self, of: Subject) -> Result<Turn<'_>, SiteError> {
        if self.ending.load(Ordering::Acquire) {
            return Err(SiteError::ShuttingDown);
        }
        self.turns.take(of)
    }

    fn shared(&self, name: &Name) -> Result<Arc<CameraShared>, SiteError> {
        let cameras = self.cameras();
        cameras.get(name).map(|entry| Arc::clone(&entry.shared)).ok_or_else(|| SiteError::no_camera(name))
    }

    fn read_only(&self, what: &'static str, name: &Name) -> SiteError {
        SiteError::ReadOnly { what, name: name.clone(), file: self.config_file.clone() }
    }

    fn cameras(&self) -> RwLockReadGuard<'_, BTreeMap<Name, CameraEntry>> {
        self.cameras.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn cameras_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<Name, CameraEntry>> {
        self.cameras.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> RwLockReadGuard<'_, BTreeMap<Name, RuleEntry>> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<Name, RuleEntry>> {
        self.rules.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed_rules(&self) -> MutexGuard<'_, BTreeMap<Name, FailedRule>> {
        self.failed_rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wall clock, for rows that operators made.
fn now_us() -> TimeUs {
    TimeUs(0) + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
