//! The time of one update of each tracker, beside its limit, the `trackforge` crate, and supervision in Python where `make
//! bench` has installed it.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ocellus_core::tracker::{
    ByteTrackSettings, Observed, SettingsError, Tracker, TrackerKind, TrackerSettings,
};
use ocellus_core::{Detection, Rect, TimeUs};
use trackforge::trackers::byte_track as peer;

const FRAMES: u64 = 600;
const DIMENSION: usize = 128;
const PICTURE: (f32, f32) = (1920.0, 1080.0);

fn main() -> Result<(), SettingsError> {
    for (objects, limit_ms) in [(100, 0.06), (500, 0.5)] {
        let scene = scene(objects);
        let peers = milliseconds(peers(&scene));
        let python = supervision(&scene);
        for kind in TrackerKind::ALL {
            let ours = milliseconds(update_time(kind, &scene, Looks::Unknown)?);
            print!(
                "{kind} {objects} objects: {ours:.3} ms (limit {limit_ms} ms, ratio {:.2}",
                ours / limit_ms
            );
            match kind {
                TrackerKind::ByteTrack => {
                    let python = match python {
                        Some(python) => format!("supervision {python:.2} ms, {:.1}x", python / ours),
                        None => "supervision is not installed: make bench".to_owned(),
                    };
                    println!("; trackforge {peers:.2} ms, {:.1}x; {python})", peers / ours);
                }
                TrackerKind::BotSort | TrackerKind::DeepSort => {
                    let looking = milliseconds(update_time(kind, &scene, Looks::Known)?);
                    println!("; with {DIMENSION} numbers of embedding each {looking:.3} ms)");
                }
            }
        }
    }
    Ok(())
}

/// Whether embeddings are shown.
#[derive(Clone, Copy)]
enum Looks {
    Known,
    Unknown,
}

/// The median update of our tracker over the frames after the first.
fn update_time(kind: TrackerKind, scene: &[Vec<Walker>], looks: Looks) -> Result<Duration, SettingsError> {
    let mut tracker = Tracker::new(TrackerSettings::default_of(kind))?;
    let mut random = Random(7);
    let times = scene.iter().zip(0_u64..).map(|(walkers, frame)| {
        let detections: Vec<Detection> = walkers.iter().map(|walker| walker.detection).collect();
        let known = |walker: &Walker| look(walker.who, &mut random);
        let looks: Vec<Vec<f32>> = match looks {
            Looks::Known => walkers.iter().map(known).collect(),
            Looks::Unknown => Vec::new(),
        };
        let looks: Vec<Option<&[f32]>> = looks.iter().map(|look| Some(look.as_slice())).collect();
        let observed = Observed::new(TimeUs(frame * 33_333), &detections).with_embeddings(&looks);
        let start = Instant::now();
        black_box(tracker.update(black_box(&observed)));
        start.elapsed()
    });
    Ok(median(times.collect()))
}

/// What somebody looks like: two looks have a cosine of some 0.9, as OSNet gives of one person.
fn look(who: usize, chance: &mut Random) -> Vec<f32> {
    let mut same = Random(who as u64 * 0x9E37_79B9 + 1);
    (0..DIMENSION).map(|_| same.between(-1.0, 1.0) + chance.between(-0.33, 0.33)).collect()
}

/// The same with the same thresholds, input in the peer's own form.
fn peers(scene: &[Vec<Walker>]) -> Duration {
    let settings = ByteTrackSettings::default();
    let mut tracker = peer::ByteTrack::new(
        settings.track_high_thresh,
        settings.track_buffer as usize,
        settings.match_thresh,
        settings.new_track_thresh,
    );
    let times = scene.iter().map(|walkers| {
        let as_tuple = |found: &Detection| {
            ([found.rect.x, found.rect.y, found.rect.width, found.rect.height], found.confidence, 0)
        };
        let detections: Vec<([f32; 4], f32, i64)> =
            walkers.iter().map(|walker| as_tuple(&walker.detection)).collect();
        let start = Instant::now();
        black_box(tracker.update(black_box(detections)));
        start.elapsed()
    });
    median(times.collect())
}

/// The median of supervision's ByteTrack in milliseconds, where it is installed.
fn supervision(scene: &[Vec<Walker>]) -> Option<f64> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer.py");
    let mut python = Command::new("python3")
        .arg(script)
        .env("PYTHONPATH", cache.join("ocellus/bench-python"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = String::new();
    for walkers in scene {
        for Walker { detection: Detection { rect, confidence, .. }, .. } in walkers {
            let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
            let _ = write!(input, "{},{},{right},{bottom},{confidence} ", rect.x, rect.y);
        }
        input.push('\n');
    }
    // It reads all before it prints; one that ends at once says so below.
    let _ = python.stdin.take()?.write_all(input.as_bytes());
    let output = python.wait_with_output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Somebody as he is detected.
struct Walker {
    who: usize,
    detection: Detection,
}

/// People of 30 × 80 px that walk through the picture and turn at its edges. Nine in ten are detected in
/// a frame, a pixel or so off, some of them unsurely.
fn scene(objects: usize) -> Vec<Vec<Walker>> {
    let mut random = Random(42);
    let mut walkers: Vec<[f32; 4]> = (0..objects)
        .map(|_| {
            let (x, y) = (random.between(0.0, PICTURE.0), random.between(0.0, PICTURE.1));
            [x, y, random.between(-4.0, 4.0), random.between(-2.0, 2.0)]
        })
        .collect();
    let mut frame = || {
        let mut detections = Vec::with_capacity(objects);
        for (who, [x, y, vx, vy]) in walkers.iter_mut().enumerate() {
            (*x, *y) = (*x + *vx, *y + *vy);
            *vx = if (0.0..PICTURE.0).contains(x) { *vx } else { -*vx };
            *vy = if (0.0..PICTURE.1).contains(y) { *vy } else { -*vy };
            let (dx, dy) = (random.between(-1.0, 1.0), random.between(-1.0, 1.0));
            let rect = Rect::new(*x + dx, *y + dy, 30.0 + dx, 80.0 - dy);
            let confidence = random.between(0.3, 1.0);
            if random.between(0.0, 1.0) < 0.9 {
                detections.push(Walker { who, detection: Detection { rect, class: 0, confidence } });
            }
        }
        detections
    };
    (0..FRAMES).map(|_| frame()).collect()
}

/// A seeded generator (xorshift64*).
struct Random(u64);

impl Random {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32;
        low + (high - low) * drawn / (1_u64 << 24) as f32
    }
}
