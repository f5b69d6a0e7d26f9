//! Starting a site: threads first, then cameras, then rules, by the paths that changes take.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ocellus_core::{EventRecord, Name};
use ocellus_runtime::{Runtime, Upload};
use ocellus_store::{CameraRecord, Database, EventWriter, EventWriterSettings, Retention, RuleRecord};
use tokio::sync::broadcast;

use super::camera::{CameraEntry, CameraWiring};
use super::keeper::{self, Keeper};
use super::plugins::Plugins;
use super::restarter::{self, Restarter};
use super::rule::{FailedRule, RuleSettings};
use super::turn::Turns;
use super::webhooks::{CALLERS, Webhooks};
use super::{Inner, Site, SiteError, now_us, stored, watch};
use crate::camera::encode::Encoder;
use crate::camera::lane::rules::RuleWiring;
use crate::camera::{CameraSettings, Declared};
use crate::detector::{self, Detector, LiveModels, Roster};
use crate::embedder::LiveEmbedder;
use crate::reader::LiveReader;
use crate::recordings::{self, Recorder, RecordingSettings};

/// What a site is made of.
pub struct SiteParts {
    /// The model, owned by one thread from now on.
    pub detector: Box<dyn Detector>,
    /// What says what objects look like, where there is such a model.
    pub embedder: Option<LiveEmbedder>,
    /// What reads number plates, where there are such models.
    pub reader: Option<LiveReader>,
    /// Where rules run.
    pub runtime: Runtime,
    /// What lasts.
    pub database: Database,
}

/// A rule that the config file declares.
#[derive(Debug, Clone)]
pub struct DeclaredRule {
    /// The rule; `plugin` is not looked at where `component` is given.
    pub settings: RuleSettings,
    /// The plugin's bytes with their signature, where the config file names a file.
    pub component: Option<Upload>,
}

/// What the config file says.
#[derive(Debug, Clone, Default)]
pub struct SiteSettings {
    /// The file itself, for messages; `None` without one.
    pub config_file: Option<PathBuf>,
    /// Cameras that REST cannot change.
    pub cameras: Vec<CameraSettings>,
    /// Rules that REST cannot change.
    pub rules: Vec<DeclaredRule>,
    /// How long events are kept.
    pub retention: Retention,
    /// How cameras are recorded; none of them is where `None`.
    pub recordings: Option<RecordingSettings>,
}

/// Events that a slow subscriber may be behind before it misses some.
const EVENT_BACKLOG: usize = 1024;

impl Site {
    /// Starts the site. Blocks until every declared rule is bound.
    ///
    /// # Errors
    /// The first thing of the config file that cannot be used. What the database holds and cannot be
    /// started any more is logged and shown in [`Site::health`], and does not stop the start.
    pub fn start(parts: SiteParts, settings: SiteSettings) -> Result<Site, SiteError> {
        let classes: Arc<[String]> = parts.detector.classes().into();
        let (events, _) = broadcast::channel(EVENT_BACKLOG);
        let (transitions, _) = broadcast::channel(EVENT_BACKLOG);
        let fan_out = events.clone();
        let deliver = move |records: Vec<EventRecord>| {
            for record in records {
                // Nobody listening is fine: the record is written.
                let _ = fan_out.send(Arc::new(record));
            }
        };
        let writer = EventWriter::start(parts.database.clone(), EventWriterSettings::default(), deliver)?;
        let (keeper, jobs) = Keeper::new();
        let (restarter, revivals) = Restarter::new();
        let webhooks = Webhooks::default();
        let roster = Arc::new(Roster::default());
        let encoder = Arc::new(Encoder::default());
        let recorder = settings.recordings.as_ref().map(Recorder::new).unzip();
        let (recorder, told) = recorder;
        let wiring = CameraWiring {
            roster: Arc::clone(&roster),
            encoder: Arc::clone(&encoder),
            rules: RuleWiring {
                events: writer.queue(),
                keeper,
                restarter,
                bus: Arc::default(),
                webhooks: webhooks.clone(),
            },
            database: parts.database.clone(),
            classes,
            looks: parts.embedder.is_some(),
            reads: parts.reader.is_some(),
            recorder: recorder.clone(),
        };
        let (database, retention) = (parts.database.clone(), settings.retention);
        let models = LiveModels { detector: parts.detector, embedder: parts.embedder, reader: parts.reader };
        let mut threads = vec![
            thread("detector", move || detector::run(&roster, models))?,
            thread("encoder", move || encoder.run())?,
            thread("keeper", move || keeper::run(&jobs, &database, &retention))?,
            thread("restarter", move || restarter::run(&revivals))?,
        ];
        if let (Some(recorder), Some(told), Some(settings)) = (recorder, told, settings.recordings.clone()) {
            let shelf = Arc::clone(recorder.shelf());
            threads.push(thread("recorder", move || recordings::run(&told, &shelf, settings))?);
        }
        for number in 0..CALLERS {
            let webhooks = webhooks.clone();
            threads.push(thread(&format!("webhooks-{number}"), move || webhooks.run())?);
        }
        let (watching, unwatched) = sync_channel(0);
        let site = Site(Arc::new(Inner {
            plugins: Plugins::new(parts.runtime, parts.database.clone()),
            database: parts.database,
            wiring,
            cameras: RwLock::default(),
            rules: RwLock::default(),
            failed_rules: Mutex::default(),
            events,
            transitions,
            watches: Mutex::default(),
            shadows: Mutex::default(),
            site_lanes: Mutex::default(),
            watching: Mutex::new(Some(watching)),
            writer: Mutex::new(Some(writer)),
            threads: Mutex::new(threads),
            turns: Turns::default(),
            config_file: settings.config_file.clone(),
            started: Instant::now(),
            ending: AtomicBool::new(false),
        }));
        let watched = Arc::downgrade(&site.0);
        let watch = thread("watch", move || watch::run(&watched, &unwatched))?;
        site.0.threads.lock().unwrap_or_else(PoisonError::into_inner).push(watch);
        match site.0.populate(settings) {
            Ok(()) => Ok(site),
            Err(error) => {
                let _ = site.shutdown(Duration::from_secs(5));
                Err(error)
            }
        }
    }
}

