//! What each shipped rule costs a frame of 64 tracks, the host's part included.
//!
//! `cargo bench -p ocellus-runtime --bench shipped_rules`, after `make plugins`: one line a rule.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench prints its figures and fails loudly")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ocellus_core::{
    CameraHandle, Embedding, FrameInfo, Ground, Name, Power, Powers, Rect, Size, TimeUs, Track, TrackState,
};
use ocellus_runtime::{
    Binding, BoundCamera, DeadlineMode, Grants, Limits, Probed, Runtime, RuntimeOptions, TrackColumns, Upload,
};

const SIZE: Size = Size::new(1280, 720);
const TRACKS: u64 = 64;
const TURNS: usize = 20_000;

/// Settings as a site has them: a few lines, four zones, forty spaces.
fn rules() -> Vec<(&'static str, String)> {
    let square = |x: f64, y: f64, side: f64| {
        let (right, bottom) = (x + side, y + side);
        format!("[[{x},{y}],[{right},{y}],[{right},{bottom}],[{x},{bottom}]]")
    };
    let space = |index: i32| {
        let (x, y) = (f64::from(index % 10) / 10.0, f64::from(index / 10) / 4.0);
        format!(r#"{{"name":"{index}","polygon":{},"level":"P1"}}"#, square(x, y, 0.09))
    };
    let zone = |index: i32| {
        let polygon = square(f64::from(index % 2) / 2.0, f64::from(index / 2) / 2.0, 0.45);
        format!(r#"{{"name":"{index}","polygon":{polygon},"dwell_s":10,"loitering_s":60,"over":20}}"#)
    };
    let all = |count: i32, one: &dyn Fn(i32) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let line = |index: i32| format!(r#"{{"name":"{index}","from":[0.{index},0],"to":[0.{index},1]}}"#);
    vec![
        ("line-crossing", format!(r#"{{"lines":[{}]}}"#, all(4, &line))),
        ("zones", format!(r#"{{"zones":[{}]}}"#, all(4, &zone))),
        ("parking", format!(r#"{{"spaces":[{}],"levels":[{{"id":"P1"}}]}}"#, all(40, &space))),
        ("parking-levels", r#"{"levels":[{"id":"P1"},{"id":"roof","unseen":40}]}"#.to_owned()),
        ("traffic-stats", format!(r#"{{"roi":{}}}"#, square(0.1, 0.1, 0.8))),
        (
            "speeding",
            format!(r#"{{"limit_kmh":50,"zones":[{{"name":"road","polygon":{}}}]}}"#, square(0.1, 0.1, 0.8)),
        ),
        ("plate-log", "{}".to_owned()),
        ("reid-association", r#"{"classes":["person","car","truck"]}"#.to_owned()),
    ]
}

fn main() {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("starts");
    let folder = plugins();
    for (name, settings) in rules() {
        let file = folder.join(format!("{name}.wasm"));
        let bytes = std::fs::read(&file).expect("built by `make plugins`");
        let size_kb = bytes.len() / 1000;
        let probed = probed(&runtime, bytes, &settings);
        let (p50, p99) = measure(&probed);
        let saved = saved_bytes(&probed);
        println!(
            "{name}, {TRACKS} tracks: p50 {:.1} µs, p99 {:.1} µs (limit 10000 µs, ratio {:.4}); state {saved} bytes, \
             component {size_kb} kB",
            micros(p50),
            micros(p99),
            micros(p99) / 10_000.0,
        );
    }
}

fn measure(probed: &Probed) -> (Duration, Duration) {
    let mut instance = probed.instantiate(probed.shares()[0]).expect("starts");
    let frames: Vec<Vec<Track>> = (0..512).map(tracks).collect();
    let looks = Looks::new();
    let mut columns = TrackColumns::new();
    let mut times = Vec::with_capacity(TURNS);
    for turn in 0..TURNS + TURNS / 10 {
        columns.fill(&frames[turn % frames.len()], SIZE);
        columns.fill_embeddings(&looks.of_frame(turn));
        let frame = frame(turn as u64);
        let start = Instant::now();
        black_box(instance.process(&frame, &columns).expect("decides"));
        times.push(start.elapsed());
    }
    // The first tenth warms up.
    let times = &mut times[TURNS / 10..];
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// What the rule saves each second.
fn saved_bytes(probed: &Probed) -> usize {
    let mut instance = probed.instantiate(probed.shares()[0]).expect("starts");
    let looks = Looks::new();
    let mut columns = TrackColumns::new();
    for turn in 0..100 {
        columns.fill(&tracks(turn), SIZE);
        columns.fill_embeddings(&looks.of_frame(turn as usize));
        instance.process(&frame(turn), &columns).expect("decides");
    }
    instance.save().expect("saves").len()
}

fn probed(runtime: &Runtime, bytes: Vec<u8>, settings: &str) -> Probed {
    let name = |text| Name::new(text).expect("a name");
    let classes = ["person", "car", "truck"].map(str::to_owned);
    let camera = BoundCamera { handle: CameraHandle(0), name: name("bench"), classes: Arc::from(classes) };
    let powers = Powers::NONE.with(Power::Messages).with(Power::Readings).with(Power::Embeddings);
    let binding = Binding {
        rule: name("bench"),
        settings: settings.to_owned(),
        cameras: vec![camera],
        limits: Limits::default(),
        grants: Grants::new(powers, &[]).expect("sound"),
        deadline: DeadlineMode::Live,
    };
    let verified = Upload::new(bytes).verify(runtime).expect("sound");
    verified.compile(runtime).expect("compiles").bind(binding).expect("sound").probe().expect("passes")
}

fn frame(sequence: u64) -> FrameInfo {
    FrameInfo { camera: CameraHandle(0), sequence, time: TimeUs((sequence + 1) * 100_000), size: SIZE }
}

/// Objects that go over the picture and back, a third of them people.
fn tracks(frame: u64) -> Vec<Track> {
    let track = |id: u64| {
        let along = (id * 97 + frame * 5) % 2400;
        let x = along.min(2400 - along) as f32;
        let position_m = [x / 40.0, 0.0];
        let ground = Ground { position_m, velocity_mps: Some([1.25, 0.0]), sigma_m: 0.2 };
        Track {
            id,
            class: (id % 3) as u32,
            confidence: 0.8,
            state: TrackState::Confirmed,
            rect: Rect::new(x, (id * 31 % 600) as f32, 60.0, 120.0),
            first_seen: TimeUs(id),
            ground: Some(ground),
        }
    };
    (1..=TRACKS).map(track).collect()
}

/// What the tracks look like: 512 numbers each, of which four a frame change, as the host's budget allows. Rules without
/// the power see nothing of it.
struct Looks(Vec<Vec<Option<Embedding>>>);

impl Looks {
    fn new() -> Looks {
        let of = |track: usize, picture: usize| {
            let number =
                |index: usize| ((index + 1) as f32 * (track as f32 * 0.7123 + picture as f32 * 1e-3)).sin();
            Embedding::new(&(0..512).map(number).collect::<Vec<_>>()).map(|embedding| embedding.rounded())
        };
        Looks(
            (0..TRACKS as usize)
                .map(|track| (1..=16).map(|picture| of(track + 1, picture)).collect())
                .collect(),
        )
    }

    fn of_frame(&self, turn: usize) -> Vec<Option<Embedding>> {
        let picture = |(track, pictures): (usize, &Vec<Option<Embedding>>)| {
            pictures[(turn + track / 4) / 16 % pictures.len()].clone()
        };
        self.0.iter().enumerate().map(picture).collect()
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The bench's own binary stands in <target>/<profile>/deps.
fn plugins() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    own.ancestors().nth(3).expect("the target folder").join("plugins")
}
