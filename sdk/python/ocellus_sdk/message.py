"""What rules tell each other."""

from dataclasses import dataclass

Value = bool | int | float | str


@dataclass(slots=True)
class Message:
    """What another rule has said."""

    time_us: int
    """Time of the frame or command that caused it, in microseconds."""
    camera: str
    """The name of the camera of that frame."""
    rule: str
    topic: str
    attributes: dict[str, Value]
