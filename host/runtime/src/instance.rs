//! One live instance of a rule.

use std::sync::Arc;
use std::time::Duration;

use ocellus_core::{FrameInfo, Name, Power, RuleOutput};
use wasmtime::Store;

use crate::Runtime;
use crate::abi::{Configuring, Guest, GuestPre, Output, OutputFlaw, RawDescription};
use crate::error::{Call, CallError};
use crate::host_state::HostState;
use crate::lifecycle::BoundCamera;
use crate::limits::{DeadlineMode, Terms};
use crate::log::{LogLevel, Logs, cut};
use crate::shown::{Moment, Shown};
use crate::trap::{Circumstances, explain};
use crate::values::{Access, KeyValues};

/// Bytes kept of an error that a rule returns.
const REFUSAL_BYTES: usize = 4096;
/// Component handles that a guest may hold.
const HANDLES: usize = 4096;
/// How much of a state beyond its limit is looked at to say how large it is, in limits.
const STATE_LOOK: usize = 4;

/// A rule at work: its memory, its allowances, its clock. Calls are synchronous; one thread at a time owns it.
///
/// An instance wants about 1 MiB of stack, which every Rust thread has.
pub struct Instance {
    store: Store<HostState>,
    guest: Guest,
    alive: bool,
    allowance: Arc<Allowance>,
    left_out: u64,
    denied: u64,
    topics: Vec<Name>,
    /// Keeps the clock of the time limits running.
    _runtime: Runtime,
}

/// The limits of an instance.
pub(crate) struct Allowance {
    terms: Terms,
    call: Duration,
    setup: Duration,
}

impl Allowance {
    pub(crate) fn new(terms: Terms, mode: DeadlineMode) -> Allowance {
        let (call, setup) = (terms.limits.call_in(mode), terms.limits.setup_in(mode));
        Allowance { terms, call, setup }
    }

    fn of(&self, call: Call) -> Duration {
        match call {
            Call::Start | Call::Describe | Call::Configure => self.setup,
            Call::Process | Call::Finish | Call::Save | Call::Restore | Call::Query | Call::Command => {
                self.call
            }
        }
    }

    fn circumstances(&self, call: Call, said: Option<String>) -> Circumstances {
        Circumstances { call, time_limit: self.of(call), output_limit: self.terms.limits.output, said }
    }
}

impl Instance {
    /// Starts an instance: its memory and its initialisers, nothing of the contract yet.
    pub(crate) fn start(
        runtime: &Runtime,
        pre: &GuestPre,
        allowance: &Arc<Allowance>,
        seed: [u8; 32],
    ) -> Result<Instance, CallError> {
        let mut store =
            Store::new(pre.engine(), HostState::new(&allowance.terms, runtime.options().tick, seed));
        store.limiter(|state| state);
        store.set_hostcall_fuel(allowance.terms.limits.output);
        store.set_max_component_handles(HANDLES);
        store.epoch_deadline_callback(|mut context| context.data_mut().deadline.expired());
        let ticks = store.data_mut().deadline.begin(allowance.setup);
        store.set_epoch_deadline(ticks);
        let guest = pre.instantiate(&mut store).map_err(|error| {
            let said = store.data().said.take();
            explain(&error, allowance.circumstances(Call::Start, said))
        })?;
        let (allowance, runtime) = (Arc::clone(allowance), runtime.clone());
        Ok(Instance {
            store,
            guest,
            alive: true,
            allowance,
            left_out: 0,
            denied: 0,
            topics: Vec::new(),
            _runtime: runtime,
        })
    }

