"""One track and one line: when a change of side counts.

A side *settles* when the anchor is beyond three times the near distance, or stays beyond the near distance for
the settling time without being seen elsewhere. A crossing is a change of the settled side whose path led through
the line: passages through it are added up with their direction from one settled side to the next, so trembling
cancels itself out and a way around the end adds nothing; and the last of them must have led through it too, so
that who trembles along the line and leaves it past its end did not cross.

Sides are signs, by cross(to − from, p − from): 1 is left of a line drawn from top to bottom, as seen in the
picture, -1 right of it, 0 neither.
"""

from typing import NamedTuple

from gate import Gate
from ocellus_sdk import Point, f32

ON_LINE = f32(1e-6)
"""Nearer than this to the line is on it, in picture heights: the rounding of a box in single precision."""
CLEARLY = 3.0
"""Beyond so many times the near distance a side settles at once."""


class Step(NamedTuple):
    """One step of a track."""

    near: float
    """How far beyond the line a side may count, in picture heights."""
    settle_us: int
    """How long it must stay there."""
    start: Point
    """Where it was seen last, in shares of the picture."""
    end: Point
    """Where it is now."""
    now_us: int
    """The frame's time."""


class Passage:
    """Where a track stands with a line."""

    __slots__ = ("is_last_through", "last", "pending_us", "settled", "through")

    settled: int
    """The side that counts; 0 while the track has only been seen near the line."""
    last: int
    """The side where it was seen last, however near; a point on the line keeps it."""
    through: int
    """Passages through the line since the side settled: towards positive less towards negative."""
    is_last_through: bool
    """Whether the last change of side led through the line."""
    pending_us: int | None
    """Since when it has been on the other side than the settled one."""

    def __init__(self) -> None:
        self._settle(0)

    def observe(self, gate: Gate, step: Step) -> int:
        """Takes one step; the side it arrives on if that is a crossing, or 0."""
        distance = gate.distance(step.end)
        side = _beyond(distance, ON_LINE) or self.last
        if self.last and side != self.last:
            self.is_last_through = gate.is_passed(step.start, step.end)
            if self.is_last_through:
                self.through = min(max(self.through + side, -128), 127)
        self.last = side

        clear = _beyond(distance, max(step.near, ON_LINE))
        if not clear:
            self.pending_us = None
            return 0
        if self.settled and self.settled != clear:
            if self.pending_us is None:
                self.pending_us = step.now_us
            is_clear = abs(distance) > f32(CLEARLY * step.near)
            if is_clear or max(step.now_us - self.pending_us, 0) >= step.settle_us:
                return self._arrive(clear)
            return 0
        # Back where it came from, or seen clear of the line for the first time.
        self._settle(clear)
        return 0

    def settle_unseen(self, now_us: int, settle_us: int) -> int:
        """Time passes and the track is not seen: what it was last seen to do stands."""
        if self.pending_us is None or max(now_us - self.pending_us, 0) < settle_us:
            return 0
        return self.settle_finally()

    def settle_finally(self) -> int:
        """Nothing more will be seen."""
        return self._arrive(self.last) if self.pending_us is not None and self.last else 0

    def _arrive(self, side: int) -> int:
        is_through = self.is_last_through and self.through * side > 0
        self._settle(side)
        return side if is_through else 0

    def _settle(self, side: int) -> None:
        self.settled = self.last = side
        self.through = 0
        self.is_last_through = False
        self.pending_us = None


def _beyond(distance: float, least: float) -> int:
    return 1 if distance > least else -1 if distance < -least else 0
