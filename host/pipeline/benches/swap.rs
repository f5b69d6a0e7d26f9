//! What thousands of swaps cost four live cameras: frames, time and memory.
//!
//! Four scene cameras, a detector that costs nothing, and a rule that counts frames: first left alone, then two
//! versions of it take turns. The frames at the swaps stand beside those from before the first swap.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use ocellus_core::{Cause, Detection, Name, Rect, TimeUs, Value, VersionState};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CameraSettings, Detector, DetectorError, EventQuery, HandedOver, Live, Order, RulePolicy, RuleSettings,
    Site, SiteParts, SiteSettings,
};
use ocellus_runtime::{Runtime, RuntimeOptions};
use ocellus_store::{Database, Digest, NewTransition};

/// The program's allocator, so that its memory is what is measured.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CAMERAS: [&str; 4] = ["north", "east", "south", "west"];
const SWAPS: usize = 3_000;
/// Swaps between two looks at memory, which must stay flat from the second on.
const FLAT: usize = 500;
/// Transitions that are in the log before the first swap: as many as are kept, so that the log does not grow.
const LOGGED: usize = 10_000;
const LIMIT_US: f64 = 1000.0;
/// How long the rule is left alone before the first swap.
const ALONE: Duration = Duration::from_secs(10);
/// Between two swaps.
const PAUSE: Duration = Duration::from_millis(5);

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
#[derive(Clone, Copy, Default)]
struct Seen {
    sequence: u64,
    delay: Duration,
    skipped: u64,
}

/// Room for what is seen of one camera, made before memory is measured: the bench's own notes are no growth.
const SEEN: usize = 100_000;

/// A camera, by its place in `CAMERAS`, and the frame before which it was swapped.
type AtSwap = (usize, u64);

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
        grants: None,
    };
    site.put_rule(settings).unwrap();
    let watchers: Vec<_> = cameras
        .iter()
        .map(|camera| {
            let live = site.live(camera).unwrap();
            thread::spawn(move || watch(live))
        })
        .collect();
    thread::sleep(ALONE);
    let mut at_swap: Vec<AtSwap> = vec![AtSwap::default(); SWAPS * CAMERAS.len()];
    at_swap.clear();
    let mut memory = Vec::new();
    let started = Instant::now();
    for round in 1..=SWAPS {
        thread::sleep(PAUSE);
        let activation = site.activate(&rule, &versions[round % 2], None).unwrap();
        assert!(activation.cameras.iter().all(|camera| camera.state == HandedOver::Carried));
        at_swap.extend(activation.cameras.iter().map(|swapped| {
            let place = CAMERAS.iter().position(|camera| **camera == *swapped.camera).unwrap();
            (place, swapped.at_frame)
        }));
        if round % FLAT == 0 {
            memory.push(mebibytes(resident_memory()));
        }
    }
    let took = started.elapsed();
    // So that every camera's last count comes after its last swap.
    thread::sleep(Duration::from_secs(1));
    let report = site.shutdown(Duration::from_secs(10));
    assert!(report.still_running.is_empty(), "{report:?}");
    let seen: Vec<Vec<Seen>> = watchers.into_iter().map(|watcher| watcher.join().unwrap()).collect();
    print_delays(&seen, &at_swap);
    print_counts(&site, &rule, &cameras);
    let grown: Vec<String> = memory.iter().map(|after| format!("{after:.2}")).collect();
    println!(
        "swap on 4 live cameras: {SWAPS} swaps in {:.1} s; resident memory after each {FLAT}: {} MiB (flat: ratio {:.4} from {FLAT} to {}, {:.4} to the end)",
        took.as_secs_f64(),
        grown.join(", "),
        memory[1] / memory[0],
        2 * FLAT,
        memory[memory.len() - 1] / memory[0],
    );
}

fn start(folder: &std::path::Path) -> Site {
    let database = Database::open(folder).unwrap().database;
    fill_log(&database);
    let parts = SiteParts {
        embedder: None,
        reader: None,
        detector: Box::new(OnePerson(["person".into()])),
        runtime: Runtime::new(RuntimeOptions { cache_dir: None, ..RuntimeOptions::default() }).unwrap(),
        database,
    };
    let camera = |(seed, camera): (usize, &&str)| {
        let source = format!("scene:crossing?seed={seed}&width=160&height=128&fps=25");
        CameraSettings::new(Name::new(camera).unwrap(), SourceSpec::parse(&source).unwrap())
    };
    let cameras = CAMERAS.iter().enumerate().map(camera).collect();
    Site::start(parts, SiteSettings { cameras, ..SiteSettings::default() }).unwrap()
}

