//! Plane geometry in picture coordinates: x to the right, y down.
//!
//! The same types serve pixels and positions normalised to 0..1 of the picture; names and docs of the
//! fields that hold them say which.

/// Width and height of a picture in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size of `width` × `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Size {
        Size { width, height }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A point.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Distance from the left edge.
    pub x: f32,
    /// Distance from the top edge.
    pub y: f32,
}

impl Point {
    /// The point (x, y).
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    /// Whether both coordinates are finite.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// A place on the ground in metres, in axes that the site has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GroundPoint {
    /// Metres along the first axis.
    pub x_m: f64,
    /// Metres along the second axis.
    pub y_m: f64,
}

impl GroundPoint {
    /// The place (x, y).
    #[must_use]
    pub const fn new(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    /// Metres to another place.
    #[must_use]
    pub fn distance(self, other: GroundPoint) -> f64 {
        (self.x_m - other.x_m).hypot(self.y_m - other.y_m)
    }
}

/// An axis-aligned box: top-left corner, width and height.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Extent to the right, not negative.
    pub width: f32,
    /// Extent downwards, not negative.
    pub height: f32,
}

impl Rect {
    /// A box from its top-left corner and extent.
    #[must_use]
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect { x, y, width, height }
    }

    /// A box from two opposite corners, left-top first.
    #[must_use]
    pub fn from_corners(x1: f32, y1: f32, x2: f32, y2: f32) -> Rect {
        Rect::new(x1, y1, x2 - x1, y2 - y1)
    }

    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    /// Bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// The centre.
    #[must_use]
    pub fn centre(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// The foot point: the middle of the bottom edge, where a standing object meets the ground.
    #[must_use]
    pub fn foot(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height)
    }

    /// Area, zero for an empty box.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width.max(0.0) * self.height.max(0.0)
    }

    /// Whether all four numbers are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.x.is_finite() && self.y.is_finite() && self.width.is_finite() && self.height.is_finite()
    }

    /// Whether `point` lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        point.x >= self.x && point.x <= self.right() && point.y >= self.y && point.y <= self.bottom()
    }

    /// Area shared with `other`.
    #[must_use]
    pub fn intersection_area(&self, other: &Rect) -> f32 {
        let width = self.right().min(other.right()) - self.x.max(other.x);
        let height = self.bottom().min(other.bottom()) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0..1; 0 where both boxes are empty.
    #[must_use]
    pub fn iou(&self, other: &Rect) -> f32 {
        let shared = self.intersection_area(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// The part of the box inside a picture of `size` pixels.
    #[must_use]
    pub fn clamped(&self, size: Size) -> Rect {
        let (width, height) = (size.width as f32, size.height as f32);
        let x1 = self.x.clamp(0.0, width);
        let y1 = self.y.clamp(0.0, height);
        Rect::from_corners(x1, y1, self.right().clamp(x1, width), self.bottom().clamp(y1, height))
    }

    /// A pixel box as shares of a picture of `size`.
    #[must_use]
    pub fn normalised(&self, size: Size) -> Rect {
        let (width, height) = (size.width.max(1) as f32, size.height.max(1) as f32);
        Rect::new(self.x / width, self.y / height, self.width / width, self.height / height)
    }

    /// The inverse of [`Rect::normalised`].
    #[must_use]
    pub fn scaled(&self, size: Size) -> Rect {
        let (width, height) = (size.width as f32, size.height as f32);
        Rect::new(self.x * width, self.y * height, self.width * width, self.height * height)
    }
}

/// A directed line segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Where it starts.
    pub from: Point,
    /// Where it ends.
    pub to: Point,
}

impl Segment {
    /// A segment between two points.
    #[must_use]
    pub const fn new(from: Point, to: Point) -> Segment {
        Segment { from, to }
    }

    /// cross(to − from, point − from). With y pointing down it is positive on the right-hand side of
    /// one who walks along the segment, for a segment from top to bottom: the picture's left.
    #[must_use]
    pub fn cross(&self, point: Point) -> f32 {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        dx * (point.y - self.from.y) - dy * (point.x - self.from.x)
    }

    /// Length, in the unit of the points.
    #[must_use]
    pub fn length(&self) -> f32 {
        (self.to.x - self.from.x).hypot(self.to.y - self.from.y)
    }

    /// Signed distance of `point` from the infinite line, with the sign of [`Segment::cross`]; 0 for a
    /// segment without length.
    #[must_use]
    pub fn signed_distance(&self, point: Point) -> f32 {
        let length = self.length();
        if length > 0.0 { self.cross(point) / length } else { 0.0 }
    }

    /// Where along the segment the foot of the perpendicular from `point` falls: 0 at `from`, 1 at `to`.
    #[must_use]
    pub fn position_of(&self, point: Point) -> f32 {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let square = dx * dx + dy * dy;
        if square > 0.0 {
            ((point.x - self.from.x) * dx + (point.y - self.from.y) * dy) / square
        } else {
            0.0
        }
    }
}

/// A simple polygon of at least three corners.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
}

