//! The time that it takes to measure a camera's motion, a frame.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench ends where it cannot go on")]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ocellus_core::{Picture, Size};
use ocellus_media::{CameraMotionFlow, OpenOptions, Pace, SourceSpec, Stop, open, resize};

const FRAMES: usize = 200;

fn main() {
    let Some(data) = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from) else {
        println!("SKIPPED: OCELLUS_TEST_DATA is unset");
        return;
    };
    let clip = data.join("video/person-bicycle-car-detection.mp4");
    let spec = SourceSpec::parse(clip.to_str().unwrap()).unwrap();
    let options = OpenOptions { pace: Pace::Unpaced, ..OpenOptions::default() };
    for size in [Size::new(768, 432), Size::new(1280, 720), Size::new(1920, 1080)] {
        let mut source = open(&spec, &options, &Stop::new()).unwrap();
        let mut flow = CameraMotionFlow::new();
        let mut times: Vec<Duration> = (0..FRAMES)
            .map(|_| {
                let picture = source.read().unwrap().unwrap().picture;
                let picture: Picture = resize(&picture, size).unwrap();
                let start = Instant::now();
                black_box(flow.measure(black_box(&picture), &[]));
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let ms = |share: usize| times[FRAMES * share / 100].as_secs_f64() * 1e3;
        println!("camera motion, {}x{}: {:.2} ms p50, {:.2} ms p95", size.width, size.height, ms(50), ms(95));
    }
}