/// What a host has logged that runs for a long time.
fn fill_log(database: &Database) {
    let transition = NewTransition {
        time: TimeUs(0),
        rule: Some(Name::new("count").unwrap()),
        plugin: Some(Name::new("probe").unwrap()),
        version: "1.0.0".into(),
        digest: Some(Digest::of(b"probe")),
        state: VersionState::Active,
        cause: Cause::Activate,
        detail: String::new(),
    };
    for _ in 0..LOGGED / 100 {
        database.add_transitions(&vec![transition.clone(); 100]).unwrap();
    }
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

fn watch(mut live: Live) -> Vec<Seen> {
    let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Written to once, so that the pages are there.
    let mut seen = vec![Seen { sequence: 1, ..Seen::default() }; SEEN];
    seen.clear();
    while let Some((frame, skipped)) = waiting.block_on(live.next()) {
        let delay = Instant::now().saturating_duration_since(frame.captured);
        assert!(seen.len() < SEEN, "the bench ran longer than its notes have room for");
        seen.push(Seen { sequence: frame.info.sequence, delay, skipped });
    }
    seen
}

fn print_delays(seen: &[Vec<Seen>], at_swap: &[AtSwap]) {
    let mut first: BTreeMap<usize, u64> = BTreeMap::new();
    for (camera, sequence) in at_swap {
        first.entry(*camera).or_insert(*sequence);
    }
    let at_swap: BTreeSet<&AtSwap> = at_swap.iter().collect();
    let (mut swapped, mut before, mut between, mut missed) = (vec![], vec![], vec![], 0);
    let seen = seen.iter().enumerate().flat_map(|(camera, seen)| seen.iter().map(move |seen| (camera, seen)));
    for (camera, Seen { sequence, delay, skipped }) in seen {
        missed += skipped;
        let is_before = first.get(&camera).is_some_and(|first| sequence < first);
        let delays = match at_swap.contains(&(camera, *sequence)) {
            true => &mut swapped,
            false if is_before => &mut before,
            false => &mut between,
        };
        delays.push(micros(delay));
    }
    let (at, alone) = (percentiles(&mut swapped), percentiles(&mut before));
    println!(
        "swap on 4 live cameras, {SWAPS} times: the {} frames at a swap take p50 {:.0} µs, p99 {:.0} µs; the {} before the first p50 {:.0} µs, p99 {:.0} µs; {} in between; {missed} not looked at",
        swapped.len(),
        at.0,
        at.1,
        before.len(),
        alone.0,
        alone.1,
        between.len(),
    );
    let extra = (at.0 - alone.0, at.1 - alone.1);
    println!(
        "swap on 4 live cameras: extra delay of the frame at a swap p50 {:.0} µs, p99 {:.0} µs (limit {LIMIT_US:.0} µs, ratio {:.2} / {:.2})",
        extra.0,
        extra.1,
        extra.0.max(0.0) / LIMIT_US,
        extra.1.max(0.0) / LIMIT_US,
    );
}

/// Whether the rule counted every frame once: each tenth is an event with the count, so a rule that is behind by
/// another number of frames than at the event before has lost one, or seen one twice. A rule that was never swapped
/// is behind by the same number all the time.
fn print_counts(site: &Site, rule: &Name, cameras: &[Name]) {
    let (mut frames, mut lost, mut twice) = (0, 0, 0);
    for camera in cameras {
        let counts = counts(site, rule, camera);
        let first_and_last = (counts.first().unwrap(), counts.last().unwrap());
        frames += first_and_last.1.1 - first_and_last.0.1;
        for pair in counts.windows(2) {
            let (passed, counted) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            lost += passed.saturating_sub(counted);
            twice += counted.saturating_sub(passed);
        }
    }
    println!(
        "swap on 4 live cameras: of {frames} frames the rule lost {lost} (limit 0) and saw {twice} twice (limit 0); its count is that of a rule never swapped: {}",
        if lost + twice == 0 { "yes" } else { "NO" },
    );
}

/// The frames of the rule's events on a camera, and how many the rule had counted by then.
fn counts(site: &Site, rule: &Name, camera: &Name) -> Vec<(u64, u64)> {
    let (rule, camera) = (Some(rule.clone()), Some(camera.clone()));
    let mut query = EventQuery { rule, camera, order: Order::Oldest, limit: 1000, ..EventQuery::default() };
    let mut counts = Vec::new();
    loop {
        let page = site.events(&query).unwrap();
        counts.extend(page.records.iter().map(|record| {
            let Value::Integer(count) = record.event.attributes[0].1 else { panic!("{record:?}") };
            (record.frame, u64::try_from(count).unwrap())
        }));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return counts,
        }
    }
}

/// Bytes of this process in memory.
fn resident_memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The median and the 99th percentile.
fn percentiles(values: &mut [f64]) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    (values[values.len() / 2], values[values.len() * 99 / 100])
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