/// Why a list of points is not a usable polygon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolygonError {
    /// Fewer than three corners.
    #[error("a polygon needs at least 3 corners, found {0}")]
    TooFewCorners(usize),
    /// A coordinate is NaN or infinite.
    #[error("corner {0} is not a finite number")]
    NotFinite(usize),
    /// Two sides cross each other.
    #[error("sides {} and {} of the polygon cross each other; give the corners in order around it", .0 + 1, .1 + 1)]
    Crossing(usize, usize),
    /// All corners lie on one line.
    #[error("the polygon has no area; give its corners in order around it")]
    NoArea,
}

impl Polygon {
    /// Checks and takes the corners, in order; the last is joined to the first.
    ///
    /// # Errors
    /// [`PolygonError`] for fewer than three corners, a coordinate that is not finite, sides that cross each
    /// other, or no area.
    pub fn new(corners: Vec<Point>) -> Result<Polygon, PolygonError> {
        if corners.len() < 3 {
            return Err(PolygonError::TooFewCorners(corners.len()));
        }
        if let Some(index) = corners.iter().position(|corner| !corner.is_finite()) {
            return Err(PolygonError::NotFinite(index));
        }
        let polygon = Polygon { corners };
        if let Some((first, second)) = polygon.crossing() {
            return Err(PolygonError::Crossing(first, second));
        }
        if polygon.signed_area().abs() < 1e-9 {
            return Err(PolygonError::NoArea);
        }
        Ok(polygon)
    }

    /// The first two sides that cross each other; side `n` begins at corner `n`.
    fn crossing(&self) -> Option<(usize, usize)> {
        let sides: Vec<(Point, Point)> = self.edges().collect();
        let cross = |(a, b): (Point, Point), (c, d): (Point, Point)| {
            let turn = |p: Point, q: Point, r: Point| {
                let (p, q, r) = (wide(p), wide(q), wide(r));
                (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0)
            };
            turn(a, b, c) * turn(a, b, d) < 0.0 && turn(c, d, a) * turn(c, d, b) < 0.0
        };
        (0..sides.len()).find_map(|first| {
            (first + 1..sides.len())
                .find(|second| cross(sides[first], sides[*second]))
                .map(|second| (first, second))
        })
    }

    /// The corners in order.
    #[must_use]
    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// Area.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.signed_area().abs()
    }

    fn signed_area(&self) -> f32 {
        (self.moments().0 / 2.0) as f32
    }

    /// The centre of area (centroid).
    #[must_use]
    pub fn centre(&self) -> Point {
        let (twice, x, y) = self.moments();
        let origin = wide(self.corners[0]);
        Point::new((origin.0 + x / (3.0 * twice)) as f32, (origin.1 + y / (3.0 * twice)) as f32)
    }

    /// Twice the signed area, and the sums from which the centroid follows, about the first corner: a small
    /// polygon far from the picture's origin would lose its digits otherwise.
    fn moments(&self) -> (f64, f64, f64) {
        let Some(&first) = self.corners.first() else { return (0.0, 0.0, 0.0) };
        let origin = wide(first);
        let local = |point: Point| (wide(point).0 - origin.0, wide(point).1 - origin.1);
        self.edges().fold((0.0, 0.0, 0.0), |(twice, x, y), (a, b)| {
            let (a, b) = (local(a), local(b));
            let weight = a.0 * b.1 - b.0 * a.1;
            (twice + weight, x + (a.0 + b.0) * weight, y + (a.1 + b.1) * weight)
        })
    }

    /// Whether `point` lies inside, by the even-odd rule.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        let mut inside = false;
        for (a, b) in self.edges() {
            let spans = (a.y > point.y) != (b.y > point.y);
            if spans && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x {
                inside = !inside;
            }
        }
        inside
    }

    /// The smallest axis-aligned box around it.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        let first = self.corners[0];
        let (mut x1, mut y1, mut x2, mut y2) = (first.x, first.y, first.x, first.y);
        for corner in &self.corners {
            x1 = x1.min(corner.x);
            y1 = y1.min(corner.y);
            x2 = x2.max(corner.x);
            y2 = y2.max(corner.y);
        }
        Rect::from_corners(x1, y1, x2, y2)
    }

    /// Area shared with a box (Sutherland–Hodgman clipping; exact for a convex polygon).
    #[must_use]
    pub fn intersection_area(&self, rect: &Rect) -> f32 {
        let mut corners = self.corners.clone();
        let sides: [fn(Point, &Rect) -> f32; 4] =
            [|p, r| p.x - r.x, |p, r| r.right() - p.x, |p, r| p.y - r.y, |p, r| r.bottom() - p.y];
        for inside_by in sides {
            corners = clip(&corners, |point| inside_by(point, rect));
        }
        Polygon { corners }.area()
    }

    fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let next = self.corners.iter().cycle().skip(1);
        self.corners.iter().copied().zip(next.copied())
    }
}

