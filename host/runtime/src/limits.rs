//! What a rule may use, and how long it may take.

use std::time::Duration;

use crate::grants::Grants;

/// What one instance of a rule may use. Every figure is a hard stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Processor time of one call (`process`, `finish`, `save`, `restore`, `query`, `command`) on a live camera. Its
    /// wall time may be ten times that where the machine is busy with other things.
    pub call: Duration,
    /// Call time a second of frame time on a live camera; a rule over its share misses frames, so that it delays
    /// nobody but itself. Not looked at over recordings.
    pub call_per_second: Duration,
    /// Processor time of `describe`, of `configure`, and of the start of an instance, each.
    pub setup: Duration,
    /// Bytes of linear memory, over all memories of the component.
    pub memory: usize,
    /// Events one call may return, and overlays, and measurements, each.
    pub events: usize,
    /// Bytes one call may hand to the host, as the host holds them.
    pub output: usize,
    /// Bytes of state that `save` may return.
    pub state: usize,
    /// Bytes of what the rule keeps under keys, with 64 bytes an entry.
    pub values: usize,
    /// Bytes of log a second of frame time; what is over is dropped and counted.
    pub log_per_second: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            call: Duration::from_millis(10),
            call_per_second: Duration::from_millis(200),
            setup: Duration::from_secs(1),
            memory: 64 << 20,
            events: 1_000,
            output: 1 << 20,
            state: 1 << 20,
            values: 1 << 20,
            log_per_second: 64 << 10,
        }
    }
}

/// What an instance may use and do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
}

/// How a miss of the call's time limit is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeadlineMode {
    /// Live cameras: [`Limits::call`] holds; a miss is recorded and the rule restarted.
    #[default]
    Live,
    /// Recordings: [`RECORDED_CALL`] holds, since a busy machine must not change events; a miss ends the run.
    Recorded,
}

/// Time limit of a call over a recording.
pub const RECORDED_CALL: Duration = Duration::from_secs(5);

impl Limits {
    /// The wall time of one call under `mode`.
    #[must_use]
    pub fn call_in(&self, mode: DeadlineMode) -> Duration {
        match mode {
            DeadlineMode::Live => self.call,
            DeadlineMode::Recorded => RECORDED_CALL.max(self.call),
        }
    }

    /// The wall time of a set-up step under `mode`.
    #[must_use]
    pub fn setup_in(&self, mode: DeadlineMode) -> Duration {
        match mode {
            DeadlineMode::Live => self.setup,
            DeadlineMode::Recorded => RECORDED_CALL.max(self.setup),
        }
    }
}
