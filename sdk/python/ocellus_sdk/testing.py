"""A host for unit tests: drives a rule exactly as the real one does, without WebAssembly. It keeps the
contract's promises (frames numbered from 0, time strictly increasing, ids with a first sight) and raises where
a test breaks one."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from . import log
from .clockless import without_clock
from .geometry import Point, f32
from .instance import Instance
from .output import Output
from .rule import Rule
from .site import Camera
from .tracks import Frame

_CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
_STATES = ("tentative", "confirmed", "lost")
T = TypeVar("T")


@dataclass
class Columns:
    """Tracks as columns, one row a track, as the contract hands them over."""

    ids: list[int] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    states: list[int] | bytes = field(default_factory=list)
    boxes: list[float] = field(default_factory=list)
    ground: list[float] = field(default_factory=list)
    ground_sigma: list[float] = field(default_factory=list)
    first_seen_us: list[int] = field(default_factory=list)
    embeddings: list[float] = field(default_factory=list)
    embedding_size: int = 0
    embedding_rows: list[int] = field(default_factory=list)
    readings: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class TrackBuilder:
    """A track of a test frame: confirmed, confidence 0.9, a box of 0.1 × 0.2 in the middle of the picture."""

    id: int
    class_name: str
    rect: tuple[float, float, float, float] = (f32(0.45), f32(0.4), f32(0.1), f32(0.2))
    confidence: float = 0.9
    state: str = "confirmed"

    def box(self, x: float, y: float, width: float, height: float) -> "TrackBuilder":
        """Its box, 0..1 of the picture."""
        return replace(self, rect=(f32(x), f32(y), f32(width), f32(height)))

    def sized(self, width: float, height: float) -> "TrackBuilder":
        """Width and height of its box; the foot point stays."""
        x, y, old_width, old_height = self.rect
        foot = Point(f32(x + old_width / 2), f32(y + old_height))
        return self.box(0, 0, width, height).foot_at(*foot)

    def foot_at(self, x: float, y: float) -> "TrackBuilder":
        """Moves its box so that the foot point is there."""
        _, _, width, height = self.rect
        return self.box(f32(x) - width / 2, f32(y) - height, width, height)

    def centre_at(self, x: float, y: float) -> "TrackBuilder":
        """Moves its box so that the centre is there."""
        _, _, width, height = self.rect
        return self.box(f32(x) - width / 2, f32(y) - height / 2, width, height)

    def with_confidence(self, confidence: float) -> "TrackBuilder":
        """Confidence of its last detection."""
        return replace(self, confidence=confidence)

    def tentative(self) -> "TrackBuilder":
        """Seen, but not believed yet."""
        return replace(self, state="tentative")

    def lost(self) -> "TrackBuilder":
        """Not seen in this frame."""
        return replace(self, state="lost")


track = TrackBuilder


class Harness:
    """A rule on one camera, number 1, named `camera`. Raises the rule's refusal of its settings."""

    def __init__(
        self,
        rule: type[Rule],
        settings: Any = None,
        *,
        size: tuple[int, int] = (1280, 720),
        classes: Sequence[str] = _CLASSES,
    ) -> None:
        self._definition = rule
        self._settings = settings if isinstance(settings, str) else json.dumps({} if settings is None else settings)
        self._camera = Camera(1, "camera", list(classes))
        self._size = size
        self._next_sequence = 0
        self._last_us = -1
        self._first_seen: dict[int, int] = {}
        self._log: list[tuple[str, str]] = []
        self._instance = self._configured()

    def frame(self, seconds: float, tracks: Iterable[TrackBuilder]) -> Output:
        """Shows the rule a frame."""
        columns = Columns()
        for found in tracks:
            self._add(columns, seconds, found)
        return self.columns(seconds, columns)

    def columns(self, seconds: float, columns: Columns) -> Output:
        """Shows the rule a frame whose columns are exactly these, well-formed or not."""
        time_us = round(seconds * 1e6)
        if time_us <= self._last_us:
            raise ValueError(f"frame time {seconds} s does not increase")
        self._last_us = time_us
        frame = Frame(1, self._next_sequence, time_us, *self._size)
        self._next_sequence += 1
        return self._call(lambda: self._instance.process(frame, columns))

    def finish(self, seconds: float) -> Output:
        """Tells the rule that the stream ended."""
        return self._call(lambda: self._instance.finish(round(seconds * 1e6)))

    def save(self) -> bytes:
        """The rule's state."""
        return self._call(self._instance.save)

    def restore(self, state: bytes, version: str) -> None:
        """Gives the rule a state that plugin version `version` saved."""
        self._call(lambda: self._instance.restore(state, version))

    def swap(self) -> None:
        """What the host does at a change of version: a new instance with the same settings takes over the old
        one's state."""
        state = self.save()
        successor = self._configured()
        self._call(lambda: successor.restore(state, self._definition.version))
        self._instance = successor

    def query(self, request: Any) -> Any:
        """Asks the rule."""
        return json.loads(self._call(lambda: self._instance.query(json.dumps(request))))

    def command(self, seconds: float, request: Any) -> Output:
        """Hands the rule an operator's correction."""
        return self._call(lambda: self._instance.command(round(seconds * 1e6), json.dumps(request)))

    def log(self) -> list[tuple[str, str]]:
        """The lines logged since the last time, each as level and message."""
        lines, self._log = self._log, []
        return lines

    def _configured(self) -> Instance:
        instance = Instance(self._definition)
        self._call(lambda: instance.configure(self._settings, [self._camera]))
        return instance

    def _call(self, run: Callable[[], T]) -> T:
        log.set_sink(lambda level, message: self._log.append((level, message)))
        with without_clock():
            return run()

    def _add(self, columns: Columns, seconds: float, found: TrackBuilder) -> None:
        classes = self._camera.classes
        if found.class_name not in classes:
            raise ValueError(f"{found.class_name!r} is none of the camera's classes {', '.join(classes)}")
        columns.ids.append(found.id)
        columns.classes.append(classes.index(found.class_name))
        columns.confidences.append(f32(found.confidence))
        columns.states.append(_STATES.index(found.state))
        columns.boxes.extend(found.rect)
        columns.first_seen_us.append(self._first_seen.setdefault(found.id, round(seconds * 1e6)))
