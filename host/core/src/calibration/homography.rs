//! The map between a plane and its picture.

use thiserror::Error;

use crate::geometry::GroundPoint;

/// Three rows.
pub(super) type Matrix = [[f64; 3]; 3];

/// Smallest determinant, once the matrix's largest entry is 1, that counts as invertible.
const LEAST_DETERMINANT: f64 = 1e-15;

/// A homography from the picture (pixels, x to the right, y down) to the ground (metres), and back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography {
    to_ground: Matrix,
    to_picture: Matrix,
}

/// Why nine numbers are no homography.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HomographyError {
    /// One of them is not finite.
    #[error("a number of the matrix is not finite")]
    NotFinite,
    /// It maps the picture onto a line or a point.
    #[error("the matrix has no inverse, so that it maps the picture onto a line; measure it again")]
    Singular,
    /// The place that must be in view is not.
    #[error(
        "the matrix puts the camera's view beyond the horizon; check that it maps the picture to the ground, not back"
    )]
    BeyondHorizon,
}

impl Homography {
    /// From the matrix, in rows, that takes (x px, y px, 1) to (x m, y m, 1) up to a factor. `in_view` is a
    /// place in the picture that shows ground: it tells the two sides of the horizon apart.
    ///
    /// # Errors
    /// Numbers that are not finite, a matrix without inverse, and `in_view` on the horizon.
    pub fn new(matrix: Matrix, in_view: [f64; 2]) -> Result<Homography, HomographyError> {
        let largest = matrix.iter().flatten().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        if !matrix.iter().flatten().all(|number| number.is_finite()) {
            return Err(HomographyError::NotFinite);
        }
        if largest == 0.0 {
            return Err(HomographyError::Singular);
        }
        let mut matrix = matrix.map(|row| row.map(|number| number / largest));
        let [.., depth] = product(&matrix, in_view);
        if depth < 0.0 {
            matrix = matrix.map(|row| row.map(|number| -number));
        } else if depth <= f64::EPSILON {
            return Err(HomographyError::BeyondHorizon);
        }
        let inverse = inverse(&matrix).ok_or(HomographyError::Singular)?;
        Ok(Homography { to_ground: matrix, to_picture: inverse })
    }

    /// Its nine numbers in rows, the largest of them 1 or −1.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        self.to_ground
    }

    /// The way back, from metres to pixels, in rows.
    pub(super) fn ground_to_picture(&self) -> Matrix {
        self.to_picture
    }

    /// Where a pixel lies on the ground; none at the horizon and above it.
    #[must_use]
    pub fn to_ground(&self, pixel: [f64; 2]) -> Option<GroundPoint> {
        let [x_m, y_m] = divided(product(&self.to_ground, pixel))?;
        Some(GroundPoint { x_m, y_m })
    }

    /// The pixel that shows a place; none behind the camera.
    #[must_use]
    pub fn to_picture(&self, ground: GroundPoint) -> Option<[f64; 2]> {
        divided(product(&self.to_picture, [ground.x_m, ground.y_m]))
    }

    /// How the place on the ground changes with the pixel: metres a pixel, a row for each ground axis.
    #[must_use]
    pub fn slope(&self, pixel: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let [x, y, depth] = product(&self.to_ground, pixel);
        let [x_m, y_m] = divided([x, y, depth])?;
        let [rows_x, rows_y, rows_w] = self.to_ground;
        let row = |own: [f64; 3], value: f64| {
            [(own[0] - value * rows_w[0]) / depth, (own[1] - value * rows_w[1]) / depth]
        };
        Some([row(rows_x, x_m), row(rows_y, y_m)])
    }
}

pub(super) fn product(matrix: &Matrix, [x, y]: [f64; 2]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c)
}

/// From homogeneous coordinates; none where the last is not above zero.
fn divided([x, y, depth]: [f64; 3]) -> Option<[f64; 2]> {
    let point = [x / depth, y / depth];
    (depth > 0.0 && point.iter().all(|number| number.is_finite())).then_some(point)
}

