//! YOLOv8 and YOLO11: one column a grid cell, a row for each class, no objectness.
//!
//! The output is scanned row by row as it lies in memory, which is a tenth of the cost of transposing it.

use super::{Candidate, Output, centred};

/// Numbers looked at together before any is looked at alone.
const STRIDE: usize = 32;

/// The best class of every column so far; only columns in `touched` mean anything.
#[derive(Debug, Default)]
pub(super) struct Best {
    scores: Vec<f32>,
    classes: Vec<u32>,
    touched: Vec<u32>,
}

pub(super) fn scan(output: Output<'_>, confidence: f32, best: &mut Best, candidates: &mut Vec<Candidate>) {
    let columns = output.columns.max(1);
    let mut rows = output.values.chunks_exact(columns);
    let (Some(xs), Some(ys), Some(widths), Some(heights)) =
        (rows.next(), rows.next(), rows.next(), rows.next())
    else {
        return;
    };
    best.clear(columns);
    for (class, row) in rows.enumerate() {
        let class = u32::try_from(class).unwrap_or(u32::MAX);
        for (block, scores) in row.chunks(STRIDE).enumerate() {
            if any_reaches(scores, confidence) {
                best.note(block * STRIDE, scores, (class, confidence));
            }
        }
    }
    for &column in &best.touched {
        let at = column as usize;
        candidates.push(Candidate {
            rect: centred(xs[at], ys[at], widths[at], heights[at]),
            class: best.classes[at],
            score: best.scores[at],
            row: column,
        });
    }
}

impl Best {
    fn clear(&mut self, columns: usize) {
        self.scores.clear();
        self.scores.resize(columns, f32::NEG_INFINITY);
        self.classes.resize(columns, 0);
        self.touched.clear();
    }

    fn note(&mut self, start: usize, scores: &[f32], (class, confidence): (u32, f32)) {
        for (at, score) in scores.iter().enumerate().map(|(index, score)| (start + index, *score)) {
            if score < confidence {
                continue;
            }
            if self.scores[at] == f32::NEG_INFINITY {
                self.touched.push(u32::try_from(at).unwrap_or(u32::MAX));
                self.scores[at] = score;
                self.classes[at] = class;
            } else if score > self.scores[at] {
                self.scores[at] = score;
                self.classes[at] = class;
            }
        }
    }
}

/// Whether a score is not below `confidence`. NaN counts, so that it is refused with the other nonsense.
#[inline]
#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN is meant to pass, and this form is vectorised")]
fn any_reaches(scores: &[f32], confidence: f32) -> bool {
    let mut reached = 0_u32;
    for score in scores {
        reached |= u32::from(!(*score < confidence));
    }
    reached != 0
}
