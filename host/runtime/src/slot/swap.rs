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

/// An instance of the new version that has taken its memory over.
struct Begun {
    instance: Box<Instance>,
    memory: Memory,
    state: Handover,
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
    /// What the new version began with. Where that is on the owner's disk, a restart begins as this swap did.
    pub began: Memory,
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
        let PreparedSwap { probed, instance, on_refusal, fallback, policy } = swap;
        self.clock.see(None, now);
        let kept = match self.state_for(&probed) {
            Ok(kept) => kept,
            Err(_) if on_refusal == OnRefusal::StartCold => None,
            Err(error) => return Err(SwapAborted::Save(error)),
        };
        let handed = kept.as_ref().map(|(memory, _)| memory.clone());
        let begun = self.begin((&probed, instance), kept, fallback, on_refusal)?;
        let Begun { instance, memory: began, state } = begun;
        let mut ledger = std::mem::take(&mut self.ledger);
        ledger.replaced(self.values(), instance.values());
        self.changes = ledger.changes(instance.values());
        self.ledger = ledger;
        self.snapshots.begin(began.state.clone());
        let (from, to) = (self.probed.artifact().digest, probed.artifact().digest);
        let retired = Retired { _instance: self.replace(State::Active(instance)) };
        self.values = KeyValues::default();
        // It was the former instance that saved.
        self.saved = None;
        self.probed = probed;
        self.policy = policy.unwrap_or_else(|| self.policy.clone());
        self.strikes.clear();
        self.figures = super::Figures::new();
        Ok(Committed { from, to, state, handed, began, retired })
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
        Ok(committed?.began)
    }

    /// What a version of the same plugin would take over at a swap now: the running version's own memory, else
    /// its last checkpoint; none for another plugin, or where there is nothing to lose.
    ///
    /// # Errors
    /// [`CallError`] when the running version cannot save its state and there is no snapshot.
    pub fn handover_to(&mut self, probed: &Probed) -> Result<Option<Memory>, CallError> {
        Ok(self.state_for(probed)?.map(|(memory, _)| memory))
    }

    /// Has the new version begin with what was kept; else, or where that has no state, with the fallback.
    fn begin(
        &self,
        (probed, mut instance): (&Probed, Box<Instance>),
        kept: Option<(Memory, Handover)>,
        fallback: Option<Memory>,
        on_refusal: OnRefusal,
    ) -> Result<Begun, SwapAborted> {
        let (memory, state) = kept.unwrap_or((Memory::default(), Handover::Cold));
        if memory.state.is_none()
            && let Some(begun) = self.begin_with(probed, fallback.clone())
        {
            return Ok(begun);
        }
        let refusal = match take_over(&mut instance, &memory) {
            Ok(()) => return Ok(Begun { instance, memory, state }),
            Err(refusal) => refusal,
        };
        match (self.begin_with(probed, fallback), on_refusal) {
            (Some(begun), _) => Ok(begun),
            (None, OnRefusal::Abort) => Err(SwapAborted::Restore(refusal)),
            (None, OnRefusal::StartCold) => self.begin_cold(probed, memory.values),
        }
    }

    /// Another instance, since one that refused a state may keep traces of it; none where there is no such memory,
    /// or that is refused too.
    fn begin_with(&self, probed: &Probed, memory: Option<Memory>) -> Option<Begun> {
        let memory = memory?.of(&probed.description().name);
        let snapshot = memory.state.as_ref()?;
        let (bytes, age) = (snapshot.state.len(), self.clock.now().since(snapshot.time));
        let instance = Box::new(probed.revive(self.share, &memory).ok()?);
        Some(Begun { instance, memory, state: Handover::FromSnapshot { bytes, age } })
    }

    /// The same without a state; what is under keys is the rule's, not the version's.
    fn begin_cold(&self, probed: &Probed, values: KeyValues) -> Result<Begun, SwapAborted> {
        let memory = Memory { state: None, values };
        let instance = probed.revive(self.share, &memory).map_err(SwapAborted::Restore)?;
        Ok(Begun { instance: Box::new(instance), memory, state: Handover::Cold })
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
        let memory = self.remembered();
        match (memory.as_ref().map(|memory| &memory.state), error) {
            (Some(Some(kept)), _) => {
                let (bytes, age) = (kept.state.len(), self.clock.now().since(kept.time));
                Ok(memory.map(|memory| (memory, Handover::FromSnapshot { bytes, age })))
            }
            // Not running and no state saved: there is none to lose.
            (_, CallError::Dead) => Ok(memory.map(|memory| (memory, Handover::Cold))),
            (_, error) => Err(error),
        }
    }

    /// The last state with the values of now, which are of the same moment while nothing runs; none where there is
    /// neither.
    fn remembered(&self) -> Option<Memory> {
        let memory = Memory { state: self.snapshots.newest().cloned(), values: self.values().clone() };
        (memory.state.is_some() || !memory.values.is_empty()).then_some(memory)
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
