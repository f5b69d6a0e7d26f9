//! How a rule is doing.

use std::time::Duration;

use ocellus_core::TimeUs;

use crate::error::CallError;
use crate::histogram::{CallTimes, Histogram};
use crate::instance::Instance;

/// Whether a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleState {
    /// It sees frames.
    Active,
    /// It failed and rests until the frame time `until`.
    BackingOff {
        /// When it starts again.
        until: TimeUs,
    },
    /// It failed too often; only another version, or the same one activated again, replaces it.
    Quarantined,
}

/// How a rule is doing, counted since this version of it was put into its slot.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleHealth {
    /// Whether it runs.
    pub state: RuleState,
    /// Fatal failures that still count towards quarantine.
    pub strikes: usize,
    /// The newest failure, in words.
    pub last_error: Option<String>,
    /// Calls made.
    pub calls: u64,
    /// Frames and commands it did not see while it was not running.
    pub skipped: u64,
    /// Frames it did not see because it had used up its call time a second.
    pub throttled: u64,
    /// Call time used.
    pub call_total: Duration,
    /// Events it reported.
    pub events: u64,
    /// Errors that the rule itself returned, and outputs that were refused.
    pub refusals: u64,
    /// Traps.
    pub traps: u64,
    /// Calls stopped at their time limit.
    pub deadline_misses: u64,
    /// Breaches of the other limits: memory, events, output, state.
    pub limit_breaches: u64,
    /// New instances made after a failure.
    pub restarts: u64,
    /// Numbers and drawings left out of outputs, since they were not finite.
    pub left_out: u64,
    /// Calls whose output asked for what was not granted; that part was left out.
    pub denied: u64,
    /// Log lines lost, over the allowance or undrained.
    pub log_lines_dropped: u64,
    /// Bytes of linear memory the instance holds.
    pub memory: usize,
    /// Bytes of the last state it saved.
    pub state_bytes: usize,
    /// Bytes it keeps under keys, with 64 bytes an entry.
    pub values: usize,
    /// How long its calls take.
    pub call_time: CallTimes,
}

/// The counters behind [`RuleHealth`].
#[derive(Clone)]
pub(super) struct Figures {
    health: RuleHealth,
    times: Histogram,
}

impl Figures {
    pub(super) fn new() -> Figures {
        let health = RuleHealth {
            state: RuleState::Active,
            strikes: 0,
            last_error: None,
            calls: 0,
            skipped: 0,
            throttled: 0,
            call_total: Duration::ZERO,
            events: 0,
            refusals: 0,
            traps: 0,
            deadline_misses: 0,
            limit_breaches: 0,
            restarts: 0,
            left_out: 0,
            denied: 0,
            log_lines_dropped: 0,
            memory: 0,
            state_bytes: 0,
            values: 0,
            call_time: CallTimes::default(),
        };
        Figures { health, times: Histogram::new() }
    }

    /// Of a rule that does not run, and why.
    pub(super) fn with_error(reason: String) -> Figures {
        let mut figures = Figures::new();
        figures.health.last_error = Some(reason);
        figures
    }

    pub(super) fn called(&mut self, took: Duration) {
        self.health.calls += 1;
        self.health.call_total += took;
        self.times.record(took);
    }

    pub(super) fn skipped(&mut self) {
        self.health.skipped += 1;
    }

    pub(super) fn throttled(&mut self) {
        self.health.throttled += 1;
    }

    pub(super) fn reported(&mut self, events: usize) {
        self.health.events += events as u64;
    }

    pub(super) fn restarted(&mut self) {
        self.health.restarts += 1;
    }

    pub(super) fn failed(&mut self, error: &CallError) {
        let health = &mut self.health;
        match error {
            CallError::Refused { .. } | CallError::InvalidOutput { .. } => health.refusals += 1,
            CallError::Trap(_) => health.traps += 1,
            CallError::Deadline { .. } => health.deadline_misses += 1,
            CallError::StateTooLarge { .. }
            | CallError::TooMany { .. }
            | CallError::OutputTooLarge { .. }
            | CallError::Memory { .. } => health.limit_breaches += 1,
            CallError::NoRoom => {}
            CallError::Dead => return,
        }
        health.last_error = Some(error.to_string());
    }

    /// Takes over the counts of an instance that goes.
    pub(super) fn retire(&mut self, instance: &Instance) {
        self.health.left_out += instance.left_out();
        self.health.denied += instance.denied();
        self.health.log_lines_dropped += instance.log_lines_dropped();
    }

    pub(super) fn health(&self, state: RuleState, strikes: usize, running: Option<&Instance>) -> RuleHealth {
        let mut health = self.health.clone();
        health.state = state;
        health.strikes = strikes;
        health.call_time = self.times.times();
        if let Some(instance) = running {
            health.left_out += instance.left_out();
            health.denied += instance.denied();
            health.log_lines_dropped += instance.log_lines_dropped();
            health.memory = instance.memory();
        }
        health
    }
}
