//! Clocks that show the frame's time.

use std::time::Duration;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use crate::host_state::{FrameClock, HostState};

/// Microseconds since the Unix epoch on a live camera, media time on a recording.
pub(super) struct FrameWallClock(pub(super) FrameClock);

impl HostWallClock for FrameWallClock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.0.now().0)
    }
}

/// The same time in nanoseconds.
pub(super) struct FrameMonotonicClock(pub(super) FrameClock);

impl HostMonotonicClock for FrameMonotonicClock {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        nanos(&self.0)
    }
}

fn nanos(clock: &FrameClock) -> u64 {
    clock.now().0.saturating_mul(1_000)
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    monotonic_clock::add_to_linker::<HostState, HasClock>(linker, |state| Clock {
        clock: &state.clock,
        table: &mut state.table,
    })
}

struct HasClock;

impl HasData for HasClock {
    type Data<'a> = Clock<'a>;
}

struct Clock<'a> {
    clock: &'a FrameClock,
    table: &'a mut ResourceTable,
}

impl monotonic_clock::Host for Clock<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(nanos(self.clock))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1_000)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let moment = self.table.push(Moment { clock: self.clock.clone(), when })?;
        subscribe(self.table, moment)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe_instant(nanos(self.clock).saturating_add(duration))
    }
}

/// Ready once the frame's time has reached it, which never happens during a call.
struct Moment {
    clock: FrameClock,
    when: u64,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Moment {
    async fn ready(&mut self) {
        if nanos(&self.clock) < self.when {
            std::future::pending::<()>().await;
        }
    }
}
