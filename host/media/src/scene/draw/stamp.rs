//! Shapes to pixels: each thing is drawn alone, at twice the picture's resolution with a depth buffer,
//! and averaged down, which gives soft edges.

use ocellus_core::{Rect, Size};

use super::model::{MAX_CORNERS, Model, NEAREST_M, Shape, in_front};
use super::paint::{Paint, Yuv};
use crate::scene::math::Vec3;
use crate::scene::view::{Seen, View};

/// Samples a pixel along each axis.
const FINE: i32 = 2;

/// The light of a moment.
#[derive(Debug, Clone, Copy)]
pub(in crate::scene) struct Light {
    /// Unit vector towards the sun.
    pub(in crate::scene) sun: Vec3,
    /// How strongly the sun shines through, 0 (overcast) to 1.
    pub(in crate::scene) clearness: f32,
}

/// A drawing surface for one thing, reused from thing to thing.
#[derive(Debug, Default)]
pub(in crate::scene) struct Stamp {
    /// In whole pixels of the picture.
    left: i32,
    top: i32,
    width: i32,
    height: i32,
    nearness: Vec<f32>,
    colours: Vec<Yuv>,
}

/// A finished thing: colour and coverage (0..255) of each pixel of a small rectangle.
#[derive(Debug, Clone, Default)]
pub(in crate::scene) struct Sprite {
    pub(in crate::scene) left: usize,
    pub(in crate::scene) top: usize,
    pub(in crate::scene) width: usize,
    pub(in crate::scene) pixels: Vec<(Yuv, u8)>,
}

impl Sprite {
    /// The box, in pixels, around what a thing shows in the picture: `bounds` where that lies inside, and
    /// else what was drawn, since a thing that reaches beyond an edge may be widest outside.
    pub(in crate::scene) fn extent_within(&self, bounds: &Rect, size: Size) -> Rect {
        let (width, height) = (size.width as f32, size.height as f32);
        let inside =
            bounds.x >= 0.0 && bounds.y >= 0.0 && bounds.right() <= width && bounds.bottom() <= height;
        if inside {
            return *bounds;
        }
        let (mut x1, mut y1, mut x2, mut y2) = (usize::MAX, usize::MAX, 0, 0);
        for (row, line) in self.pixels.chunks_exact(self.width.max(1)).enumerate() {
            let first = line.iter().position(|(_, alpha)| *alpha >= 128);
            let last = line.iter().rposition(|(_, alpha)| *alpha >= 128);
            if let (Some(first), Some(last)) = (first, last) {
                x1 = x1.min(first);
                x2 = x2.max(last + 1);
                y1 = y1.min(row);
                y2 = row + 1;
            }
        }
        if x2 == 0 {
            return Rect::default();
        }
        let (left, top) = (self.left as f32, self.top as f32);
        Rect::from_corners(left + x1 as f32, top + y1 as f32, left + x2 as f32, top + y2 as f32)
    }
}

impl Stamp {
    /// Draws `model` into `sprite`. What lies outside the picture is left out.
    pub(in crate::scene) fn draw(&mut self, model: &Model, view: &View, light: Light, sprite: &mut Sprite) {
        if self.open(&model.bounds(view), view.size) {
            let towards_sun = view.camera_axes(light.sun);
            for shape in &model.shapes {
                match shape {
                    Shape::Face { corners, count, paint } => {
                        let paint = paint.lit(face_light(&corners[..*count], view, light));
                        self.fill(&corners[..*count], view, paint);
                    }
                    Shape::Limb { from, to, radius_from, radius_to, paint } => {
                        let ends = [(*from, *radius_from), (*to, *radius_to)];
                        self.limb(ends, view, *paint, |normal| {
                            let facing = normal.dot(towards_sun).max(0.0);
                            0.66 + (0.18 + 0.22 * light.clearness) * facing
                        });
                    }
                }
            }
        }
        self.finish(sprite);
    }

    /// Draws the shadow of `model` on the ground into `sprite`; only the coverage counts.
    pub(in crate::scene) fn shadow(&mut self, model: &Model, view: &View, light: Light, sprite: &mut Sprite) {
        let sun = light.sun;
        let fall = |at: Vec3| Vec3::new(at.x - sun.x / sun.z * at.z, at.y - sun.y / sun.z * at.z, 0.0);
        let mut flat = Model::default();
        let mut hull: Vec<Vec3> = Vec::new();
        for shape in &model.shapes {
            match shape {
                Shape::Face { corners, count, .. } => {
                    hull.extend(corners[..*count].iter().map(|corner| fall(*corner)));
                }
                Shape::Limb { from, to, radius_from, radius_to, .. } => {
                    // A rod's shadow seen at a slant is thinner than the rod.
                    let thin = 0.7;
                    flat.cone(
                        (fall(*from), radius_from * thin),
                        (fall(*to), radius_to * thin),
                        Paint::default(),
                    );
                }
            }
        }
        let outline = convex_hull(&mut hull);
        flat.shapes.extend(outline.windows(2).skip(1).map(|pair| {
            let mut corners = [Vec3::default(); MAX_CORNERS];
            corners[..3].copy_from_slice(&[outline[0], pair[0], pair[1]]);
            Shape::Face { corners, count: 3, paint: Paint::default() }
        }));
        if self.open(&flat.bounds(view), view.size) {
            for shape in &flat.shapes {
                match shape {
                    Shape::Face { corners, count, .. } => {
                        self.fill(&corners[..*count], view, Paint::default());
                    }
                    Shape::Limb { from, to, radius_from, radius_to, .. } => {
                        let ends = [(*from, *radius_from), (*to, *radius_to)];
                        self.limb(ends, view, Paint::default(), |_| 1.0);
                    }
                }
            }
        }
        self.finish(sprite);
    }

