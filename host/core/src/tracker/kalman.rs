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

use super::motion::CameraMotion;
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

/// Lane of the width or the aspect ratio, and lane of the height.
const WIDTH: usize = 2;
const HEIGHT: usize = 3;

/// What is followed of a box besides its centre and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxForm {
    /// The aspect ratio, width ÷ height, as DeepSORT and ByteTrack do. Noise scales with the height.
    Aspect,
    /// The width, as BoT-SORT does. Noise of x and width scales with the width.
    Width,
}

/// Standard deviations, as shares of the box's height ([`BoxForm::Aspect`], the aspect ratio itself excepted) or of
/// its width for x and width and its height for y and height ([`BoxForm::Width`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Of a measured box.
    pub measured: [f32; 4],
    /// What a step adds to the position.
    pub position: [f32; 4],
    /// What a step adds to the velocity.
    pub velocity: [f32; 4],
    /// Of the position at the start.
    pub start_position: [f32; 4],
    /// Of the velocity at the start.
    pub start_velocity: [f32; 4],
}

impl Noise {
    /// DeepSORT's weights for [`BoxForm::Aspect`], which ByteTrack kept.
    pub const ASPECT: Noise = Noise {
        measured: [1.0 / 20.0, 1.0 / 20.0, 1e-1, 1.0 / 20.0],
        position: [1.0 / 20.0, 1.0 / 20.0, 1e-2, 1.0 / 20.0],
        velocity: [1.0 / 160.0, 1.0 / 160.0, 1e-5, 1.0 / 160.0],
        start_position: [2.0 * (1.0 / 20.0), 2.0 * (1.0 / 20.0), 1e-2, 2.0 * (1.0 / 20.0)],
        start_velocity: [10.0 * (1.0 / 160.0), 10.0 * (1.0 / 160.0), 1e-5, 10.0 * (1.0 / 160.0)],
    };
    /// BoT-SORT's weights for [`BoxForm::Width`].
    pub const WIDTH: Noise = Noise {
        measured: [1.0 / 20.0; 4],
        position: [1.0 / 20.0; 4],
        velocity: [1.0 / 160.0; 4],
        start_position: [2.0 * (1.0 / 20.0); 4],
        start_velocity: [10.0 * (1.0 / 160.0); 4],
    };
}

/// A box followed through centre x, centre y, width or aspect ratio, and height.
///
/// Source of state and weights: Wojke, Bewley and Paulus, "Simple online and realtime tracking with a
/// deep association metric" (2017), kept by ByteTrack; for the width Aharon, Orfaig and Bobrovsky,
/// "BoT-SORT: Robust Associations Multi-Pedestrian Tracking" (2022). Lengths in pixels; a step is one
/// nominal frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxFilter {
    form: BoxForm,
    lanes: Lanes,
}

impl BoxFilter {
    /// Starts at a measured box of positive size, standing still.
    #[must_use]
    pub fn new(form: BoxForm, rect: &Rect, noise: &Noise) -> BoxFilter {
        let measured = form.lanes(rect);
        let position = form.variances(&measured, &noise.start_position);
        let velocity = form.variances(&measured, &noise.start_velocity);
        BoxFilter { form, lanes: Lanes::at(measured, position, velocity) }
    }

    /// Moves on by `steps` nominal frames, not necessarily whole ones.
    pub fn predict(&mut self, steps: f32, noise: &Noise) {
        let position = self.form.variances(&self.lanes.position, &noise.position);
        let velocity = self.form.variances(&self.lanes.position, &noise.velocity);
        self.lanes.predict(steps, position, velocity);
    }

    /// Takes in a measured box of positive size. A filter whose variances have grown beyond all numbers
    /// begins anew at that box.
    pub fn correct(&mut self, rect: &Rect, noise: &Noise) {
        let measured = self.form.variances(&self.lanes.position, &noise.measured);
        self.lanes.correct(self.form.lanes(rect), measured);
        if !self.is_sound() {
            *self = BoxFilter::new(self.form, rect, noise);
        }
    }

    /// The squared Mahalanobis distance of a measured box: how many of its own deviations, squared and
    /// summed over the four quantities, it is from where it is expected.
    #[must_use]
    pub fn surprise(&self, rect: &Rect, noise: &Noise) -> f32 {
        let noise = self.form.variances(&self.lanes.position, &noise.measured);
        let measured = self.form.lanes(rect);
        let of = |i: usize| {
            let away = measured[i] - self.lanes.position[i];
            away * away / (self.lanes.position_variance[i] + noise[i])
        };
        of(0) + of(1) + of(2) + of(3)
    }

