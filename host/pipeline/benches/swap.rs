//! What the frame at a swap waits for on a live camera, beside the frames that no swap touches.
//!
//! Four scene cameras, a detector that costs nothing, a rule with state; two versions of it take turns.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use ocellus_core::{Detection, Name, Rect};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CameraSettings, Detector, DetectorError, HandedOver, Live, RulePolicy, RuleSettings, Site, SiteParts,
    SiteSettings,
};
use ocellus_runtime::{Runtime, RuntimeOptions};
use ocellus_store::Database;

const CAMERAS: [&str; 4] = ["north", "east", "south", "west"];
const SWAPS: usize = 100;
const LIMIT_US: f64 = 1000.0;

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

/// How long a frame took from its capture to whoever watches the camera's tracks.
struct Seen {
    camera: Name,
    sequence: u64,
    delay: Duration,
    skipped: u64,
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let site = start(folder.path());
    let versions = ["1.0.0", "2.0.0"].map(|version| site.upload_plugin(probe(version)).unwrap().digest);
    let cameras: Vec<Name> = CAMERAS.iter().map(|camera| Name::new(camera).unwrap()).collect();
    let rule = Name::new("count").unwrap();
    let settings = RuleSettings {
        name: rule.clone(),
        plugin: versions[0].clone(),
        cameras: cameras.clone(),
        settings: "{}".into(),
        policy: RulePolicy::default(),
        grants: ocellus_runtime::Grants::none(),
    };
    site.put_rule(settings).unwrap();
    let (sender, seen) = channel();
    let watchers: Vec<_> = cameras
        .iter()
        .map(|camera| {
            let (camera, live, sender) = (camera.clone(), site.live(camera).unwrap(), sender.clone());
            thread::spawn(move || watch(&camera, live, &sender))
        })
        .collect();
    drop(sender);
    let mut at_swap: Vec<(Name, u64)> = Vec::new();
    for round in 1..=SWAPS {
        thread::sleep(Duration::from_millis(100));
        let activation = site.activate(&rule, &versions[round % 2], None).unwrap();
        assert!(activation.cameras.iter().all(|camera| camera.state == HandedOver::Carried));
        at_swap.extend(
            activation
                .cameras
                .into_iter()
                .map(|camera| (Name::new(&camera.camera).unwrap(), camera.at_frame)),
        );
    }
    let report = site.shutdown(Duration::from_secs(10));
    assert!(report.still_running.is_empty(), "{report:?}");
    watchers.into_iter().for_each(|watcher| watcher.join().unwrap());
    print(&seen, &at_swap);
}

fn start(folder: &std::path::Path) -> Site {
    let parts = SiteParts {
        detector: Box::new(OnePerson(["person".into()])),
        runtime: Runtime::new(RuntimeOptions { cache_dir: None, ..RuntimeOptions::default() }).unwrap(),
        database: Database::open(folder).unwrap().database,
    };
    let camera = |(seed, camera): (usize, &&str)| {
        let source = format!("scene:crossing?seed={seed}&width=160&height=128&fps=25");
        CameraSettings::new(Name::new(camera).unwrap(), SourceSpec::parse(&source).unwrap())
    };
    let cameras = CAMERAS.iter().enumerate().map(camera).collect();
    Site::start(parts, SiteSettings { cameras, ..SiteSettings::default() }).unwrap()
}

/// The test guest, as `make guests` leaves it, under another version.
fn probe(version: &str) -> Vec<u8> {
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().nth(3).unwrap();
    let mut bytes = std::fs::read(target.join("guests/wasm32-wasip2/release/probe.wasm")).unwrap();
    let mark = b"@version=";
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    bytes[at..at + version.len()].copy_from_slice(version.as_bytes());
    bytes
}

fn watch(camera: &Name, mut live: Live, sender: &Sender<Seen>) {
    let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
    while let Some((frame, skipped)) = waiting.block_on(live.next()) {
        let delay = Instant::now().saturating_duration_since(frame.captured);
        let seen = Seen { camera: camera.clone(), sequence: frame.info.sequence, delay, skipped };
        if sender.send(seen).is_err() {
            return;
        }
    }
}

fn print(seen: &Receiver<Seen>, at_swap: &[(Name, u64)]) {
    let mut frames: BTreeMap<(Name, u64), Duration> = BTreeMap::new();
    let mut skipped = 0;
    for Seen { camera, sequence, delay, skipped: more } in seen {
        skipped += more;
        frames.insert((camera, sequence), delay);
    }
    let mut swapped: Vec<f64> =
        at_swap.iter().filter_map(|frame| frames.remove(frame)).map(|delay| micros(&delay)).collect();
    let mut others: Vec<f64> = frames.values().map(micros).collect();
    let (at, other) = (percentiles(&mut swapped), percentiles(&mut others));
    let extra = at.0 - other.0;
    println!(
        "swap on 4 live cameras, {SWAPS} times: the frame at the swap takes p50 {:.0} µs, p99 {:.0} µs; the {} others p50 {:.0} µs, p99 {:.0} µs",
        at.0,
        at.1,
        others.len(),
        other.0,
        other.1,
    );
    println!(
        "swap on 4 live cameras: extra delay of the frame at the swap p50 {extra:.0} µs (limit {LIMIT_US:.0} µs, ratio {:.2}); frames not seen {skipped} (limit 0)",
        extra.max(0.0) / LIMIT_US,
    );
}

/// The median and the 99th percentile.
fn percentiles(values: &mut [f64]) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    (values[values.len() / 2], values[values.len() * 99 / 100])
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