    /// Shows the rule one frame.
    ///
    /// # Errors
    /// [`CallError`]; after a fatal one the instance is dead.
    pub fn process<'a>(
        &mut self,
        frame: &FrameInfo,
        shown: impl Into<Shown<'a>>,
    ) -> Result<RuleOutput, CallError> {
        let shown = shown.into();
        self.begin(Call::Process)?;
        self.store.data().clock.set(frame.time);
        let answer = self.guest.process(&mut self.store, frame, (&shown, &self.allowance.terms));
        let output = self.end(Call::Process, answer)?;
        self.take(Call::Process, output)
    }

    /// Tells the rule that the stream ended and takes its last reports.
    ///
    /// # Errors
    /// [`CallError`]; after a fatal one the instance is dead.
    pub fn finish(&mut self, at: impl Into<Moment>) -> Result<RuleOutput, CallError> {
        let at = at.into();
        self.begin(Call::Finish)?;
        self.store.data().clock.set(at.time);
        let answer = self.guest.finish(&mut self.store, at, &self.allowance.terms);
        let output = self.end(Call::Finish, answer)?;
        self.take(Call::Finish, output)
    }

    /// The rule's state, for another instance.
    ///
    /// # Errors
    /// [`CallError::StateTooLarge`] over the limit, else as every call.
    pub fn save(&mut self) -> Result<Vec<u8>, CallError> {
        let limit = self.allowance.terms.limits.state;
        let look = limit.saturating_mul(STATE_LOOK);
        self.begin(Call::Save)?;
        self.store.set_hostcall_fuel(look);
        let answer = self.guest.save(&mut self.store).map(Ok);
        self.store.set_hostcall_fuel(self.allowance.terms.limits.output);
        match self.end(Call::Save, answer) {
            Ok(state) if state.len() > limit => Err(CallError::StateTooLarge { size: state.len(), limit }),
            Err(CallError::OutputTooLarge { .. }) => Err(CallError::StateTooLarge { size: look, limit }),
            saved => saved,
        }
    }

    /// The rule's state, as [`Instance::save`]; the values that it keeps under keys go back to now if it dies.
    ///
    /// # Errors
    /// As [`Instance::save`].
    pub fn checkpoint(&mut self) -> Result<Vec<u8>, CallError> {
        let state = self.save()?;
        self.checkpoint_values();
        Ok(state)
    }

    /// Hands the rule a state that version `version` of its plugin saved.
    ///
    /// # Errors
    /// [`CallError::Refused`] when the rule does not take it, else as every call.
    pub fn restore(&mut self, state: &[u8], version: &semver::Version) -> Result<(), CallError> {
        self.begin(Call::Restore)?;
        let answer = self.guest.restore(&mut self.store, state, &version.to_string());
        self.end(Call::Restore, answer)
    }

    /// Asks the rule, JSON to JSON.
    ///
    /// # Errors
    /// [`CallError`]; after a fatal one the instance is dead.
    pub fn query(&mut self, request: &str) -> Result<String, CallError> {
        self.begin(Call::Query)?;
        let answer = self.guest.query(&mut self.store, request);
        self.end(Call::Query, answer)
    }

    /// Hands the rule an operator's correction, JSON.
    ///
    /// # Errors
    /// [`CallError`]; after a fatal one the instance is dead.
    pub fn command(&mut self, at: impl Into<Moment>, request: &str) -> Result<RuleOutput, CallError> {
        let at = at.into();
        self.begin(Call::Command)?;
        self.store.data().clock.set(at.time);
        let answer = self.guest.command(&mut self.store, (at, request), &self.allowance.terms);
        let output = self.end(Call::Command, answer)?;
        self.take(Call::Command, output)
    }

    /// Whether it can still be called.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.alive
    }

    /// Takes what it has logged since the last time.
    pub fn drain_logs(&mut self) -> Logs {
        self.store.data().log.lock().drain()
    }

    /// Bytes of linear memory it holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.store.data().memory()
    }

    /// Numbers and drawings of its outputs that were left out, since they were not finite.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Calls whose output asked for what was not granted; that part was left out.
    #[must_use]
    pub fn denied(&self) -> u64 {
        self.denied
    }

    /// The topics it wants to hear of; none without [`Power::Messages`].
    #[must_use]
    pub fn topics(&self) -> &[Name] {
        &self.topics
    }

    /// What it keeps under keys.
    #[must_use]
    pub fn values(&self) -> &KeyValues {
        self.store.data().values.values()
    }

    /// Gives it what it kept under keys. A way back leads here from now on.
    pub fn fill_values(&mut self, values: KeyValues) {
        self.store.data_mut().values.fill(values);
    }

    /// The keys whose values changed since the last checkpoint, which is now.
    pub(crate) fn checkpoint_values(&mut self) -> Vec<Arc<str>> {
        self.store.data_mut().values.checkpoint()
    }

    /// Its values as they were at the last checkpoint; it has none after that.
    pub(crate) fn surrender_values(&mut self) -> KeyValues {
        self.store.data_mut().values.surrender()
    }

    pub(crate) fn log_lines_dropped(&self) -> u64 {
        self.store.data().log.lock().dropped_in_total()
    }

    pub(crate) fn describe(&mut self) -> Result<RawDescription, CallError> {
        self.begin(Call::Describe)?;
        let answer = self.guest.describe(&mut self.store).map(Ok);
        self.end(Call::Describe, answer)
    }

    pub(crate) fn configure(&mut self, settings: &str, cameras: &[&BoundCamera]) -> Result<(), CallError> {
        self.begin(Call::Configure)?;
        let granted = self.allowance.terms.grants.powers();
        let with = Configuring { settings, cameras, granted };
        let answer = self.guest.configure(&mut self.store, &with);
        let topics = self.end(Call::Configure, answer)?;
        self.topics = check_topics(topics)?;
        if !granted.has(Power::Messages) {
            self.topics.clear();
        }
        Ok(())
    }

    fn begin(&mut self, call: Call) -> Result<(), CallError> {
        if !self.alive {
            return Err(CallError::Dead);
        }
        let access = self.access(call);
        self.store.data_mut().values.allow(access);
        self.store.data().said.clear();
        let ticks = self.store.data_mut().deadline.begin(self.allowance.of(call));
        self.store.set_epoch_deadline(ticks);
        Ok(())
    }

    fn access(&self, call: Call) -> Access {
        if !self.allowance.terms.grants.has(Power::KeyValue) {
            return Access::None;
        }
        match call {
            Call::Start | Call::Describe | Call::Configure => Access::Early,
            Call::Save | Call::Query => Access::Read,
            Call::Process | Call::Finish | Call::Restore | Call::Command => Access::Write,
        }
    }

    fn end<T>(&mut self, call: Call, answer: crate::abi::Answer<T>) -> Result<T, CallError> {
        match answer {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(message)) => {
                Err(CallError::Refused { call, message: cut(&message, REFUSAL_BYTES).to_owned() })
            }
            Err(error) => {
                self.alive = false;
                let said = self.store.data().said.take();
                Err(explain(&error, self.allowance.circumstances(call, said)))
            }
        }
    }

    fn take(&mut self, call: Call, output: Output) -> Result<RuleOutput, CallError> {
        match output {
            Ok(checked) => {
                self.left_out += checked.left_out;
                if let Some(what) = checked.refused {
                    self.denied += 1;
                    self.store.data().write_log(LogLevel::Warn, &what);
                }
                Ok(checked.output)
            }
            Err(OutputFlaw::Invalid(what)) => Err(CallError::InvalidOutput { call, what }),
            Err(OutputFlaw::TooMany { what, count, limit }) => {
                self.alive = false;
                Err(CallError::TooMany { call, what, count, limit })
            }
        }
    }
}

/// Topics that a rule may hear of.
const TOPICS: usize = 64;

fn check_topics(topics: Vec<String>) -> Result<Vec<Name>, CallError> {
    let invalid = |what: String| CallError::InvalidOutput { call: Call::Configure, what };
    if topics.len() > TOPICS {
        return Err(invalid(format!("it names {} topics, at most {TOPICS} are possible", topics.len())));
    }
    let topic = |topic: String| {
        Name::new(&topic).map_err(|error| invalid(format!("the topic {:?}: {error}", cut(&topic, 80))))
    };
    topics.into_iter().map(topic).collect()
}