impl Inner {
    fn populate(&self, settings: SiteSettings) -> Result<(), SiteError> {
        for camera in settings.cameras {
            let name = camera.name.clone();
            if self.cameras().contains_key(&name) {
                return Err(SiteError::Exists { what: "camera", name });
            }
            let handle = self.database.handle_for(&name)?;
            let entry = CameraEntry::start(camera, handle, Declared::Config, &self.wiring)?;
            self.cameras_mut().insert(name, entry);
        }
        for record in self.database.cameras()? {
            self.start_stored_camera(&record);
        }
        for rule in settings.rules {
            self.start_declared_rule(rule)?;
        }
        for record in self.database.rules()? {
            self.start_stored_rule(record);
        }
        Ok(())
    }

    fn start_declared_rule(&self, rule: DeclaredRule) -> Result<(), SiteError> {
        let mut settings = rule.settings;
        if self.rules().contains_key(&settings.name) {
            return Err(SiteError::Exists { what: "rule", name: settings.name });
        }
        if let Some(component) = rule.component {
            settings.plugin = self.plugins.upload(component, now_us())?.digest.to_string();
        }
        self.put_rule(settings, Declared::Config)
    }

    fn start_stored_camera(&self, record: &CameraRecord) {
        let name = record.name.clone();
        if self.cameras().contains_key(&name) {
            return tracing::warn!(camera = %name, "declared in the config file too; the one added over REST rests");
        }
        let started = stored::from_json(name.clone(), &record.source, &record.settings)
            .map_err(SiteError::Invalid)
            .and_then(|settings| CameraEntry::start(settings, record.handle, Declared::Rest, &self.wiring));
        match started {
            Ok(entry) => drop(self.cameras_mut().insert(name, entry)),
            Err(error) => tracing::error!(camera = %name, %error, "a camera added over REST did not start"),
        }
    }

    fn start_stored_rule(&self, record: RuleRecord) {
        let name: Name = record.name.clone();
        if self.rules().contains_key(&name) {
            return tracing::warn!(rule = %name, "declared in the config file too; the one added over REST rests");
        }
        if let Err(error) = self.bind_stored_rule(record.clone()) {
            tracing::error!(rule = %name, %error, "a rule added over REST did not start");
            self.failed_rules().insert(name, FailedRule { record, reason: error.to_string() });
        }
    }
}

fn thread(role: &str, work: impl FnOnce() + Send + 'static) -> Result<(String, JoinHandle<()>), SiteError> {
    let handle = std::thread::Builder::new().name(role.to_owned()).spawn(work).map_err(SiteError::Thread)?;
    Ok((role.to_owned(), handle))
}
