//! Another version of a rule, between two frames, with its state.

use std::time::Duration;

use ocellus_core::TimeUs;

use super::snapshot::Memory;
use super::strikes::SlotPolicy;
use super::{RuleSlot, State};
use crate::error::CallError;
use crate::instance::Instance;
use crate::lifecycle::{Digest, Probed, Share};
use crate::values::KeyValues;

/// What to do when the new version does not take the old one's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRefusal {
    /// The old version stays.
    #[default]
    Abort,
    /// The new version starts without state; the operator has said so.
    StartCold,
}

/// A new version, started and configured, waiting for a frame boundary.
pub struct PreparedSwap {
    probed: Probed,
    instance: Box<Instance>,
    on_refusal: OnRefusal,
    fallback: Option<Memory>,
    policy: Option<SlotPolicy>,
}

impl PreparedSwap {
    /// Gives a memory to begin with where the running version's is refused: on the way back to a version, the
    /// state that it had itself when it was replaced.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Option<Memory>) -> PreparedSwap {
        self.fallback = fallback;
        self
    }

    /// Gives the slot another policy with the new version; without, it keeps the one it has.
    #[must_use]
    pub fn with_policy(mut self, policy: SlotPolicy) -> PreparedSwap {
        self.policy = Some(policy);
        self
    }
}

/// Starts and configures an instance of `new`, off the frames' path.
///
/// # Errors
/// [`CallError`] when it does not start or refuses its settings; nothing has changed then.
pub fn prepare_swap(new: &Probed, share: Share, on_refusal: OnRefusal) -> Result<PreparedSwap, CallError> {
    let instance = Box::new(new.instantiate(share)?);
    Ok(PreparedSwap { probed: new.clone(), instance, on_refusal, fallback: None, policy: None })
}

/// How the new version came to its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// The old version saved it at the swap.
    Carried {
        /// Its size.
        bytes: usize,
    },
    /// The old version was not running, or its state was refused; an earlier snapshot served.
    FromSnapshot {
        /// Its size.
        bytes: usize,
        /// How old it was, in frame time.
        age: Duration,
    },
    /// It started anew.
    Cold,
}

/// A swap that happened.
#[derive(Debug)]
pub struct Committed {
    /// The old version.
    pub from: Digest,
    /// The new version.
    pub to: Digest,
    /// What became of the state.
    pub state: Handover,
    /// What the old version remembered as it was replaced, for a way back to it.
    pub handed: Option<Memory>,
    /// The old instance; drop it off the frames' path.
    pub retired: Retired,
}

/// An instance that was replaced. Dropping it gives its memory back, which takes a moment.
pub struct Retired {
    _instance: Option<Box<Instance>>,
}

impl std::fmt::Debug for Retired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Retired")
    }
}

