"""Plane geometry in picture coordinates, x to the right and y down, in the single precision that the host
computes in: each operation is rounded, so that Python and Rust decide alike to the last bit."""

import math
from array import array
from collections.abc import Sequence
from typing import NamedTuple

_cell = array("f", (0.0,))
_HUGE = 2.0**60
_TINY = 2.0**-60


def f32(number: float) -> float:
    """Rounds to single precision, as boxes are."""
    # By far the fastest way in plain Python.
    _cell[0] = number
    return _cell[0]


def hypot32(x: float, y: float) -> float:
    """Length of (x, y) in single precision, by the algorithm of the C library that rules in Rust use."""
    least, most = abs(x), abs(y)
    if math.isinf(least) or math.isinf(most):
        return math.inf
    if least > most:
        least, most = most, least
    if least == 0.0 or math.isnan(least + most) or least < most * 2.0**-26:
        return f32(most + least)
    scale = 2.0**90 if most >= _HUGE else 2.0**-90 if least < _TINY else 1.0
    most, least = most / scale, least / scale
    return f32(scale * f32(math.sqrt(f32(most * most + least * least))))


def shortest32(number: float) -> float:
    """The shortest number that is the same in single precision: for a state, which is JSON of limited size."""
    return float(f"{f32(number):.9g}")


class Point(NamedTuple):
    """A point."""

    x: float
    y: float


class Segment(NamedTuple):
    """A directed line between two points."""

    start: Point
    end: Point

    def length(self) -> float:
        """Length, in the unit of the points."""
        (x1, y1), (x2, y2) = self
        return hypot32(f32(x2 - x1), f32(y2 - y1))

    def position_of(self, point: Point) -> float:
        """Where along the line the foot of the perpendicular from `point` falls: 0 at its start, 1 at its end."""
        (x1, y1), (x2, y2) = self
        dx, dy = f32(x2 - x1), f32(y2 - y1)
        square = f32(f32(dx * dx) + f32(dy * dy))
        if not square > 0.0:
            return 0.0
        along = f32(f32(point[0] - x1) * dx)
        return f32(f32(along + f32(f32(point[1] - y1) * dy)) / square)


class Polygon:
    """A closed outline of corners (x, y), as settings give them."""

    def __init__(self, corners: Sequence[Sequence[float]]) -> None:
        self.corners = [Point(f32(x), f32(y)) for x, y in corners]

    def contains(self, point: Point) -> bool:
        """Whether `point` lies inside, by the even-odd rule."""
        inside = False
        x, y = point
        for (ax, ay), (bx, by) in self._edges():
            if (ay > y) == (by > y):
                continue
            run = f32(f32(bx - ax) * f32(y - ay))
            if x < f32(f32(run / f32(by - ay)) + ax):
                inside = not inside
        return inside

    def area(self) -> float:
        """Area."""
        twice = 0.0
        for (ax, ay), (bx, by) in self._edges():
            twice = f32(twice + f32(f32(ax * by) - f32(bx * ay)))
        return abs(twice / 2.0)

    def _edges(self) -> list[tuple[Point, Point]]:
        return list(zip(self.corners, self.corners[1:] + self.corners[:1]))
