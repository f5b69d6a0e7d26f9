//! How good tracks are, and what rules make of them, held against ground truth.
//!
//! For tracks that is HOTA, CLEAR and Identity; for rules the errors of counts ([`Pairing`]), of occupied spaces
//! ([`Timeline`]) and of measurements such as speeds ([`Spread`]).
//!
//! The definitions are those of Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object
//! Tracking" (IJCV 2021), Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The
//! CLEAR MOT Metrics" (2008), and Ristani et al., "Performance Measures and a Data Set for Multi-Target,
//! Multi-Camera Tracking" (2016). Where these leave something open, it is done as TrackEval does, the benchmark's
//! own program; `tests/eval` holds the results against its.
//!
//! [`Sequence::new`] takes the boxes and leaves out what the benchmark does not score, [`Sequence::score`] gives
//! the measures, [`Scores::add`] combines several sequences: by sums over boxes, not by the mean of the scores. [`Cameras`]
//! makes one sequence of several cameras before which an identity is the same.

mod boxes;
mod cameras;
mod clear;
mod hota;
mod identity;
mod occupancy;
mod overlap;
mod pairing;
mod sequence;
mod spread;

pub use boxes::{BoxReader, LabelledBox, Role, TruthBox};
pub use cameras::Cameras;
pub use clear::Clear;
pub use hota::{ALPHAS, Hota, HotaAt};
pub use identity::Identity;
pub use occupancy::{SpaceError, Timeline};
pub use pairing::{Pairing, TooClose};
pub use sequence::{EvalError, MOST_BOXES, MOST_IN_FRAME, Sequence, Side};
pub use spread::Spread;

/// All measures of one sequence, or of several together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// Higher order tracking accuracy and its parts.
    pub hota: Hota,
    /// CLEAR MOT.
    pub clear: Clear,
    /// Identity.
    pub identity: Identity,
}

impl Scores {
    /// Takes in the scores of another sequence.
    pub fn add(&mut self, other: &Scores) {
        self.hota.add(&other.hota);
        self.clear.add(&other.clear);
        self.identity.add(&other.identity);
    }
}

impl Sequence {
    /// All measures.
    ///
    /// # Errors
    /// [`EvalError::TooManyPairs`] where more identities overlap than anything but a broken file has.
    pub fn score(&self) -> Result<Scores, EvalError> {
        Ok(Scores { hota: Hota::of(self)?, clear: Clear::of(self), identity: Identity::of(self)? })
    }
}

/// a ÷ b, with a `b` below 1 taken as 1: a score over nothing is 0.
fn share(a: f64, b: f64) -> f64 {
    a / b.max(1.0)
}
