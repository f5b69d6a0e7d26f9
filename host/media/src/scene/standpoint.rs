//! Where a camera stands on a map that it shares with others.
//!
//! [`View`](super::view::View) looks along its own +y from above its own origin; here the map is turned and moved
//! into that frame.

use super::draw::model::{Model, Placement, Shape};
use super::look::Motion;
use super::math::Vec3;

/// A camera's place and direction on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standpoint {
    /// What it stands above, metres on the map.
    pub(super) at: (f64, f64),
    /// Unit vector of the direction that it looks in.
    pub(super) facing: (f64, f64),
}

impl Standpoint {
    /// A direction on the map as metres to the camera's right and away from it.
    fn turned(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (dx, dy) = self.facing;
        (x * dy - y * dx, x * dx + y * dy)
    }

    /// A place on the map as metres to the camera's right and away from it.
    pub(super) fn seen_at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        self.turned((x - self.at.0, y - self.at.1))
    }

    /// Metres to the camera's right and away from it as a place on the map.
    pub(super) fn on_map(self, (right, away): (f64, f64)) -> (f64, f64) {
        let (dx, dy) = self.facing;
        (self.at.0 + right * dy + away * dx, self.at.1 - right * dx + away * dy)
    }

    /// A direction in the world, as the camera's frame has it.
    pub(super) fn direction(&self, world: Vec3) -> Vec3 {
        let (x, y) = self.turned((f64::from(world.x), f64::from(world.y)));
        Vec3::new(x as f32, y as f32, world.z)
    }

    /// A moment of a movement over the map, as the camera's frame has it.
    pub(super) fn motion(&self, motion: &Motion) -> Motion {
        let Placement { x, y, facing } = motion.place;
        let (x, y) = self.seen_at((f64::from(x), f64::from(y)));
        let facing = self.turned((f64::from(facing.0), f64::from(facing.1)));
        let place = Placement { x: x as f32, y: y as f32, facing: (facing.0 as f32, facing.1 as f32) };
        Motion { place, ..*motion }
    }

    /// Moves a thing that stands on the map into the camera's frame.
    pub(super) fn bring(&self, model: &mut Model) {
        let moved = |at: &mut Vec3| {
            let (x, y) = self.seen_at((f64::from(at.x), f64::from(at.y)));
            *at = Vec3::new(x as f32, y as f32, at.z);
        };
        for shape in &mut model.shapes {
            match shape {
                Shape::Face { corners, count, .. } => corners[..*count].iter_mut().for_each(moved),
                Shape::Limb { from, to, .. } => [from, to].into_iter().for_each(moved),
            }
        }
        model.footprint.iter_mut().for_each(moved);
    }

    /// What makes of a homography from the camera's own ground one from the map: the product of both, row by row.
    pub(super) fn map_to_picture(&self, ground_to_picture: [f64; 9]) -> [f64; 9] {
        let (dx, dy) = self.facing;
        let (right, away) = self.seen_at((0.0, 0.0));
        product(&ground_to_picture, &[dy, -dx, right, dx, dy, away, 0.0, 0.0, 1.0])
    }

    /// The same for the way back: from pixels to the map.
    pub(super) fn picture_to_map(&self, picture_to_ground: [f64; 9]) -> [f64; 9] {
        let ((dx, dy), (x, y)) = (self.facing, self.at);
        product(&[dy, dx, x, -dx, dy, y, 0.0, 0.0, 1.0], &picture_to_ground)
    }
}

fn product(a: &[f64; 9], b: &[f64; 9]) -> [f64; 9] {
    std::array::from_fn(|index| {
        let (row, column) = (index / 3 * 3, index % 3);
        a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_looks_east_has_the_south_at_its_right() {
        let standpoint = Standpoint { at: (10.0, 2.0), facing: (1.0, 0.0) };
        assert_eq!(standpoint.seen_at((13.0, 1.0)), (1.0, 3.0));
        assert_eq!(standpoint.on_map((1.0, 3.0)), (13.0, 1.0));
    }
}
