//! The constant-velocity Kalman filter of SORT, DeepSORT and ByteTrack, as four small filters.
//!
//! The published filter has eight states (four measured, four velocities) and an 8 × 8 covariance P.
//! It is block-diagonal at all times, so four filters of two states give the same numbers for about a
//! twentieth of the work:
//! * P starts diagonal, hence without a term between two of the four measured quantities.
//! * Predicting, P ← F P Fᵀ + Q: F adds each velocity to its own position only and Q is diagonal, so
//!   a term between quantity i and j can only come from terms between i and j, of which there are none.
//! * Correcting, S = H P Hᵀ + R with H selecting the positions and R diagonal: S is diagonal, so is its
//!   inverse, the gain P Hᵀ S⁻¹ has one entry a state, and P − K S Kᵀ again mixes no two quantities.
//!
//! The noise does depend on another quantity (the height), but it enters as a number, not as a state.
//! `tests/tracker/kalman.rs` holds this against the dense form.

use crate::geometry::Rect;

/// Four positions with their velocities and 2 × 2 covariances, each quantity one lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lanes {
    /// The estimate of each quantity.
    pub position: [f32; 4],
    /// Its change per step.
    pub velocity: [f32; 4],
    /// Variance of the position.
    pub position_variance: [f32; 4],
    /// Covariance of position and velocity.
    pub covariance: [f32; 4],
    /// Variance of the velocity.
    pub velocity_variance: [f32; 4],
}

impl Lanes {
    /// A standing start at `position`, with a variance for each position and velocity.
    #[must_use]
    pub fn at(position: [f32; 4], position_variance: [f32; 4], velocity_variance: [f32; 4]) -> Lanes {
        Lanes { position, velocity: [0.0; 4], position_variance, covariance: [0.0; 4], velocity_variance }
    }

    /// Moves on by `steps` unit steps at once; a step adds `position_noise` and `velocity_noise`.
    ///
    /// The closed form of k unit steps: noise that entered a velocity i steps ago has moved the position
    /// i times since, hence the sums Σi = k(k−1)/2 and Σi² = k(k−1)(2k−1)/6 over i < k. With k = 1 this
    /// is the usual prediction. The polynomials also serve a k that is no whole number: P stays positive
    /// since the position noise outweighs what they then take away.
    pub fn predict(&mut self, steps: f32, position_noise: [f32; 4], velocity_noise: [f32; 4]) {
        let k = steps;
        let linear = k * (k - 1.0) / 2.0;
        let square = linear * (2.0 * k - 1.0) / 3.0;
        for i in 0..4 {
            let (c, v) = (self.covariance[i], self.velocity_variance[i]);
            let (qp, qv) = (position_noise[i], velocity_noise[i]);
            self.position[i] += k * self.velocity[i];
            self.position_variance[i] += 2.0 * k * c + k * k * v + k * qp + square * qv;
            self.covariance[i] = c + k * v + linear * qv;
            self.velocity_variance[i] = v + k * qv;
        }
    }

    /// Takes in one measurement of the four positions with variances `noise`, all above zero.
    pub fn correct(&mut self, measured: [f32; 4], noise: [f32; 4]) {
        for i in 0..4 {
            let (p, c) = (self.position_variance[i], self.covariance[i]);
            let inverse = 1.0 / (p + noise[i]);
            let surprise = measured[i] - self.position[i];
            self.position[i] += p * inverse * surprise;
            self.velocity[i] += c * inverse * surprise;
            self.position_variance[i] = p * noise[i] * inverse;
            self.covariance[i] = c * noise[i] * inverse;
            self.velocity_variance[i] -= c * c * inverse;
        }
    }
}

/// Noise of the measured positions and sizes, as a share of the box's height (DeepSORT's weights).
const POSITION_WEIGHT: f32 = 1.0 / 20.0;
/// Noise of their velocities, per step, as a share of the box's height.
const VELOCITY_WEIGHT: f32 = 1.0 / 160.0;
/// Lane of the aspect ratio and lane of the height.
const ASPECT: usize = 2;
const HEIGHT: usize = 3;

/// A box followed through centre x, centre y, aspect ratio (width ÷ height) and height.
///
/// Source of state and weights: Wojke, Bewley and Paulus, "Simple online and realtime tracking with a
/// deep association metric" (2017), kept by ByteTrack. Lengths in pixels; a step is one nominal frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxFilter {
    lanes: Lanes,
}

impl BoxFilter {
    /// Starts at a measured box of positive height, standing still.
    #[must_use]
    pub fn new(rect: &Rect) -> BoxFilter {
        let measured = to_lanes(rect);
        let height = measured[HEIGHT];
        let position = squares(2.0 * POSITION_WEIGHT * height, 1e-2);
        let velocity = squares(10.0 * VELOCITY_WEIGHT * height, 1e-5);
        BoxFilter { lanes: Lanes::at(measured, position, velocity) }
    }

    /// Moves on by `steps` nominal frames, not necessarily whole ones.
    pub fn predict(&mut self, steps: f32) {
        let height = self.noise_height();
        let position = squares(POSITION_WEIGHT * height, 1e-2);
        let velocity = squares(VELOCITY_WEIGHT * height, 1e-5);
        self.lanes.predict(steps, position, velocity);
    }

    /// Takes in a measured box of positive height.
    pub fn correct(&mut self, rect: &Rect) {
        let noise = squares(POSITION_WEIGHT * self.noise_height(), 1e-1);
        self.lanes.correct(to_lanes(rect), noise);
    }

    /// Stops growth and shrinking, as is done for a box out of sight: an occlusion begins with a box
    /// that is cut from one side, and the change it feigns would go on for the whole absence.
    pub fn freeze_height(&mut self) {
        self.lanes.velocity[HEIGHT] = 0.0;
    }

    /// The estimated box; empty where the estimate has no positive size left.
    #[must_use]
    pub fn rect(&self) -> Rect {
        let [x, y, aspect, height] = self.lanes.position;
        let (width, height) = ((aspect * height).max(0.0), height.max(0.0));
        Rect::new(x - width / 2.0, y - height / 2.0, width, height)
    }

    /// The four filters.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The height that scales the noise; kept off zero, where the variances would vanish.
    fn noise_height(&self) -> f32 {
        self.lanes.position[HEIGHT].abs().max(1e-3)
    }
}

fn to_lanes(rect: &Rect) -> [f32; 4] {
    [rect.x + rect.width / 2.0, rect.y + rect.height / 2.0, rect.width / rect.height, rect.height]
}

/// Variances from a deviation of the lengths and one of the aspect ratio.
fn squares(length: f32, aspect: f32) -> [f32; 4] {
    let mut squares = [length * length; 4];
    squares[ASPECT] = aspect * aspect;
    squares
}
