//! Another version of a rule, between two frames, with its state.

use std::time::Duration;

use ocellus_core::TimeUs;

use super::snapshot::Snapshot;
use super::strikes::SlotPolicy;
use super::{RuleSlot, State};
use crate::error::CallError;
use crate::instance::Instance;
use crate::lifecycle::{Digest, Probed, Share};

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
    fallback: Option<Snapshot>,
    policy: Option<SlotPolicy>,
}

impl PreparedSwap {
    /// Gives a state to begin with where the running version's is refused: on the way back to a version, the
    /// state that it had itself when it was replaced.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Option<Snapshot>) -> PreparedSwap {
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
    /// The old version's state as it was replaced, for a way back to it.
    pub handed: Option<Snapshot>,
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
        self.now = self.now.max(now);
        let kept = match self.state_for(&probed) {
            Ok(kept) => kept,
            Err(_) if on_refusal == OnRefusal::StartCold => None,
            Err(error) => return Err(SwapAborted::Save(error)),
        };
        let handed = kept.as_ref().map(|(snapshot, _)| snapshot.clone());
        let state = match kept {
            None => Handover::Cold,
            Some((snapshot, handover)) => match instance.restore(&snapshot.state, &snapshot.version) {
                Ok(()) => handover,
                Err(refusal) => {
                    let (other, state) = self.restart_with(&probed, fallback, on_refusal, refusal)?;
                    *instance = other;
                    state
                }
            },
        };
        let (from, to) = (self.probed.artifact().digest, probed.artifact().digest);
        let retired = Retired { _instance: self.replace(State::Active(instance)) };
        if probed.description().name != self.probed.description().name {
            self.snapshots.clear();
        }
        self.probed = probed;
        self.policy = policy.unwrap_or_else(|| self.policy.clone());
        self.strikes.clear();
        self.figures = super::Figures::new();
        Ok(Committed { from, to, state, handed, retired })
    }

    /// The state that a version of the same plugin would take over at a swap now: the running version's own,
    /// else its last snapshot; none for another plugin, or where there is nothing to lose.
    ///
    /// # Errors
    /// [`CallError`] when the running version cannot save its state and there is no snapshot.
    pub fn handover_to(&mut self, probed: &Probed) -> Result<Option<Snapshot>, CallError> {
        Ok(self.state_for(probed)?.map(|(snapshot, _)| snapshot))
    }

    /// Another instance in place of one that refused its state, which may have left its traces.
    fn restart_with(
        &self,
        probed: &Probed,
        fallback: Option<Snapshot>,
        on_refusal: OnRefusal,
        refusal: CallError,
    ) -> Result<(Instance, Handover), SwapAborted> {
        let fresh = || probed.instantiate(self.share).map_err(SwapAborted::Restore);
        let fallback = fallback.filter(|snapshot| snapshot.plugin == probed.description().name);
        if let Some(snapshot) = fallback {
            let mut instance = fresh()?;
            if instance.restore(&snapshot.state, &snapshot.version).is_ok() {
                let (bytes, age) = (snapshot.state.len(), self.now.since(snapshot.time));
                return Ok((instance, Handover::FromSnapshot { bytes, age }));
            }
        }
        match on_refusal {
            OnRefusal::Abort => Err(SwapAborted::Restore(refusal)),
            OnRefusal::StartCold => Ok((fresh()?, Handover::Cold)),
        }
    }

    /// The state that `probed` should take over: the running version's own, else its last snapshot.
    fn state_for(&mut self, probed: &Probed) -> Result<Option<(Snapshot, Handover)>, CallError> {
        if probed.description().name != self.probed.description().name {
            return Ok(None);
        }
        let saved = match &mut self.state {
            State::Active(instance) => instance.save(),
            State::BackingOff { .. } | State::Quarantined => Err(CallError::Dead),
        };
        let error = match saved {
            Ok(state) => {
                let bytes = state.len();
                self.snapshots.keep(&self.probed, self.now, state);
                return Ok(self.snapshots.newest().cloned().map(|kept| (kept, Handover::Carried { bytes })));
            }
            Err(error) => error,
        };
        self.failed(&error);
        match (self.snapshots.newest(), error) {
            (Some(kept), _) => {
                let (bytes, age) = (kept.state.len(), self.now.since(kept.time));
                Ok(Some((kept.clone(), Handover::FromSnapshot { bytes, age })))
            }
            // Not running and nothing saved: there is nothing to lose.
            (None, CallError::Dead) => Ok(None),
            (None, error) => Err(error),
        }
    }
}
