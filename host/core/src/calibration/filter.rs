//! Where one object stands and how fast it moves, from one place at a time.

use super::Covariance;
use crate::geometry::GroundPoint;

/// How much an object's speed changes on its own, in m²/s³: the density of the white noise that its acceleration
/// is taken for (Bar-Shalom, Li and Kirubarajan, *Estimation with Applications to Tracking*, §6.2.2). A car
/// that brakes with 3 m/s² for half a second is within it.
const RESTLESSNESS: f64 = 2.0;
/// Speed that an object may have when it is first seen, in m/s, one standard deviation.
const FIRST_SPEED: f64 = 20.0;
/// Squared Mahalanobis distance beyond which one of a thousand right places lies (chi square with two degrees).
const GATE: f64 = 13.82;
/// Seconds for which places that do not fit are not believed. After that the object did jump: its box was cut or
/// merged and is not any more, or the other way round. Its speed is still the best guess.
const DOUBTED_S: f64 = 0.3;
/// What a jump adds to the doubt of the speed, in m/s.
const JUMP_MPS: f64 = 2.0;
/// Speed error below which a velocity is told, in m/s, one standard deviation.
const TOLD_MPS: f64 = 1.5;
/// The same as a share of the speed.
const TOLD_SHARE: f64 = 0.1;
/// Places before a velocity is told: the first two give one by arithmetic alone.
const TOLD_AFTER: u32 = 5;
/// Seconds without a place after which the object is taken up anew.
const FORGOTTEN_S: f64 = 5.0;

/// What is known of an object's place and speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundState {
    /// Where it stands.
    pub place: GroundPoint,
    /// How sure the place is: metres in the direction where it is least sure, one standard deviation.
    pub sigma_m: f64,
    /// Its velocity along both axes in m/s, once it is known well enough to be told.
    pub velocity_mps: Option<[f64; 2]>,
    /// How sure the velocity is, in m/s, in the direction where it is least sure.
    pub velocity_sigma_mps: f64,
}

/// A Kalman filter of a point that keeps its velocity: [x, y, vx, vy].
#[derive(Debug, Clone, PartialEq)]
pub struct GroundFilter {
    state: [f64; 4],
    variance: [[f64; 4]; 4],
    time_s: f64,
    places: u32,
    /// Since when places do not fit.
    doubted_s: Option<f64>,
}

impl GroundFilter {
    /// A first place, with the error of having seen it there.
    #[must_use]
    pub fn new(time_s: f64, place: GroundPoint, error: Covariance) -> GroundFilter {
        let mut variance = [[0.0; 4]; 4];
        variance[0][..2].copy_from_slice(&[error.xx, error.xy]);
        variance[1][..2].copy_from_slice(&[error.xy, error.yy]);
        variance[2][2] = FIRST_SPEED * FIRST_SPEED;
        variance[3][3] = FIRST_SPEED * FIRST_SPEED;
        GroundFilter { state: [place.x_m, place.y_m, 0.0, 0.0], variance, time_s, places: 1, doubted_s: None }
    }

    /// It was seen at `place` at a later time.
    ///
    /// A place that does not fit what was expected, as of a box that was cut or merged, is not believed at first; if
    /// places go on to differ, the object is there and keeps its speed. So neither throws the speed off.
    pub fn see(&mut self, time_s: f64, place: GroundPoint, error: Covariance) {
        if time_s - self.time_s > FORGOTTEN_S {
            *self = GroundFilter::new(time_s, place, error);
            return;
        }
        self.pass(time_s);
        let off = [place.x_m - self.state[0], place.y_m - self.state[1]];
        self.places = self.places.saturating_add(1);
        if self.distance(off, error) <= GATE {
            self.correct(off, error);
            self.doubted_s = None;
            return;
        }
        let since = *self.doubted_s.get_or_insert(time_s);
        if time_s - since >= DOUBTED_S {
            self.jump(place, error);
        }
    }

