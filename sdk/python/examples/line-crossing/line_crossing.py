"""Counts objects that cross lines: the rule of plugins/line-crossing, in Python, but for totals by interval and by
class. The same tracks give the same events to the last bit, since each operation on a box is rounded to single
precision as there.

Each line has a name and a direction that is an entry. Every crossing is an event of kind `line-crossing` with the
attributes `line`, `direction` (`entry` or `exit`) and `class`; the counts so far are the measurements
`<line>.entries` and `<line>.exits`.

What counts, and what does not:
- only confirmed tracks move; a lost one keeps its place until it is seen again;
- a side counts once the anchor is beyond the hysteresis (passage.py), so trembling counts nothing;
- the path must lead through the line itself, not around its end (gate.py);
- a track that takes over from one that vanished beside it goes on in its place (handover.py).
"""

from collections.abc import Callable, Sequence
from typing import Any

import state
from gate import Gate
from handover import pairs
from mover import Mover, Movers, Sighting
from ocellus_sdk import Frame, Output, Rule, Site, Tracks, f32
from passage import Passage, Step
from settings import SCHEMA, check, near, segment_of, times_of

FURTHEST = 10.0
"""Anchors further outside the picture than this are no objects, whatever the tracker says."""


class Line:
    """A line with its counts."""

    def __init__(self, settings: dict[str, Any], aspect: float) -> None:
        self.settings = settings
        self.name = settings["name"]
        self.segment = segment_of(settings)
        self.gate = Gate(self.segment, aspect)
        self.entry_arrives_on = -1 if settings["entry"] == "left-to-right" else 1
        self.entries = self.exits = 0

    def count(self, side: int, track_id: int, class_name: str | None, output: Output) -> None:
        """Counts an arrival on `side`."""
        is_entry = side == self.entry_arrives_on
        self.entries += is_entry
        self.exits += not is_entry
        event = output.event("line-crossing").track(track_id).attribute("line", self.name)
        event.attribute("direction", "entry" if is_entry else "exit")
        if class_name is not None:
            event.attribute("class", class_name)


