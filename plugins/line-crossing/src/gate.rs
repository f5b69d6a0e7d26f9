//! A line as something to pass through.

use ocellus_sdk::prelude::*;

/// An end this near to the picture's edge is meant to lie on it, in shares of the picture.
const EDGE: f32 = 0.01;

/// A line in isotropic coordinates: picture heights in both directions, so that distances mean the same
/// along x and y. Its ends that lie on the picture's edge reach beyond it, since a box cut off by the
/// edge can have its foot a little outside.
pub(crate) struct Gate {
    segment: Segment,
    /// Of length 1, towards the positive side.
    normal: [f32; 2],
    aspect: f32,
    starts_at: f32,
    ends_at: f32,
}

impl Gate {
    /// Lays out `segment`, given in shares of the picture, for pictures `aspect` times as wide as high.
    pub(crate) fn new(segment: Segment, aspect: f32) -> Gate {
        let Segment { from, to } = segment;
        let laid = Segment::new(Point::new(from.x * aspect, from.y), Point::new(to.x * aspect, to.y));
        let length = laid.length();
        Gate {
            segment: laid,
            normal: [(laid.from.y - laid.to.y) / length, (laid.to.x - laid.from.x) / length],
            aspect,
            starts_at: if leaves_picture(to, from) { f32::NEG_INFINITY } else { 0.0 },
            ends_at: if leaves_picture(from, to) { f32::INFINITY } else { 1.0 },
        }
    }

    /// Signed distance from the infinite line in picture heights, of a point in shares of the picture.
    pub(crate) fn distance(&self, point: Point) -> f32 {
        self.isotropic_distance(self.isotropic(point))
    }

    /// Whether the straight way between two points on different sides leads through the line and not
    /// around its end.
    pub(crate) fn is_passed(&self, from: Point, to: Point) -> bool {
        let (from, to) = (self.isotropic(from), self.isotropic(to));
        let (before, after) = (self.isotropic_distance(from), self.isotropic_distance(to));
        let across = before - after;
        let share = if across == 0.0 { 0.0 } else { (before / across).clamp(0.0, 1.0) };
        let at = Point::new(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share);
        (self.starts_at..=self.ends_at).contains(&self.segment.position_of(at))
    }

    fn isotropic_distance(&self, point: Point) -> f32 {
        let Segment { from, .. } = self.segment;
        self.normal[0] * (point.x - from.x) + self.normal[1] * (point.y - from.y)
    }

    fn isotropic(&self, point: Point) -> Point {
        Point::new(point.x * self.aspect, point.y)
    }
}

/// Whether going on from `inner` over `end` leaves the picture within [`EDGE`].
fn leaves_picture(inner: Point, end: Point) -> bool {
    let length = Segment::new(inner, end).length();
    let beyond = |from: f32, to: f32| !(0.0..=1.0).contains(&(to + (to - from) / length * EDGE));
    beyond(inner.x, end.x) || beyond(inner.y, end.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(from: (f32, f32), to: (f32, f32)) -> Gate {
        Gate::new(Segment::new(Point::new(from.0, from.1), Point::new(to.0, to.1)), 2.0)
    }

    #[test]
    fn distance_is_in_picture_heights_along_both_axes() {
        let upright = gate((0.5, 0.2), (0.5, 0.8)).distance(Point::new(0.4, 0.5));
        let level = gate((0.2, 0.5), (0.8, 0.5)).distance(Point::new(0.5, 0.7));
        assert!((upright - 0.2).abs() < 1e-6 && (level - 0.2).abs() < 1e-6, "{upright} {level}");
    }

    #[test]
    fn the_way_around_an_end_is_not_through() {
        let gate = gate((0.5, 0.2), (0.5, 0.8));
        assert!(gate.is_passed(Point::new(0.4, 0.5), Point::new(0.6, 0.5)));
        assert!(!gate.is_passed(Point::new(0.4, 0.9), Point::new(0.6, 0.9)));
        // Starts and ends beside the line, but the way itself leads past it.
        assert!(!gate.is_passed(Point::new(0.4, 0.75), Point::new(0.52, 0.99)));
    }

    #[test]
    fn an_end_on_the_edge_reaches_beyond_it_and_one_inside_does_not() {
        let full = gate((0.5, 0.0), (0.5, 1.0));
        assert!(full.is_passed(Point::new(0.4, 1.02), Point::new(0.6, 1.02)));
        let along_the_edge = gate((0.005, 0.2), (0.006, 0.8));
        assert!(!along_the_edge.is_passed(Point::new(0.0, 0.9), Point::new(0.1, 0.9)));
    }
}
