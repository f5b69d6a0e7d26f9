//! The clock that time limits are counted in.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wasmtime::Engine;

/// A thread that advances the engine's epoch once a tick; it ends, joined, when this is dropped.
pub(crate) struct Ticker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub(crate) fn start(engine: Engine, tick: Duration) -> std::io::Result<Ticker> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let watched = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("ocellus-ticker".into())
            .stack_size(64 << 10)
            .spawn(move || run(&engine, tick, &watched))?;
        Ok(Ticker { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread runs nothing that panics.
            let _ = thread.join();
        }
    }
}

/// How many ticks give a call at least `limit`: the first may be almost over when the call starts.
pub(crate) fn ticks(limit: Duration, tick: Duration) -> u64 {
    let whole = u64::try_from(limit.as_micros().div_ceil(tick.as_micros().max(1))).unwrap_or(u64::MAX);
    whole.saturating_add(1).min(u64::MAX / 2)
}

/// How much sooner than others the ticker gets the processor, as `nice` counts.
const NICE: i32 = -10;

fn run(engine: &Engine, tick: Duration, stop: &(Mutex<bool>, Condvar)) {
    // On Linux this is of the calling thread alone. A ticker that waits for a processor which a runaway rule
    // holds lets that rule run on. Without the right to it, limits are just kept less sharply on a busy machine.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the ticker runs at everybody's priority");
    }
    let mut next = Instant::now() + tick;
    let mut stopped = stop.0.lock().unwrap_or_else(PoisonError::into_inner);
    while !*stopped {
        let now = Instant::now();
        if now >= next {
            engine.increment_epoch();
            // No catching up after a pause of the whole process: a burst of ticks would stop calls that
            // have had no time at all.
            next = if now - next > tick { now + tick } else { next + tick };
            continue;
        }
        stopped = stop.1.wait_timeout(stopped, next - now).unwrap_or_else(PoisonError::into_inner).0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_never_cut_short_by_the_tick_it_starts_in() {
        let tick = Duration::from_millis(1);
        assert_eq!(ticks(Duration::from_millis(10), tick), 11);
        assert_eq!(ticks(Duration::from_micros(10_001), tick), 12);
        assert_eq!(ticks(Duration::from_millis(10), Duration::from_millis(50)), 2);
        assert_eq!(ticks(Duration::ZERO, tick), 1);
        assert!(ticks(Duration::MAX, Duration::ZERO) < u64::MAX);
    }
}