    /// Where the centre of a measured box is expected across, and the standard deviation of that; in pixels.
    #[must_use]
    pub fn across(&self, noise: &Noise) -> (f32, f32) {
        let noise = self.form.variances(&self.lanes.position, &noise.measured);
        (self.lanes.position[0], (self.lanes.position_variance[0] + noise[0]).sqrt())
    }

    /// Goes where the camera's motion puts the box.
    ///
    /// Exact for the means. Of the covariance the terms between x and y, which a turn of the camera brings,
    /// are left out, so that the four filters stay four: they weigh the sine of the turn, 0.03 for two
    /// degrees between two frames.
    pub fn follow_camera(&mut self, motion: &CameraMotion) {
        let lanes = &mut self.lanes;
        let [[a, b, _], [d, e, _]] = motion.rows;
        (lanes.position[0], lanes.position[1]) = motion.place(lanes.position[0], lanes.position[1]);
        (lanes.velocity[0], lanes.velocity[1]) = motion.direction(lanes.velocity[0], lanes.velocity[1]);
        for variances in [&mut lanes.position_variance, &mut lanes.covariance, &mut lanes.velocity_variance] {
            let (x, y) = (variances[0], variances[1]);
            (variances[0], variances[1]) = (a * a * x + b * b * y, d * d * x + e * e * y);
        }
        let scale = motion.scale();
        let sizes = match self.form {
            BoxForm::Aspect => HEIGHT..=HEIGHT,
            BoxForm::Width => WIDTH..=HEIGHT,
        };
        for i in sizes {
            lanes.position[i] *= scale;
            lanes.velocity[i] *= scale;
            lanes.position_variance[i] *= scale * scale;
            lanes.covariance[i] *= scale * scale;
            lanes.velocity_variance[i] *= scale * scale;
        }
    }

    /// Moves the centre and its velocity by x, y, vx, vy, without a measurement.
    pub fn push(&mut self, [x, y, vx, vy]: [f32; 4]) {
        self.lanes.position[0] += x;
        self.lanes.position[1] += y;
        self.lanes.velocity[0] += vx;
        self.lanes.velocity[1] += vy;
    }

    /// Stops growth and shrinking, as is done for a box out of sight: an occlusion begins with a box
    /// that is cut from one side, and the change it feigns would go on for the whole absence.
    pub fn freeze_size(&mut self) {
        self.lanes.velocity[HEIGHT] = 0.0;
        if self.form == BoxForm::Width {
            self.lanes.velocity[WIDTH] = 0.0;
        }
    }

    /// The estimated box; empty where the estimate has no positive size left.
    #[must_use]
    pub fn rect(&self) -> Rect {
        let [x, y, size, height] = self.lanes.position;
        let width = match self.form {
            BoxForm::Aspect => (size * height).max(0.0),
            BoxForm::Width => size.max(0.0),
        };
        let height = height.max(0.0);
        Rect::new(x - width / 2.0, y - height / 2.0, width, height)
    }

    /// The four filters.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Whether the estimate and its variances are numbers that one can go on from.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let lanes = &self.lanes;
        let is_positive = |value: &f32| value.is_finite() && *value > 0.0;
        self.rect().is_finite()
            && lanes.velocity.iter().chain(&lanes.covariance).all(|value| value.is_finite())
            && lanes.position_variance.iter().chain(&lanes.velocity_variance).all(is_positive)
    }
}

impl BoxForm {
    /// The noise of the paper that the form is from.
    #[must_use]
    pub const fn noise(self) -> &'static Noise {
        match self {
            BoxForm::Aspect => &Noise::ASPECT,
            BoxForm::Width => &Noise::WIDTH,
        }
    }

    fn lanes(self, rect: &Rect) -> [f32; 4] {
        let size = match self {
            BoxForm::Aspect => rect.width / rect.height,
            BoxForm::Width => rect.width,
        };
        [rect.x + rect.width / 2.0, rect.y + rect.height / 2.0, size, rect.height]
    }

    /// Variances from deviations as shares of the box; that of the aspect ratio is a number of its own.
    fn variances(self, position: &[f32; 4], shares: &[f32; 4]) -> [f32; 4] {
        // Kept off zero, where the variances would vanish.
        let height = position[HEIGHT].abs().max(1e-3);
        let scales = match self {
            BoxForm::Aspect => [height, height, 1.0, height],
            BoxForm::Width => {
                let width = position[WIDTH].abs().max(1e-3);
                [width, height, width, height]
            }
        };
        std::array::from_fn(|lane| {
            let deviation = shares[lane] * scales[lane];
            deviation * deviation
        })
    }
}
