//! Telling blocking work to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// A cancellation token that blocking and asynchronous waits both honour at once.
///
/// Clones share one state, and it is one-way: once stopped, always stopped. It is called `Stop` because
/// that is what its owner says to a source.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stopped: AtomicBool,
    // Guards nothing but the sleep: without it a stop between the check and the wait would be missed.
    gate: Mutex<()>,
    wake: Condvar,
    notify: Notify,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Stopped {
    /// The token was stopped, before or during the wait.
    Yes,
    /// The time passed.
    No,
}

impl Stop {
    /// A token that is not stopped.
    #[must_use]
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Ends all present and future waits.
    pub fn stop(&self) {
        let gate = self.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.stopped.store(true, Ordering::Release);
        drop(gate);
        self.0.wake.notify_all();
        self.0.notify.notify_waiters();
    }

    /// Whether [`Stop::stop`] has been called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Sleeps for `duration`, or until stopped.
    pub fn wait_for(&self, duration: Duration) -> Stopped {
        // A duration beyond the clock's range means "until stopped".
        let deadline = Instant::now().checked_add(duration);
        let mut gate = self.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.is_stopped() {
                return Stopped::Yes;
            }
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => duration,
            };
            if left.is_zero() {
                return Stopped::No;
            }
            gate = self.0.wake.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Resolves once stopped.
    pub async fn stopped(&self) {
        let notified = self.0.notify.notified();
        tokio::pin!(notified);
        // Registers before the check, so that a stop between the two is not missed.
        notified.as_mut().enable();
        if !self.is_stopped() {
            notified.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_another_thread_stops_it() {
        let stop = Stop::new();
        let other = stop.clone();
        let waiter = std::thread::spawn(move || other.wait_for(Duration::MAX));
        stop.stop();
        assert_eq!(waiter.join().unwrap(), Stopped::Yes);
    }

    #[test]
    fn a_wait_without_a_stop_reports_that_the_time_passed() {
        assert_eq!(Stop::new().wait_for(Duration::from_millis(1)), Stopped::No);
    }

    #[test]
    fn asynchronous_waits_see_an_earlier_and_a_later_stop() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let stop = Stop::new();
        let other = stop.clone();
        let thread = std::thread::spawn(move || other.stop());
        runtime.block_on(stop.stopped());
        thread.join().unwrap();
        runtime.block_on(stop.stopped());
    }
}
