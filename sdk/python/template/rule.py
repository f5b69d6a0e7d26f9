"""Reports objects that stay in an area for too long."""

from typing import Any

from ocellus_sdk import OUTLINE, Frame, Output, Polygon, Rule, Site, Tracks


class Stay(Rule):
    """The rule."""

    name = "{{name}}"
    version = "0.1.0"
    summary = "Reports objects that stay in an area for too long."
    settings_schema = {
        "type": "object",
        "properties": {
            "seconds": {"type": "number", "minimum": 0, "default": 30, "description": "Seconds that are too long."},
            "area": {**OUTLINE, "description": "Where nobody should stay; the whole picture if left out."},
        },
        "additionalProperties": False,
    }

    def __init__(self, settings: dict[str, Any], site: Site) -> None:
        self._after_us = settings["seconds"] * 1e6
        self._area = Polygon(settings["area"]) if "area" in settings else None
        # Since when each track has been in the area, and whether that was reported.
        self._since: dict[int, tuple[int, bool]] = {}

    def process(self, frame: Frame, tracks: Tracks) -> Output:
        output = Output()
        # Who is gone is forgotten, so that the state stays small.
        self._since = {id: stay for id, stay in self._since.items() if id in tracks}
        for track in tracks:
            if not track.is_confirmed:
                continue
            if self._area and not self._area.contains(track.foot()):
                self._since.pop(track.id, None)
                continue
            since_us, reported = self._since.setdefault(track.id, (frame.time_us, False))
            stayed_us = frame.time_us - since_us
            if stayed_us >= self._after_us and not reported:
                self._since[track.id] = (since_us, True)
                output.event("{{name}}").track(track.id).attribute("seconds", stayed_us / 1e6)
        output.measure("present", len(self._since))
        if self._area:
            output.draw_polygon(self._area, "neutral", "{{name}}")
        return output

    def save(self) -> Any:
        return {"since": [[id, *stay] for id, stay in self._since.items()]}

    def restore(self, state: Any, version: str) -> None:
        self._since = {id: (since_us, reported) for id, since_us, reported in state["since"]}
