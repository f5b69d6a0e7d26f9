//! What a rule costs the host, each figure beside its limit and beside the same rule as a native function.
//!
//! `cargo bench -p ocellus-runtime --bench rule_call`: every figure on one line.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench prints its figures and fails loudly")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ocellus_core::{CameraHandle, FrameInfo, Name, Power, Powers, Rect, Size, TimeUs, Track, TrackState};
use ocellus_runtime::{
    Binding, BoundCamera, CallError, DeadlineMode, Grants, Instance, Limits, OnRefusal, Probed, RuleSlot,
    Runtime, RuntimeOptions, TrackColumns, prepare_swap,
};

#[path = "../../../tests/guests/line/src/rule.rs"]
mod rule;

const SIZE: Size = Size::new(1280, 720);

fn main() {
    let guests = build_guests();
    let line = std::fs::read(guests.join("line.wasm")).expect("the guest was built");
    let probe = std::fs::read(guests.join("probe.wasm")).expect("the guest was built");
    let dir = tempfile::tempdir().expect("a folder");
    let cache_dir = Some(dir.path().join("compiled"));
    let runtime = Runtime::new(RuntimeOptions { cache_dir, ..RuntimeOptions::default() }).expect("starts");
    let probed = probed(&runtime, &line, "{}");

    calls(&probed);
    embeddings(&probed);
    instantiate(&probed);
    swap(&probed);
    load(&runtime, &line);
    compile(&line);
    runaway(&runtime, &probe);
    memory(&probed);
}

/// Calls with 0, 20, 64 and 200 tracks.
fn calls(probed: &Probed) {
    for (count, limit) in [(0, None), (20, None), (64, Some((2.0, 4.0))), (200, None)] {
        let mut instance = start(probed);
        let mut native = rule::Line::default();
        let mut columns = TrackColumns::new();
        let frames: Vec<Vec<Track>> = (0..64).map(|frame| tracks(count, frame)).collect();
        let mut sequence = 0;
        let wasm = measure(40_000, || {
            columns.fill(&frames[sequence as usize % frames.len()], SIZE);
            sequence += 1;
            let frame = frame(sequence);
            let start = Instant::now();
            black_box(instance.process(&frame, &columns).expect("counts"));
            start.elapsed()
        });
        let mut ids: Vec<u64> = Vec::new();
        let mut boxes: Vec<f32> = Vec::new();
        let mut turn = 0;
        let alone = measure(40_000, || {
            let tracks = &frames[turn % frames.len()];
            turn += 1;
            ids.clear();
            boxes.clear();
            for track in tracks {
                let rect = track.rect.normalised(SIZE);
                ids.push(track.id);
                boxes.extend_from_slice(&[rect.x, rect.y, rect.width, rect.height]);
            }
            let start = Instant::now();
            black_box(native.frame(&ids, &boxes));
            start.elapsed()
        });
        let beside = limit.map_or(String::new(), |(p50, p99): (f64, f64)| {
            let ratios = (micros(wasm.0) / p50, micros(wasm.1) / p99);
            format!("limit {p50:.0} / {p99:.0} µs, ratio {:.2} / {:.2}; ", ratios.0, ratios.1)
        });
        println!(
            "rule call, {count} tracks: p50 {:.2} µs, p99 {:.2} µs ({beside}native {:.2} / {:.2} µs)",
            micros(wasm.0),
            micros(wasm.1),
            micros(alone.0),
            micros(alone.1),
        );
    }
}

