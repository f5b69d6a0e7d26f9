//! A site for tests.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ocellus_core::{Detection, EventRecord, Name, Rect};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CameraSettings, DeclaredRule, Detector, DetectorError, EmbeddingSpec, EventQuery, LiveEmbedder,
    LiveReader, Order, PlatesSpec, RulePolicy, RuleSettings, Site, SiteParts, SiteSettings,
};
use ocellus_runtime::{Grants, Runtime, RuntimeOptions};
use ocellus_store::Database;

/// Longest wait for anything that a test waits for.
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

/// A test guest, built by `make guests`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let program = std::env::current_exe().unwrap();
    let guests = program.ancestors().nth(3).unwrap().join("guests/wasm32-wasip2/release");
    let path: PathBuf = guests.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make guests` first", path.display()))
}

/// A shipped rule.
pub(crate) fn shipped(name: &str) -> Vec<u8> {
    let program = std::env::current_exe().unwrap();
    let path: PathBuf = program.ancestors().nth(3).unwrap().join("plugins").join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make plugins` first", path.display()))
}

/// The guest that misbehaves on request.
pub(crate) fn probe() -> Vec<u8> {
    guest("probe")
}

/// The test guest under another version.
pub(crate) fn probe_version(version: &str) -> Vec<u8> {
    marked(&[("@version=", version)])
}

/// The test guest with texts written over its marks.
pub(crate) fn marked(marks: &[(&str, &str)]) -> Vec<u8> {
    marked_in("probe", marks)
}

