"""A tracker that loses an object and finds it again under a new id would lose a crossing between the two, or
count it from nowhere. So a newcomer goes on in the place of a track that vanished shortly before, where it should
be by now, with about the same size; one for one, the nearest first."""

import math
from collections.abc import Sequence

from mover import Mover, Sighting
from ocellus_sdk import Point, Segment, f32

OVERLAP_US = 500_000
"""A newcomer may have been seen this long beside the one it replaces: trackers overlap a little."""
REACH = 0.75
"""How far from the way that the vanished one would have gone, in box sizes, at once ..."""
REACH_PER_S = 1.0
"""... and more for each second since."""
SIZE_RATIO = 2.0
"""Largest ratio of box sizes."""
SIZE_RATIO_OTHER_CLASS = 1.5
"""The same where the class differs too."""
MOST_FITS = 4096
"""Pairs weighed in one frame: more than any picture has."""
OTHER_CLASS = 2.0
"""How much farther another class counts."""


def pairs(
    now_us: int, aspect: float, vanished: Sequence[Mover], newcomers: Sequence[Sighting]
) -> list[tuple[int, int]]:
    """Who goes on in whose place, as (vanished, newcomer); each id at most once."""
    fits = []
    for mover in vanished:
        for newcomer in newcomers:
            returns = mover.predecessor == newcomer.id
            if not returns and newcomer.first_seen_us + OVERLAP_US < mover.time_us:
                continue
            cost = _cost(now_us, aspect, mover, newcomer) if len(fits) < MOST_FITS else None
            if cost is not None:
                fits.append((cost, mover.id, newcomer.id))
    # The nearest first; of equals the one with the lower ids, so that the same frame gives the same.
    chosen: dict[int, int] = {}
    taken = set()
    for _, start, end in sorted(fits):
        if start not in chosen and end not in taken:
            chosen[start] = end
            taken.add(end)
    return list(chosen.items())


def _cost(now_us: int, aspect: float, mover: Mover, newcomer: Sighting) -> float | None:
    """Distance in box sizes; nothing where the two cannot be the same object."""
    before, after = _size(mover.size, aspect), _size(newcomer.size, aspect)
    smaller, larger = min(before, after), max(before, after)
    is_same_class = mover.class_ == newcomer.class_
    # An empty box has no ratio.
    if not smaller or f32(larger / smaller) > (SIZE_RATIO if is_same_class else SIZE_RATIO_OTHER_CLASS):
        return None
    elapsed_s = _seconds(max(now_us - mover.time_us, 0))
    vx, vy = mover.velocity
    x, y = start = Point(f32(mover.at.x * aspect), mover.at.y)
    expected = Point(f32(x + f32(f32(vx * aspect) * elapsed_s)), f32(y + f32(vy * elapsed_s)))
    # Anywhere on the way: it may have slowed down or stopped while nobody saw it.
    found = Point(f32(newcomer.at.x * aspect), newcomer.at.y)
    share = min(max(Segment(start, expected).position_of(found), 0.0), 1.0)
    nearest = Point(f32(x + f32(f32(expected.x - x) * share)), f32(y + f32(f32(expected.y - y) * share)))
    distance = f32(Segment(nearest, found).length() / larger)
    weighed = distance if is_same_class else f32(distance * OTHER_CLASS)
    return weighed if weighed <= f32(REACH + f32(REACH_PER_S * elapsed_s)) else None


def _size(size: tuple[float, float], aspect: float) -> float:
    width, height = size
    return f32(math.sqrt(f32(f32(width * aspect) * height)))


def _seconds(us: int) -> float:
    """Seconds in single precision, rounded as Rust's `Duration::as_secs_f32` does."""
    whole, rest = divmod(us, 1_000_000)
    return f32(f32(whole) + f32(f32(rest * 1000) / 1e9))