/// 64 tracks, each with an embedding of 512 numbers.
fn embeddings(probed: &Probed) {
    let mut instance = start(probed);
    let mut columns = TrackColumns::new();
    columns.fill(&tracks(64, 0), SIZE);
    let rows: Vec<i32> = (0..64).collect();
    columns.set_embeddings(512, &rows, &vec![0.5; 64 * 512]);
    let mut sequence = 0;
    let (p50, p99) = measure(20_000, || {
        sequence += 1;
        let frame = frame(sequence);
        let start = Instant::now();
        black_box(instance.process(&frame, &columns).expect("counts"));
        start.elapsed()
    });
    println!(
        "rule call, 64 tracks with 64 x 512 embeddings: p50 {:.2} µs, p99 {:.2} µs (limit p99 8 µs, ratio {:.2})",
        micros(p50),
        micros(p99),
        micros(p99) / 8.0,
    );
}

fn instantiate(probed: &Probed) {
    let (p50, p99) = measure(5_000, || {
        let start = Instant::now();
        let instance = self::start(probed);
        let took = start.elapsed();
        drop(instance);
        took
    });
    println!(
        "instantiate and configure: p50 {:.1} µs, p99 {:.1} µs (limit 15 µs, ratio {:.2})",
        micros(p50),
        micros(p99),
        micros(p50) / 15.0,
    );
}

/// What the frame after a swap waits for: save, restore, exchange.
fn swap(probed: &Probed) {
    let mut slot = RuleSlot::start(probed, probed.shares()[0], None).expect("starts");
    let mut sequence = 0;
    let (p50, p99) = measure(2_000, || {
        sequence += 1;
        let prepared = prepare_swap(probed, slot.share(), OnRefusal::Abort).expect("starts");
        let start = Instant::now();
        let committed = slot.commit(prepared, frame(sequence).time).expect("swaps");
        let took = start.elapsed();
        drop(committed);
        took
    });
    println!(
        "swap with state, on the frame's path: p50 {:.1} µs, p99 {:.1} µs (limit 1000 µs, ratio {:.2})",
        micros(p50),
        micros(p99),
        micros(p99) / 1000.0,
    );
}

fn load(runtime: &Runtime, bytes: &[u8]) {
    runtime.load(bytes.to_vec()).expect("compiles");
    let (p50, p99) = measure(200, || {
        let verified = ocellus_runtime::Upload::new(bytes.to_vec()).verify(runtime).expect("sound");
        let start = Instant::now();
        let compiled = verified.compile(runtime).expect("loads");
        let took = start.elapsed();
        assert!(compiled.from_cache());
        took
    });
    println!(
        "load from cache, {} kB component: p50 {:.2} ms, p99 {:.2} ms (limit 1 ms, ratio {:.2})",
        bytes.len() / 1000,
        millis(p50),
        millis(p99),
        millis(p50),
    );
}

fn compile(bytes: &[u8]) {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("starts");
    let (p50, p99) = measure(12, || {
        let upload = ocellus_runtime::Upload::new(bytes.to_vec());
        let start = Instant::now();
        upload.verify(&runtime).expect("sound").compile(&runtime).expect("compiles");
        start.elapsed()
    });
    println!(
        "verify and compile cold, {} kB component: p50 {:.1} ms, p99 {:.1} ms (limit 120 ms, ratio {:.2})",
        bytes.len() / 1000,
        millis(p50),
        millis(p99),
        millis(p50) / 120.0,
    );
}