fn wide(point: Point) -> (f64, f64) {
    (f64::from(point.x), f64::from(point.y))
}

/// Keeps the part of a closed outline where `inside_by` is not negative.
fn clip(corners: &[Point], inside_by: impl Fn(Point) -> f32) -> Vec<Point> {
    let mut kept = Vec::with_capacity(corners.len() + 4);
    for (index, &current) in corners.iter().enumerate() {
        let previous = corners[(index + corners.len() - 1) % corners.len()];
        let (before, now) = (inside_by(previous), inside_by(current));
        if (before < 0.0) != (now < 0.0) {
            let share = before / (before - now);
            kept.push(Point::new(
                previous.x + (current.x - previous.x) * share,
                previous.y + (current.y - previous.y) * share,
            ));
        }
        if now >= 0.0 {
            kept.push(current);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Polygon {
        Polygon::new(vec![
            Point::new(0.0, 0.0),
            Point::new(2.0, 0.0),
            Point::new(2.0, 2.0),
            Point::new(0.0, 2.0),
        ])
        .unwrap()
    }

    #[test]
    fn iou_of_half_overlapping_boxes_is_a_third() {
        let iou = Rect::new(0.0, 0.0, 2.0, 1.0).iou(&Rect::new(1.0, 0.0, 2.0, 1.0));
        assert!((iou - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(Rect::default().iou(&Rect::default()), 0.0);
    }

    #[test]
    fn a_polygon_needs_three_finite_corners_and_an_area() {
        assert_eq!(Polygon::new(vec![]), Err(PolygonError::TooFewCorners(0)));
        let flat = vec![Point::new(0.0, 0.0), Point::new(1.0, 1.0), Point::new(2.0, 2.0)];
        assert_eq!(Polygon::new(flat), Err(PolygonError::NoArea));
        let nan = vec![Point::new(0.0, 0.0), Point::new(f32::NAN, 1.0), Point::new(2.0, 0.0)];
        assert_eq!(Polygon::new(nan), Err(PolygonError::NotFinite(1)));
    }

    #[test]
    fn sides_that_cross_are_named() {
        let corners = [(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)];
        let bow_tie = corners.map(|(x, y)| Point::new(x, y)).to_vec();
        let error = Polygon::new(bow_tie).unwrap_err();
        assert_eq!(error, PolygonError::Crossing(0, 2));
        assert!(error.to_string().contains("sides 1 and 3"), "{error}");
    }

    #[test]
    fn the_centre_of_a_tiny_polygon_far_from_the_origin_lies_in_it() {
        for step in 0..1000_u32 {
            let (x, y) = ((step * 37 % 1000) as f32 / 1001.0, (step * 91 % 1000) as f32 / 1001.0);
            let (w, h) = (8.0 / 3840.0, 6.0 / 2160.0);
            let corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)];
            let polygon = Polygon::new(corners.map(|(x, y)| Point::new(x, y)).to_vec()).unwrap();
            assert!(polygon.contains(polygon.centre()), "{polygon:?} {:?}", polygon.centre());
        }
    }

    #[test]
    fn centre_and_membership_of_a_square() {
        assert_eq!(square().centre(), Point::new(1.0, 1.0));
        assert!(square().contains(Point::new(0.5, 1.9)));
        assert!(!square().contains(Point::new(2.5, 1.0)));
    }

    #[test]
    fn clipping_a_triangle_to_a_box_gives_the_shared_area() {
        let triangle =
            Polygon::new(vec![Point::new(0.0, 0.0), Point::new(4.0, 0.0), Point::new(0.0, 4.0)]).unwrap();
        assert!((triangle.intersection_area(&Rect::new(0.0, 0.0, 2.0, 2.0)) - 4.0).abs() < 1e-5);
        assert!((triangle.intersection_area(&Rect::new(1.0, 1.0, 9.0, 9.0)) - 2.0).abs() < 1e-5);
        assert_eq!(triangle.intersection_area(&Rect::new(9.0, 9.0, 1.0, 1.0)), 0.0);
    }

    #[test]
    fn left_of_a_line_drawn_downwards_is_positive() {
        let line = Segment::new(Point::new(0.75, 0.0), Point::new(0.75, 1.0));
        assert!(line.cross(Point::new(0.5, 0.5)) > 0.0);
        assert!(line.cross(Point::new(0.9, 0.5)) < 0.0);
        assert!((line.signed_distance(Point::new(0.5, 0.5)) - 0.25).abs() < 1e-6);
        assert!((line.position_of(Point::new(0.1, 0.3)) - 0.3).abs() < 1e-6);
    }
}
