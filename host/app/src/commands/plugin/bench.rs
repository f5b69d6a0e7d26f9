//! `ocellus plugin bench`: what a plugin costs a host.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use ocellus_core::{
    CameraHandle, Embedding, FrameInfo, Power, Rect, Size, TimeUs, Track, TrackEmbeddings, TrackState,
};
use ocellus_pipeline::record::RecordReader;
use ocellus_runtime::{CallError, Instance, Limits, Probed, Runtime, RuntimeOptions, TrackColumns};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::check::trial;
use super::words;
use crate::args::plugin::BenchArgs;
use crate::commands::{files, rules};
use crate::exit::Outcome;

/// Figures are of at most so many calls, and of what fits in so much time.
const CALLS: usize = 20_000;
const TIME: Duration = Duration::from_secs(1);
/// Frames of synthetic tracks; the first again after the last.
const FRAMES: usize = 300;
/// Frames of a recording that are looked at.
const RECORDED_FRAMES: usize = 10_000;
const SIZE: Size = Size::new(1280, 720);
/// Numbers of tracks, with what the host adds to a call by its budget, p50 and p99 in microseconds.
const COUNTS: [(usize, Option<(u64, u64)>); 4] = [(0, None), (20, None), (64, Some((2, 4))), (200, None)];

/// Numbers of an embedding, as many as those of OSNet have.
const DIMENSION: usize = 512;

/// What a rule is shown: frames 33 ms apart.
struct Scene {
    size: Size,
    frames: Vec<(Vec<Track>, TrackEmbeddings)>,
}

pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<Outcome> {
    let bytes = rules::read_plugin(&args.file)?;
    let settings = rules::settings_text(&args.settings)?;
    // Without a cache, so that compiling is measured.
    let runtime = Runtime::new(RuntimeOptions::default())?;
    let size = bytes.len();
    let began = Instant::now();
    let plugin = runtime.load(bytes).with_context(|| format!("plugin {}", args.file.display()))?;
    let compile = began.elapsed();
    let probed = trial(&plugin, &settings)
        .map_err(|trial| anyhow!("{}; give settings that it takes with --settings", trial.into_words()))?;
    let mut out = std::io::stdout();
    writeln!(out, "{} {}", plugin.description().name, plugin.description().version)?;
    let mut memory = 0;
    let looks = plugin.description().powers.has(Power::Embeddings);
    let limit = words::time(Limits::default().call);
    if let Some(path) = &args.tracks {
        let scene = recorded(path)?;
        let (figures, held) = calls(&probed, &scene)?;
        memory = memory.max(held);
        writeln!(out, "call, recorded tracks   {figures}; stopped after {limit}")?;
    } else {
        for (count, budget) in COUNTS {
            let (figures, held) = calls(&probed, &looked_at(synthetic(count, args.seed), looks, args.seed))?;
            memory = memory.max(held);
            let share = budget
                .map_or(String::new(), |(p50, p99)| format!(", of that the host at most {p50} / {p99} µs"));
            writeln!(out, "call, {count:>3} tracks        {figures}; stopped after {limit}{share}")?;
        }
        if looks {
            writeln!(
                out,
                "every track has an embedding of {DIMENSION} numbers, since the rule asks for embeddings"
            )?;
        }
    }
    let start = measure(5_000, |_| {
        let began = Instant::now();
        let instance = start(&probed)?;
        let took = began.elapsed();
        drop(instance);
        Ok(took)
    })?;
    writeln!(out, "start and configure     {start}; of that the host at most 15 µs")?;
    writeln!(
        out,
        "verify and compile      {}, {} component; 120 ms is usual for 100 KiB",
        words::time(compile),
        words::bytes(size)
    )?;
    writeln!(
        out,
        "memory of an instance   {}; limit {}",
        words::bytes(memory),
        words::bytes(Limits::default().memory)
    )?;
    Ok(Outcome::Done)
}

/// Half of the times, and 99 of 100.
struct Figures {
    p50: Duration,
    p99: Duration,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:>7}  p99 {:>7}", words::time(self.p50), words::time(self.p99))
    }
}

