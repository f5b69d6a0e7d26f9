"""Write a rule for Ocellus: a class that extends `Rule`, one in the module that is built."""

from . import log, values
from .call import wall_clock
from .geometry import Point, Polygon, Segment, f32, hypot32, shortest32
from .message import Message
from .output import Output
from .rule import Refusal, Rule
from .schema import CALIBRATION, LINE, OUTLINE, POSITION
from .site import Camera, ClassFilter, Site
from .tracks import Frame, Tracks, TrackView
from .values import ValueRefusal

__all__ = [
    "CALIBRATION",
    "LINE",
    "OUTLINE",
    "POSITION",
    "Camera",
    "ClassFilter",
    "Frame",
    "Message",
    "Output",
    "Point",
    "Polygon",
    "Refusal",
    "Rule",
    "Segment",
    "Site",
    "TrackView",
    "Tracks",
    "ValueRefusal",
    "f32",
    "hypot32",
    "log",
    "shortest32",
    "values",
    "wall_clock",
]
