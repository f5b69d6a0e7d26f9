//! IDF1: how much of the truth bears the right name, under the best map from tracks to objects.

use super::sequence::{EvalError, Sequence};
use super::share;
use crate::tracker::assignment::{Assigner, Pair};

/// The overlap from which a track is on an object.
const THRESHOLD: f64 = 0.5;

/// The identity measures of a sequence, as the sums that they are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity {
    /// Boxes found under the right identity.
    pub true_positives: u64,
    /// Boxes of the truth that were not.
    pub false_negatives: u64,
    /// Boxes of the tracks that are none of these.
    pub false_positives: u64,
}

impl Identity {
    /// The measures of a sequence.
    pub(super) fn of(sequence: &Sequence) -> Result<Identity, EvalError> {
        let together = sequence.sum_pairs(|frame, add| {
            for overlap in frame.overlaps.iter().filter(|overlap| overlap.iou >= THRESHOLD) {
                add(overlap, 1.0);
            }
        })?;
        let pair = |(&(row, column), &boxes): (&(u32, u32), &f64)| Pair { row, column, gain: boxes as i64 };
        let pairs: Vec<Pair> = together.iter().map(pair).collect();
        let (rows, columns) = (sequence.truth_counts().len(), sequence.track_counts().len());
        let mut assigner = Assigner::default();
        let boxes = |(row, column): (usize, Option<usize>)| together.get(&(row as u32, column? as u32));
        let matched: f64 = assigner.solve(rows, columns, &pairs).enumerate().filter_map(boxes).sum();
        let true_positives = matched as u64;
        Ok(Identity {
            true_positives,
            false_negatives: sequence.truth_boxes() as u64 - true_positives,
            false_positives: sequence.track_boxes() as u64 - true_positives,
        })
    }

    /// Takes in another sequence.
    pub(super) fn add(&mut self, other: &Identity) {
        self.true_positives += other.true_positives;
        self.false_negatives += other.false_negatives;
        self.false_positives += other.false_positives;
    }

    /// The harmonic mean of precision and recall, 0..1.
    #[must_use]
    pub fn idf1(&self) -> f64 {
        let wrong = (self.false_positives + self.false_negatives) as f64;
        share(self.true_positives as f64, self.true_positives as f64 + wrong / 2.0)
    }

    /// The share of the tracks' boxes that is right, 0..1.
    #[must_use]
    pub fn idp(&self) -> f64 {
        share(self.true_positives as f64, (self.true_positives + self.false_positives) as f64)
    }

    /// The share of the truth's boxes that was found, 0..1.
    #[must_use]
    pub fn idr(&self) -> f64 {
        share(self.true_positives as f64, (self.true_positives + self.false_negatives) as f64)
    }
}
