//! An area of the picture, and who is in it.
//!
//! A place near the outline could be on either side, since boxes tremble. So a side counts once the place is
//! clearly on it, or has stayed on it for a while: [`Region::depth`] says how far inside a place is, and
//! [`Presence`] what that means over time.

use std::time::Duration;

use ocellus_core::{Point, Polygon, Rect, Segment, Size, TimeUs};
use serde::{Deserialize, Serialize};

use crate::follow::aspect_of;

/// A side this near to the picture's edge is meant to lie on it, in shares of the picture.
const EDGE: f32 = 0.01;
/// Places are looked up no nearer to the picture's edge than this, so that they lie within such a side.
const WITHIN: std::ops::RangeInclusive<f32> = 0.0101..=0.9899;
/// Largest part of its area over its outline that a region's uncertain rim may take: a narrow one has an inside, too.
const RIM: f32 = 0.5;
/// Beyond so many times the near distance a side counts at once.
const CLEARLY: f32 = 3.0;

/// An area of the picture in isotropic coordinates: picture heights in both directions, so that distances mean
/// the same along x and y. Its sides on the picture's edge have nothing beyond them: a box cut off by the edge can
/// have its foot a little outside.
#[derive(Debug, Clone)]
pub struct Region {
    polygon: Polygon,
    /// Sides that something lies beyond.
    sides: Vec<Segment>,
    bounds: Rect,
    aspect: f32,
    rim: f32,
}

impl Region {
    /// Lays out `polygon`, given in shares of the picture, for pictures of this size.
    #[must_use]
    pub fn new(polygon: &Polygon, size: Size) -> Region {
        let aspect = aspect_of(size);
        let laid = |point: Point| Point::new(point.x * aspect, point.y);
        let corners = polygon.corners();
        let next = corners.iter().cycle().skip(1);
        let sides = || corners.iter().zip(next.clone());
        let around: f32 = sides().map(|(from, to)| Segment::new(laid(*from), laid(*to)).length()).sum();
        let inner = sides().filter(|(from, to)| !is_on_edge(**from, **to));
        Region {
            sides: inner.map(|(from, to)| Segment::new(laid(*from), laid(*to))).collect(),
            bounds: polygon.bounds(),
            aspect,
            rim: RIM * polygon.area() * aspect / around,
            polygon: polygon.clone(),
        }
    }

    /// Whether it is laid out for pictures of this size.
    #[must_use]
    pub fn is_for(&self, size: Size) -> bool {
        self.aspect == aspect_of(size)
    }

    /// The outline in shares of the picture.
    #[must_use]
    pub fn polygon(&self) -> &Polygon {
        &self.polygon
    }

    /// How far inside a place in shares of the picture is, in picture heights; negative outside. Farther outside
    /// than `enough` it may say less than it is.
    #[must_use]
    pub fn depth(&self, at: Point, enough: f32) -> f32 {
        let at = Point::new(
            at.x.clamp(*WITHIN.start(), *WITHIN.end()),
            at.y.clamp(*WITHIN.start(), *WITHIN.end()),
        );
        let outside_x = (self.bounds.x - at.x).max(at.x - self.bounds.right()) * self.aspect;
        let outside = outside_x.max(self.bounds.y - at.y).max(at.y - self.bounds.bottom());
        if outside > enough {
            return -outside;
        }
        let laid = Point::new(at.x * self.aspect, at.y);
        let nearest = self.sides.iter().map(|side| distance(side, laid)).fold(f32::INFINITY, f32::min);
        if self.polygon.contains(at) { nearest } else { -nearest }
    }

    /// How deep inside or outside a place must be for its side to count, where `wanted` is asked for: less in a
    /// region so narrow that nothing would be inside.
    #[must_use]
    pub fn near(&self, wanted: f32) -> f32 {
        wanted.min(self.rim)
    }
}

/// Whether a side runs along the picture's edge, or beyond it.
fn is_on_edge(from: Point, to: Point) -> bool {
    let both = |is_there: fn(Point) -> bool| is_there(from) && is_there(to);
    both(|at| at.x <= EDGE)
        || both(|at| at.x >= 1.0 - EDGE)
        || both(|at| at.y <= EDGE)
        || both(|at| at.y >= 1.0 - EDGE)
}

/// From a point to the nearest one of a segment.
fn distance(side: &Segment, at: Point) -> f32 {
    let share = side.position_of(at).clamp(0.0, 1.0);
    let nearest = Point::new(
        side.from.x + (side.to.x - side.from.x) * share,
        side.from.y + (side.to.y - side.from.y) * share,
    );
    (nearest.x - at.x).hypot(nearest.y - at.y)
}

/// What it takes for a change of side to count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// How deep a place must be, in picture heights; from [`Region::near`].
    pub near: f32,
    /// How long it must stay so, unless it is three times as deep.
    pub settle: Duration,
}

/// Whether one track is in one region. Outside at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Presence {
    /// The side that counts.
    inside: bool,
    /// Since when it has been seen on the other side.
    pending_us: Option<u64>,
}

/// A change of side that counts. Its time is when the track was first seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is inside since then.
    Entered(TimeUs),
    /// It is outside since then.
    Left(TimeUs),
}

