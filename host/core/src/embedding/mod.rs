//! Appearance as a vector: two pictures of one person or vehicle give vectors that point the same way.
//!
//! An embedding has length one, so the cosine of two is their dot product. All sums here are made in one fixed
//! order, whatever the width of the machine's vectors, so that the same embeddings give the same bits natively
//! and in a rule.

mod dot;
mod gallery;
mod packed;
mod smooth;

use std::sync::Arc;

pub use dot::dot;
pub(crate) use dot::scan;
pub use gallery::{Gallery, Neighbour};
pub use smooth::{SmoothEmbedding, visibility};

/// Numbers an embedding has at least.
pub const LEAST_DIMENSION: usize = 8;
/// Numbers an embedding has at most.
pub const MOST_DIMENSION: usize = 4096;

/// A vector of length one, of finite numbers. Cloning shares the numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Arc<[f32]>);

/// The embeddings of a frame's tracks: one entry a track, in the order of the tracks, or no entry at all where
/// nothing computes any.
pub type TrackEmbeddings = Arc<[Option<Embedding>]>;

impl Embedding {
    /// The direction of `values`; none where they have no direction (a number that is not finite, or all of them
    /// zero), and none for fewer numbers than [`LEAST_DIMENSION`] or more than [`MOST_DIMENSION`].
    #[must_use]
    pub fn new(values: &[f32]) -> Option<Embedding> {
        if !(LEAST_DIMENSION..=MOST_DIMENSION).contains(&values.len()) {
            return None;
        }
        let scale = unit_scale(values)?;
        Some(Embedding(values.iter().map(|value| (f64::from(*value) * scale) as f32).collect()))
    }

    /// How many numbers it has.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.0.len()
    }

    /// Its numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// Cosine of the angle between two, -1..1; none where their dimensions differ.
    #[must_use]
    pub fn cosine(&self, other: &Embedding) -> Option<f32> {
        (self.dimension() == other.dimension()).then(|| dot(&self.0, &other.0).clamp(-1.0, 1.0))
    }

    /// Whether both share the same numbers in memory: nothing was computed anew between them.
    #[must_use]
    pub fn is_same(&self, other: &Embedding) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What makes a vector one of length one; none where it has no direction.
fn unit_scale(values: &[f32]) -> Option<f64> {
    // In f64 no square of an f32 overflows or vanishes.
    let square: f64 = values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    (square.is_finite() && square > 1e-24).then(|| 1.0 / square.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_direction_is_no_embedding() {
        for values in [[0.0; 8], [f32::NAN; 8], [f32::INFINITY; 8], [1e-30; 8]] {
            assert_eq!(Embedding::new(&values), None);
        }
        let mut one_bad = [1.0; 16];
        one_bad[7] = f32::NAN;
        assert_eq!(Embedding::new(&one_bad), None);
        for dimension in [0, LEAST_DIMENSION - 1, MOST_DIMENSION + 1] {
            assert_eq!(Embedding::new(&vec![1.0; dimension]), None, "{dimension}");
        }
    }

    #[test]
    fn length_is_one_however_long_the_vector_was() {
        for size in [1e-9_f32, 1.0, 1e30] {
            let values: Vec<f32> = (0..64_u8).map(|index| (f32::from(index) - 20.0) * size).collect();
            let embedding = Embedding::new(&values).unwrap();
            assert!((dot(embedding.as_slice(), embedding.as_slice()) - 1.0).abs() < 1e-6, "{size}");
        }
    }

    #[test]
    fn cosine_is_one_for_the_same_way_and_minus_one_for_the_opposite() {
        let of =
            |sign: f32| Embedding::new(&[sign, 2.0 * sign, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5 * sign]).unwrap();
        assert!((of(1.0).cosine(&of(9.0)).unwrap() - 1.0).abs() < 1e-6);
        assert!((of(1.0).cosine(&of(-1.0)).unwrap() + 1.0).abs() < 1e-6);
        assert_eq!(of(1.0).cosine(&Embedding::new(&[1.0; 9]).unwrap()), None);
    }
}