/// A swap that did not happen; the old version stays as it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SwapAborted {
    /// The old version could not give its state, and there is no snapshot.
    #[error("the swap was given up: the running version cannot save its state: {0}")]
    Save(#[source] CallError),
    /// The new version did not take the state.
    #[error("the swap was given up: the new version does not take over the state: {0}")]
    Restore(#[source] CallError),
}

impl RuleSlot {
    /// Puts the prepared version in place, between two frames: saves the old one's state and restores it in
    /// the new one. State is carried between versions of one plugin; another plugin starts anew. `now` is the
    /// time of the last frame.
    ///
    /// # Errors
    /// [`SwapAborted`] when the state cannot be handed over and [`OnRefusal::Abort`] holds; the old version
    /// goes on.
    pub fn commit(&mut self, swap: PreparedSwap, now: TimeUs) -> Result<Committed, SwapAborted> {
        let PreparedSwap { probed, mut instance, on_refusal, fallback, policy } = swap;
        self.clock.see(None, now);
        let kept = match self.state_for(&probed) {
            Ok(kept) => kept,
            Err(_) if on_refusal == OnRefusal::StartCold => None,
            Err(error) => return Err(SwapAborted::Save(error)),
        };
        let handed = kept.as_ref().map(|(memory, _)| memory.clone());
        let state = match kept {
            None => Handover::Cold,
            Some((memory, handover)) => match take_over(&mut instance, &memory) {
                Ok(()) => handover,
                Err(refusal) => {
                    let fallback = [fallback, Some(Memory { state: None, values: memory.values })];
                    let (other, state) = self.restart_with(&probed, fallback, on_refusal, refusal)?;
                    *instance = other;
                    state
                }
            },
        };
        let mut ledger = std::mem::take(&mut self.ledger);
        ledger.replaced(self.values(), instance.values());
        self.ledger = ledger;
        let (from, to) = (self.probed.artifact().digest, probed.artifact().digest);
        let retired = Retired { _instance: self.replace(State::Active(instance)) };
        self.values = KeyValues::default();
        // It was the former instance that saved.
        self.saved = None;
        if probed.description().name != self.probed.description().name {
            self.snapshots.clear();
        }
        self.probed = probed;
        self.policy = policy.unwrap_or_else(|| self.policy.clone());
        self.strikes.clear();
        self.figures = super::Figures::new();
        Ok(Committed { from, to, state, handed, retired })
    }

    /// Puts a fresh instance of the running version in the place of the old one, with its memory, which is returned.
    /// From here on nothing but what it is shown goes into its conclusions, its random numbers included.
    ///
    /// # Errors
    /// As [`RuleSlot::commit`]; the old instance goes on.
    pub fn renew(&mut self, fresh: PreparedSwap, now: TimeUs) -> Result<Memory, SwapAborted> {
        let kept = (self.figures.clone(), std::mem::take(&mut self.strikes));
        let retiring = self.instance().map(|instance| {
            let mut figures = kept.0.clone();
            figures.retire(instance);
            figures
        });
        let committed = self.commit(fresh, now);
        let is_new = committed.is_ok();
        (self.figures, self.strikes) = kept;
        if let Some(figures) = retiring.filter(|_| is_new) {
            self.figures = figures;
        }
        Ok(committed?.handed.unwrap_or_default())
    }

    /// What a version of the same plugin would take over at a swap now: the running version's own memory, else
    /// its last checkpoint; none for another plugin, or where there is nothing to lose.
    ///
    /// # Errors
    /// [`CallError`] when the running version cannot save its state and there is no snapshot.
    pub fn handover_to(&mut self, probed: &Probed) -> Result<Option<Memory>, CallError> {
        Ok(self.state_for(probed)?.map(|(memory, _)| memory))
    }

    /// Another instance in place of one that refused its state, which may have left its traces.
    fn restart_with(
        &self,
        probed: &Probed,
        [fallback, empty]: [Option<Memory>; 2],
        on_refusal: OnRefusal,
        refusal: CallError,
    ) -> Result<(Instance, Handover), SwapAborted> {
        let revive = |memory: &Memory| probed.revive(self.share, memory);
        let fallback = fallback.map(|memory| memory.of(&probed.description().name));
        if let Some(memory) = &fallback
            && let Some(snapshot) = &memory.state
            && let Ok(instance) = revive(memory)
        {
            let (bytes, age) = (snapshot.state.len(), self.clock.now().since(snapshot.time));
            return Ok((instance, Handover::FromSnapshot { bytes, age }));
        }
        match on_refusal {
            OnRefusal::Abort => Err(SwapAborted::Restore(refusal)),
            // Without its state; what is under keys is the rule's, not the version's.
            OnRefusal::StartCold => {
                let instance = revive(&empty.unwrap_or_default()).map_err(SwapAborted::Restore)?;
                Ok((instance, Handover::Cold))
            }
        }
    }

    /// What `probed` should take over: the running version's own memory, else its last checkpoint.
    fn state_for(&mut self, probed: &Probed) -> Result<Option<(Memory, Handover)>, CallError> {
        if probed.description().name != self.probed.description().name {
            return Ok(None);
        }
        let error = match self.save_state() {
            Ok(bytes) => {
                return Ok(self.remembered().map(|memory| (memory, Handover::Carried { bytes })));
            }
            Err(error) => error,
        };
        match (self.remembered(), error) {
            (Some(memory), _) => {
                let kept = memory.state.as_ref();
                let bytes = kept.map_or(0, |kept| kept.state.len());
                let age = kept.map_or(Duration::ZERO, |kept| self.clock.now().since(kept.time));
                Ok(Some((memory, Handover::FromSnapshot { bytes, age })))
            }
            // Not running and nothing saved: there is nothing to lose.
            (None, CallError::Dead) => Ok(None),
            (None, error) => Err(error),
        }
    }

    /// The last state with the values of now, which are of the same moment while nothing runs.
    fn remembered(&self) -> Option<Memory> {
        let state = self.snapshots.newest().cloned()?;
        Some(Memory { state: Some(state), values: self.values().clone() })
    }
}

/// Gives a new instance what the old one remembers.
fn take_over(instance: &mut Instance, memory: &Memory) -> Result<(), CallError> {
    instance.fill_values(memory.values.clone());
    match &memory.state {
        Some(snapshot) => instance.restore(&snapshot.state, &snapshot.version),
        None => Ok(()),
    }
}
