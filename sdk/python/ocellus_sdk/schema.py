"""Settings are read by their JSON Schema: checked, with defaults filled in, and refused by the name of the
setting. The part of JSON Schema that is checked is small; a schema that uses more is refused."""

import json
from typing import Any

from .geometry import Polygon, f32
from .refusal import Refusal

Schema = dict[str, Any]

POSITION: Schema = {
    "type": "array",
    "format": "point",
    "items": {"type": "number", "format": "float"},
    "minItems": 2,
    "maxItems": 2,
}
"""Schema of a position in the picture, `[x, y]`; the console edits it on the picture."""

OUTLINE: Schema = {"type": "array", "format": "polygon", "items": POSITION, "minItems": 3, "maxItems": 256}
"""Schema of a closed outline."""

LINE: Schema = {
    "type": "object",
    "format": "line",
    "properties": {"from": POSITION, "to": POSITION},
    "required": ["from", "to"],
    "additionalProperties": False,
}
"""Schema of a line from one position to another."""

CALIBRATION: Schema = {
    "type": "array",
    "format": "calibration",
    "items": {
        "type": "object",
        "properties": {
            "picture": POSITION,
            "ground": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        },
        "required": ["picture", "ground"],
        "additionalProperties": False,
    },
    "minItems": 4,
    "maxItems": 256,
}
"""Schema of places known in the picture and, in metres, on the ground."""

_CHECKED = set(
    "type properties required additionalProperties items minItems maxItems minimum maximum minLength "
    "maxLength enum const oneOf anyOf $ref $defs".split()
)
_SAID = set("title description default format examples deprecated $schema $id $comment".split())
_FURTHEST = (-1.0, 2.0)
"""How far outside the picture a position may lie: lines may start beyond its edge."""


def check_schema(schema: Schema, path: str = "settings_schema") -> None:
    """Raises where a schema uses what `read` does not check."""
    for keyword, value in schema.items():
        if keyword not in _CHECKED | _SAID:
            raise TypeError(f"{path} uses {keyword}, which the SDK does not check; check it in __init__")
        inner = f"{path}.{keyword}"
        if keyword in ("properties", "$defs"):
            for name, part in value.items():
                check_schema(part, f"{inner}.{name}")
        elif keyword == "items":
            check_schema(value, inner)
        elif keyword in ("oneOf", "anyOf"):
            for index, part in enumerate(value):
                check_schema(part, f"{inner}[{index}]")


def read(schema: Schema, settings: Any) -> Any:
    """The settings as the schema wants them; refuses with the place and what would be right."""
    return _Reader(schema).value(settings, schema, "")


class _Reader:
    def __init__(self, root: Schema) -> None:
        self._root = root

    def value(self, found: Any, schema: Schema, path: str) -> Any:
        if "$ref" in schema:
            rest = {key: part for key, part in schema.items() if key != "$ref"}
            return self.value(found, {**self._resolve(schema["$ref"]), **rest}, path)
        choices = _choices(schema)
        if choices is not None:
            return _choice(found, choices, path)
        union = schema.get("oneOf") or schema.get("anyOf")
        if union:
            return self._one_of(found, union, path)
        kind = _type(found)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and kind not in types and not (kind == "integer" and "number" in types):
            raise _refusal(path, f"invalid type: {_shown(found)}, expected {_either(types)}")
        if kind == "object":
            return self._object(found, schema, path)
        if kind == "array":
            return self._list(found, schema, path)
        if kind == "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength")
            if len(found) < least or (most is not None and len(found) > most):
                raise Refusal(f"{path} has {len(found)} characters; give it {_range(least, most)}")
        if kind in ("number", "integer"):
            least, most = schema.get("minimum"), schema.get("maximum")
            if (least is not None and not found >= least) or (most is not None and not found <= most):
                raise Refusal(f"{path} is {found}; give {_range(least, most)}")
        return found

    def _object(self, found: dict[str, Any], schema: Schema, path: str) -> dict[str, Any]:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        result = {}
        for key, part in found.items():
            inner = f"{path}.{key}" if path else key
            if key in properties:
                result[key] = self.value(part, properties[key], inner)
            elif others is False:
                known = _either([f"`{name}`" for name in properties])
                raise _refusal(path, f"unknown field `{key}`, expected {known}")
            else:
                result[key] = self.value(part, others, inner) if isinstance(others, dict) else part
        for key in schema.get("required", []):
            if key not in found:
                raise _refusal(path, f"missing field `{key}`")
        for key, part in properties.items():
            if key not in result and "default" in part:
                result[key] = part["default"]
        return result

    def _list(self, found: list[Any], schema: Schema, path: str) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if len(found) < least or (most is not None and len(found) > most):
            what = f"an array of length {least}" if least == most else f"{_range(least, most)} items"
            raise _refusal(path, f"invalid length {len(found)}, expected {what}")
        items = schema.get("items", {})
        result = [self.value(item, items, f"{path}[{index}]") for index, item in enumerate(found)]
        if schema.get("format") == "point":
            return _checked_position(result, path)
        if schema.get("format") == "polygon" and Polygon(result).area() < 1e-9:
            raise _refusal(path, "the polygon has no area; give its corners in order around it")
        return result

    def _one_of(self, found: Any, union: list[Schema], path: str) -> Any:
        errors = []
        for schema in union:
            try:
                return self.value(found, schema, path)
            except Refusal as refusal:
                errors.append(refusal)
        raise errors[0]

    def _resolve(self, reference: str) -> Schema:
        found: Any = self._root
        for part in filter(None, reference.removeprefix("#").split("/")):
            found = found[part]
        return found


def _checked_position(numbers: list[float], path: str) -> list[float]:
    if all(_FURTHEST[0] <= number <= _FURTHEST[1] for number in numbers):
        return [f32(number) for number in numbers]
    said = ", ".join(str(number) for number in numbers)
    raise Refusal(
        f"{path} is [{said}]; positions are 0..1 of the picture, measured from its top left corner, "
        "and may reach from -1 to 2"
    )


def _choices(schema: Schema) -> list[Any] | None:
    """The constants of an `enum`, of a `const`, or of a `oneOf` of such; nothing for another schema."""
    if "enum" in schema:
        return schema["enum"]
    if "const" in schema:
        return [schema["const"]]
    parts = [_choices(part) for part in schema.get("oneOf", [])]
    if not parts or any(part is None for part in parts):
        return None
    return [choice for part in parts for choice in part or []]


def _choice(found: Any, choices: list[Any], path: str) -> Any:
    if found in choices:
        return found
    said = f"unknown variant `{found}`" if isinstance(found, str) else f"invalid type: {_shown(found)}"
    raise _refusal(path, f"{said}, expected {_either([f'`{known}`' for known in choices])}")


def _refusal(path: str, what: str) -> Refusal:
    return Refusal(f"{path}: {what}" if path else what)


def _type(found: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", type(None): "null"}
    if isinstance(found, float):
        return "integer" if found.is_integer() else "number"
    return names[type(found)]


def _shown(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=False)
    return f"{_type(found)} {text[:40]}{'…' if len(text) > 40 else ''}"


def _either(names: list[str]) -> str:
    if len(names) < 3:
        return " or ".join(names) or "nothing"
    return f"one of {', '.join(names)}"


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f"{least} or more"
    return f"{most} or less" if least is None else f"{least} to {most}"
