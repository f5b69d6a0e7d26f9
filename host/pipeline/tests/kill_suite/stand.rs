//! A small site on a data folder, in the child and in the parent.

use std::path::Path;
use std::time::{Duration, Instant};

use ocellus_core::{Detection, Name, Rect};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{CameraSettings, Detector, DetectorError, Site, SiteParts, SiteSettings};
use ocellus_runtime::{RuleState, Runtime, RuntimeOptions};
use ocellus_store::{Database, DatabaseSettings, Durability};

use crate::subject::RULE;

pub(crate) const CAMERAS: [&str; 2] = ["north", "east"];

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sees one person, always in the same place.
struct OnePerson([String; 1]);

impl Detector for OnePerson {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        let person = Detection { rect: Rect::new(40.0, 30.0, 20.0, 40.0), class: 0, confidence: 0.9 };
        Ok(batch.iter().map(|_| vec![person]).collect())
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// Opens the data folder. A kill loses nothing that the system has, so nobody waits for the disk here.
pub(crate) fn open(folder: &Path) -> Database {
    let settings = DatabaseSettings { durability: Durability::ProcessKill, ..DatabaseSettings::default() };
    let opened = Database::open_with(folder, &settings).unwrap();
    assert!(opened.damage.is_none(), "{}: {:?}", folder.display(), opened.damage);
    opened.database
}

/// A site with two small, fast cameras. Compiled plugins are kept in the folder too, so that a kill can hit them.
pub(crate) fn start(folder: &Path, database: Database) -> Site {
    let camera = |(seed, camera): (usize, &&str)| {
        let source = format!("scene:crossing?seed={seed}&width=160&height=128&fps=50");
        CameraSettings::new(name(camera), SourceSpec::parse(&source).unwrap())
    };
    let options = RuntimeOptions { cache_dir: Some(folder.join("compiled")), ..RuntimeOptions::default() };
    let parts = SiteParts {
        embedder: None,
        reader: None,
        detector: Box::new(OnePerson(["person".into()])),
        runtime: Runtime::new(options).unwrap(),
        database,
    };
    let cameras = CAMERAS.iter().enumerate().map(camera).collect();
    Site::start(parts, SiteSettings { cameras, ..SiteSettings::default() }).unwrap()
}

/// Waits until every camera has frames, and the rule, if there is one, has seen some; the number of the track in
/// each camera's newest frame.
pub(crate) fn at_work(site: &Site) -> Vec<(&'static str, u64)> {
    if let Ok(rule) = site.rule(&name(RULE)) {
        assert_eq!(rule.failure, None);
        let places = if rule.scope == "site" { 1 } else { CAMERAS.len() };
        wait_until("the rule works everywhere", || {
            let rule = site.rule(&name(RULE)).unwrap();
            rule.cameras.len() == places
                && rule.cameras.iter().all(|on| on.health.calls > 0 && on.health.state == RuleState::Active)
        });
    }
    let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let newest = |camera| {
        let mut live = site.live(&name(camera)).unwrap();
        loop {
            let (frame, _) = waiting.block_on(live.next()).unwrap();
            if let Some(track) = frame.tracks.iter().map(|track| track.id).max() {
                return (camera, track);
            }
        }
    };
    CAMERAS.map(newest).to_vec()
}

pub(crate) fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

pub(crate) fn end(site: &Site) {
    let report = site.shutdown(Duration::from_secs(20));
    assert!(report.still_running.is_empty() && report.events_lost == 0, "{report:?}");
}
