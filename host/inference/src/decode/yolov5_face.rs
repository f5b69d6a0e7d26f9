//! YOLOv5-face as it is trained for number plates: one row a box, with the four corners of the plate.

use ocellus_core::Point;

use super::{Candidate, Output, centred};
use crate::layout::FACE_COLUMNS;

/// Where the corners stand in a row: x and y of each.
const CORNERS: std::ops::Range<usize> = 5..FACE_COLUMNS;

pub(super) fn scan(output: Output<'_>, confidence: f32, candidates: &mut Vec<Candidate>) {
    for (index, row) in output.values.chunks_exact(output.columns.max(1)).enumerate() {
        let &[x, y, width, height, objectness, ..] = row else { return };
        // NaN passes, so that it is refused with the other nonsense.
        if objectness < confidence {
            continue;
        }
        let scores = row.get(FACE_COLUMNS..).unwrap_or_default();
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let Some((class, share)) = best else { return };
        let score = objectness * share;
        if score < confidence {
            continue;
        }
        candidates.push(Candidate {
            rect: centred(x, y, width, height),
            class: u32::try_from(class).unwrap_or(u32::MAX),
            score,
            row: u32::try_from(index).unwrap_or(u32::MAX),
        });
    }
}

/// The corners in a candidate's row, in pixels of the input; none where one is not finite.
pub(crate) fn corners(output: Output<'_>, candidate: &Candidate) -> Option<[Point; 4]> {
    let start = usize::try_from(candidate.row).ok()?.checked_mul(output.columns)?;
    let row = output.values.get(start..start + output.columns)?.get(CORNERS)?;
    let corners: [Point; 4] = std::array::from_fn(|corner| Point::new(row[2 * corner], row[2 * corner + 1]));
    corners.iter().all(|corner| corner.is_finite()).then_some(corners)
}