    /// It is at `place`, as fast as before or nearly so.
    fn jump(&mut self, place: GroundPoint, error: Covariance) {
        self.state[..2].copy_from_slice(&[place.x_m, place.y_m]);
        for row in 0..4 {
            for column in 0..4 {
                if row < 2 || column < 2 {
                    self.variance[row][column] = 0.0;
                }
            }
        }
        self.variance[0][..2].copy_from_slice(&[error.xx, error.xy]);
        self.variance[1][..2].copy_from_slice(&[error.xy, error.yy]);
        for axis in 2..4 {
            self.variance[axis][axis] += JUMP_MPS * JUMP_MPS;
        }
        self.doubted_s = None;
    }

    /// Time passes without a place.
    pub fn pass(&mut self, time_s: f64) {
        let step = (time_s - self.time_s).max(0.0);
        self.time_s = self.time_s.max(time_s);
        for axis in 0..2 {
            self.state[axis] += step * self.state[axis + 2];
        }
        // P ← F P Fᵀ with F adding the velocity's rows to the place's, then its columns.
        for column in 0..4 {
            for axis in 0..2 {
                self.variance[axis][column] += step * self.variance[axis + 2][column];
            }
        }
        for row in &mut self.variance {
            for axis in 0..2 {
                row[axis] += step * row[axis + 2];
            }
        }
        for axis in 0..2 {
            self.variance[axis][axis] += RESTLESSNESS * step.powi(3) / 3.0;
            self.variance[axis][axis + 2] += RESTLESSNESS * step * step / 2.0;
            self.variance[axis + 2][axis] += RESTLESSNESS * step * step / 2.0;
            self.variance[axis + 2][axis + 2] += RESTLESSNESS * step;
        }
    }

    /// What is known now.
    #[must_use]
    pub fn state(&self) -> GroundState {
        let of = |first: usize| Covariance {
            xx: self.variance[first][first],
            xy: self.variance[first][first + 1],
            yy: self.variance[first + 1][first + 1],
        };
        let velocity = [self.state[2], self.state[3]];
        let velocity_sigma_mps = of(2).largest_sigma();
        let told = TOLD_MPS.max(TOLD_SHARE * velocity[0].hypot(velocity[1]));
        let is_known = self.places >= TOLD_AFTER && velocity_sigma_mps <= told;
        GroundState {
            place: GroundPoint::new(self.state[0], self.state[1]),
            sigma_m: of(0).largest_sigma(),
            velocity_mps: is_known.then_some(velocity),
            velocity_sigma_mps,
        }
    }

    /// Squared Mahalanobis distance of a place that is `off` from the expected one.
    fn distance(&self, [x, y]: [f64; 2], error: Covariance) -> f64 {
        let [[a, b], [_, c]] = self.inverse_spread(error);
        a * x * x + 2.0 * b * x * y + c * y * y
    }

    /// Inverse of the variance of what is expected to be seen.
    fn inverse_spread(&self, error: Covariance) -> [[f64; 2]; 2] {
        let a = self.variance[0][0] + error.xx;
        let b = self.variance[0][1] + error.xy;
        let c = self.variance[1][1] + error.yy;
        let determinant = (a * c - b * b).max(f64::MIN_POSITIVE);
        [[c / determinant, -b / determinant], [-b / determinant, a / determinant]]
    }

