//! Keeps one instance of a rule at work, whatever the rule does.
//!
//! Sans-IO: frames come in, outputs go out, time is the frames' time. The length of a call is the one thing
//! read from a clock, for the figures only.

mod budget;
mod clock;
mod health;
mod restart;
mod snapshot;
mod strikes;
mod swap;

use std::sync::{Arc, Weak};
use std::time::Instant;

use ocellus_core::{FrameInfo, Name, RuleOutput, TimeUs};

pub use self::health::{RuleHealth, RuleState};
pub use self::restart::{Restart, Restarted};
pub use self::snapshot::{Checkpoint, Memory, Receipt, Snapshot};
pub use self::strikes::{OnFailure, SlotPolicy};
pub use self::swap::{Committed, Handover, OnRefusal, PreparedSwap, Retired, SwapAborted, prepare_swap};

use self::budget::{Budget, Rate};
use self::clock::SlotClock;
use self::health::Figures;
use self::snapshot::Snapshots;
use self::strikes::{Strikes, Verdict};
use crate::error::CallError;
use crate::instance::Instance;
use crate::lifecycle::{Probed, Share};
use crate::limits::DeadlineMode;
use crate::log::Logs;
use crate::shown::{Moment, Shown};
use crate::values::{KeyValues, Ledger, ValueChanges};

/// Log lines kept of instances that are gone.
const LEFT_LOG_LINES: usize = 1024;

/// The place of one instance: what runs now, how to make it anew, and what it last saved.
pub struct RuleSlot {
    probed: Probed,
    share: Share,
    policy: SlotPolicy,
    state: State,
    snapshots: Snapshots,
    /// What the rule keeps under keys, while no instance runs that has it.
    values: KeyValues,
    ledger: Ledger,
    /// Changed values that nobody has taken yet.
    changes: ValueChanges,
    strikes: Strikes,
    figures: Figures,
    budget: Budget,
    /// Lines of instances that are gone.
    logs: Logs,
    clock: SlotClock,
    /// What the last `save` came to, until somebody asks.
    saved: Option<Result<Arc<[u8]>, CallError>>,
    /// Counts what was started here, so that a restart made for an older one is not taken.
    generation: u64,
}

enum State {
    Active(Box<Instance>),
    BackingOff { until: TimeUs, next: Next },
    Quarantined,
}

/// Who makes the next instance.
enum Next {
    /// Nobody yet; the first frame after the pause does.
    Open,
    /// The owner, on another thread, unless what was to make it has been dropped.
    Taken(Weak<()>),
    /// It is made.
    Ready(Box<Instance>),
}

impl Next {
    /// Whether somebody has to make it.
    fn is_open(&self) -> bool {
        match self {
            Next::Open => true,
            Next::Taken(promise) => promise.strong_count() == 0,
            Next::Ready(_) => false,
        }
    }
}

/// What became of a frame, a command or the end of the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Processed {
    /// The rule's output.
    Output(RuleOutput),
    /// The call failed; the rule goes on, backs off or is quarantined, as [`RuleSlot::health`] says.
    Failed(CallError),
    /// The rule is backing off or in quarantine and saw nothing.
    Skipped,
}

