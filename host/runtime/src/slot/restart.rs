//! A new instance after a failure, made on the frame's path or beside it.

use std::sync::Arc;

use super::snapshot::Memory;
use super::{Next, RuleSlot, State};
use crate::error::{Call, CallError};
use crate::instance::Instance;
use crate::lifecycle::{Probed, Share};

/// All it takes to make the next instance of a slot; may be sent to another thread.
pub struct Restart {
    probed: Probed,
    share: Share,
    memory: Memory,
    generation: u64,
    promise: Arc<()>,
}

/// What came of a [`Restart`].
pub struct Restarted {
    made: Result<Instance, CallError>,
    generation: u64,
    _promise: Arc<()>,
}

impl Restart {
    /// Makes the instance: start, `configure`, `restore`. Blocks for as long as the rule takes, within its
    /// limits.
    #[must_use]
    pub fn run(self) -> Restarted {
        Restarted { made: self.make(), generation: self.generation, _promise: self.promise }
    }

    fn make(&self) -> Result<Instance, CallError> {
        match self.probed.revive(self.share, &self.memory) {
            Err(error @ CallError::Refused { call: Call::Restore, .. }) => {
                tracing::warn!(
                    rule = %self.probed.binding().rule,
                    share = ?self.share,
                    %error,
                    "the rule refuses the state it saved itself; starting without it"
                );
                let values = self.memory.values.clone();
                self.probed.revive(self.share, &Memory { state: None, values })
            }
            revived => revived,
        }
    }
}

impl RuleSlot {
    /// The next instance's making, for another thread, once after each failure: [`Restart::run`] it there and
    /// hand the result to [`RuleSlot::install`]. Until then the slot skips frames. One that is dropped on its way can be
    /// taken anew. Where nobody takes it, the first frame after the pause makes the instance on its own way.
    pub fn take_restart(&mut self) -> Option<Restart> {
        let State::BackingOff { next, .. } = &mut self.state else {
            return None;
        };
        if !next.is_open() {
            return None;
        }
        let promise = Arc::new(());
        *next = Next::Taken(Arc::downgrade(&promise));
        Some(self.restart(promise))
    }

    /// Takes the result of [`RuleSlot::take_restart`]; it serves from the end of the pause. One made for an
    /// instance that was swapped meanwhile is dropped.
    pub fn install(&mut self, restarted: Restarted) {
        let Restarted { made, generation, .. } = restarted;
        let State::BackingOff { next, .. } = &mut self.state else {
            return;
        };
        if generation != self.generation || !matches!(next, Next::Taken(_)) {
            return;
        }
        match made {
            Ok(instance) => *next = Next::Ready(Box::new(instance)),
            Err(error) => self.start_failed(&error),
        }
    }

    /// Brings the rule back if its pause is over.
    pub(super) fn resume(&mut self) -> Result<(), CallError> {
        let State::BackingOff { until, next } = &mut self.state else {
            return Ok(());
        };
        if self.clock.now() < *until {
            return Ok(());
        }
        let instance = match std::mem::replace(next, Next::Open) {
            taken @ Next::Taken(_) => {
                *next = taken;
                return Ok(());
            }
            Next::Ready(instance) => instance,
            Next::Open => match self.restart(Arc::new(())).run().made {
                Ok(instance) => Box::new(instance),
                Err(error) => {
                    self.start_failed(&error);
                    return Err(error);
                }
            },
        };
        self.figures.restarted();
        self.replace(State::Active(instance));
        Ok(())
    }

    fn restart(&self, promise: Arc<()>) -> Restart {
        Restart {
            probed: self.probed.clone(),
            share: self.share,
            memory: Memory { state: self.snapshots.newest().cloned(), values: self.values.clone() },
            generation: self.generation,
            promise,
        }
    }

    /// A rule that does not come back is struck again, also where it refused in its own words.
    fn start_failed(&mut self, error: &CallError) {
        self.figures.failed(error);
        self.strike(error);
    }
}
