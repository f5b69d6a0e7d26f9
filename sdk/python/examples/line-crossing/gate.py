"""A line as something to pass through."""

import math

from ocellus_sdk import Point, Segment, f32

EDGE = f32(0.01)
"""An end this near to the picture's edge is meant to lie on it, in shares of the picture."""


class Gate:
    """A line in isotropic coordinates: picture heights in both directions, so that distances mean the same along
    x and y. Its ends that lie on the picture's edge reach beyond it, since a box cut off by the edge can have its
    foot a little outside."""

    def __init__(self, segment: Segment, aspect: float) -> None:
        """Lays out a segment, given in shares of the picture, for pictures `aspect` times as wide as high."""
        start, end = segment
        self._aspect = aspect
        (x1, y1), (x2, y2) = laid = Segment(self._isotropic(start), self._isotropic(end))
        length = laid.length()
        self._segment = laid
        self._normal = f32(f32(y1 - y2) / length), f32(f32(x2 - x1) / length)
        self._starts_at = -math.inf if _leaves_picture(end, start) else 0.0
        self._ends_at = math.inf if _leaves_picture(start, end) else 1.0

    def distance(self, point: Point) -> float:
        """Signed distance from the infinite line in picture heights, of a point in shares of the picture."""
        return self._isotropic_distance(self._isotropic(point))

    def is_passed(self, start: Point, end: Point) -> bool:
        """Whether the straight way between two points on different sides leads through the line and not around
        its end."""
        (x1, y1), (x2, y2) = start, end = self._isotropic(start), self._isotropic(end)
        before, after = self._isotropic_distance(start), self._isotropic_distance(end)
        across = f32(before - after)
        share = min(max(f32(before / across), 0.0), 1.0) if across else 0.0
        at = Point(f32(x1 + f32(f32(x2 - x1) * share)), f32(y1 + f32(f32(y2 - y1) * share)))
        return self._starts_at <= self._segment.position_of(at) <= self._ends_at

    def _isotropic_distance(self, point: Point) -> float:
        x, y = self._segment.start
        across, down = self._normal
        return f32(f32(across * f32(point[0] - x)) + f32(down * f32(point[1] - y)))

    def _isotropic(self, point: Point) -> Point:
        return Point(f32(point[0] * self._aspect), point[1])


def _leaves_picture(inner: Point, end: Point) -> bool:
    """Whether going on from `inner` over `end` leaves the picture within EDGE."""
    length = Segment(inner, end).length()
    return any(
        not 0.0 <= f32(to + f32(f32(f32(to - start) / length) * EDGE)) <= 1.0 for start, to in zip(inner, end)
    )
