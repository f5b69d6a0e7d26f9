"""What lasts over a restart or a change of version: the same JSON as the rule in Rust writes, so that either can
take over from the other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mover import Mover, Sighting
from ocellus_sdk import Point, Refusal, f32, shortest32
from passage import Passage

MOST_PASSAGES = 20_480
"""A state is at most 1 MiB, and the longest passage takes 32 bytes of it."""
MOST_MOVERS = 1024
"""More objects than this are in no picture."""


class Saved(NamedTuple):
    """What a state says, read for the lines that there are now."""

    counts: list[tuple[int, int] | None]
    """Entries and exits of each line, where it is known."""
    movers: list[Mover]
    glimpses: list[tuple[int, Sighting]]


def most_movers(lines: int) -> int:
    """Tracks kept at once with so many lines."""
    return min(MOST_PASSAGES // max(lines, 1), MOST_MOVERS)


def save_line(settings: dict[str, Any], entries: int, exits: int) -> dict[str, Any]:
    """A line with its counts."""
    ends = {"from": _short(settings["from"]), "to": _short(settings["to"])}
    return {"line": {**settings, **ends}, "entries": entries, "exits": exits}


def save_mover(mover: Mover) -> dict[str, Any]:
    """A track."""
    return {
        "id": mover.id,
        "at": _short(mover.at),
        "time_us": mover.time_us,
        "velocity": _short(mover.velocity),
        "size": _short(mover.size),
        "class": mover.class_,
        "sightings": mover.sightings,
        "predecessor": mover.predecessor,
        "passages": [
            (found.settled, found.last, found.through, int(found.is_last_through), found.pending_us)
            for found in mover.passages
        ],
    }


def save_glimpse(time_us: int, seen: Sighting) -> tuple[Any, ...]:
    """A track that was not believed yet."""
    return time_us, seen.id, seen.class_, _short(seen.at), _short(seen.size), seen.first_seen_us


def restore(state: Any, lines: Sequence[dict[str, Any]], most: int) -> Saved:
    """Reads a state for lines with these settings. Counts go to the line of the same name. Where a line was
    moved, its tracks start anew, since their sides were those of another line."""
    try:
        known = [_line(line) for line in state["lines"]]
        names = [name for name, *_ in known]
        places = [(line["name"], Point(*line["from"]), Point(*line["to"])) for line in lines]
        kept = [next((at for at, line in enumerate(known) if line[:3] == place), None) for place in places]
        movers = [_mover(mover, len(known), kept) for mover in state["movers"][:most]]
        glimpses = [_glimpse(glimpse) for glimpse in state.get("glimpses", [])[:most]]
        counts = [known[names.index(name)][3] if name in names else None for name, *_ in places]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refusal(f"the state is of something else: {type(error).__name__} {error}") from None
    return Saved(counts, movers, glimpses)


def _line(saved: Any) -> tuple[str, Point, Point, tuple[int, int]]:
    line = saved["line"]
    return line["name"], _point(line["from"]), _point(line["to"]), (int(saved["entries"]), int(saved["exits"]))


def _mover(saved: Any, lines: int, kept: Sequence[int | None]) -> Mover:
    passages = [_passage(passage) for passage in saved["passages"]]
    if len(passages) != lines:
        raise Refusal(
            f"the state of track {saved['id']} speaks of {len(passages)} lines, its list of {lines}"
        )
    predecessor = saved["predecessor"]
    return Mover(
        id=int(saved["id"]),
        at=_point(saved["at"]),
        time_us=int(saved["time_us"]),
        velocity=_point(saved["velocity"]),
        size=_point(saved["size"]),
        class_=int(saved["class"]),
        sightings=int(saved["sightings"]),
        predecessor=None if predecessor is None else int(predecessor),
        passages=[Passage() if at is None else passages[at] for at in kept],
    )


def _passage(saved: Any) -> Passage:
    settled, last, through, is_last_through, pending_us = saved
    passage = Passage()
    passage.settled, passage.last = _sign(settled), _sign(last)
    passage.through = int(through)
    passage.is_last_through = is_last_through != 0
    passage.pending_us = None if pending_us is None else int(pending_us)
    return passage


def _glimpse(saved: Any) -> tuple[int, Sighting]:
    time_us, track_id, class_, at, size, first_seen_us = saved
    return int(time_us), Sighting(int(track_id), int(class_), _point(at), _point(size), int(first_seen_us))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _point(pair: Any) -> Point:
    x, y = pair
    return Point(f32(x), f32(y))


def _short(numbers: Sequence[float]) -> list[float]:
    return [shortest32(number) for number in numbers]