impl Presence {
    /// Whether it counts as inside.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// Outside, and not on the way in: as if it had never been seen.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        *self == Presence::default()
    }

    /// Takes in where it is seen: `depth` is from [`Region::depth`].
    pub fn observe(&mut self, depth: f32, patience: Patience, now: TimeUs) -> Option<Change> {
        let towards_other = if self.inside { -depth } else { depth };
        // Without hysteresis the outline itself keeps its side.
        if towards_other <= patience.near.max(f32::EPSILON) {
            self.pending_us = None;
            return None;
        }
        let since = TimeUs(*self.pending_us.get_or_insert(now.0));
        let is_clear = towards_other > CLEARLY * patience.near;
        (is_clear || now.since(since) >= patience.settle).then(|| self.change(since))
    }

    /// Time passes and the track is not seen: what it was last seen to do stands.
    pub fn settle_unseen(&mut self, now: TimeUs, settle: Duration) -> Option<Change> {
        let since = TimeUs(self.pending_us?);
        (now.since(since) >= settle).then(|| self.change(since))
    }

    /// Nothing more will be seen.
    pub fn settle_finally(&mut self) -> Option<Change> {
        let since = TimeUs(self.pending_us?);
        Some(self.change(since))
    }

    fn change(&mut self, since: TimeUs) -> Change {
        *self = Presence { inside: !self.inside, pending_us: None };
        if self.inside { Change::Entered(since) } else { Change::Left(since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size::new(200, 100);

    fn region(corners: &[(f32, f32)]) -> Region {
        let corners = corners.iter().map(|(x, y)| Point::new(*x, *y)).collect();
        Region::new(&Polygon::new(corners).unwrap(), WIDE)
    }

    fn patience(near: f32) -> Patience {
        Patience { near, settle: Duration::from_millis(200) }
    }

    #[test]
    fn depth_is_in_picture_heights_along_both_axes_and_negative_outside() {
        let square = region(&[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]);
        for (x, y, expected) in [(0.3, 0.5, 0.2), (0.5, 0.7, 0.1), (0.1, 0.5, -0.2), (0.5, 0.95, -0.15)] {
            let depth = square.depth(Point::new(x, y), 1.0);
            assert!((depth - expected).abs() < 1e-5, "{x} {y}: {depth}");
        }
        assert!(square.depth(Point::new(0.05, 0.5), 0.01) < -0.01, "far outside is outside");
    }

    #[test]
    fn the_notch_of_a_region_is_outside() {
        let notched =
            region(&[(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.6, 0.9), (0.5, 0.3), (0.4, 0.9), (0.1, 0.9)]);
        assert!(notched.depth(Point::new(0.5, 0.6), 1.0) < 0.0);
        assert!(notched.depth(Point::new(0.5, 0.25), 1.0) > 0.0);
    }

    #[test]
    fn a_side_on_the_pictures_edge_has_nothing_beyond_it() {
        let bottom = region(&[(0.2, 0.5), (0.8, 0.5), (0.8, 1.0), (0.2, 0.995)]);
        assert!(bottom.depth(Point::new(0.5, 1.08), 0.01) > 0.3, "a foot below the picture is deep inside");
        assert!(bottom.depth(Point::new(0.1, 1.08), 0.01) < 0.0);
    }

    #[test]
    fn a_narrow_region_has_an_inside() {
        let narrow = region(&[(0.2, 0.5), (0.8, 0.5), (0.8, 0.51), (0.2, 0.51)]);
        assert!(narrow.depth(Point::new(0.5, 0.505), 1.0) > narrow.near(0.05));
    }

    #[test]
    fn a_side_counts_after_it_held_and_dates_from_when_it_began() {
        let mut presence = Presence::default();
        assert_eq!(presence.observe(0.02, patience(0.01), TimeUs(0)), None);
        assert_eq!(presence.observe(0.005, patience(0.01), TimeUs(100_000)), None, "starts over");
        assert_eq!(presence.observe(0.02, patience(0.01), TimeUs(200_000)), None);
        let entered = presence.observe(0.02, patience(0.01), TimeUs(400_000));
        assert_eq!(entered, Some(Change::Entered(TimeUs(200_000))));
        assert_eq!(
            presence.observe(-0.04, patience(0.01), TimeUs(500_000)),
            Some(Change::Left(TimeUs(500_000)))
        );
    }

    #[test]
    fn what_was_seen_last_stands_when_nothing_more_is_seen() {
        let mut presence = Presence::default();
        presence.observe(0.02, patience(0.01), TimeUs(0));
        assert_eq!(presence.settle_unseen(TimeUs(100_000), Duration::from_millis(200)), None);
        assert_eq!(
            presence.settle_unseen(TimeUs(200_000), Duration::from_millis(200)),
            Some(Change::Entered(TimeUs(0)))
        );
        assert_eq!(presence.settle_finally(), None);
    }

    #[test]
    fn without_hysteresis_the_outline_itself_keeps_its_side() {
        let mut presence = Presence::default();
        let at_once = Patience { near: 0.0, settle: Duration::ZERO };
        assert_eq!(presence.observe(0.0, at_once, TimeUs(0)), None);
        assert_eq!(presence.observe(0.001, at_once, TimeUs(1)), Some(Change::Entered(TimeUs(1))));
        assert_eq!(presence.observe(0.0, at_once, TimeUs(2)), None);
        assert!(presence.is_inside());
    }
}
