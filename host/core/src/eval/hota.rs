//! HOTA: how well objects are found, times how well they are kept apart, over all strictnesses of overlap.

use std::collections::BTreeMap;

use super::overlap::{Matcher, Overlap, reaches};
use super::sequence::{EvalError, FramePair, Sequence};
use super::share;

/// How many thresholds of overlap are looked at: 0.05, 0.1 … 0.95.
pub const ALPHAS: usize = 19;

/// The threshold of this index.
fn alpha(index: usize) -> f64 {
    0.05 + 0.05 * index as f64
}

/// HOTA of a sequence, as the sums that it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hota {
    at: [HotaAt; ALPHAS],
}

/// HOTA at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HotaAt {
    /// The overlap from which a track is on an object, 0..1.
    pub alpha: f64,
    /// Boxes found.
    pub true_positives: u64,
    /// Boxes missed.
    pub false_negatives: u64,
    /// Boxes where nothing is.
    pub false_positives: u64,
    /// Over the boxes found: the sum of their pair's association accuracy.
    association: f64,
    /// Over the boxes found: the sum of overlaps.
    overlap: f64,
}

impl HotaAt {
    /// Detection accuracy, 0..1.
    #[must_use]
    pub fn det_a(&self) -> f64 {
        let all = self.true_positives + self.false_negatives + self.false_positives;
        share(self.true_positives as f64, all as f64)
    }

    /// Association accuracy, 0..1.
    #[must_use]
    pub fn ass_a(&self) -> f64 {
        share(self.association, self.true_positives as f64)
    }

    /// Localisation accuracy: the mean overlap of what was found, 0..1; 1 where nothing was.
    #[must_use]
    pub fn loc_a(&self) -> f64 {
        self.overlap.max(1e-10) / (self.true_positives as f64).max(1e-10)
    }

    /// The geometric mean of detection and association accuracy, 0..1.
    #[must_use]
    pub fn hota(&self) -> f64 {
        (self.det_a() * self.ass_a()).sqrt()
    }
}

impl Hota {
    /// HOTA of a sequence.
    pub(super) fn of(sequence: &Sequence) -> Result<Hota, EvalError> {
        let alignment = alignment(sequence)?;
        let mut at: [HotaAt; ALPHAS] =
            std::array::from_fn(|index| HotaAt { alpha: alpha(index), ..HotaAt::default() });
        // How often each pair of identities was matched at each threshold.
        let mut matches: BTreeMap<(u32, u32), [u32; ALPHAS]> = BTreeMap::new();
        let mut matcher = Matcher::default();
        sequence.each_frame(|frame| {
            let worth = |overlap: &Overlap| alignment[&frame.ids(overlap)] * overlap.iou;
            let matched = matcher.best(frame.overlaps, worth);
            for overlap in matched {
                let counts = matches.entry(frame.ids(overlap)).or_default();
                for (at, count) in at.iter_mut().zip(counts) {
                    if reaches(overlap.iou, at.alpha) {
                        *count += 1;
                        at.true_positives += 1;
                        at.overlap += overlap.iou;
                    }
                }
            }
        });
        for (index, at) in at.iter_mut().enumerate() {
            at.false_negatives = sequence.truth_boxes() as u64 - at.true_positives;
            at.false_positives = sequence.track_boxes() as u64 - at.true_positives;
            at.association =
                matches.iter().map(|(&pair, counts)| accuracy(sequence, pair, counts[index])).sum();
        }
        Ok(Hota { at })
    }

    /// Takes in another sequence.
    pub(super) fn add(&mut self, other: &Hota) {
        for (at, other) in self.at.iter_mut().zip(&other.at) {
            at.alpha = other.alpha;
            at.true_positives += other.true_positives;
            at.false_negatives += other.false_negatives;
            at.false_positives += other.false_positives;
            at.association += other.association;
            at.overlap += other.overlap;
        }
    }

    /// At each threshold, from the lowest to the highest.
    #[must_use]
    pub fn at(&self) -> &[HotaAt; ALPHAS] {
        &self.at
    }

    /// HOTA, the mean over the thresholds, 0..1.
    #[must_use]
    pub fn hota(&self) -> f64 {
        self.mean(HotaAt::hota)
    }

    /// Detection accuracy, the mean over the thresholds, 0..1.
    #[must_use]
    pub fn det_a(&self) -> f64 {
        self.mean(HotaAt::det_a)
    }

    /// Association accuracy, the mean over the thresholds, 0..1.
    #[must_use]
    pub fn ass_a(&self) -> f64 {
        self.mean(HotaAt::ass_a)
    }

    /// Localisation accuracy, the mean over the thresholds, 0..1.
    #[must_use]
    pub fn loc_a(&self) -> f64 {
        self.mean(HotaAt::loc_a)
    }

    fn mean(&self, measure: impl Fn(&HotaAt) -> f64) -> f64 {
        self.at.iter().map(measure).sum::<f64>() / ALPHAS as f64
    }
}

/// How well each pair of identities goes together over the whole sequence, 0..1: shared boxes (each by what part of
/// its overlaps it has) over all boxes of the two. It decides between tracks where one box has several.
fn alignment(sequence: &Sequence) -> Result<BTreeMap<(u32, u32), f64>, EvalError> {
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    let mut shared = sequence.sum_pairs(|frame: &FramePair<'_>, add| {
        rows.clear();
        rows.resize(frame.truth.len(), 0.0);
        columns.clear();
        columns.resize(frame.tracks.len(), 0.0);
        for overlap in frame.overlaps {
            rows[overlap.truth as usize] += overlap.iou;
            columns[overlap.track as usize] += overlap.iou;
        }
        for overlap in frame.overlaps {
            let all = columns[overlap.track as usize] + rows[overlap.truth as usize] - overlap.iou;
            add(overlap, if all > f64::EPSILON { overlap.iou / all } else { 0.0 });
        }
    })?;
    for (&(truth, track), shared) in &mut shared {
        let all = boxes(sequence, (truth, track));
        *shared /= all - *shared;
    }
    Ok(shared)
}

/// The boxes of two identities together.
fn boxes(sequence: &Sequence, (truth, track): (u32, u32)) -> f64 {
    f64::from(sequence.truth_counts()[truth as usize]) + f64::from(sequence.track_counts()[track as usize])
}

/// The association accuracy of a pair, once for each of its matches.
fn accuracy(sequence: &Sequence, pair: (u32, u32), matches: u32) -> f64 {
    let matches = f64::from(matches);
    matches * share(matches, boxes(sequence, pair) - matches)
}