    /// Clears the surface for what lies within `bounds` and the picture; false where that is nothing.
    fn open(&mut self, bounds: &Rect, size: Size) -> bool {
        let clamp = |value: f32, limit: u32| value.clamp(0.0, limit as f32) as i32;
        self.left = clamp(bounds.x.floor(), size.width);
        self.top = clamp(bounds.y.floor(), size.height);
        self.width = clamp(bounds.right().ceil(), size.width) - self.left;
        self.height = clamp(bounds.bottom().ceil(), size.height) - self.top;
        if self.width <= 0 || self.height <= 0 {
            (self.width, self.height) = (0, 0);
        }
        let samples = (self.width * self.height * FINE * FINE) as usize;
        self.nearness.clear();
        self.nearness.resize(samples, 0.0);
        self.colours.resize(samples, [0; 3]);
        samples > 0
    }

    /// A picture position on this surface, in samples.
    fn local(&self, seen: Seen) -> (f32, f32) {
        let fine = FINE as f32;
        ((seen.u - self.left as f32) * fine, (seen.v - self.top as f32) * fine)
    }

    /// Fills a flat convex outline; lower parts get a little less light.
    fn fill(&mut self, outline: &[Vec3], view: &View, paint: Paint) {
        let (corners, count) = in_front(outline, view);
        let outline = &corners[..count];
        let mut points = [(0.0_f32, 0.0_f32); MAX_CORNERS];
        let mut near = [0.0_f32; MAX_CORNERS];
        for (index, corner) in outline.iter().enumerate() {
            let seen = view.project(*corner);
            points[index] = self.local(seen);
            near[index] = seen.nearness;
        }
        let points = &points[..outline.len()];
        let Some((near_x, near_y)) = gradient(points, &near) else { return };
        let (mut top, mut bottom) = (f32::INFINITY, f32::NEG_INFINITY);
        for (_, y) in points {
            top = top.min(*y);
            bottom = bottom.max(*y);
        }
        let (columns, rows) = (self.width * FINE, self.height * FINE);
        let first = ((top - 0.5).ceil() as i32).max(0);
        let last = ((bottom - 0.5).ceil() as i32).min(rows);
        for row in first..last {
            let y = row as f32 + 0.5;
            let Some((enter, leave)) = span(points, y) else { continue };
            let from = ((enter - 0.5).ceil() as i32).max(0);
            let to = ((leave - 0.5).ceil() as i32).min(columns);
            let shade = 1.06 - 0.12 * (y - top) / (bottom - top);
            let colour = paint.lit(shade).stored();
            let mut nearness =
                near[0] + (from as f32 + 0.5 - points[0].0) * near_x + (y - points[0].1) * near_y;
            for index in row * columns + from..row * columns + to.max(from) {
                let index = index as usize;
                if nearness > self.nearness[index] {
                    self.nearness[index] = nearness;
                    self.colours[index] = colour;
                }
                nearness += near_x;
            }
        }
    }

    /// Fills a rod with round ends, shaded by `light` of the surface's normal in the camera's axes.
    fn limb(&mut self, ends: [(Vec3, f32); 2], view: &View, paint: Paint, light: impl Fn(Vec3) -> f32) {
        if ends.iter().any(|(at, _)| view.depth(*at) < NEAREST_M) {
            return;
        }
        let [(from, radius_from), (to, radius_to)] =
            ends.map(|(at, radius)| (view.project(at), radius * view.scale_at(at) * FINE as f32));
        let (a, b) = (self.local(from), self.local(to));
        // Thinner than a sample would leave gaps.
        let (ra, rb) = (radius_from.max(0.6), radius_to.max(0.6));
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length2 = dx * dx + dy * dy;
        let per_length2 = if length2 > 1e-6 { 1.0 / length2 } else { 0.0 };
        let (columns, rows) = (self.width * FINE, self.height * FINE);
        let x1 = ((a.0 - ra).min(b.0 - rb).floor() as i32).max(0);
        let x2 = ((a.0 + ra).max(b.0 + rb).ceil() as i32).min(columns);
        let y1 = ((a.1 - ra).min(b.1 - rb).floor() as i32).max(0);
        let y2 = ((a.1 + ra).max(b.1 + rb).ceil() as i32).min(rows);
        for row in y1..y2 {
            let py = row as f32 + 0.5 - a.1;
            for column in x1..x2 {
                let px = column as f32 + 0.5 - a.0;
                let share = ((px * dx + py * dy) * per_length2).clamp(0.0, 1.0);
                let (ox, oy) = (px - share * dx, py - share * dy);
                let radius = ra + (rb - ra) * share;
                let outside2 = (ox * ox + oy * oy) / (radius * radius);
                if outside2 >= 1.0 {
                    continue;
                }
                let bulge = (1.0 - outside2).sqrt();
                let flat = from.nearness + (to.nearness - from.nearness) * share;
                let nearness = flat * (1.0 + 0.004 * bulge);
                let index = (row * columns + column) as usize;
                if nearness > self.nearness[index] {
                    self.nearness[index] = nearness;
                    let normal = Vec3::new(ox / radius, -oy / radius, bulge);
                    self.colours[index] = paint.lit(light(normal)).stored();
                }
            }
        }
    }

