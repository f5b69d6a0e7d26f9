//! Prints what pictures cost: `media_costs CLIP [THREADS]`. CPU time of the process, not of the clock.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;

use ocellus_core::{Picture, Rect, TimeUs, Track, TrackState};
use ocellus_media::draw::{Annotations, Trails, annotated_jpeg};
use ocellus_media::jpeg::{self, JpegOptions};
use ocellus_media::{OpenOptions, Pace, SourceSpec, Stop, open};

/// CPU time of the process so far, in milliseconds, from Linux's scheduler statistics of all threads.
fn cpu_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
    stats.filter_map(|text| text.split_whitespace().next()?.parse::<f64>().ok()).sum::<f64>() / 1e6
}

fn measure<T>(
    what: &str,
    times: u32,
    mut work: impl FnMut() -> Result<T, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let start = cpu_ms();
    for _ in 0..times {
        work()?;
    }
    println!("{what:<44} {:8.3} ms", (cpu_ms() - start) / f64::from(times));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let clip = arguments.next().ok_or("name a clip")?;
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let options = OpenOptions { pace: Pace::Unpaced, threads, ..OpenOptions::default() };
    let (start, began) = (cpu_ms(), std::time::Instant::now());
    let mut source = open(&SourceSpec::parse(&clip)?, &options, &Stop::new())?;
    let mut frames = 0_u32;
    let mut last: Option<Picture> = None;
    while let Some(picture) = source.read()? {
        frames += 1;
        last = Some(picture.picture);
    }
    let picture = last.ok_or("no picture")?;
    println!("{} at {}, {} frames, {threads} threads", clip, picture.size(), frames);
    println!("{:<44} {:8.3} ms", "decode, CPU a frame", (cpu_ms() - start) / f64::from(frames));
    println!("{:<44} {:8.1} /s", "decode, frames", f64::from(frames) / began.elapsed().as_secs_f64());

    let size = picture.size();
    let tracks: Vec<Track> = (0..20_u8)
        .map(|id| Track {
            id: u64::from(id),
            class: 0,
            confidence: 0.9,
            state: TrackState::Confirmed,
            rect: Rect::new(f32::from(id) * 20.0, f32::from(id) * 15.0, 80.0, 60.0),
            first_seen: TimeUs(0),
            ground: None,
        })
        .collect();
    let mut trails = Trails::new();
    for time in 0..30 {
        trails.update(TimeUs(time * 1000), &tracks);
    }
    let annotations = Annotations { tracks: &tracks, trails: Some(&trails), ..Annotations::default() };
    let full = JpegOptions { quality: 80, max_height: None };
    let half = JpegOptions { quality: 80, max_height: Some(size.height / 2) };
    measure("jpeg, full size, quality 80", 200, || Ok(jpeg::encode(&picture, &full)?))?;
    measure("jpeg, half height", 200, || Ok(jpeg::encode(&picture, &half)?))?;
    measure("20 tracks drawn, then jpeg, full size", 200, || {
        Ok(annotated_jpeg(&picture, &annotations, &full)?)
    })?;
    measure("20 tracks drawn, then jpeg, half height", 200, || {
        Ok(annotated_jpeg(&picture, &annotations, &half)?)
    })?;
    let bytes = jpeg::encode(&picture, &full)?;
    measure("jpeg decoded", 200, || Ok(jpeg::decode(&bytes)?))?;
    Ok(())
}
