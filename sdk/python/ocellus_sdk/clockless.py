"""A rule's only clock is the frame's time, and the same tracks give the same events: the clock and the dice of
the library say so when they are used."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep")
_DICE = tuple(name for name in random.__all__ if name[0].islower())


def _no_clock(*_args: Any) -> None:
    raise RuntimeError("a rule has no clock but the frame's time: use frame.time_us, or wall_clock() for the time of day")


def _no_dice(*_args: Any, **_named: Any) -> None:
    raise RuntimeError("a rule has no random numbers: the same tracks must give the same events")


def take_away() -> list[tuple[Any, str, Any]]:
    """Takes the clock and the random numbers away; gives what `put_back` needs."""
    taken = []
    for module, names, instead in ((time, _CLOCKS, _no_clock), (random, _DICE, _no_dice)):
        for name in names:
            taken.append((module, name, getattr(module, name)))
            setattr(module, name, instead)
    return taken


@contextmanager
def without_clock() -> Iterator[None]:
    """For a call in a test."""
    taken = take_away()
    try:
        yield
    finally:
        for module, name, before in taken:
            setattr(module, name, before)