/// How much processor time a rule that never returns can use, beside a native loop that another thread stops.
///
/// The limit is of processor time: what the machine gives to others while the call waits is not the rule's. A
/// virtual machine counts as used what its own host takes away, and whoever is to stop the rule can be late
/// too. The native loop, stopped after ten ticks of a thread that only sleeps and counts, meets both alike.
fn runaway(runtime: &Runtime, bytes: &[u8]) {
    let probed = probed(runtime, bytes, r#"{"do":"loop","after":2}"#);
    let clock = Arc::new(AtomicU64::new(0));
    let ticks = Arc::clone(&clock);
    // It ends with the bench.
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(1));
            ticks.fetch_add(1, Ordering::Relaxed);
        }
    });
    let (mut used, mut native) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let mut instance = start(&probed);
        instance.process(&frame(0), &TrackColumns::new()).expect("harmless");
        let began = processor_time();
        let error = instance.process(&frame(1), &TrackColumns::new()).expect_err("stopped");
        used.push(processor_time() - began);
        assert!(matches!(error, CallError::Deadline { .. }), "{error}");

        let began = processor_time();
        let last = clock.load(Ordering::Relaxed) + 10;
        while clock.load(Ordering::Relaxed) < last {
            std::hint::spin_loop();
        }
        native.push(processor_time() - began);
    }
    let [(p50, p99), (native50, native99)] = [&mut used, &mut native].map(|times| middle(times));
    println!(
        "runaway rule stopped after p50 {:.2} ms, p99 {:.2} ms of processor time (limit 10 ms + 2 ms, ratio {:.2}; \
         a native loop after 10 ticks of a thread: {:.2} / {:.2} ms, ratio {:.2})",
        millis(p50),
        millis(p99),
        millis(p99) / 12.0,
        millis(native50),
        millis(native99),
        millis(p99) / millis(native99),
    );
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
}

/// Resident memory of an instance that has seen a frame of 64 tracks.
fn memory(probed: &Probed) {
    let mut columns = TrackColumns::new();
    columns.fill(&tracks(64, 0), SIZE);
    let before = resident();
    let instances: Vec<Instance> = (0..500)
        .map(|_| {
            let mut instance = start(probed);
            instance.process(&frame(0), &columns).expect("counts");
            instance
        })
        .collect();
    let each = resident().saturating_sub(before) / instances.len() as u64;
    println!("memory of a live instance: {each} KiB (limit 64 KiB, ratio {:.2})", each as f64 / 64.0);
}

/// KiB of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: 0 kB");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn probed(runtime: &Runtime, bytes: &[u8], settings: &str) -> Probed {
    let name = |text| Name::new(text).expect("a name");
    let camera = BoundCamera {
        handle: CameraHandle(0),
        name: name("bench"),
        classes: Arc::from(["person".to_owned()]),
    };
    let binding = Binding {
        rule: name("bench"),
        settings: settings.to_owned(),
        cameras: vec![camera],
        limits: Limits::default(),
        grants: Grants::new(Powers::NONE.with(Power::Embeddings), &[]).expect("sound"),
        deadline: DeadlineMode::Live,
    };
    runtime.load(bytes.to_vec()).expect("sound").bind(binding).expect("sound").probe().expect("passes")
}

fn start(probed: &Probed) -> Instance {
    probed.instantiate(probed.shares()[0]).expect("starts")
}

fn frame(sequence: u64) -> FrameInfo {
    FrameInfo { camera: CameraHandle(0), sequence, time: TimeUs(sequence * 100_000), size: SIZE }
}

/// `count` objects on their way over the picture; now and then one crosses its middle.
fn tracks(count: u64, frame: u64) -> Vec<Track> {
    (0..count)
        .map(|id| Track {
            id,
            class: (id % 3) as u32,
            confidence: 0.8,
            state: TrackState::Confirmed,
            rect: Rect::new(((id * 97 + frame * 2) % 1200) as f32, (id * 31 % 600) as f32, 60.0, 120.0),
            first_seen: TimeUs(id),
            ground: None,
        })
        .collect()
}

/// The median and the 99th percentile over `turns` runs, after a tenth of them to warm up.
fn measure(turns: usize, mut run: impl FnMut() -> Duration) -> (Duration, Duration) {
    for _ in 0..turns / 10 {
        run();
    }
    let mut times: Vec<Duration> = (0..turns).map(|_| run()).collect();
    middle(&mut times)
}

/// Their median and the time that 99 of 100 stay under.
fn middle(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn build_guests() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // The bench's own binary stands in <target>/<profile>/deps.
    let own = std::env::current_exe().expect("a path");
    let target = own.ancestors().nth(3).expect("the target folder").join("guests");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .current_dir(root.join("tests/guests"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the guests build");
    target.join("wasm32-wasip2/release")
}
