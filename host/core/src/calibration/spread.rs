//! How sure a fitted map is of where it puts a place.

use super::Covariance;
use super::homography::{Matrix, product};
use crate::geometry::GroundPoint;

/// What is known of a fitted map's own error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spread {
    /// The fitted map.
    pub(super) map: Scaled,
    /// Covariance of its eight free numbers, in units of the scaled picture.
    pub(super) covariance: [[f64; 8]; 8],
}

/// A map from ground to picture between coordinates that are scaled and centred. Its last number is 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaled {
    pub(super) matrix: Matrix,
    pub(super) picture: Frame,
    pub(super) ground: Frame,
}

/// Coordinates with their middle at the origin and a mean distance of √2 from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) middle: [f64; 2],
    pub(super) scale: f64,
}

impl Frame {
    pub(super) fn scaled(&self, point: [f64; 2]) -> [f64; 2] {
        [(point[0] - self.middle[0]) * self.scale, (point[1] - self.middle[1]) * self.scale]
    }
}

/// Where a map puts a place, and how that changes with the eight free numbers of its matrix; none at the horizon.
pub(super) fn seen_with_slope(matrix: &Matrix, place: [f64; 2]) -> Option<([f64; 2], [[f64; 8]; 2])> {
    let [x, y] = place;
    let [u, v, w] = product(matrix, place);
    let [u, v] = [u / w, v / w];
    let slope = [
        [x / w, y / w, 1.0 / w, 0.0, 0.0, 0.0, -u * x / w, -u * y / w],
        [0.0, 0.0, 0.0, x / w, y / w, 1.0 / w, -v * x / w, -v * y / w],
    ];
    let known = [u, v].iter().chain(slope.iter().flatten()).all(|number| number.is_finite());
    known.then_some(([u, v], slope))
}

impl Spread {
    /// Variance of where the map puts a place, in pixels squared.
    pub(super) fn at(&self, ground: GroundPoint) -> Covariance {
        let place = self.map.ground.scaled([ground.x_m, ground.y_m]);
        let Some((_, slope)) = seen_with_slope(&self.map.matrix, place) else {
            return Covariance { xx: f64::INFINITY, xy: 0.0, yy: f64::INFINITY };
        };
        let between = |a: usize, b: usize| {
            let row = |row: &[f64; 8]| -> f64 { row.iter().zip(&slope[b]).map(|(n, s)| n * s).sum() };
            let sum: f64 =
                self.covariance.iter().zip(&slope[a]).map(|(covariance, s)| s * row(covariance)).sum();
            sum / self.map.picture.scale.powi(2)
        };
        Covariance { xx: between(0, 0), xy: between(0, 1), yy: between(1, 1) }
    }
}
