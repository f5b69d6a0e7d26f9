"""Write a rule for Ocellus: a class that extends `Rule`, one in the module that is built."""

from . import log
from .geometry import Point, Polygon, Segment, f32, hypot32, shortest32
from .output import Output
from .rule import Refusal, Rule
from .schema import OUTLINE, POSITION
from .site import Camera, ClassFilter, Site
from .tracks import Frame, Tracks, TrackView

__all__ = [
    "OUTLINE",
    "POSITION",
    "Camera",
    "ClassFilter",
    "Frame",
    "Output",
    "Point",
    "Polygon",
    "Refusal",
    "Rule",
    "Segment",
    "Site",
    "TrackView",
    "Tracks",
    "f32",
    "hypot32",
    "log",
    "shortest32",
]
