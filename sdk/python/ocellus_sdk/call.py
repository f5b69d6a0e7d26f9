"""What belongs to the running call and is not about tracks: the time of day."""

_wall_us: int | None = None


def begin(wall_us: int | None) -> None:
    """A call begins; the contract gives the time of day to some."""
    global _wall_us
    _wall_us = wall_us


def wall_clock() -> int | None:
    """The time of day of the running call, in microseconds since the Unix epoch; the same all through a call. None
    without the power `wall-clock`, over recordings that do not have it, and in calls other than `process`, `finish`
    and `command`."""
    return _wall_us