    /// Averages the samples of each pixel.
    fn finish(&self, sprite: &mut Sprite) {
        sprite.left = self.left.max(0) as usize;
        sprite.top = self.top.max(0) as usize;
        sprite.width = self.width as usize;
        sprite.pixels.clear();
        let stride = (self.width * FINE) as usize;
        for row in 0..self.height as usize {
            for column in 0..self.width as usize {
                let corner = row * 2 * stride + column * 2;
                let mut sum = [0_u32; 3];
                let mut covered = 0_u32;
                for index in [corner, corner + 1, corner + stride, corner + stride + 1] {
                    if self.nearness[index] > 0.0 {
                        covered += 1;
                        for (total, part) in sum.iter_mut().zip(self.colours[index]) {
                            *total += u32::from(part);
                        }
                    }
                }
                let divisor = covered.max(1);
                let colour = sum.map(|total| ((total + divisor / 2) / divisor) as u8);
                sprite.pixels.push((colour, (covered * 255 / 4) as u8));
            }
        }
    }
}

/// How much light a face gets: from the sky, more when it faces up, and from the sun.
fn face_light(outline: &[Vec3], view: &View, light: Light) -> f32 {
    if outline.len() < 3 {
        return 1.0;
    }
    let mut normal = (outline[1] - outline[0]).cross(outline[2] - outline[0]).unit();
    let camera = Vec3::new(0.0, 0.0, view.height_m() as f32);
    if normal.dot(camera - outline[0]) < 0.0 {
        normal = normal * -1.0;
    }
    let facing = normal.dot(light.sun).max(0.0);
    0.58 + 0.14 * normal.z.max(0.0) + (0.12 + 0.26 * light.clearness) * facing
}

/// How nearness changes over a plane: per sample to the right and per sample down. None for an outline
/// seen from its edge.
fn gradient(points: &[(f32, f32)], near: &[f32; MAX_CORNERS]) -> Option<(f32, f32)> {
    let mut best: Option<(f32, (f32, f32))> = None;
    for index in 2..points.len() {
        let (ax, ay) = (points[index - 1].0 - points[0].0, points[index - 1].1 - points[0].1);
        let (bx, by) = (points[index].0 - points[0].0, points[index].1 - points[0].1);
        let (an, bn) = (near[index - 1] - near[0], near[index] - near[0]);
        let area = ax * by - ay * bx;
        if area.abs() > 0.05 && best.is_none_or(|(most, _)| area.abs() > most) {
            best = Some((area.abs(), ((an * by - bn * ay) / area, (bn * ax - an * bx) / area)));
        }
    }
    best.map(|(_, slope)| slope)
}

/// Where the row through `y` enters and leaves a convex outline.
pub(super) fn span(points: &[(f32, f32)], y: f32) -> Option<(f32, f32)> {
    let (mut enter, mut leave) = (f32::INFINITY, f32::NEG_INFINITY);
    for (index, a) in points.iter().enumerate() {
        let b = points[(index + 1) % points.len()];
        if (a.1 <= y) != (b.1 <= y) {
            let x = a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1);
            enter = enter.min(x);
            leave = leave.max(x);
        }
    }
    (enter < leave).then_some((enter, leave))
}

/// The convex hull of ground points, counter-clockwise (Andrew's monotone chain).
fn convex_hull(points: &mut [Vec3]) -> Vec<Vec3> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut hull: Vec<Vec3> = Vec::with_capacity(points.len() + 1);
    let turns_left = |a: Vec3, b: Vec3, c: Vec3| (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0.0;
    for backwards in [false, true] {
        let floor = hull.len() + 1;
        let mut add = |point: Vec3| {
            while hull.len() > floor && !turns_left(hull[hull.len() - 2], hull[hull.len() - 1], point) {
                hull.pop();
            }
            hull.push(point);
        };
        if backwards {
            points.iter().rev().skip(1).for_each(|point| add(*point));
        } else {
            points.iter().for_each(|point| add(*point));
        }
    }
    hull.pop();
    hull
}
