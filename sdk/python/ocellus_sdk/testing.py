"""A host for unit tests: drives a rule exactly as the real one does, without WebAssembly. It keeps the
contract's promises (frames numbered from 0, time strictly increasing, ids with a first sight) and raises where
a test breaks one."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from . import log, values
from .call import begin
from .clockless import without_clock
from .geometry import Point, f32
from .instance import Instance
from .message import Message, Value
from .name import check_name
from .output import Output
from .powers import check_powers
from .rule import Rule
from .site import Camera
from .testing_values import FakeValues
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
    """A rule on one camera, number 1, named `camera`, with the powers of `granted`. Raises the rule's refusal of its
    settings."""

    def __init__(
        self,
        rule: type[Rule],
        settings: Any = None,
        *,
        size: tuple[int, int] = (1280, 720),
        classes: Sequence[str] = _CLASSES,
        granted: Sequence[str] = (),
    ) -> None:
        self._definition = rule
        self._settings = settings if isinstance(settings, str) else json.dumps({} if settings is None else settings)
        self._camera = Camera(1, "camera", list(classes))
        self._size = size
        self._next_sequence = 0
        self._last_us = -1
        self._first_seen: dict[int, int] = {}
        self._log: list[tuple[str, str]] = []
        self._granted = check_powers("granted", granted)
        self._values = FakeValues()
        self._wall_us: int | None = None
        self._said: list[Message] = []
        self._topics: list[str] = []
        self._instance = self._configured()

    def set_wall_clock(self, seconds: float) -> None:
        """Sets the time of day for the calls that follow, in seconds since the Unix epoch; seen with `wall-clock`."""
        self._wall_us = round(seconds * 1e6)

    def say(self, rule: str, topic: str, attributes: Mapping[str, Value] | None = None) -> None:
        """Has a rule of this name on a camera named `other` say something before the next frame; heard with
        `messages`, where `topics()` has the topic."""
        said = Message(max(self._last_us, 0), "other", check_name(rule), check_name(topic), dict(attributes or {}))
        self._said.append(said)

    def value(self, key: str) -> bytes | None:
        """What the rule keeps under a key."""
        return self._values.entries.get(key)

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
        heard = [said for said in self._said if "messages" in self._granted and said.topic in self._topics]
        heard.sort(key=lambda said: (said.time_us, said.rule))
        self._said = []
        return self._call("write", lambda: self._instance.process(frame, columns, heard), self._wall_us)

    def finish(self, seconds: float) -> Output:
        """Tells the rule that the stream ended."""
        return self._call("write", lambda: self._instance.finish(round(seconds * 1e6)), self._wall_us)

    def save(self) -> bytes:
        """The rule's state."""
        return self._call("read", self._instance.save)

    def restore(self, state: bytes, version: str) -> None:
        """Gives the rule a state that plugin version `version` saved."""
        self._call("write", lambda: self._instance.restore(state, version))

    def swap(self) -> None:
        """What the host does at a change of version: a new instance with the same settings takes over the old
        one's state."""
        state = self.save()
        successor = self._configured()
        self._call("write", lambda: successor.restore(state, self._definition.version))
        self._instance = successor

    def query(self, request: Any) -> Any:
        """Asks the rule."""
        return json.loads(self._call("read", lambda: self._instance.query(json.dumps(request))))

    def command(self, seconds: float, request: Any) -> Output:
        """Hands the rule an operator's correction."""
        time_us, text = round(seconds * 1e6), json.dumps(request)
        return self._call("write", lambda: self._instance.command(time_us, text), self._wall_us)

    def log(self) -> list[tuple[str, str]]:
        """The lines logged since the last time, each as level and message."""
        lines, self._log = self._log, []
        return lines

    def _configured(self) -> Instance:
        instance = Instance(self._definition)
        configure = lambda: instance.configure(self._settings, [self._camera], self._granted)
        self._topics = self._call("early", configure)
        return instance

    def _call(self, access: str, run: Callable[[], T], wall_us: int | None = None) -> T:
        log.set_sink(lambda level, message: self._log.append((level, message)))
        begin(wall_us if "wall-clock" in self._granted else None)
        self._values.access = access if "key-value" in self._granted else "none"
        values.set_backend(self._values)
        try:
            with without_clock():
                return run()
        finally:
            values.set_backend(None)

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