    fn correct(&mut self, off: [f64; 2], error: Covariance) {
        let inverse = self.inverse_spread(error);
        let before = self.variance;
        let gain: [[f64; 2]; 4] = std::array::from_fn(|row| {
            std::array::from_fn(|axis| before[row][0] * inverse[0][axis] + before[row][1] * inverse[1][axis])
        });
        for (row, gain) in gain.iter().enumerate() {
            self.state[row] += gain[0] * off[0] + gain[1] * off[1];
            for (column, variance) in self.variance[row].iter_mut().enumerate() {
                *variance -= gain[0] * before[0][column] + gain[1] * before[1][column];
            }
        }
        // Rounding must not make the two halves differ.
        for row in 0..4 {
            for column in 0..row {
                let mean = f64::midpoint(self.variance[row][column], self.variance[column][row]);
                self.variance[row][column] = mean;
                self.variance[column][row] = mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: Covariance = Covariance { xx: 0.04, xy: 0.0, yy: 0.04 };

    /// A car at 20 m/s along x, seen 25 times a second with errors of ±0.2 m that turn about.
    fn drive(seconds: f64) -> GroundFilter {
        let place = |frame: u32| {
            let time = f64::from(frame) / 25.0;
            let error = [0.2, -0.1, -0.2, 0.15, 0.05, -0.1][frame as usize % 6];
            (time, GroundPoint::new(20.0 * time + error, -error))
        };
        let (time, first) = place(0);
        let mut filter = GroundFilter::new(time, first, ERROR);
        for frame in 1..=(seconds * 25.0) as u32 {
            let (time, place) = place(frame);
            filter.see(time, place, ERROR);
        }
        filter
    }

    #[test]
    fn two_places_give_no_speed() {
        for places in 1..4 {
            assert_eq!(drive(f64::from(places) / 25.0).state().velocity_mps, None, "{places}");
        }
    }

    #[test]
    fn after_a_second_the_speed_is_known_and_as_sure_as_it_says() {
        let state = drive(1.0).state();
        let [vx, vy] = state.velocity_mps.expect("known");
        assert!((vx - 20.0).abs() < 2.0 * state.velocity_sigma_mps, "{vx} ± {}", state.velocity_sigma_mps);
        assert!(vy.abs() < 2.0 * state.velocity_sigma_mps);
        assert!(state.velocity_sigma_mps < 1.5 && state.sigma_m < 0.2, "{state:?}");
    }

    #[test]
    fn a_cut_box_hardly_changes_the_speed() {
        let mut filter = drive(2.0);
        let before = filter.state().velocity_mps.unwrap();
        filter.see(2.04, GroundPoint::new(20.0 * 2.04 - 6.0, 0.0), ERROR);
        let after = filter.state().velocity_mps.unwrap();
        assert!((after[0] - before[0]).abs() < 1.0, "{before:?} {after:?}");
    }

    #[test]
    fn an_object_that_did_jump_is_found_again() {
        let mut filter = drive(2.0);
        for frame in 1..=75 {
            let time = 2.0 + f64::from(frame) / 25.0;
            filter.see(time, GroundPoint::new(20.0 * time + 8.0, 0.0), ERROR);
        }
        let state = filter.state();
        assert!((state.place.x_m - 108.0).abs() < 0.5, "{state:?}");
    }

    #[test]
    fn unseen_it_goes_on_and_grows_less_sure() {
        let mut filter = drive(2.0);
        let before = filter.state();
        filter.pass(3.0);
        let after = filter.state();
        assert!((after.place.x_m - before.place.x_m - 20.0).abs() < 1.5);
        assert!(after.sigma_m > 2.0 * before.sigma_m);
    }

    #[test]
    fn one_that_comes_back_after_long_starts_anew() {
        let mut filter = drive(2.0);
        filter.see(60.0, GroundPoint::new(3.0, 4.0), ERROR);
        assert_eq!(filter.state().velocity_mps, None);
        assert_eq!(filter.state().place, GroundPoint::new(3.0, 4.0));
    }

    #[test]
    fn one_that_stands_has_no_speed() {
        let mut filter = GroundFilter::new(0.0, GroundPoint::default(), ERROR);
        for frame in 1..=100 {
            let error = [0.2, -0.1, -0.2, 0.15, 0.05, -0.1][frame as usize % 6];
            filter.see(f64::from(frame) / 25.0, GroundPoint::new(error, -error), ERROR);
        }
        let [vx, vy] = filter.state().velocity_mps.expect("known");
        assert!(vx.hypot(vy) < 0.5, "{vx} {vy}");
    }
}
