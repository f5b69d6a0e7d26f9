//! Which boxes of one frame overlap, and the best matching of them.

use super::boxes::LabelledBox;
use crate::tracker::assignment::{Assigner, Pair};

/// A box of the truth and a box of the tracks that share some area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Overlap {
    /// Index in the truth of the frame.
    pub(super) truth: u32,
    /// Index in the tracks of the frame.
    pub(super) track: u32,
    /// Intersection over union, above 0.
    pub(super) iou: f64,
}

/// All overlaps, by truth, then track.
pub(super) fn overlaps<'a>(
    truth: impl Iterator<Item = &'a LabelledBox>,
    tracks: &[LabelledBox],
    found: &mut Vec<Overlap>,
) {
    found.clear();
    for (label, truth) in truth.zip(0..) {
        for (other, track) in tracks.iter().zip(0..) {
            let iou = label.iou(other);
            if iou > 0.0 {
                found.push(Overlap { truth, track, iou });
            }
        }
    }
}

/// Whether an overlap reaches a threshold; a hair's breadth below it does, as in TrackEval.
pub(super) fn reaches(iou: f64, threshold: f64) -> bool {
    iou >= threshold - f64::EPSILON
}

/// The matching of greatest worth; keeps its memory from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    assigner: Assigner,
    pairs: Vec<Pair>,
    matched: Vec<Overlap>,
}

/// A worth of one: fine enough to tell overlaps of different boxes apart, and coarse enough for sums over a frame, since a
/// thousand boxes at a thousand each stay below 2⁶¹.
const UNIT: f64 = (1_u64 << 40) as f64;

impl Matcher {
    /// The matching of greatest total worth over the overlaps that have one above 0, at most about 1,000 each.
    pub(super) fn best(&mut self, overlaps: &[Overlap], worth: impl Fn(&Overlap) -> f64) -> &[Overlap] {
        self.pairs.clear();
        self.matched.clear();
        for overlap in overlaps {
            let worth = worth(overlap);
            if worth > 0.0 {
                let gain = ((worth * UNIT) as i64).max(1);
                self.pairs.push(Pair { row: overlap.truth, column: overlap.track, gain });
            }
        }
        let rows = self.pairs.iter().map(|pair| pair.row as usize + 1).max().unwrap_or(0);
        let columns = self.pairs.iter().map(|pair| pair.column as usize + 1).max().unwrap_or(0);
        let mut next = overlaps.iter();
        for (row, column) in self.assigner.solve(rows, columns, &self.pairs).enumerate() {
            let Some(column) = column else { continue };
            let same = |overlap: &&Overlap| (overlap.truth as usize, overlap.track as usize) == (row, column);
            self.matched.extend(next.find(same));
        }
        &self.matched
    }
}
