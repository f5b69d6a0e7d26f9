"""The component's side of the boundary: an instance of the rule behind the functions of the contract. The
modules that it imports exist in a component only."""

import gc
import json
from collections.abc import Callable
from typing import Any

import wit_world
from componentize_py_types import Err
from wit_world.imports import host, types

from . import clockless, log, output
from .instance import Instance, log_fault
from .refusal import Refusal
from .rule import Rule
from .site import Camera

_LEVELS = {level.name.lower(): level for level in host.Level}
_TONES = {tone.name.lower(): tone for tone in types.Tone}


def world(rule: type[Rule]) -> type:
    """The class that the component is made of."""
    instance = Instance(rule)
    log.set_sink(lambda level, message: host.log(_LEVELS[level], message))
    clockless.take_away()

    # What is there when the component is built is never garbage, and looking for some there would touch, and so
    # copy, most of each instance's memory.
    gc.collect()
    gc.freeze()

    class WitWorld(wit_world.WitWorld):
        def describe(self) -> Any:
            scope = types.Scope[rule.scope.upper()]
            schema = json.dumps(rule.settings_schema, ensure_ascii=False)
            return types.Description(rule.name, rule.version, rule.summary, schema, scope, [])

        def configure(self, settings: str, cameras: list[Any]) -> None:
            known = [Camera(camera.handle, camera.name, camera.classes) for camera in cameras]
            _call(lambda: instance.configure(settings, known))

        def process(self, frame: Any, tracks: Any) -> Any:
            return _call(lambda: _output(instance.process(frame, tracks)))

        def finish(self, time_us: int) -> Any:
            return _call(lambda: _output(instance.finish(time_us)))

        def save(self) -> bytes:
            return _call(instance.save)

        def restore(self, state: bytes, version: str) -> None:
            _call(lambda: instance.restore(state, version))

        def query(self, request: str) -> str:
            return _call(lambda: instance.query(request))

        def command(self, time_us: int, request: str) -> Any:
            return _call(lambda: _output(instance.command(time_us, request)))

    return WitWorld


def _call(run: Callable[[], Any]) -> Any:
    """The contract knows errors as texts; anything else that is raised traps, and ends the instance."""
    try:
        return run()
    except Refusal as refusal:
        raise Err(str(refusal)) from None
    except BaseException as error:
        log_fault(error)
        raise


def _output(said: output.Output) -> Any:
    return types.Output(
        [_event(event) for event in said.events],
        [types.Measurement(found.name, found.value) for found in said.measurements],
        [_overlay(overlay) for overlay in said.overlays],
    )


def _event(event: output.Event) -> Any:
    attributes = [(key, _value(value)) for key, value in event.attributes.items()]
    return types.Event(event.kind, event.track_id, attributes)


def _value(value: output.Value) -> Any:
    if isinstance(value, bool):
        return types.Value_Flag(value)
    if isinstance(value, int):
        return types.Value_Integer(value)
    return types.Value_Number(value) if isinstance(value, float) else types.Value_Text(value)


def _overlay(overlay: Any) -> Any:
    tone = _TONES[overlay.tone]
    if isinstance(overlay, output.LineOverlay):
        start, end = overlay.segment
        return types.Overlay_Line(types.Line(types.Point(*start), types.Point(*end), tone, overlay.label))
    if isinstance(overlay, output.PolygonOverlay):
        corners = [types.Point(*corner) for corner in overlay.corners]
        return types.Overlay_Polygon(types.Polygon(corners, tone, overlay.label))
    return types.Overlay_Label(types.Label(types.Point(*overlay.at), tone, overlay.text))
