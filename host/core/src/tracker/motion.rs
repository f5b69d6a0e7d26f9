//! How a camera that moves changes where things stand in the picture.

/// The map from a place in the last picture to the same place in this one, in pixels:
/// x' = a·x + b·y + c, y' = d·x + e·y + f, row by row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraMotion {
    /// The rows [a, b, c] and [d, e, f].
    pub rows: [[f32; 3]; 2],
}

/// The most that a picture is enlarged between two frames, or its inverse reduced.
const MOST_ZOOM: f32 = 2.0;
/// Shifts beyond this many pixels are nobody's picture.
const FARTHEST_PX: f32 = 1e5;

impl CameraMotion {
    /// A camera that stands still.
    pub const STILL: CameraMotion = CameraMotion { rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] };

    /// The map with these rows.
    #[must_use]
    pub const fn new(rows: [[f32; 3]; 2]) -> CameraMotion {
        CameraMotion { rows }
    }

    /// Whether a camera may have moved so: finite, no mirror image, a zoom of at most two.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let [[a, b, c], [d, e, f]] = self.rows;
        // NaN fails each comparison.
        let is_near = c.abs() <= FARTHEST_PX && f.abs() <= FARTHEST_PX;
        let is_small = [a, b, d, e].iter().all(|value| value.abs() <= 2.0 * MOST_ZOOM);
        let area = a * e - b * d;
        is_near && is_small && (MOST_ZOOM.powi(-2)..=MOST_ZOOM.powi(2)).contains(&area)
    }

    /// Where (x, y) of the last picture is in this one.
    #[must_use]
    pub fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let [[.., c], [.., f]] = self.rows;
        let (dx, dy) = self.direction(x, y);
        (dx + c, dy + f)
    }

    /// What a difference of two places becomes.
    #[must_use]
    pub fn direction(&self, dx: f32, dy: f32) -> (f32, f32) {
        let [[a, b, _], [d, e, _]] = self.rows;
        (a * dx + b * dy, d * dx + e * dy)
    }

    /// How much lengths grow: 1 without zoom.
    #[must_use]
    pub fn scale(&self) -> f32 {
        let [[a, b, _], [d, e, _]] = self.rows;
        (a * e - b * d).abs().sqrt()
    }

    /// The motion of this one and `then` after it.
    #[must_use]
    pub fn followed_by(&self, then: &CameraMotion) -> CameraMotion {
        let column = |index: usize| then.direction(self.rows[0][index], self.rows[1][index]);
        let ((a, d), (b, e)) = (column(0), column(1));
        let (c, f) = then.place(self.rows[0][2], self.rows[1][2]);
        CameraMotion::new([[a, b, c], [d, e, f]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_camera_turns_the_picture_inside_out_or_flies_away() {
        let mirrored = CameraMotion::new([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        let collapsed = CameraMotion::new([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
        let far = CameraMotion::new([[1.0, 0.0, 1e9], [0.0, 1.0, 0.0]]);
        let nan = CameraMotion::new([[1.0, 0.0, 0.0], [f32::NAN, 1.0, 0.0]]);
        let zoom = CameraMotion::new([[2.5, 0.0, 0.0], [0.0, 2.5, 0.0]]);
        for motion in [mirrored, collapsed, far, nan, zoom] {
            assert!(!motion.is_plausible(), "{motion:?}");
        }
        assert!(CameraMotion::STILL.is_plausible());
        assert!(CameraMotion::new([[0.0, -1.0, 90.0], [1.0, 0.0, -40.0]]).is_plausible());
    }

    #[test]
    fn two_motions_in_a_row_are_one() {
        let turn = CameraMotion::new([[0.0, -1.0, 3.0], [1.0, 0.0, 5.0]]);
        let zoom = CameraMotion::new([[1.5, 0.0, -2.0], [0.0, 1.5, 7.0]]);
        let (x, y) = turn.place(10.0, 20.0);
        assert_eq!(turn.followed_by(&zoom).place(10.0, 20.0), zoom.place(x, y));
        assert_eq!(turn.followed_by(&zoom).scale(), 1.5);
    }
}