/// Calls over a scene, and the memory that the instance held after them.
fn calls(probed: &Probed, scene: &Scene) -> anyhow::Result<(Figures, usize)> {
    let mut instance = start(probed)?;
    let mut columns = TrackColumns::new();
    let figures = measure(CALLS, |turn| {
        let (tracks, embeddings) = &scene.frames[turn % scene.frames.len()];
        columns.fill(tracks, scene.size);
        columns.fill_embeddings(embeddings);
        let time = TimeUs(turn as u64 * 33_333);
        let frame = FrameInfo { camera: CameraHandle(1), sequence: turn as u64, time, size: scene.size };
        let began = Instant::now();
        let answer = black_box(instance.process(&frame, &columns));
        let took = began.elapsed();
        // The log is the rule's own, and grows until somebody reads it.
        instance.drain_logs();
        match answer {
            Ok(_) | Err(CallError::Refused { .. }) => Ok(took),
            Err(error) => Err(anyhow!("frame {turn} of {} tracks: {error}", scene.frames[0].0.len())),
        }
    })?;
    Ok((figures, instance.memory()))
}

fn start(probed: &Probed) -> anyhow::Result<Instance> {
    let share = *probed.shares().first().context("the rule has no instance")?;
    Ok(probed.instantiate(share)?)
}

/// Runs `run`, which says how long it took, for a second or so many times.
fn measure(turns: usize, mut run: impl FnMut(usize) -> anyhow::Result<Duration>) -> anyhow::Result<Figures> {
    let began = Instant::now();
    let mut took = Vec::new();
    while took.len() < turns && (took.is_empty() || began.elapsed() < TIME) {
        let turn = took.len();
        took.push(run(turn)?);
    }
    Ok(figures_of(took))
}

/// Without the first tenth, which warms up.
fn figures_of(mut took: Vec<Duration>) -> Figures {
    took.drain(..took.len() / 10);
    took.sort_unstable();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    Figures { p50: at(50), p99: at(99) }
}

/// `count` objects that wander over the picture; the same seed gives the same.
fn synthetic(count: usize, seed: u64) -> Scene {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut share = || f32::from((random.next_u32() >> 16) as u16) / f32::from(u16::MAX);
    // Place, speed in pixels a frame, and class.
    let objects: Vec<[f32; 5]> = (0..count)
        .map(|_| [share() * 1200.0, share() * 600.0, share() * 8.0 - 4.0, share() * 4.0 - 2.0, share()])
        .collect();
    let frame = |index: usize| {
        let track = |(id, [x, y, dx, dy, class]): (usize, &[f32; 5])| {
            let at = |start: f32, step: f32, width: f32| (start + step * index as f32).rem_euclid(width);
            Track {
                id: id as u64 + 1,
                // A person, a bicycle or a car.
                class: (class * 2.99) as u32,
                confidence: 0.8,
                state: TrackState::Confirmed,
                rect: Rect::new(at(*x, *dx, 1220.0), at(*y, *dy, 600.0), 60.0, 120.0),
                first_seen: TimeUs(0),
                ground: None,
            }
        };
        (objects.iter().enumerate().map(track).collect(), [].into())
    };
    Scene { size: SIZE, frames: (0..FRAMES).map(frame).collect() }
}

/// Gives each object a look of its own, where the rule asks for looks.
fn looked_at(mut scene: Scene, looks: bool, seed: u64) -> Scene {
    if !looks {
        return scene;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || f32::from((random.next_u32() >> 16) as u16) / f32::from(u16::MAX) - 0.5;
    let count = scene.frames.first().map_or(0, |(tracks, _)| tracks.len());
    let mut look = || Embedding::new(&(0..DIMENSION).map(|_| number()).collect::<Vec<f32>>());
    let all: TrackEmbeddings = (0..count).map(|_| look()).collect();
    for (_, embeddings) in &mut scene.frames {
        *embeddings = all.clone();
    }
    scene
}

/// The tracks of a recording, at most the first 10,000 frames.
fn recorded(path: &std::path::Path) -> anyhow::Result<Scene> {
    let about = || format!("tracks file {}", path.display());
    let mut reader =
        RecordReader::new(files::open_unpacked(path).with_context(about)?).with_context(about)?;
    let mut frames = Vec::new();
    while frames.len() < RECORDED_FRAMES
        && let Some(frame) = reader.next_frame().with_context(about)?
    {
        frames.push((frame.tracks, frame.embeddings));
    }
    ensure!(!frames.is_empty(), "{} has no frames; record some with `ocellus analyze --tracks`", about());
    Ok(Scene { size: reader.header().size, frames })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tracks_and_another_seed_others() {
        let scene = |seed| synthetic(20, seed).frames;
        assert_eq!(scene(1), scene(1));
        assert_ne!(scene(1), scene(2));
        let tracks = scene(1).into_iter().flat_map(|(tracks, _)| tracks);
        assert!(tracks.into_iter().all(|track| track.class < 3 && track.rect.x >= 0.0));
    }
}
