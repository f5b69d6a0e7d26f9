"""What a rule returns, built up call by call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .geometry import Point, Polygon, Segment
from .message import Value
from .name import check_name

_TONES = ("neutral", "good", "bad")


@dataclass(slots=True)
class Event:
    """Something that happened. `track` and `attribute` give the event back, to go on with."""

    kind: str
    track_id: int | None = None
    attributes: dict[str, Value] = field(default_factory=dict)

    def track(self, track_id: int) -> "Event":
        """The track concerned."""
        if type(track_id) is not int:
            raise TypeError(f"track is {track_id!r}; give the id of a track")
        self.track_id = track_id
        return self

    def attribute(self, key: str, value: Value) -> "Event":
        """A further fact. Attributes keep their order; a key given again replaces its value."""
        self.attributes[_text("the key of an attribute", key)] = _value(key, value)
        return self


@dataclass(slots=True)
class Measurement:
    """A number at this moment, such as a count so far."""

    name: str
    value: float


@dataclass(slots=True)
class PolygonOverlay:
    """An outline to draw until the next call."""

    corners: list[Point]
    tone: str
    label: str


@dataclass(slots=True)
class LineOverlay:
    """A line to draw until the next call."""

    segment: Segment
    tone: str
    label: str


@dataclass(slots=True)
class LabelOverlay:
    """A text to draw until the next call."""

    at: Point
    tone: str
    text: str


@dataclass(slots=True)
class Publication:
    """Something to tell the other rules of the site."""

    topic: str
    attributes: dict[str, Value]


@dataclass(slots=True)
class WebhookCall:
    """An address that the host shall call by `POST`, with a body in JSON."""

    url: str
    body: str


@dataclass
class Output:
    """Events, measurements, overlays, publications and webhook calls of one call."""

    events: list[Event] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    overlays: list[PolygonOverlay | LineOverlay | LabelOverlay] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    webhooks: list[WebhookCall] = field(default_factory=list)

    def event(self, kind: str) -> Event:
        """Adds an event of `kind`, such as `line-crossing`; say more of it through what this gives back."""
        event = Event(_text("the kind of an event", kind))
        self.events.append(event)
        return event

    def measure(self, name: str, value: float) -> None:
        """Adds a number as it stands at this moment."""
        self.measurements.append(Measurement(_text("the name of a measurement", name), float(value)))

    def draw_polygon(self, polygon: Polygon, tone: str, label: str = "") -> None:
        """Draws an outline until the next call. A tone is `neutral`, `good` or `bad`."""
        self.overlays.append(PolygonOverlay(polygon.corners, _tone(tone), _text("label", label)))

    def draw_line(self, segment: Segment, tone: str, label: str = "") -> None:
        """Draws a line until the next call."""
        self.overlays.append(LineOverlay(segment, _tone(tone), _text("label", label)))

    def draw_label(self, at: Point, tone: str, text: str) -> None:
        """Writes a text until the next call; `at` is the left end of its base line."""
        self.overlays.append(LabelOverlay(at, _tone(tone), _text("text", text)))

    def publish(self, topic: str, attributes: Mapping[str, Value] | None = None) -> None:
        """Tells the other rules of the site something; those that named `topic` hear it from their next frame on.
        Needs the power `messages`, without which the host leaves it out. Refuses a topic that is no name."""
        given = (attributes or {}).items()
        facts = {_text("the key of an attribute", key): _value(key, value) for key, value in given}
        self.publications.append(Publication(check_name(_text("topic", topic)), facts))

    def call_webhook(self, url: str, body: Any) -> None:
        """Has the host call an address by `POST` once this call has returned. Needs the power `webhook` and an address
        that the operator named, without which the host leaves it out."""
        try:
            text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise TypeError(f"the webhook's body: {error}; give what JSON can hold") from None
        self.webhooks.append(WebhookCall(_text("url", url), text))

    def measured(self, name: str) -> float | None:
        """The measurement of this name."""
        return next((found.value for found in self.measurements if found.name == name), None)


def _text(what: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {type(value).__name__}; give a str")
    return value


def _value(key: str, value: Value) -> Value:
    if not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"attribute {key} is {type(value).__name__}; give a bool, an int, a float or a str")
    return value


def _tone(value: str) -> str:
    if value not in _TONES:
        raise TypeError(f"tone is {value!r}; give one of {', '.join(_TONES)}")
    return value
