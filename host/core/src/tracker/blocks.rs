//! Many unit vectors at a glance: whether one of them may be near another vector, without asking each.

use crate::embedding::dot;

/// Rows of a block. What somebody looks like within so many sightings differs little.
const ROWS: usize = 16;
/// More than what is lost to rounding.
const ROUNDING: f32 = 1e-4;

/// Rows of unit vectors, block by block.
///
/// With the angle φ between a block's middle and the row of it that is furthest away, and θ between the middle and
/// another vector, no row of the block is nearer to that than θ − φ: angles between vectors are distances on the sphere.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    /// A unit vector in the middle of each block's rows, or nearly so.
    middles: Vec<f32>,
    /// No row of the block has a smaller cosine with its middle.
    closeness: Vec<f32>,
}

impl Blocks {
    /// `row` of all rows has become `now`. They are written one after another and, after the last that may be, from the
    /// first on again.
    pub(super) fn replace(&mut self, rows: &[f32], (row, is_last): (usize, bool), now: &[f32]) {
        let (dimension, block) = (now.len(), row / ROWS);
        if block >= self.closeness.len() {
            self.middles.extend_from_slice(now);
            self.closeness.push(1.0);
            return;
        }
        let middle = &mut self.middles[block * dimension..][..dimension];
        if is_last || row % ROWS == ROWS - 1 {
            let rows = &rows[block * ROWS * dimension..(row + 1) * dimension];
            self.closeness[block] = settle(middle, rows);
        } else {
            self.closeness[block] = self.closeness[block].min(dot(middle, now));
        }
    }

    /// Whether certainly no row has a cosine of `least` or more with `now`.
    pub(super) fn are_beyond(&self, now: &[f32], least: f32) -> bool {
        let mut blocks = self.middles.chunks_exact(now.len().max(1)).zip(&self.closeness);
        !self.closeness.is_empty() && blocks.all(|(middle, close)| highest(dot(middle, now), *close) < least)
    }
}

/// The highest cosine that a row can have with a vector that has the cosine `middle` with the middle of a block whose
/// rows are as `close`.
fn highest(middle: f32, close: f32) -> f32 {
    if middle >= close {
        return 1.0 + ROUNDING;
    }
    // cos(θ − φ)
    let sines = (1.0 - middle * middle).max(0.0) * (1.0 - close * close).max(0.0);
    middle * close + sines.sqrt() + ROUNDING
}

/// Moves the middle to where the rows are and says how close they are to it.
fn settle(middle: &mut [f32], rows: &[f32]) -> f32 {
    let dimension = middle.len();
    middle.fill(0.0);
    for row in rows.chunks_exact(dimension) {
        middle.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let length = dot(middle, middle).sqrt();
    if length.is_normal() {
        middle.iter_mut().for_each(|value| *value /= length);
    } else {
        // Opposites, which have no middle.
        middle.copy_from_slice(&rows[..dimension]);
    }
    rows.chunks_exact(dimension).map(|row| dot(middle, row)).fold(1.0, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIMENSION: usize = 24;

    /// A unit vector: `same` and so much chance.
    fn look(same: &[f32; DIMENSION], chance: f32, seed: &mut u64) -> [f32; DIMENSION] {
        let look = same.map(|value| value + chance * draw(seed));
        let length = dot(&look, &look).sqrt();
        look.map(|value| value / length)
    }

    fn draw(seed: &mut u64) -> f32 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    #[test]
    fn what_is_near_a_row_is_never_said_to_be_beyond_and_strangers_mostly_are() {
        let mut seed = 3;
        let (mut told, mut untold) = (0, 0);
        for kept in [1, 5, 16, 17, 40, 64] {
            let mut same = [0.0; DIMENSION];
            same.iter_mut().for_each(|value| *value = draw(&mut seed));
            let (mut rows, mut blocks) = (Vec::new(), Blocks::default());
            for sighting in 0..150 {
                // He turns round bit by bit.
                same[sighting / 4 % DIMENSION] = draw(&mut seed);
                let now = look(&same, 0.3, &mut seed);
                let row = sighting % kept;
                if rows.len() < kept * DIMENSION {
                    rows.extend_from_slice(&now);
                } else {
                    rows[row * DIMENSION..][..DIMENSION].copy_from_slice(&now);
                }
                blocks.replace(&rows, (row, row + 1 == kept), &now);
                let stranger = look(&[0.0; DIMENSION], 1.0, &mut seed);
                for other in [stranger, look(&same, 0.3, &mut seed), look(&same, 1.0, &mut seed), now] {
                    let cosines = rows.chunks_exact(DIMENSION).map(|row| dot(row, &other));
                    let highest = cosines.fold(f32::NEG_INFINITY, f32::max);
                    for least in [0.3, 0.7, 0.8, highest] {
                        let is_beyond = blocks.are_beyond(&other, least);
                        assert!(!is_beyond || highest < least, "{kept} {sighting}: {highest} {least}");
                        if highest < least && least == 0.8 && other == stranger {
                            *(if is_beyond { &mut told } else { &mut untold }) += 1;
                        }
                    }
                }
            }
        }
        assert!(told > 2 * untold, "{told} told, {untold} not");
    }

    #[test]
    fn opposites_have_no_middle_and_are_not_beyond_themselves() {
        let mut rows = Vec::new();
        let mut blocks = Blocks::default();
        for row in 0..ROWS {
            let now = [if row % 2 == 0 { 1.0 } else { -1.0 }, 0.0];
            rows.extend_from_slice(&now);
            blocks.replace(&rows, (row, false), &now);
        }
        assert!(!blocks.are_beyond(&[1.0, 0.0], 0.9) && !blocks.are_beyond(&[-1.0, 0.0], 0.9));
        assert!(!Blocks::default().are_beyond(&[1.0, 0.0], 0.9));
    }
}
