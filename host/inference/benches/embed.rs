//! Embeddings a second with OSNet, beside a bare ONNX Runtime loop of the same session.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]

use std::path::PathBuf;
use std::time::Instant;

use ocellus_core::{Picture, Rect, Size};
use ocellus_inference::{Crop, EmbeddingModel, ModelOptions};

const ROUNDS: usize = 9;
const CROPS: usize = 64;

fn main() {
    let Some(data) = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from) else {
        println!("SKIPPED: OCELLUS_TEST_DATA is unset; no embedder");
        return;
    };
    let options = ModelOptions { threads: 1, ..ModelOptions::default() };
    let model = EmbeddingModel::load(data.join("models/osnet_x0_25.onnx"), &options).unwrap();
    let mut embedder = model.into_session();
    let picture = noise(Size::new(1280, 720));
    // People from 60 to 360 pixels tall.
    let rects = (0..CROPS).map(|index| {
        let height = 60.0 + 300.0 * index as f32 / CROPS as f32;
        Rect::new(13.7 * index as f32, 5.3 * index as f32, height * 0.4, height)
    });
    let crops: Vec<Crop<'_>> = rects.map(|rect| Crop { picture: &picture, rect }).collect();
    for batch in [1, embedder.batch()] {
        let mut rounds: Vec<[f64; 2]> = (0..ROUNDS)
            .map(|_| {
                let ours = seconds(|| {
                    for crops in crops.chunks(batch) {
                        embedder.embed(crops).unwrap();
                    }
                });
                let bare = seconds(|| (0..CROPS / batch).for_each(|_| embedder.run_bare(batch).unwrap()));
                [CROPS as f64 / ours, CROPS as f64 / bare]
            })
            .collect();
        rounds.sort_by(|a, b| (a[0] / a[1]).total_cmp(&(b[0] / b[1])));
        let [ours, bare] = rounds[ROUNDS / 2];
        println!(
            "embed, osnet_x0_25, batches of {batch}: {ours:.0} a second (bare loop {bare:.0}, ratio {:.3}; {:.0} µs each \
             outside inference)",
            ours / bare,
            (1.0 / ours - 1.0 / bare) * 1e6,
        );
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// A picture without structure.
fn noise(size: Size) -> Picture {
    let mut state = 1_u32;
    let bytes: Vec<u8> = (0..Picture::byte_len(size))
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    Picture::from_i420(size, bytes).unwrap()
}