/// The same of another guest.
pub(crate) fn marked_in(name: &str, marks: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = guest(name);
    for (mark, text) in marks {
        let at = bytes.windows(mark.len()).position(|window| window == mark.as_bytes()).unwrap() + mark.len();
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    bytes
}

/// A running site, ended when dropped.
pub(crate) struct TestSite {
    pub(crate) site: Site,
    folder: tempfile::TempDir,
}

impl TestSite {
    /// One small, fast scene camera for each name.
    pub(crate) fn start(cameras: &[&str]) -> TestSite {
        TestSite::start_at(25, cameras)
    }

    /// One small scene camera with so many frames a second for each name.
    pub(crate) fn start_at(fps: u32, cameras: &[&str]) -> TestSite {
        TestSite::start_in(tempfile::tempdir().unwrap(), fps, cameras)
    }

    /// Ends it, and starts another one on the same data.
    pub(crate) fn restart(self, cameras: &[&str]) -> TestSite {
        self.restart_with(RuntimeOptions::default(), cameras)
    }

    /// The same with another runtime.
    pub(crate) fn restart_with(self, options: RuntimeOptions, cameras: &[&str]) -> TestSite {
        TestSite::start_with(self.end(), options, 25, cameras)
    }

    /// The same with rules of the config file.
    pub(crate) fn restart_declaring(self, cameras: &[&str], rules: Vec<DeclaredRule>) -> TestSite {
        let settings = SiteSettings { cameras: scenes(25, cameras), rules, ..SiteSettings::default() };
        TestSite::start_from(self.end(), RuntimeOptions::default(), settings)
    }

    /// Ends it; its data.
    fn end(mut self) -> tempfile::TempDir {
        let report = self.site.shutdown(Duration::from_secs(10));
        assert!(report.still_running.is_empty(), "{report:?}");
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    fn start_in(folder: tempfile::TempDir, fps: u32, cameras: &[&str]) -> TestSite {
        TestSite::start_with(folder, RuntimeOptions::default(), fps, cameras)
    }

    /// The same with another runtime.
    pub(crate) fn start_with(
        folder: tempfile::TempDir,
        options: RuntimeOptions,
        fps: u32,
        cameras: &[&str],
    ) -> TestSite {
        let settings = SiteSettings { cameras: scenes(fps, cameras), ..SiteSettings::default() };
        TestSite::start_from(folder, options, settings)
    }

    fn start_from(folder: tempfile::TempDir, options: RuntimeOptions, settings: SiteSettings) -> TestSite {
        TestSite::start_seeing(
            (Box::new(OnePerson(["person".into()])), None, None),
            (folder, options),
            settings,
        )
    }

    /// The same with other models, and cameras that are told how to look at tracks.
    pub(crate) fn start_looking(
        detector: Box<dyn Detector>,
        embedder: LiveEmbedder,
        cameras: &[&str],
        embedding: &EmbeddingSpec,
    ) -> TestSite {
        let mut cameras = scenes(25, cameras);
        for camera in &mut cameras {
            camera.embedding = Some(embedding.clone());
        }
        let settings = SiteSettings { cameras, ..SiteSettings::default() };
        let data = (tempfile::tempdir().unwrap(), RuntimeOptions::default());
        TestSite::start_seeing((detector, Some(embedder), None), data, settings)
    }

    /// The same with a reader of plates, and cameras that are told how to read them.
    pub(crate) fn start_reading(
        detector: Box<dyn Detector>,
        reader: LiveReader,
        cameras: &[&str],
        plates: &PlatesSpec,
    ) -> TestSite {
        let mut cameras = scenes(25, cameras);
        for camera in &mut cameras {
            camera.plates = Some(plates.clone());
        }
        let settings = SiteSettings { cameras, ..SiteSettings::default() };
        let data = (tempfile::tempdir().unwrap(), RuntimeOptions::default());
        TestSite::start_seeing((detector, None, Some(reader)), data, settings)
    }

    fn start_seeing(
        (detector, embedder, reader): (Box<dyn Detector>, Option<LiveEmbedder>, Option<LiveReader>),
        (folder, options): (tempfile::TempDir, RuntimeOptions),
        settings: SiteSettings,
    ) -> TestSite {
        let parts = SiteParts {
            detector,
            embedder,
            reader,
            runtime: Runtime::new(options).unwrap(),
            database: Database::open(folder.path()).unwrap().database,
        };
        TestSite { site: Site::start(parts, settings).unwrap(), folder }
    }

    /// Binds an uploaded plugin under `rule`.
    pub(crate) fn bind(&self, rule: &str, plugin: &str, cameras: &[&str], settings: &str) {
        self.site.put_rule(self.rule(rule, plugin, cameras, settings)).unwrap();
    }

    /// A rule to bind.
    pub(crate) fn rule(&self, rule: &str, plugin: &str, cameras: &[&str], settings: &str) -> RuleSettings {
        RuleSettings {
            name: name(rule),
            plugin: plugin.to_owned(),
            cameras: cameras.iter().map(|camera| name(camera)).collect(),
            settings: settings.to_owned(),
            policy: RulePolicy::default(),
            grants: None,
        }
    }

    /// Binds a rule with grants.
    pub(crate) fn bind_granted(&self, rule: (&str, &str), cameras: &[&str], settings: &str, grants: Grants) {
        let settings = RuleSettings { grants: Some(grants), ..self.rule(rule.0, rule.1, cameras, settings) };
        self.site.put_rule(settings).unwrap();
    }

    /// The highest number of a track in a camera's newest frame.
    pub(crate) fn newest_track(&self, camera: &str) -> Option<u64> {
        let mut live = self.site.live(&name(camera)).unwrap();
        let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (frame, _) = waiting.block_on(live.next())?;
        frame.tracks.iter().map(|track| track.id).max()
    }

    /// Frames that the rules of a camera saw.
    pub(crate) fn frames(&self, camera: &str) -> u64 {
        self.site.camera(&name(camera)).unwrap().frames
    }

    /// Calls of a rule's active version, on all its cameras.
    pub(crate) fn calls(&self, rule: &str) -> u64 {
        self.site.rule(&name(rule)).unwrap().cameras.iter().map(|on| on.health.calls).sum()
    }

    /// Waits until `done`; a site that does not get there fails the test.
    pub(crate) fn wait_until(&self, what: &str, done: impl Fn(&Site) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(&self.site) {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// All events of a rule, oldest first.
    pub(crate) fn events(&self, rule: &str) -> Vec<EventRecord> {
        let mut query =
            EventQuery { rule: Some(name(rule)), order: Order::Oldest, limit: 1000, ..EventQuery::default() };
        let mut records = Vec::new();
        loop {
            let page = self.site.events(&query).unwrap();
            records.extend(page.records);
            match page.next {
                Some(next) => query.after = Some(next),
                None => return records,
            }
        }
    }
}

/// A small, fast scene camera for each name.
fn scenes(fps: u32, cameras: &[&str]) -> Vec<CameraSettings> {
    let camera = |(seed, camera): (usize, &&str)| {
        let source = format!("scene:crossing?seed={seed}&width=160&height=128&fps={fps}");
        CameraSettings::new(name(camera), SourceSpec::parse(&source).unwrap())
    };
    cameras.iter().enumerate().map(camera).collect()
}

impl Drop for TestSite {
    fn drop(&mut self) {
        let _ = self.site.shutdown(Duration::from_secs(10));
    }
}
