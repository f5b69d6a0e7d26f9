//! End-to-end models (YOLOv10, YOLO26, exports with built-in suppression): a short list of finished boxes.

use ocellus_core::Rect;

use super::{Candidate, Output};

pub(super) fn scan(output: Output<'_>, confidence: f32, candidates: &mut Vec<Candidate>) {
    for (index, row) in output.values.chunks_exact(output.columns.max(1)).enumerate() {
        let Some([x1, y1, x2, y2, score, class]) = row.first_chunk::<6>() else { return };
        if *score < confidence {
            continue;
        }
        // Unused rows of the fixed-length list are zero or -1 throughout; with a threshold of 0 they get here.
        if *score <= 0.0 {
            continue;
        }
        candidates.push(Candidate {
            rect: Rect::from_corners(*x1, *y1, *x2, *y2),
            class: class_number(*class),
            score: *score,
            row: u32::try_from(index).unwrap_or(u32::MAX),
        });
    }
}

/// A class as the float that the model gives; one that is no class number becomes the largest number,
/// which no model has a class for.
pub(super) fn class_number(class: f32) -> u32 {
    if class.fract() == 0.0 && (0.0..=65_535.0).contains(&class) { class as u32 } else { u32::MAX }
}
