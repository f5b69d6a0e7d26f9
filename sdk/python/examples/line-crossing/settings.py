"""Settings, and what is wrong with them."""

import json
import math
import re
from typing import Any, NamedTuple

from ocellus_sdk import POSITION, Point, Refusal, Segment, f32

MOST_LINES = 64
"""Lines of one rule."""
LONGEST_NAME = 64
"""Characters of a line's name."""
NAME_BYTES = 120
"""Bytes of it: with `.entries` behind it, it names a measurement, and the host takes 128 bytes."""
SHORTEST_LINE = f32(1e-3)
"""Below this a line is a dot, in shares of the picture."""
BOX_NOISE = f32(0.04)
"""Share of the box's height below which its edge says little: the detector's own noise grows with the box, and
only boxes taller than a quarter of the picture widen the default hysteresis by it."""

_LINE = {
    "type": "object",
    "format": "line",
    "description": "A line.",
    "properties": {
        "name": {"type": "string", "description": "Its name in events; each line has its own."},
        "from": {**POSITION, "description": "Where it starts."},
        "to": {**POSITION, "description": "Where it ends. An end at the picture's edge reaches beyond it."},
        "entry": {
            "enum": ["left-to-right", "right-to-left"],
            "default": "left-to-right",
            "description": "Which direction is an entry, as seen on a line that is drawn from top to bottom.",
        },
    },
    "required": ["name", "from", "to"],
    "additionalProperties": False,
}

SCHEMA = {
    "type": "object",
    "title": "Settings",
    "properties": {
        "lines": {"type": "array", "items": _LINE, "description": "The lines, each with a name of its own."},
        "classes": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "default": None,
            "description": "Names of the classes that count; all of them if left out.",
        },
        "anchor": {
            "enum": ["foot", "centre"],
            "default": "foot",
            "description": "The point of the box that crosses.",
        },
        "hysteresis": {
            "type": "number",
            "minimum": 0,
            "maximum": 0.5,
            "default": 0.01,
            "description": "How far beyond the line the anchor must be for its side to count, in picture heights. "
            "0 counts every change of side from one frame to the next as it is, and nothing but that.",
        },
        "settle_s": {
            "type": "number",
            "minimum": 0,
            "maximum": 10,
            "default": 0.2,
            "description": "Seconds that the anchor must stay beyond the line, unless it is beyond three times "
            "the hysteresis.",
        },
        "handover_s": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 10,
            "default": None,
            "description": "A new track goes on in the place of one that vanished beside it up to so many seconds "
            "before; 0 switches this off. 2 if left out, and 0 if the hysteresis is 0.",
        },
        "memory_s": {
            "type": "number",
            "minimum": 0,
            "maximum": 3600,
            "default": 5,
            "description": "Seconds after which a track that was not seen starts anew.",
        },
    },
    "required": ["lines"],
    "additionalProperties": False,
}


class Times(NamedTuple):
    """The settings that are times, in whole microseconds, as frames are timed."""

    settle_us: int
    handover_us: int
    memory_us: int


def check(settings: dict[str, Any]) -> None:
    """Refuses what the schema allows and cannot be meant."""
    lines = settings["lines"]
    if not 1 <= len(lines) <= MOST_LINES:
        raise Refusal(f"lines has {len(lines)} lines; give 1 to {MOST_LINES}")
    names: list[str] = []
    for index, line in enumerate(lines):
        name = line["name"]
        said = json.dumps(name, ensure_ascii=False)
        if not 1 <= len(name) <= LONGEST_NAME:
            raise Refusal(f"lines[{index}].name has {len(name)} characters; give it 1 to {LONGEST_NAME}")
        size = len(name.encode())
        if size > NAME_BYTES:
            raise Refusal(f"lines[{index}].name has {size} bytes; give it at most {NAME_BYTES}")
        if re.search(r"[\x00-\x1f\x7f-\x9f]", name):
            raise Refusal(f"lines[{index}].name is {said}; leave out control characters")
        if segment_of(line).length() < SHORTEST_LINE:
            x, y = line["from"]
            raise Refusal(f"lines[{index}] ({said}) starts and ends at [{x}, {y}]; move one end away")
        if name in names:
            raise Refusal(
                f"lines[{index}].name is {said} like lines[{names.index(name)}].name; "
                "give each line a name of its own"
            )
        names.append(name)
    if settings["classes"] == []:
        raise Refusal("classes is empty; name the classes that count, or leave it out for all")


def segment_of(line: dict[str, Any]) -> Segment:
    """Where a line runs, in shares of the picture."""
    return Segment(Point(*line["from"]), Point(*line["to"]))


def near(settings: dict[str, Any], box_height: float) -> float:
    """How far beyond a line a side counts, in picture heights, for a box of this height."""
    hysteresis = settings["hysteresis"]
    return max(f32(hysteresis), f32(BOX_NOISE * box_height)) if hysteresis > 0 else 0.0


def times_of(settings: dict[str, Any]) -> Times:
    """The settings that are times."""
    handover, memory = settings["handover_s"], settings["memory_s"]
    if handover is None:
        handover = 2 if settings["hysteresis"] > 0 else 0
    return Times(_us(settings["settle_s"]), _us(min(handover, memory)), _us(memory))


def _us(seconds: float) -> int:
    return math.floor(seconds * 1e6 + 0.5)