/// By the adjugate.
pub(super) fn inverse(m: &Matrix) -> Option<Matrix> {
    let minor = |r0: usize, r1: usize, c0: usize, c1: usize| m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
    let determinant = m[0][0] * minor(1, 2, 1, 2) - m[0][1] * minor(1, 2, 0, 2) + m[0][2] * minor(1, 2, 0, 1);
    let adjugate = [
        [minor(1, 2, 1, 2), -minor(0, 2, 1, 2), minor(0, 1, 1, 2)],
        [-minor(1, 2, 0, 2), minor(0, 2, 0, 2), -minor(0, 1, 0, 2)],
        [minor(1, 2, 0, 1), -minor(0, 2, 0, 1), minor(0, 1, 0, 1)],
    ];
    let usable = determinant.is_finite() && determinant.abs() > LEAST_DETERMINANT;
    usable.then(|| adjugate.map(|row| row.map(|number| number / determinant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera 5 m up that looks 30° down: the picture's rows narrow towards the horizon at y = 100.
    const ROAD: Matrix = [[1.0, 0.0, -640.0], [0.0, 0.0, 5000.0], [0.0, 1.0, -100.0]];

    fn road() -> Homography {
        Homography::new(ROAD, [640.0, 700.0]).unwrap()
    }

    #[test]
    fn there_and_back_is_the_same_place() {
        for pixel in [[640.0, 700.0], [0.0, 101.0], [1279.0, 719.0]] {
            let ground = road().to_ground(pixel).unwrap();
            let back = road().to_picture(ground).unwrap();
            assert!((back[0] - pixel[0]).hypot(back[1] - pixel[1]) < 1e-6, "{pixel:?} {back:?}");
        }
    }

    #[test]
    fn the_horizon_and_the_sky_are_nowhere_on_the_ground() {
        assert_eq!(road().to_ground([640.0, 100.0]), None);
        assert_eq!(road().to_ground([640.0, 20.0]), None);
        assert_eq!(road().slope([640.0, 20.0]), None);
        assert!(road().to_ground([640.0, 100.5]).is_some());
    }

    #[test]
    fn the_factor_of_the_matrix_does_not_matter() {
        for factor in [-1.0, 1e-9, -1e9] {
            let scaled = Homography::new(ROAD.map(|row| row.map(|n| n * factor)), [640.0, 700.0]).unwrap();
            let (a, b) =
                (scaled.to_ground([200.0, 300.0]).unwrap(), road().to_ground([200.0, 300.0]).unwrap());
            assert!(a.distance(b) < 1e-9, "{factor}: {a:?} {b:?}");
        }
    }

    #[test]
    fn the_slope_is_what_a_small_step_shows() {
        let (at, step) = ([300.0, 400.0], 1e-4);
        let slope = road().slope(at).unwrap();
        let from = road().to_ground(at).unwrap();
        for (axis, moved) in [[at[0] + step, at[1]], [at[0], at[1] + step]].into_iter().enumerate() {
            let to = road().to_ground(moved).unwrap();
            assert!(((to.x_m - from.x_m) / step - slope[0][axis]).abs() < 1e-4);
            assert!(((to.y_m - from.y_m) / step - slope[1][axis]).abs() < 1e-4);
        }
    }

    #[test]
    fn nine_numbers_that_are_no_homography_are_refused() {
        let view = [640.0, 700.0];
        assert_eq!(Homography::new([[0.0; 3]; 3], view), Err(HomographyError::Singular));
        assert_eq!(Homography::new([[1.0, 2.0, 3.0]; 3], view), Err(HomographyError::Singular));
        let mut matrix = ROAD;
        matrix[1][1] = f64::NAN;
        assert_eq!(Homography::new(matrix, view), Err(HomographyError::NotFinite));
        assert_eq!(Homography::new(ROAD, [5.0, 100.0]), Err(HomographyError::BeyondHorizon));
    }
}
