//! Patience for FFmpeg's blocking calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// A deadline and a stop token that FFmpeg asks about while it blocks.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    stop: Stop,
    started: Instant,
    /// Microseconds after `started`.
    deadline_us: Arc<AtomicU64>,
}

impl Guard {
    pub(crate) fn new(stop: &Stop) -> Guard {
        Guard { stop: stop.clone(), started: Instant::now(), deadline_us: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// Gives the calls that follow `patience` from now on.
    pub(crate) fn arm(&self, patience: Duration) {
        let deadline = self.started.elapsed().saturating_add(patience).as_micros();
        self.deadline_us.store(u64::try_from(deadline).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether a blocking call should give up.
    pub(crate) fn is_over(&self) -> bool {
        self.stop.is_stopped() || self.is_late()
    }

    fn is_late(&self) -> bool {
        self.started.elapsed().as_micros() > u128::from(self.deadline_us.load(Ordering::Relaxed))
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }
}
