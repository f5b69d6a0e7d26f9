//! Where the camera itself is, from its map of the ground.

use super::Homography;
use crate::geometry::GroundPoint;

/// Heights that a camera may have above the ground, in metres: others come from a map that says nothing of it.
const HEIGHTS_M: std::ops::RangeInclusive<f64> = 1.0..=500.0;

/// How a camera's pixels lie about its axis: the part of the camera matrix that a map of the ground does not tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pixels {
    /// Where the axis meets the picture, in pixels.
    pub(super) centre: [f64; 2],
    /// Focal length in pixels along both sides, where it is known.
    pub(super) focal: Option<[f64; 2]>,
}

/// A camera above the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standpoint {
    /// Where the ground is straight below it.
    below: GroundPoint,
    height_m: f64,
}

impl Standpoint {
    /// Takes the map apart into the camera's place and direction (Zhang, *A Flexible New Technique for Camera
    /// Calibration*, 2000, §3.1), with square pixels where the focal length is not known.
    ///
    /// None where the map does not tell: a picture from straight above looks the same from any height.
    pub(super) fn of(homography: &Homography, pixels: &Pixels) -> Option<Standpoint> {
        let [x, y, w] = homography.ground_to_picture();
        let [cx, cy] = pixels.centre;
        let centred =
            |row: [f64; 3], centre: f64| -> [f64; 3] { std::array::from_fn(|k| row[k] - centre * w[k]) };
        let (x, y) = (centred(x, cx), centred(y, cy));
        let [fx, fy] = pixels.focal.or_else(|| focal(x, y, w).map(|focal| [focal, focal]))?;
        // Columns: both axes of the ground and the way to its origin, as the camera has them.
        let column = |k: usize| [x[k] / fx, y[k] / fy, w[k]];
        let (one, other, origin) = (column(0), column(1), column(2));
        let scale = f64::midpoint(length(one), length(other));
        let [one, other, origin] = [one, other, origin].map(|column| column.map(|number| number / scale));
        let up = [
            one[1] * other[2] - one[2] * other[1],
            one[2] * other[0] - one[0] * other[2],
            one[0] * other[1] - one[1] * other[0],
        ];
        let below = GroundPoint::new(-dot(one, origin), -dot(other, origin));
        let height_m = dot(up, origin).abs();
        let known = below.x_m.is_finite() && below.y_m.is_finite() && HEIGHTS_M.contains(&height_m);
        known.then_some(Standpoint { below, height_m })
    }

    /// Where something stands whose lowest visible part is `above_m` over the ground and hides the ground at `seen`.
    pub(super) fn under(&self, seen: GroundPoint, above_m: f64) -> GroundPoint {
        let share = (1.0 - above_m / self.height_m).clamp(0.5, 1.0);
        let GroundPoint { x_m, y_m } = self.below;
        GroundPoint::new(x_m + (seen.x_m - x_m) * share, y_m + (seen.y_m - y_m) * share)
    }
}

/// The focal length with which both axes of the ground are at right angles and equally long.
fn focal(x: [f64; 3], y: [f64; 3], w: [f64; 3]) -> Option<f64> {
    let angle = [x[0] * x[1] + y[0] * y[1], w[0] * w[1]];
    let lengths = [x[0] * x[0] + y[0] * y[0] - x[1] * x[1] - y[1] * y[1], w[0] * w[0] - w[1] * w[1]];
    let square = angle[0] * angle[0] + lengths[0] * lengths[0];
    let inverse = -(angle[0] * angle[1] + lengths[0] * lengths[1]) / square;
    (inverse.is_finite() && inverse > 0.0).then(|| inverse.sqrt().recip())
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn length(vector: [f64; 3]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera 9 m up over (2, -3) that looks 30 degrees down along y, with a focal length of 800 pixels.
    fn homography() -> Homography {
        let (sin, cos) = (0.5, 0.75_f64.sqrt());
        let (height, focal, [cx, cy]) = (9.0, 800.0, [640.0, 360.0]);
        let [x0, y0] = [2.0, -3.0];
        // In the camera: right = x - x0, down = height cos - (y - y0) sin, away = (y - y0) cos + height sin.
        let right = [1.0, 0.0, -x0];
        let down = [0.0, -sin, height * cos + y0 * sin];
        let away = [0.0, cos, height * sin - y0 * cos];
        let row = |axis: [f64; 3], centre: f64| std::array::from_fn(|k| focal * axis[k] + centre * away[k]);
        let to_picture = [row(right, cx), row(down, cy), away];
        let to_ground = super::super::homography::inverse(&to_picture).unwrap();
        Homography::new(to_ground, [640.0, 700.0]).unwrap()
    }

    #[test]
    fn a_map_tells_where_the_camera_is() {
        for focal in [None, Some([800.0, 800.0])] {
            let pixels = Pixels { centre: [640.0, 360.0], focal };
            let Standpoint { below, height_m } = Standpoint::of(&homography(), &pixels).unwrap();
            assert!((height_m - 9.0).abs() < 1e-6, "{height_m}");
            assert!((below.x_m - 2.0).abs() < 1e-6 && (below.y_m + 3.0).abs() < 1e-6, "{below:?}");
        }
    }

    #[test]
    fn what_is_above_the_ground_stands_nearer_than_it_seems() {
        let standpoint = Standpoint { below: GroundPoint::new(0.0, 0.0), height_m: 10.0 };
        // The line of sight past a bumper 0.2 m up over (0, 19.6) meets the ground at (0, 20).
        let place = standpoint.under(GroundPoint::new(0.0, 20.0), 0.2);
        assert!((place.y_m - 19.6).abs() < 1e-9 && place.x_m == 0.0);
    }

    #[test]
    fn a_picture_from_straight_above_tells_no_height() {
        let flat = Homography::new([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 1.0]], [5.0, 5.0]).unwrap();
        assert_eq!(Standpoint::of(&flat, &Pixels { centre: [50.0, 50.0], focal: None }), None);
    }
}
