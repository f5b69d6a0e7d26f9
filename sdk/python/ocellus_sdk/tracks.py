"""The tracks of a frame: columns as they cross the boundary, read row by row and never copied."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .geometry import Point, f32

_STATES = ("tentative", "confirmed", "lost")


@dataclass(slots=True)
class Frame:
    """One frame of one camera."""

    camera: int
    """Stable number of the camera."""
    sequence: int
    """Counts the frames that rules see, from 0, without gaps."""
    time_us: int
    """Microseconds; strictly increases per camera. A rule's only clock."""
    width: int
    """Pixels of the source picture."""
    height: int
    """Pixels of the source picture."""


class Ground(NamedTuple):
    """Where a track stands on the ground, where the camera is calibrated."""

    x_m: float
    y_m: float
    velocity_mps: tuple[float, float] | None
    """Along both axes, once it is known well enough: a new track has none yet."""
    sigma_m: float


class TrackView:
    """One track in one frame: a row of the columns."""

    __slots__ = ("_classes", "_columns", "_row", "class_", "height", "id", "state", "width", "x", "y")

    id: int
    """Never reused by this camera."""
    class_: int
    """Its class as a number of this camera's model."""
    state: str
    """`tentative` (seen, not believed yet), `confirmed` or `lost` (the box is a prediction)."""

    def __init__(self, columns: Any, classes: Sequence[str], row: int) -> None:
        self._columns = columns
        self._classes = classes
        self._row = row
        self.id = columns.ids[row]
        self.class_ = columns.classes[row]
        state = columns.states[row]
        # A state of a later contract is one this rule has no reason to believe.
        self.state = _STATES[state] if state < 3 else "tentative"
        self.x, self.y, self.width, self.height = columns.boxes[row * 4 : row * 4 + 4]

    @property
    def class_name(self) -> str | None:
        """The name of its class, where the model names it."""
        return self._classes[self.class_] if self.class_ < len(self._classes) else None

    @property
    def confidence(self) -> float:
        """Confidence of the last detection, 0..1; NaN where the host gave none."""
        return _at(self._columns.confidences, self._row, math.nan)

    @property
    def is_confirmed(self) -> bool:
        """Believed and seen in this frame."""
        return self.state == "confirmed"

    @property
    def first_seen_us(self) -> int:
        """When it was first seen, in microseconds."""
        return _at(self._columns.first_seen_us, self._row, 0)

    def foot(self) -> Point:
        """The middle of the box's bottom edge, where a standing object meets the ground."""
        return Point(f32(self.x + self.width / 2.0), f32(self.y + self.height))

    def centre(self) -> Point:
        """The middle of the box."""
        return Point(f32(self.x + self.width / 2.0), f32(self.y + self.height / 2.0))

    def ground(self) -> Ground | None:
        """Where it stands on the ground, with a calibrated camera."""
        numbers = self._columns.ground[self._row * 4 : self._row * 4 + 4]
        if len(numbers) < 4 or not all(map(math.isfinite, numbers[:2])):
            return None
        velocity = (numbers[2], numbers[3]) if all(map(math.isfinite, numbers[2:])) else None
        return Ground(numbers[0], numbers[1], velocity, _at(self._columns.ground_sigma, self._row, math.nan))

    def embedding(self) -> Sequence[float] | None:
        """What it looks like, as numbers, where that was granted and measured."""
        columns = self._columns
        size, row = columns.embedding_size, _at(columns.embedding_rows, self._row, -1)
        if row < 0 or size < 1 or (row + 1) * size > len(columns.embeddings):
            return None
        return columns.embeddings[row * size : (row + 1) * size]

    def readings(self) -> list[Any]:
        """Texts read on it, each with `kind`, `text` and `confidence`."""
        return [reading for reading in self._columns.readings if reading.row == self._row]


class Tracks:
    """All tracks of a frame, in the host's order. A row without a class, a state or a finite box is no track:
    it is left out, whatever the other columns say, so that a rule never has to ask."""

    def __init__(self, columns: Any, classes: Sequence[str]) -> None:
        self.columns = columns
        boxes = columns.boxes
        count = min(len(columns.ids), len(columns.classes), len(columns.states), len(boxes) // 4)
        views = [TrackView(columns, classes, row) for row in range(count)]
        # The sum of finite single precision numbers is finite in double precision.
        self._views = (
            views
            if math.isfinite(sum(boxes))
            else [view for view in views if math.isfinite(view.x + view.y + view.width + view.height)]
        )

    def __len__(self) -> int:
        return len(self._views)

    def __iter__(self) -> Iterator[TrackView]:
        return iter(self._views)

    def __contains__(self, track_id: int) -> bool:
        return self.get(track_id) is not None

    def get(self, track_id: int) -> TrackView | None:
        """The track with this id."""
        return next((view for view in self._views if view.id == track_id), None)


def _at(column: Sequence[Any], row: int, missing: Any) -> Any:
    return column[row] if row < len(column) else missing
