//! Ctrl-C and SIGTERM for work over a recording: it ends in order, and what was found is kept.

use std::ops::ControlFlow;

use anyhow::Context;
use ocellus_media::Stop;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// Listens until it is dropped.
pub(crate) struct Interrupt {
    stop: Stop,
    _listener: Runtime,
}

impl Interrupt {
    /// From now on the first signal stops the work; a second one ends the program where it stands.
    pub(crate) fn listen() -> anyhow::Result<Interrupt> {
        let listener = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("signals")
            .enable_io()
            .build()
            .context("the thread that hears signals")?;
        let stop = Stop::new();
        let entered = listener.enter();
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
        drop(entered);
        let told = stop.clone();
        listener.spawn(async move {
            loop {
                let number = tokio::select! {
                    _ = interrupt.recv() => 2,
                    _ = terminate.recv() => 15,
                };
                if told.is_stopped() {
                    // What shells report of a program that a signal ended.
                    std::process::exit(128 + number);
                }
                told.stop();
            }
        });
        Ok(Interrupt { stop, _listener: listener })
    }

    /// What a source is opened with, so that it stops at a signal.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Whether to go on.
    pub(crate) fn proceed(&self) -> ControlFlow<()> {
        if self.stop.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
