//! Numbers that come out the same on every machine: only additions, products, quotients and square
//! roots, which IEEE 754 fixes to the last bit. The platform's `sin` and `exp` are not used.

use std::ops::{Add, Mul, Sub};

/// A position or direction in metres: x to the camera's right, y away from it, z up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Vec3 {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) z: f32,
}

impl Vec3 {
    pub(super) const fn new(x: f32, y: f32, z: f32) -> Vec3 {
        Vec3 { x, y, z }
    }

    pub(super) fn dot(self, other: Vec3) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Vec3) -> Vec3 {
        Vec3::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// The same direction with length 1; the zero vector stays.
    pub(super) fn unit(self) -> Vec3 {
        let length = self.dot(self).sqrt();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }
}

impl Add for Vec3 {
    type Output = Vec3;
    fn add(self, other: Vec3) -> Vec3 {
        Vec3::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Vec3;
    fn sub(self, other: Vec3) -> Vec3 {
        Vec3::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for Vec3 {
    type Output = Vec3;
    fn mul(self, factor: f32) -> Vec3 {
        Vec3::new(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// The sine of an angle given in full turns (Taylor series to the 11th power after folding into a
/// quarter turn; off by less than 1e-7).
pub(super) fn wave(turns: f64) -> f64 {
    let mut part = turns - (turns + 0.5).floor();
    if part > 0.25 {
        part = 0.5 - part;
    } else if part < -0.25 {
        part = -0.5 - part;
    }
    let x = part * std::f64::consts::TAU;
    let q = x * x;
    x * (1.0 - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0 * (1.0 - q / 110.0)))))
}

/// The unit vector at an angle given in full turns, counter-clockwise from +x.
pub(super) fn direction(turns: f64) -> (f64, f64) {
    (wave(turns + 0.25), wave(turns))
}

/// Linear interpolation.
pub(super) fn mix(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

/// 0 below `low`, 1 above `high`, smooth between (Hermite).
pub(super) fn smooth(low: f64, high: f64, value: f64) -> f64 {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wave_is_the_sine_of_turns() {
        for step in -400..400 {
            let turns = f64::from(step) / 97.0;
            assert!((wave(turns) - (turns * std::f64::consts::TAU).sin()).abs() < 1e-7, "{turns}");
        }
    }
}
