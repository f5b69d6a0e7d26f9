//! CPU of `analyze` beside a bare ONNX Runtime loop: same model, same threads, same run.
//!
//! A scene clip with the bundled model; with `OCELLUS_TEST_DATA` a real clip with YOLOX-nano too. Decoding is
//! measured where it happens, in the thread that decodes while the others work.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ocellus_core::Name;
use ocellus_core::tracker::ByteTrackSettings;
use ocellus_inference::{Model, ModelOptions, Session, Thresholds};
use ocellus_media::scene::{Scene, SceneKind, SceneSettings};
use ocellus_media::write::{VideoSettings, VideoWriter};
use ocellus_media::{OpenOptions, Pace, Source, SourceError, SourceInfo, SourcePicture, SourceSpec, Stop};
use ocellus_pipeline::recorded::{self, AnalysisOutputs, AnalysisSettings, Models, RecordedRule, RuleSource};
use ocellus_pipeline::{EmbeddingSpec, Mount, PlatesSpec};
use ocellus_runtime::{Runtime, RuntimeOptions};

const THREADS: usize = 1;
const ROUNDS: usize = 3;
const LINE: &str = r#"{"lines":[{"name":"l","from":[0.5,0.0],"to":[0.5,1.0],"entry":"left-to-right"}]}"#;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let clip = folder.path().join("scene.mp4");
    render(&clip);
    measure("scene 640x384, scene-nano", &clip, &repository.join("models/scene-nano/scene-nano.onnx"));
    match std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from) {
        Some(data) => measure(
            "one-by-one 768x432, yolox_nano",
            &data.join("video/one-by-one-person-detection.mp4"),
            &data.join("models/yolox_nano.onnx"),
        ),
        None => println!("SKIPPED: OCELLUS_TEST_DATA is unset; no real clip"),
    }
}

fn render(clip: &Path) {
    let settings = SceneSettings::new(SceneKind::Crossing, 3);
    let mut scene = Scene::new(settings).unwrap();
    let video = VideoSettings { size: settings.size, frame_rate: (10, 1) };
    let mut writer = VideoWriter::create(clip, video).unwrap();
    for index in 0..600 {
        writer.write(&scene.frame(index).picture).unwrap();
    }
    writer.finish().unwrap();
}

/// Wall and CPU time of one round, a frame.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

fn measure(what: &str, clip: &Path, model: &Path) {
    let options = ModelOptions { threads: THREADS, ..ModelOptions::default() };
    let mut session = Model::load(model, &options).unwrap().into_session();
    let mut rounds: Vec<[Cost; 3]> = Vec::new();
    for _ in 0..ROUNDS {
        let decoding = Arc::new(AtomicU64::new(0));
        let mut frames = 0;
        let analyze = cost(|| {
            frames = analyse(clip, &decoding, &mut session);
            frames
        });
        let decode = Cost { wall: 0.0, cpu: decoding.load(Ordering::Relaxed) as f64 / 1e9 / frames as f64 };
        let bare = cost(|| {
            (0..frames).for_each(|_| session.run_bare().unwrap());
            frames
        });
        rounds.push([decode, bare, analyze]);
    }
    let median = |pick: &dyn Fn(&[Cost; 3]) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratio = median(&|[decode, bare, analyze]| bare.cpu / (analyze.cpu - decode.cpu));
    let outside = median(&|[decode, bare, analyze]| (analyze.cpu - decode.cpu - bare.cpu) * 1e3);
    let speed = median(&|[_, _, analyze]| 1.0 / analyze.wall);
    let bare_speed = median(&|[_, bare, _]| 1.0 / bare.wall);
    let decode = median(&|[decode, _, _]| decode.cpu * 1e3);
    println!("analyze, {what}: bare loop CPU / (CPU - decode) {ratio:.3} (limit at least 0.94)");
    println!(
        "analyze, {what}: CPU outside inference {outside:.2} ms a frame (limit 1 ms; decode {decode:.2} ms apart)"
    );
    println!(
        "analyze, {what}: {speed:.0} frames a second (bare loop {bare_speed:.0}, ratio {:.2})",
        speed / bare_speed
    );
}

fn cost(work: impl FnOnce() -> u64) -> Cost {
    let (wall, cpu) = (Instant::now(), cpu_time());
    let frames = work().max(1) as f64;
    Cost { wall: wall.elapsed().as_secs_f64() / frames, cpu: (cpu_time() - cpu).as_secs_f64() / frames }
}

/// CPU time of this process and all its threads.
fn cpu_time() -> Duration {
    clock(rustix::time::ClockId::ProcessCPUTime)
}

fn clock(which: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(which);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// Counts the CPU time that reading takes, in nanoseconds. A recording is decoded by the thread that reads.
struct Metered {
    source: Box<dyn Source>,
    decoding: Arc<AtomicU64>,
}

impl Source for Metered {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn read(&mut self) -> Result<Option<SourcePicture>, SourceError> {
        let start = clock(rustix::time::ClockId::ThreadCPUTime);
        let picture = self.source.read();
        let took = clock(rustix::time::ClockId::ThreadCPUTime) - start;
        self.decoding.fetch_add(u64::try_from(took.as_nanos()).unwrap(), Ordering::Relaxed);
        picture
    }
}

fn open(clip: &Path) -> Box<dyn Source> {
    let spec = SourceSpec::parse(clip.to_str().unwrap()).unwrap();
    ocellus_media::open(&spec, &OpenOptions { pace: Pace::Unpaced, ..OpenOptions::default() }, &Stop::new())
        .unwrap()
}

fn analyse(clip: &Path, decoding: &Arc<AtomicU64>, session: &mut Session) -> u64 {
    let source = Box::new(Metered { source: open(clip), decoding: Arc::clone(decoding) });
    let tracker = ByteTrackSettings {
        frame_rate: source.info().frame_rate.unwrap_or(30.0) as f32,
        ..ByteTrackSettings::default()
    };
    let settings = AnalysisSettings {
        camera: Name::new("clip").unwrap(),
        thresholds: Thresholds { confidence: tracker.track_low_thresh, iou: 0.45 },
        classes: None,
        tracker: tracker.into(),
        mount: Mount::Fixed,
        region: None,
        calibration: None,
        embedding: EmbeddingSpec::default(),
        plates: PlatesSpec::default(),
        max_frames: None,
    };
    let rules = vec![line_crossing(&settings.camera, session)];
    let mut events = Vec::new();
    let outputs = AnalysisOutputs { events: &mut events, tracks: None };
    let models = Models { detector: session, embedder: None, reader: None };
    recorded::analyze(source, models, rules, &settings, outputs, |_| ()).unwrap().frames
}

/// The shipped rule, as `make build` leaves it; loaded from the cache after the first time.
fn line_crossing(camera: &Name, session: &Session) -> RecordedRule {
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().nth(3).unwrap();
    let runtime = Runtime::new(RuntimeOptions {
        cache_dir: Some(target.join("bench-cache")),
        tick: Duration::from_millis(50),
        ..RuntimeOptions::default()
    })
    .unwrap();
    let path = target.join("plugins/line-crossing.wasm");
    let source = RuleSource {
        origin: path.display().to_string(),
        component: std::fs::read(&path).unwrap(),
        settings: LINE.to_owned(),
        name: None,
        grants: ocellus_runtime::Grants::none(),
    };
    RecordedRule::prepare(&runtime, &source, camera, &session.classes().into()).unwrap()
}
