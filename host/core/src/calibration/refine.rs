//! The least sum of squared distances in the picture, by Levenberg and Marquardt's method.

use nalgebra::{Matrix3, SMatrix, SVector, Vector2};

use super::fit::ScaledPair;
use super::spread::seen_with_slope;

/// Steps at most.
const STEPS: usize = 100;
/// How little a step may gain before the search ends, as a share of the sum.
const GAIN: f64 = 1e-12;

/// What a map leaves of a pair, and how that changes with the eight free numbers of its matrix.
pub(super) struct Jacobian {
    pub(super) residual: Vector2<f64>,
    pub(super) slope: SMatrix<f64, 2, 8>,
}

impl Jacobian {
    /// None where the map puts the pair at the horizon.
    pub(super) fn of(matrix: &Matrix3<f64>, pair: &ScaledPair) -> Option<Jacobian> {
        let matrix = std::array::from_fn(|row| std::array::from_fn(|column| matrix[(row, column)]));
        let ([u, v], [first, second]) = seen_with_slope(&matrix, pair.ground)?;
        let residual = Vector2::new(u - pair.picture[0], v - pair.picture[1]);
        Some(Jacobian { residual, slope: SMatrix::from_row_slice(&[first, second].concat()) })
    }
}

/// The eight free numbers of a map's matrix: all but the last, which is held at 1.
type Eight = SVector<f64, 8>;

/// The map, its last number 1, that leaves the least; none where the start has no such form.
///
/// In scaled coordinates the origin is the middle of the places on the ground, which is in view, so the last
/// number is never near zero.
pub(super) fn refine(start: &Matrix3<f64>, pairs: &[ScaledPair]) -> Option<Matrix3<f64>> {
    let last = start[(2, 2)];
    let mut matrix = start / last;
    let mut least = sum(&matrix, pairs).filter(|least| least.is_finite())?;
    let mut damping = 1e-3;
    for _ in 0..STEPS {
        let (weight, pull) = equations(&matrix, pairs)?;
        let mut damped = weight;
        for i in 0..8 {
            damped[(i, i)] *= 1.0 + damping;
        }
        let Some(step) = damped.cholesky().map(|factor| factor.solve(&-pull)) else {
            damping *= 10.0;
            continue;
        };
        let tried = moved(&matrix, &step);
        match sum(&tried, pairs).filter(|left| *left < least) {
            Some(left) => {
                let gained = least - left;
                (matrix, least, damping) = (tried, left, damping / 10.0);
                if gained <= GAIN * least {
                    break;
                }
            }
            None if damping > 1e12 => break,
            None => damping *= 10.0,
        }
    }
    Some(matrix)
}

/// Sum of the squared distances; none where a pair is at the horizon.
fn sum(matrix: &Matrix3<f64>, pairs: &[ScaledPair]) -> Option<f64> {
    pairs.iter().map(|pair| Some(Jacobian::of(matrix, pair)?.residual.norm_squared())).sum()
}

fn equations(matrix: &Matrix3<f64>, pairs: &[ScaledPair]) -> Option<(SMatrix<f64, 8, 8>, Eight)> {
    let (mut weight, mut pull) = (SMatrix::<f64, 8, 8>::zeros(), Eight::zeros());
    for pair in pairs {
        let Jacobian { residual, slope } = Jacobian::of(matrix, pair)?;
        weight += slope.transpose() * slope;
        pull += slope.transpose() * residual;
    }
    Some((weight, pull))
}

fn moved(matrix: &Matrix3<f64>, step: &Eight) -> Matrix3<f64> {
    let mut moved = *matrix;
    for i in 0..8 {
        moved[(i / 3, i % 3)] += step[i];
    }
    moved
}