class LineCrossing(Rule):
    """The rule."""

    name = "line-crossing-python"
    version = "0.1.0"
    summary = "Counts objects that cross lines, by direction."
    settings_schema = SCHEMA

    def __init__(self, settings: dict[str, Any], site: Site) -> None:
        check(settings)
        classes = settings["classes"]
        self._settings = settings
        self._classes = site.all_classes() if classes is None else site.classes(classes)
        self._names = site.cameras[0].classes if site.cameras else []
        self._times = times_of(settings)
        self._aspect = 1.0
        self._lines = [Line(line, self._aspect) for line in settings["lines"]]
        self._most_movers = state.most_movers(len(self._lines))
        self._movers = Movers()
        # Tracks of the last frame that were not believed yet: where one that is believed now began.
        self._glimpses: list[tuple[int, Sighting]] = []

    def process(self, frame: Frame, tracks: Tracks) -> Output:
        self._lay_out(frame)
        output = Output()
        now_us = frame.time_us
        sightings = self._sightings(frame, tracks, "confirmed")
        seen = {sighting.id for sighting in sightings}
        oldest_us = now_us - self._times.memory_us
        self._movers.retain(lambda mover: mover.time_us >= oldest_us)
        newcomers = [sighting for sighting in sightings if sighting.id not in self._movers]
        if newcomers:
            self._hand_over(now_us, newcomers, seen)
            self._make_room(len(newcomers), seen)
        for sighting in sightings:
            self._observe(sighting, now_us, output)
        settle_us = self._times.settle_us
        for mover in self._movers:
            # A side that nobody contradicts for long enough counts, seen or not.
            if mover.id not in seen:
                self._settle(mover, lambda passage: passage.settle_unseen(now_us, settle_us), output)
        tentative = self._sightings(frame, tracks, "tentative")
        self._glimpses = [(now_us, sighting) for sighting in tentative[: self._most_movers]]
        return self._report(output)

    def finish(self, time_us: int) -> Output:
        output = Output()
        # Nothing can contradict any more what was last seen.
        for mover in self._movers:
            self._settle(mover, Passage.settle_finally, output)
        return self._report(output)

    def save(self) -> Any:
        return {
            "lines": [state.save_line(line.settings, line.entries, line.exits) for line in self._lines],
            "movers": [state.save_mover(mover) for mover in self._movers],
            "glimpses": [state.save_glimpse(*glimpse) for glimpse in self._glimpses],
        }

    def restore(self, saved: Any, version: str) -> None:
        counts, movers, self._glimpses = state.restore(
            saved, [line.settings for line in self._lines], self._most_movers
        )
        self._movers = Movers()
        for mover in movers:
            self._movers.insert(mover)
        for line, count in zip(self._lines, counts):
            line.entries, line.exits = count or (line.entries, line.exits)

    def query(self, request: Any) -> Any:
        return {"lines": {line.name: {"entries": line.entries, "exits": line.exits} for line in self._lines}}

    def _lay_out(self, frame: Frame) -> None:
        """Distances are measured in picture heights, so the gates depend on the picture's shape."""
        aspect = f32(f32(max(frame.width, 1)) / f32(max(frame.height, 1)))
        if aspect != self._aspect:
            self._aspect = aspect
            for line in self._lines:
                line.gate = Gate(line.segment, aspect)

    def _sightings(self, frame: Frame, tracks: Tracks, wanted: str) -> list[Sighting]:
        """The tracks of this frame in a state and of a class that counts, each id once."""
        sightings: dict[int, Sighting] = {}
        is_foot = self._settings["anchor"] == "foot"
        for track in tracks:
            if track.state != wanted or not self._classes.accepts(frame.camera, track.class_):
                continue
            at = track.foot() if is_foot else track.centre()
            size = track.width, track.height
            is_sane = abs(at[0]) <= FURTHEST and abs(at[1]) <= FURTHEST
            if is_sane and 0 <= size[0] <= FURTHEST and 0 <= size[1] <= FURTHEST and track.id not in sightings:
                sightings[track.id] = Sighting(track.id, track.class_, at, size, track.first_seen_us)
        return list(sightings.values())

    def _hand_over(self, now_us: int, newcomers: Sequence[Sighting], seen: set[int]) -> None:
        """Newcomers take over from tracks that vanished beside them."""
        longest_us = self._times.handover_us
        if not longest_us:
            return
        vanished = [
            mover for mover in self._movers if mover.id not in seen and now_us - mover.time_us <= longest_us
        ]
        for old, new in pairs(now_us, self._aspect, vanished, newcomers):
            mover = self._movers.remove(old)
            mover.id, mover.predecessor = new, old
            self._movers.insert(mover)

    def _make_room(self, newcomers: int, seen: set[int]) -> None:
        """Forgets those unseen for longest, so that there is a place for each newcomer. (One that took over needs
        none, so this may forget a few too early.)"""
        over = len(self._movers) + newcomers - self._most_movers
        if over > 0:
            unseen = sorted((mover.time_us, mover.id) for mover in self._movers if mover.id not in seen)
            for _, track_id in unseen[:over]:
                self._movers.remove(track_id)

    def _observe(self, sighting: Sighting, now_us: int, output: Output) -> None:
        """A track first seen just before the line has its side from when it was not believed yet; such a glimpse
        alone never counts."""
        if sighting.id not in self._movers:
            glimpse = next((found for found in self._glimpses if found[1].id == sighting.id), None)
            if glimpse:
                self._step(glimpse[1], glimpse[0], output)
        self._step(sighting, now_us, output)

    def _step(self, sighting: Sighting, now_us: int, output: Output) -> None:
        mover = self._movers.get(sighting.id)
        if mover is None:
            if len(self._movers) >= self._most_movers:
                return
            mover = Mover.of(sighting, now_us, len(self._lines))
            self._movers.insert(mover)
        least = near(self._settings, sighting.size[1])
        step = Step(least, self._times.settle_us, mover.at, sighting.at, now_us)
        for line, passage in zip(self._lines, mover.passages):
            side = passage.observe(line.gate, step)
            if side:
                line.count(side, sighting.id, self._name_of(sighting.class_), output)
        mover.move_to(sighting, now_us)

    def _settle(self, mover: Mover, settle: Callable[[Passage], int], output: Output) -> None:
        """Counts what settles without being seen."""
        for line, passage in zip(self._lines, mover.passages):
            side = settle(passage)
            if side:
                line.count(side, mover.id, self._name_of(mover.class_), output)

    def _name_of(self, class_: int) -> str | None:
        return self._names[class_] if class_ < len(self._names) else None

    def _report(self, output: Output) -> Output:
        for line in self._lines:
            output.measure(f"{line.name}.entries", line.entries)
            output.measure(f"{line.name}.exits", line.exits)
            output.draw_line(line.segment, "neutral", f"{line.name}  in {line.entries} out {line.exits}")
        return output
