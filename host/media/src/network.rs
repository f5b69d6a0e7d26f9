//! A small runtime of a network source's own, and waits that end.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::stop::Stop;

/// Drives one connection on the thread that reads it.
pub(crate) struct Network(Option<Runtime>);

/// How a wait ended.
pub(crate) enum Waited<T> {
    /// With this.
    Done(T),
    /// The patience ran out.
    Late,
    /// The source was stopped.
    Stopped,
}

impl Network {
    pub(crate) fn new() -> Result<Network, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime
            .map(|runtime| Network(Some(runtime)))
            .map_err(|error| format!("no runtime could be started: {error}"))
    }

    /// Waits for `work` until `deadline` or a stop.
    pub(crate) fn wait<T>(&self, stop: &Stop, deadline: Instant, work: impl Future<Output = T>) -> Waited<T> {
        let Some(runtime) = &self.0 else { return Waited::Stopped };
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = stop.stopped() => Waited::Stopped,
                done = tokio::time::timeout_at(deadline.into(), work) => done.map_or(Waited::Late, Waited::Done),
            }
        })
    }

    /// Gives a farewell `patience`, however it ends.
    pub(crate) fn part(&self, patience: Duration, work: impl Future<Output = ()>) {
        if let Some(runtime) = &self.0 {
            let _ = runtime.block_on(async { tokio::time::timeout(patience, work).await });
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // A name look-up may still block one of the runtime's threads for long; nobody waits for it.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
