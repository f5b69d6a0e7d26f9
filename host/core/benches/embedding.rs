//! Looking through a gallery of embeddings, beside a plain loop over the same rows.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ocellus_core::embedding::{Embedding, Gallery};

const DIMENSION: usize = 512;
const ROUNDS: usize = 51;

fn main() {
    for rows in [1_000, 10_000, 100_000] {
        let mut random = Random(7);
        let mut gallery = Gallery::new(DIMENSION);
        while gallery.len() < rows {
            if let Some(embedding) = random.embedding() {
                gallery.push(&embedding);
            }
        }
        let Some(query) = random.embedding() else { return };
        let ours = median(|| black_box(gallery.nearest(black_box(&query), 10, |_| true).len()));
        let plain = median(|| black_box(plain(&gallery, black_box(&query))));
        let bytes = (rows * DIMENSION * 4) as f64;
        println!(
            "gallery of {rows} x {DIMENSION}, the 10 nearest: {:.3} ms, {:.1} GB/s (a plain loop {:.3} ms, {:.1}x)",
            ours.as_secs_f64() * 1e3,
            bytes / ours.as_secs_f64() / 1e9,
            plain.as_secs_f64() * 1e3,
            plain.as_secs_f64() / ours.as_secs_f64(),
        );
    }
}

/// One sum a row, then all rows sorted.
fn plain(gallery: &Gallery, query: &Embedding) -> usize {
    let cosine = |row: usize| {
        let row = gallery.row(row).unwrap_or_default();
        row.iter().zip(query.as_slice()).map(|(a, b)| a * b).sum::<f32>()
    };
    let mut all: Vec<(usize, f32)> = (0..gallery.len()).map(|row| (row, cosine(row))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(10);
    all.len()
}

fn median(mut work: impl FnMut() -> usize) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// A seeded generator (xorshift64*).
struct Random(u64);

impl Random {
    fn embedding(&mut self) -> Option<Embedding> {
        let values: Vec<f32> = (0..DIMENSION).map(|_| self.next()).collect();
        Embedding::new(&values)
    }

    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}
