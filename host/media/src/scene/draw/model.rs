//! What a thing in the world consists of: flat faces and rounded limbs.

use ocellus_core::Rect;

use super::paint::Paint;
use crate::scene::math::Vec3;
use crate::scene::view::View;

/// How many corners a face has at most; clipping may add one to the eight that faces are made with.
pub(in crate::scene) const MAX_CORNERS: usize = 9;

/// Nothing nearer to the camera than this is drawn, in metres along the view.
pub(super) const NEAREST_M: f64 = 1.0;

/// One part of a thing.
#[derive(Debug, Clone, Copy)]
pub(in crate::scene) enum Shape {
    /// A flat convex outline, visible from both sides.
    Face { corners: [Vec3; MAX_CORNERS], count: usize, paint: Paint },
    /// A rod with round ends; a ball where both ends coincide. Metres.
    Limb { from: Vec3, to: Vec3, radius_from: f32, radius_to: f32, paint: Paint },
}

/// A thing, placed in the world.
#[derive(Debug, Clone, Default)]
pub(in crate::scene) struct Model {
    pub(in crate::scene) shapes: Vec<Shape>,
    /// What stands on the ground: the outline of its darkest shadow. Empty where the shapes say enough.
    pub(in crate::scene) footprint: Vec<Vec3>,
}

/// Where a thing stands and which way it faces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scene) struct Placement {
    pub(in crate::scene) x: f32,
    pub(in crate::scene) y: f32,
    /// Unit vector of the direction it faces.
    pub(in crate::scene) facing: (f32, f32),
}

impl Placement {
    /// The world position of a point `along` metres ahead, `side` metres to the left and `up` metres high.
    pub(in crate::scene) fn at(&self, along: f32, side: f32, up: f32) -> Vec3 {
        let (c, s) = self.facing;
        Vec3::new(self.x + along * c - side * s, self.y + along * s + side * c, up)
    }
}

impl Model {
    pub(in crate::scene) fn clear(&mut self) {
        self.shapes.clear();
        self.footprint.clear();
    }

    /// Adds a face; corners beyond [`MAX_CORNERS`] are left out.
    pub(in crate::scene) fn face(&mut self, outline: &[Vec3], paint: Paint) {
        let mut corners = [Vec3::default(); MAX_CORNERS];
        let count = outline.len().min(MAX_CORNERS);
        corners[..count].copy_from_slice(&outline[..count]);
        self.shapes.push(Shape::Face { corners, count, paint });
    }

    /// Adds a rod of even thickness.
    pub(in crate::scene) fn rod(&mut self, from: Vec3, to: Vec3, radius: f32, paint: Paint) {
        self.shapes.push(Shape::Limb { from, to, radius_from: radius, radius_to: radius, paint });
    }

    /// Adds a rod whose ends differ in radius.
    pub(in crate::scene) fn cone(&mut self, from: (Vec3, f32), to: (Vec3, f32), paint: Paint) {
        self.shapes.push(Shape::Limb { from: from.0, to: to.0, radius_from: from.1, radius_to: to.1, paint });
    }

    /// Adds a ball.
    pub(in crate::scene) fn ball(&mut self, centre: Vec3, radius: f32, paint: Paint) {
        self.rod(centre, centre, radius, paint);
    }

    /// Adds a box from its eight corners: four at the bottom going round, four above them.
    pub(in crate::scene) fn block(&mut self, corners: &[Vec3; 8], side: Paint, top: Paint) {
        let [a, b, c, d, e, f, g, h] = *corners;
        for face in [[a, b, f, e], [b, c, g, f], [c, d, h, g], [d, a, e, h]] {
            self.face(&face, side);
        }
        self.face(&[e, f, g, h], top);
    }

    /// The box around all it shows, in pixels, reaching beyond the picture's edges where it does.
    pub(in crate::scene) fn bounds(&self, view: &View) -> Rect {
        let (mut x1, mut y1, mut x2, mut y2) =
            (f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY);
        let mut include = |at: Vec3, radius: f32| {
            let seen = view.project(at);
            let margin = radius * view.scale_at(at);
            x1 = x1.min(seen.u - margin);
            y1 = y1.min(seen.v - margin);
            x2 = x2.max(seen.u + margin);
            y2 = y2.max(seen.v + margin);
        };
        for shape in &self.shapes {
            match shape {
                Shape::Face { corners, count, .. } => {
                    let (corners, count) = in_front(&corners[..*count], view);
                    corners[..count].iter().for_each(|corner| include(*corner, 0.0));
                }
                Shape::Limb { from, to, radius_from, radius_to, .. } => {
                    if view.depth(*from).min(view.depth(*to)) < NEAREST_M {
                        continue;
                    }
                    include(*from, *radius_from);
                    include(*to, *radius_to);
                }
            }
        }
        if x1 > x2 { Rect::default() } else { Rect::from_corners(x1, y1, x2, y2) }
    }
}

/// The part of a flat outline that is far enough before the camera to be drawn, and how many corners it
/// has (Sutherland–Hodgman against one plane).
pub(super) fn in_front(outline: &[Vec3], view: &View) -> ([Vec3; MAX_CORNERS], usize) {
    let mut kept = [Vec3::default(); MAX_CORNERS];
    let mut count = 0;
    let mut keep = |corner: Vec3| {
        if count < MAX_CORNERS {
            kept[count] = corner;
            count += 1;
        }
    };
    for (index, current) in outline.iter().enumerate() {
        let previous = outline[(index + outline.len() - 1) % outline.len()];
        let (before, now) = (view.depth(previous) - NEAREST_M, view.depth(*current) - NEAREST_M);
        if (before < 0.0) != (now < 0.0) {
            keep(previous + (*current - previous) * (before / (before - now)) as f32);
        }
        if now >= 0.0 {
            keep(*current);
        }
    }
    (kept, count)
}