/// The first instance of a slot could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StartError {
    /// It does not start or refuses its settings.
    #[error("the rule does not start: {0}")]
    Start(#[source] CallError),
    /// It does not take the state it had before; starting without the state would work.
    #[error("the rule does not take over its saved state: {0}")]
    Restore(#[source] CallError),
}

impl RuleSlot {
    /// Makes the first instance, with what `resume` remembers if that is of the same plugin.
    ///
    /// # Errors
    /// [`StartError`]; after [`StartError::Restore`] a start without the state may be tried.
    pub fn start(probed: &Probed, share: Share, resume: impl Into<Memory>) -> Result<RuleSlot, StartError> {
        let Memory { state: resume, values } = resume.into().of(&probed.description().name);
        let mut instance = probed.instantiate(share).map_err(StartError::Start)?;
        instance.fill_values(values);
        if let Some(snapshot) = &resume {
            instance.restore(&snapshot.state, &snapshot.version).map_err(StartError::Restore)?;
        }
        let memory = Memory { state: resume, values: KeyValues::default() };
        Ok(RuleSlot::new((probed, share), State::Active(Box::new(instance)), memory, Figures::new()))
    }

    /// A slot whose version was in quarantine before, and stays there: `reason` says why. It keeps the state of
    /// `resume` for the version that comes after it.
    #[must_use]
    pub fn quarantined(probed: &Probed, share: Share, resume: impl Into<Memory>, reason: String) -> RuleSlot {
        let memory = resume.into().of(&probed.description().name);
        RuleSlot::new((probed, share), State::Quarantined, memory, Figures::with_error(reason))
    }

    fn new((probed, share): (&Probed, Share), state: State, memory: Memory, figures: Figures) -> RuleSlot {
        RuleSlot {
            probed: probed.clone(),
            share,
            state,
            snapshots: Snapshots::new(memory.state),
            values: memory.values,
            ledger: Ledger::default(),
            changes: ValueChanges::default(),
            strikes: Strikes::default(),
            figures,
            budget: Budget::new(),
            logs: Logs::default(),
            clock: SlotClock::default(),
            saved: None,
            generation: 0,
            policy: SlotPolicy::default(),
        }
    }

    /// Replaces the policy of back-off, quarantine and snapshots.
    #[must_use]
    pub fn with_policy(mut self, policy: SlotPolicy) -> RuleSlot {
        self.policy = policy;
        self
    }

    /// The rule in the slot.
    #[must_use]
    pub fn probed(&self) -> &Probed {
        &self.probed
    }

    /// Whose slot it is.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// Shows the rule one frame. Restarts the rule when its pause is over and nobody else did; saves its state
    /// once a second of frame time. Never fails and never panics, whatever the rule does.
    pub fn process<'a>(&mut self, frame: &FrameInfo, shown: impl Into<Shown<'a>>) -> Processed {
        let processed = self.show(frame, shown);
        self.save_when_due();
        processed
    }

    /// Shows the rule one frame, as [`RuleSlot::process`] does, and leaves saving to [`RuleSlot::save_when_due`].
    pub fn show<'a>(&mut self, frame: &FrameInfo, shown: impl Into<Shown<'a>>) -> Processed {
        let shown = shown.into();
        self.clock.see(Some(frame.camera), frame.time);
        if let Err(error) = self.resume() {
            return Processed::Failed(error);
        }
        if !self.is_within_share() {
            self.figures.throttled();
            return Processed::Skipped;
        }
        self.output_of(|instance| instance.process(frame, shown))
    }

    /// Saves the rule's state if a second of frame time has passed since it was saved last.
    pub fn save_when_due(&mut self) {
        if self.snapshots.is_due(self.clock.now(), self.policy.snapshot_every) {
            let _ = self.save_state();
        }
    }

    /// What the rule's last `save` came to, once: the state, or why there is none.
    pub fn take_saved(&mut self) -> Option<Result<Arc<[u8]>, CallError>> {
        self.saved.take()
    }

    /// Tells the rule that the stream ended.
    pub fn finish(&mut self, at: impl Into<Moment>) -> Processed {
        let at = at.into();
        self.clock.see(None, at.time);
        self.output_of(|instance| instance.finish(at))
    }

    /// Hands the rule an operator's correction.
    pub fn command(&mut self, at: impl Into<Moment>, request: &str) -> Processed {
        let at = at.into();
        self.clock.see(None, at.time);
        self.output_of(|instance| instance.command(at, request))
    }

    /// Asks the rule.
    ///
    /// # Errors
    /// [`CallError`] as every call; [`CallError::Dead`] while the rule is not running.
    pub fn query(&mut self, request: &str) -> Result<String, CallError> {
        self.call(|instance| instance.query(request))
    }

    /// What is new since the last time, for the owner to keep. It comes again, with the next checkpoint, until it
    /// is confirmed.
    pub fn take_checkpoint(&mut self) -> Option<Checkpoint> {
        let values = std::mem::take(&mut self.changes);
        let (snapshot, receipt) = self.snapshots.take_new(!values.is_empty())?;
        Some(Checkpoint { snapshot, values, receipt })
    }

    /// Saves the state now, as for a shutdown, and returns what is new since the last time.
    pub fn checkpoint_now(&mut self) -> Option<Checkpoint> {
        if matches!(self.state, State::Active(_)) {
            let _ = self.save_state();
        }
        self.take_checkpoint()
    }

    /// The topics that the rule wants to hear of.
    #[must_use]
    pub fn topics(&self) -> &[Name] {
        self.instance().map_or(&[], Instance::topics)
    }

    /// What the rule keeps under keys.
    #[must_use]
    pub fn values(&self) -> &KeyValues {
        self.instance().map_or(&self.values, Instance::values)
    }

    /// Whether the rule runs.
    #[must_use]
    pub fn state(&self) -> RuleState {
        match &self.state {
            State::Active(_) => RuleState::Active,
            State::BackingOff { until, .. } => RuleState::BackingOff { until: *until },
            State::Quarantined => RuleState::Quarantined,
        }
    }

    /// How the rule is doing since it was put into the slot.
    #[must_use]
    pub fn health(&self) -> RuleHealth {
        let mut health = self.figures.health(self.state(), self.strikes.count(), self.instance());
        health.state_bytes = self.snapshots.newest().map_or(0, |newest| newest.state.len());
        health.values = self.values().bytes();
        health
    }

    /// Takes what the rule has logged since the last time.
    pub fn drain_logs(&mut self) -> Logs {
        let mut logs = std::mem::take(&mut self.logs);
        if let State::Active(instance) = &mut self.state {
            let newer = instance.drain_logs();
            logs.lines.extend(newer.lines);
            logs.dropped += newer.dropped;
        }
        logs
    }

    /// Its camera's name, or `all` for a rule of the whole site.
    fn place(&self) -> &str {
        match self.share {
            Share::Site => "all",
            Share::Camera(handle) => {
                let camera = self.probed.binding().cameras.iter().find(|camera| camera.handle == handle);
                camera.map_or("unknown", |camera| camera.name.as_str())
            }
        }
    }

    fn instance(&self) -> Option<&Instance> {
        match &self.state {
            State::Active(instance) => Some(instance),
            State::BackingOff { .. } | State::Quarantined => None,
        }
    }

    fn output_of(&mut self, run: impl FnOnce(&mut Instance) -> Result<RuleOutput, CallError>) -> Processed {
        match self.call(run) {
            Ok(output) => {
                self.figures.reported(output.events.len());
                Processed::Output(output)
            }
            Err(CallError::Dead) => {
                self.figures.skipped();
                Processed::Skipped
            }
            Err(error) => Processed::Failed(error),
        }
    }

    /// One call of the running instance, timed, counted and, where it kills, answered with a strike.
    fn call<T>(&mut self, run: impl FnOnce(&mut Instance) -> Result<T, CallError>) -> Result<T, CallError> {
        let State::Active(instance) = &mut self.state else {
            return Err(CallError::Dead);
        };
        let start = Instant::now();
        let result = run(instance);
        let took = start.elapsed();
        self.figures.called(took);
        // A call that took longer than its limit was kept waiting: that is not the rule's fault.
        self.budget.spend(took.min(self.probed.binding().limits.call));
        if let Err(error) = &result {
            self.failed(error);
        }
        result
    }

    /// Whether the rule has call time left; always over recordings, whose events no busy machine may change.
    fn is_within_share(&mut self) -> bool {
        let binding = self.probed.binding();
        let limits = &binding.limits;
        let rate =
            Rate { per_second: limits.call_per_second, burst: limits.call_per_second.max(limits.call) };
        match binding.deadline {
            DeadlineMode::Live => self.budget.admits(self.clock.now(), rate),
            DeadlineMode::Recorded => true,
        }
    }

    /// Has the running instance save, and keeps the state with its values; how large it is.
    fn save_state(&mut self) -> Result<usize, CallError> {
        let State::Active(instance) = &mut self.state else {
            return Err(CallError::Dead);
        };
        let saved = instance.save();
        let now = self.clock.now();
        match saved {
            Ok(state) => {
                let bytes = state.len();
                self.ledger.note(instance.checkpoint_values());
                self.changes = self.ledger.changes(instance.values());
                self.saved = Some(Ok(self.snapshots.keep(&self.probed, now, state)));
                Ok(bytes)
            }
            Err(error) => {
                self.snapshots.failed(now);
                self.saved = Some(Err(error.clone()));
                self.failed(&error);
                Err(error)
            }
        }
    }

    fn failed(&mut self, error: &CallError) {
        self.figures.failed(error);
        // A state far over its limit is cut off in the middle, which kills although the error by itself does not.
        if matches!(&self.state, State::Active(instance) if !instance.is_alive()) {
            self.strike(error);
        }
    }

    fn strike(&mut self, error: &CallError) {
        let verdict = self.strikes.strike(self.clock.now(), &self.policy);
        tracing::warn!(
            rule = %self.probed.binding().rule,
            plugin = %self.probed.description().name,
            version = %self.probed.description().version,
            camera = self.place(),
            time_us = self.clock.now().0,
            strikes = self.strikes.count(),
            %error,
            next = %verdict.told(self.clock.now()),
            "the rule failed and was stopped"
        );
        let next = match verdict {
            Verdict::Pause { until } => State::BackingOff { until, next: Next::Open },
            Verdict::Quarantine => State::Quarantined,
        };
        self.replace(next);
    }

    /// Changes the state, keeping the last log lines of an instance that goes.
    fn replace(&mut self, state: State) -> Option<Box<Instance>> {
        self.generation += 1;
        let State::Active(mut instance) = std::mem::replace(&mut self.state, state) else {
            return None;
        };
        self.figures.retire(&instance);
        self.values = instance.surrender_values();
        let left = instance.drain_logs();
        self.logs.dropped += left.dropped;
        self.logs.lines.extend(left.lines);
        let excess = self.logs.lines.len().saturating_sub(LEFT_LOG_LINES);
        self.logs.lines.drain(..excess);
        self.logs.dropped += excess as u64;
        Some(instance)
    }
}
