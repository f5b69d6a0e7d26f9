//! What a lens bends, and how to straighten it.

use thiserror::Error;

use super::camera::Pixels;

/// Rounds of the search for the straight place.
const ROUNDS: usize = 50;
/// When the search has found it, as a share of the focal length.
const FOUND: f64 = 1e-10;

/// A camera matrix and distortion, as OpenCV's calibration gives them, in pixels.
///
/// The model is Brown's, in the form of OpenCV's `calib3d`: for a direction (x, y) with r² = x² + y²,
/// x' = x(1 + k1 r² + k2 r⁴ + k3 r⁶) + 2 p1 x y + p2 (r² + 2 x²), y' alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    /// Focal lengths in pixels.
    focal: [f64; 2],
    /// Where the optical axis meets the picture, in pixels.
    centre: [f64; 2],
    /// k1, k2, p1, p2, k3.
    distortion: [f64; 5],
}

/// Why numbers are no lens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LensError {
    /// One of them is not finite.
    #[error("a number of the camera matrix or the distortion is not finite")]
    NotFinite,
    /// A focal length that is none.
    #[error(
        "a focal length is not above zero; give the camera matrix as [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels"
    )]
    Focal,
    /// An entry that must be zero is not.
    #[error(
        "the camera matrix is not of the form [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]; a skew is not supported"
    )]
    Form,
}

impl Lens {
    /// From the camera matrix in rows and (k1, k2, p1, p2, k3).
    ///
    /// # Errors
    /// Numbers that are not finite, a focal length that is not above zero, another form of matrix.
    pub fn new(matrix: [[f64; 3]; 3], distortion: [f64; 5]) -> Result<Lens, LensError> {
        if !matrix.iter().flatten().chain(&distortion).all(|number| number.is_finite()) {
            return Err(LensError::NotFinite);
        }
        let [[fx, skew, cx], [zero, fy, cy], last] = matrix;
        if skew != 0.0 || zero != 0.0 || last != [0.0, 0.0, 1.0] {
            return Err(LensError::Form);
        }
        if fx <= 0.0 || fy <= 0.0 {
            return Err(LensError::Focal);
        }
        Ok(Lens { focal: [fx, fy], centre: [cx, cy], distortion })
    }

    pub(super) fn pixels(&self) -> Pixels {
        Pixels { centre: self.centre, focal: Some(self.focal) }
    }

    /// Where a straight place is seen through the lens.
    #[must_use]
    pub fn bend(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [x, y] = [(x - self.centre[0]) / self.focal[0], (y - self.centre[1]) / self.focal[1]];
        let (factor, [dx, dy]) = self.bending([x, y]);
        [
            (x * factor + dx) * self.focal[0] + self.centre[0],
            (y * factor + dy) * self.focal[1] + self.centre[1],
        ]
    }

    /// Where a place would be seen without the lens; none where the model folds over, far from the centre.
    #[must_use]
    pub fn straighten(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        let seen = [(pixel[0] - self.centre[0]) / self.focal[0], (pixel[1] - self.centre[1]) / self.focal[1]];
        let mut straight = seen;
        for _ in 0..ROUNDS {
            let (factor, [dx, dy]) = self.bending(straight);
            if factor <= 0.0 {
                return None;
            }
            let next = [(seen[0] - dx) / factor, (seen[1] - dy) / factor];
            let moved = (next[0] - straight[0]).hypot(next[1] - straight[1]);
            straight = next;
            if moved < FOUND {
                let [x, y] = straight;
                return Some([x * self.focal[0] + self.centre[0], y * self.focal[1] + self.centre[1]]);
            }
        }
        None
    }

    /// The radial factor and the tangential shift for a direction.
    fn bending(&self, [x, y]: [f64; 2]) -> (f64, [f64; 2]) {
        let [k1, k2, p1, p2, k3] = self.distortion;
        let r2 = x * x + y * y;
        let factor = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3));
        let shift = [2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x), p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y];
        (factor, shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATRIX: [[f64; 3]; 3] = [[1000.0, 0.0, 960.0], [0.0, 1010.0, 540.0], [0.0, 0.0, 1.0]];

    #[test]
    fn what_is_bent_is_straightened_again() {
        let lens = Lens::new(MATRIX, [-0.3, 0.1, 0.001, -0.002, -0.01]).unwrap();
        for pixel in [[960.0, 540.0], [100.0, 80.0], [1800.0, 1000.0]] {
            let back = lens.straighten(lens.bend(pixel)).unwrap();
            assert!((back[0] - pixel[0]).hypot(back[1] - pixel[1]) < 1e-5, "{pixel:?} {back:?}");
        }
    }

    #[test]
    fn opencvs_numbers_come_out() {
        // cv2.projectPoints of (0.5, -0.3, 1) with this matrix and distortion.
        let lens = Lens::new(MATRIX, [-0.3, 0.1, 0.001, -0.002, 0.0]).unwrap();
        let [x, y] = lens.bend([960.0 + 500.0, 540.0 - 303.0]);
        let r2 = 0.34_f64;
        let factor = 1.0 - 0.3 * r2 + 0.1 * r2 * r2;
        let expected_x = 0.5 * factor + 2.0 * 0.001 * 0.5 * -0.3 - 0.002 * (r2 + 2.0 * 0.25);
        let expected_y = -0.3 * factor + 0.001 * (r2 + 2.0 * 0.09) + 2.0 * -0.002 * 0.5 * -0.3;
        assert!((x - (960.0 + 1000.0 * expected_x)).abs() < 1e-9);
        assert!((y - (540.0 + 1010.0 * expected_y)).abs() < 1e-9);
    }

    #[test]
    fn a_place_that_the_model_does_not_reach_is_nowhere() {
        let lens = Lens::new(MATRIX, [-0.9, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(lens.straighten([10_000.0, 10_000.0]), None);
    }

    #[test]
    fn what_is_no_lens_is_refused() {
        let mut matrix = MATRIX;
        matrix[0][0] = -1.0;
        assert_eq!(Lens::new(matrix, [0.0; 5]), Err(LensError::Focal));
        matrix[0][0] = f64::INFINITY;
        assert_eq!(Lens::new(matrix, [0.0; 5]), Err(LensError::NotFinite));
        matrix = MATRIX;
        matrix[0][1] = 3.0;
        assert_eq!(Lens::new(matrix, [0.0; 5]), Err(LensError::Form));
        matrix = MATRIX;
        matrix[2] = [0.0, 0.0, 2.0];
        assert_eq!(Lens::new(matrix, [0.0; 5]), Err(LensError::Form));
    }
}
