//! Movements: where something is at any moment, planned ahead.

use crate::scene::draw::model::Placement;
use crate::scene::look::Motion;
use crate::scene::math::mix;

/// A planned movement: straight between its keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    keys: Vec<Key>,
}

/// A moment of a plan.
#[derive(Debug, Clone, Copy)]
struct Key {
    /// Seconds since the scene began.
    at_s: f64,
    x: f64,
    y: f64,
    facing: (f64, f64),
    travelled_m: f64,
}

impl Path {
    /// Standing still at a place.
    pub(super) fn standing(at_s: f64, (x, y): (f64, f64), facing: (f64, f64)) -> Path {
        Path { keys: vec![Key { at_s, x, y, facing, travelled_m: 0.0 }] }
    }

    pub(super) fn start_s(&self) -> f64 {
        self.keys.first().map_or(0.0, |key| key.at_s)
    }

    pub(super) fn end_s(&self) -> f64 {
        self.keys.last().map_or(0.0, |key| key.at_s)
    }

    /// Goes straight to a place at a steady speed, turning into the new direction as it starts.
    pub(super) fn go(&mut self, (x, y): (f64, f64), speed_mps: f64) {
        let Some(last) = self.keys.last().copied() else { return };
        let (dx, dy) = (x - last.x, y - last.y);
        let distance = (dx * dx + dy * dy).sqrt();
        if distance < 1e-6 {
            return;
        }
        let facing = (dx / distance, dy / distance);
        let duration = distance / speed_mps;
        let turned = (0.3_f64).min(duration / 2.0);
        let share = turned / duration;
        self.keys.push(Key {
            at_s: last.at_s + turned,
            x: mix(last.x, x, share),
            y: mix(last.y, y, share),
            facing,
            travelled_m: last.travelled_m + distance * share,
        });
        let (at_s, travelled_m) = (last.at_s + duration, last.travelled_m + distance);
        self.keys.push(Key { at_s, x, y, facing, travelled_m });
    }

    /// Stands for a while and turns on the spot to face `facing`.
    pub(super) fn turn(&mut self, duration_s: f64, facing: (f64, f64)) {
        let Some(last) = self.keys.last().copied() else { return };
        let half = (last.facing.0 + facing.0, last.facing.1 + facing.1);
        // Turning right around goes by way of facing the camera.
        let half = if half.0.abs() + half.1.abs() < 0.2 { (0.0, -1.0) } else { half };
        for (share, facing) in [(0.3, last.facing), (0.65, half), (1.0, facing)] {
            self.keys.push(Key { at_s: last.at_s + duration_s * share, facing, ..last });
        }
    }

    /// Adds a key a little later; for movements that are computed step by step.
    pub(super) fn step(&mut self, after_s: f64, (x, y): (f64, f64), facing: (f64, f64)) {
        let Some(last) = self.keys.last().copied() else { return };
        let (dx, dy) = (x - last.x, y - last.y);
        let travelled_m = last.travelled_m + (dx * dx + dy * dy).sqrt();
        self.keys.push(Key { at_s: last.at_s + after_s, x, y, facing, travelled_m });
    }

    /// Where the movement is at `at_s`; before its start and after its end it stands.
    pub(super) fn motion(&self, at_s: f64) -> Motion {
        let after = self.keys.partition_point(|key| key.at_s <= at_s);
        let before = after.saturating_sub(1);
        let (Some(a), Some(b)) = (self.keys.get(before), self.keys.get(after).or(self.keys.last())) else {
            let place = Placement { x: 0.0, y: 0.0, facing: (1.0, 0.0) };
            return Motion { place, travelled_m: 0.0, speed_mps: 0.0 };
        };
        let duration = b.at_s - a.at_s;
        let moving = duration > 0.0 && at_s >= a.at_s;
        let share = if moving { (at_s - a.at_s) / duration } else { 0.0 };
        let (fx, fy) = (mix(a.facing.0, b.facing.0, share), mix(a.facing.1, b.facing.1, share));
        let length = (fx * fx + fy * fy).sqrt().max(1e-9);
        let speed = if moving { (b.travelled_m - a.travelled_m) / duration } else { 0.0 };
        Motion {
            place: Placement {
                x: mix(a.x, b.x, share) as f32,
                y: mix(a.y, b.y, share) as f32,
                facing: ((fx / length) as f32, (fy / length) as f32),
            },
            travelled_m: mix(a.travelled_m, b.travelled_m, share) as f32,
            speed_mps: speed as f32,
        }
    }

    /// The place at `at_s`.
    pub(super) fn place(&self, at_s: f64) -> (f64, f64) {
        let place = self.motion(at_s).place;
        (f64::from(place.x), f64::from(place.y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_takes_its_time_and_stands_before_and_after() {
        let mut path = Path::standing(2.0, (0.0, 5.0), (1.0, 0.0));
        path.go((3.0, 5.0), 1.5);
        path.turn(1.0, (-1.0, 0.0));
        path.go((0.0, 5.0), 1.0);
        assert_eq!((path.start_s(), path.end_s()), (2.0, 8.0));
        assert_eq!(path.place(0.0), (0.0, 5.0));
        assert_eq!(path.place(3.0), (1.5, 5.0));
        assert_eq!(path.place(4.5), (3.0, 5.0));
        assert_eq!(path.place(99.0), (0.0, 5.0));
        assert!((path.motion(3.5).speed_mps - 1.5).abs() < 1e-6);
        assert_eq!(path.motion(4.5).speed_mps, 0.0);
        assert_eq!(path.motion(6.0).place.facing, (-1.0, 0.0));
    }
}
