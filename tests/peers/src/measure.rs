//! Times calls.

use std::time::{Duration, Instant};

use ocellus_core::Track;

use crate::Failure;

/// Timed calls of each candidate.
pub(crate) const TURNS: usize = 20_000;
/// Calls before these.
pub(crate) const WARM_UP: usize = TURNS / 10;

/// What a candidate came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Crossings over all calls, the first ones too.
    pub(crate) crossings: u64,
}

/// Shows `decide` the frames in turn; it says how many tracks crossed.
pub(crate) fn run(
    frames: &[Vec<Track>],
    mut decide: impl FnMut(u64, &[Track]) -> Result<usize, Failure>,
) -> Result<Figures, Failure> {
    let mut times: Vec<Duration> = Vec::with_capacity(TURNS);
    let mut crossings = 0;
    for turn in 0..WARM_UP + TURNS {
        let tracks = &frames[turn % frames.len()];
        let start = Instant::now();
        let crossed = decide(turn as u64, tracks)?;
        let took = start.elapsed();
        crossings += crossed as u64;
        if turn >= WARM_UP {
            times.push(took);
        }
    }
    times.sort_unstable();
    let micros = |index: usize| times[index].as_secs_f64() * 1e6;
    Ok(Figures { p50_us: micros(TURNS / 2), p99_us: micros(TURNS * 99 / 100), crossings })
}
