"""A track that counts, from frame to frame."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ocellus_sdk import Point, f32
from passage import Passage

SMOOTHING_S = f32(0.3)
"""Over how many seconds a velocity is smoothed."""
FASTEST = 100.0
"""Faster than this is a fault, in pictures a second."""


class Sighting(NamedTuple):
    """A track as seen in one frame. Positions and sizes are shares of the picture."""

    id: int
    class_: int
    at: Point
    """The anchor."""
    size: tuple[float, float]
    """Width and height of the box."""
    first_seen_us: int


@dataclass(slots=True)
class Mover:
    """What is kept of a track."""

    id: int
    """The track that it is now."""
    at: Point
    """Where its anchor was seen last."""
    time_us: int
    """When."""
    velocity: tuple[float, float]
    """Pictures a second."""
    size: tuple[float, float]
    class_: int
    sightings: int
    """How often it was seen, so that a young velocity is the mean of what was seen."""
    predecessor: int | None
    """The track in whose place it goes on."""
    passages: list[Passage]
    """One a line."""

    @classmethod
    def of(cls, sighting: Sighting, time_us: int, lines: int) -> "Mover":
        """First seen, by this rule, as `sighting` says."""
        track_id, class_, at, size, _ = sighting
        return cls(track_id, at, time_us, (0.0, 0.0), size, class_, 1, None, [Passage() for _ in range(lines)])

    def move_to(self, sighting: Sighting, now_us: int) -> None:
        """Seen again."""
        elapsed_s = f32(f32(max(now_us - self.time_us, 0)) / 1e6)
        if elapsed_s > 0.0:
            weight = max(f32(elapsed_s / f32(elapsed_s + SMOOTHING_S)), f32(1.0 / f32(max(self.sightings, 1))))
            (x1, y1), (x2, y2), (vx, vy) = self.at, sighting.at, self.velocity
            self.velocity = (
                _smoothed(vx, f32(f32(x2 - x1) / elapsed_s), weight),
                _smoothed(vy, f32(f32(y2 - y1) / elapsed_s), weight),
            )
        self.sightings = min(self.sightings + 1, 0xFFFFFFFF)
        self.at = sighting.at
        self.time_us = now_us
        self.size = sighting.size
        self.class_ = sighting.class_


def _smoothed(velocity: float, measured: float, weight: float) -> float:
    measured = min(max(measured, -FASTEST), FASTEST)
    return f32(velocity + f32(f32(measured - velocity) * weight))


class Movers:
    """All that are kept, in the order of their ids, which is the order in which what is unseen counts."""

    def __init__(self) -> None:
        self._by_id: dict[int, Mover] = {}
        self._ids: list[int] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Mover]:
        return map(self._by_id.__getitem__, self._ids)

    def __contains__(self, track_id: int) -> bool:
        return track_id in self._by_id

    def get(self, track_id: int) -> Mover | None:
        """The one with this id."""
        return self._by_id.get(track_id)

    def insert(self, mover: Mover) -> None:
        """Adds one, in place of another with its id."""
        if mover.id not in self._by_id:
            self._ids.insert(bisect_left(self._ids, mover.id), mover.id)
        self._by_id[mover.id] = mover

    def remove(self, track_id: int) -> Mover:
        """Takes out the one with this id."""
        del self._ids[bisect_left(self._ids, track_id)]
        return self._by_id.pop(track_id)

    def retain(self, keep: Callable[[Mover], bool]) -> None:
        """Takes out those that are not to be kept."""
        for mover in [mover for mover in self if not keep(mover)]:
            self.remove(mover.id)
