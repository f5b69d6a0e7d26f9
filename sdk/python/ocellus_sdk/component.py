"""The component's side of the boundary: an instance of the rule behind the functions of the contract. The
modules that it imports exist in a component only."""

import gc
import json
from collections.abc import Callable
from typing import Any

import wit_world
from componentize_py_types import Err
from wit_world.imports import host, key_value, types

from . import clockless, log, output, values
from .call import begin
from .instance import Instance, log_fault
from .message import Message, Value
from .powers import POWERS
from .refusal import Refusal
from .rule import Rule
from .site import Camera
from .tracks import Frame

_LEVELS = {level.name.lower(): level for level in host.Level}
_TONES = {tone.name.lower(): tone for tone in types.Tone}
_FLAGS = {power: types.Powers[power.replace("-", "_").upper()] for power in POWERS}
_REFUSALS = {
    key_value.Refusal_NotGranted: "not-granted",
    key_value.Refusal_NotNow: "not-now",
    key_value.Refusal_BadKey: "bad-key",
    key_value.Refusal_TooLarge: "too-large",
    key_value.Refusal_Full: "full",
}


def world(rule: type[Rule]) -> type:
    """The class that the component is made of."""
    instance = Instance(rule)
    log.set_sink(lambda level, message: host.log(_LEVELS[level], message))
    values.set_backend(_Values())
    clockless.take_away()

    # What is there when the component is built is never garbage, and looking for some there would touch, and so
    # copy, most of each instance's memory.
    gc.collect()
    gc.freeze()

    class WitWorld(wit_world.WitWorld):
        def describe(self) -> Any:
            scope = types.Scope[rule.scope.upper()]
            schema = json.dumps(rule.settings_schema, ensure_ascii=False)
            powers = types.Powers(0)
            for power in rule.powers:
                powers |= _FLAGS[power]
            return types.Description(rule.name, rule.version, rule.summary, schema, scope, powers)

        def configure(self, settings: str, cameras: list[Any], granted: Any) -> list[str]:
            known = [Camera(camera.handle, camera.name, camera.classes) for camera in cameras]
            powers = [power for power, flag in _FLAGS.items() if flag in granted]
            return _call(lambda: instance.configure(settings, known, powers))

        def process(self, frame: Any, tracks: Any, messages: list[Any]) -> Any:
            seen = Frame(frame.camera, frame.sequence, frame.time_us, frame.width, frame.height)
            heard = [_message(said) for said in messages]
            return _call(lambda: _output(instance.process(seen, tracks, heard)), frame.wall_us)

        def finish(self, at: Any) -> Any:
            return _call(lambda: _output(instance.finish(at.time_us)), at.wall_us)

        def save(self) -> bytes:
            return _call(instance.save)

        def restore(self, state: bytes, version: str) -> None:
            _call(lambda: instance.restore(state, version))

        def query(self, request: str) -> str:
            return _call(lambda: instance.query(request))

        def command(self, at: Any, request: str) -> Any:
            return _call(lambda: _output(instance.command(at.time_us, request)), at.wall_us)

    return WitWorld


class _Values:
    """The host's values under keys."""

    def get(self, key: str) -> bytes | None:
        return _ask(lambda: key_value.get(key))

    def set(self, key: str, value: bytes) -> None:
        _ask(lambda: key_value.set(key, value))

    def delete(self, key: str) -> bool:
        return _ask(lambda: key_value.delete(key))

    def keys(self, prefix: str, after: str | None, limit: int) -> list[str]:
        return _ask(lambda: key_value.keys(prefix, after, limit))


def _ask(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except Err as error:
        raise values.ValueRefusal(_REFUSALS[type(error.value)], getattr(error.value, "value", 0)) from None


def _call(run: Callable[[], Any], wall_us: int | None = None) -> Any:
    """The contract knows errors as texts; anything else that is raised traps, and ends the instance."""
    begin(wall_us)
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
        [types.Publication(told.topic, _facts(told.attributes)) for told in said.publications],
        [types.WebhookCall(call.url, call.body) for call in said.webhooks],
    )


def _event(event: output.Event) -> Any:
    return types.Event(event.kind, event.track_id, _facts(event.attributes))


def _message(said: Any) -> Message:
    attributes = {key: fact.value for key, fact in said.attributes}
    return Message(said.time_us, said.camera, said.rule, said.topic, attributes)


def _facts(attributes: dict[str, Value]) -> list[Any]:
    return [(key, _value(value)) for key, value in attributes.items()]


def _value(value: Value) -> Any:
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
