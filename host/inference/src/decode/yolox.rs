//! YOLOX: one row a grid cell, objectness before the classes.
//!
//! Decoding as in the YOLOX paper and its `demo_postprocess`: centre = (offset + cell) · stride,
//! size = exp(value) · stride, score = objectness · class score.

use ocellus_core::Size;

use super::{Candidate, Output, centred};

/// A grid cell: its column, its row, and the stride of its grid in pixels (0 where the model has decoded).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    x: f32,
    y: f32,
    stride: f32,
}

/// Stands for every cell of a model that decodes by itself.
pub(super) const DECODED: Cell = Cell { x: 0.0, y: 0.0, stride: 0.0 };

/// The cells of an input, finest grid first, each grid row by row.
pub(super) fn cells(input: Size) -> Vec<Cell> {
    let mut cells = Vec::new();
    for stride in [8_u32, 16, 32] {
        for y in 0..input.height.div_ceil(stride) {
            for x in 0..input.width.div_ceil(stride) {
                cells.push(Cell { x: x as f32, y: y as f32, stride: stride as f32 });
            }
        }
    }
    cells
}

pub(super) fn scan(
    output: Output<'_>,
    confidence: f32,
    cells: impl Iterator<Item = Cell>,
    candidates: &mut Vec<Candidate>,
) {
    let rows = output.values.chunks_exact(output.columns.max(1));
    for ((index, row), cell) in rows.enumerate().zip(cells) {
        let Some(([x, y, width, height, objectness], scores)) = row.split_first_chunk::<5>() else { return };
        // A class score is at most 1, so the objectness alone rules out nearly every row. Written so that
        // NaN passes here and is refused, and counted, with the other nonsense.
        if *objectness < confidence {
            continue;
        }
        let (class, best) = best(scores);
        let score = objectness * best;
        if score < confidence {
            continue;
        }
        let rect = if cell.stride > 0.0 {
            let Cell { x: column, y: row, stride } = cell;
            centred((x + column) * stride, (y + row) * stride, width.exp() * stride, height.exp() * stride)
        } else {
            centred(*x, *y, *width, *height)
        };
        let row = u32::try_from(index).unwrap_or(u32::MAX);
        candidates.push(Candidate { rect, class, score, row });
    }
}

/// The first of the highest scores; NaN is never the highest.
fn best(scores: &[f32]) -> (u32, f32) {
    let highest = scores
        .iter()
        .fold(f32::NEG_INFINITY, |highest, score| if *score > highest { *score } else { highest });
    let class = scores.iter().position(|score| *score == highest).unwrap_or(0);
    (u32::try_from(class).unwrap_or(u32::MAX), highest)
}
