"""A rule as the host drives it: texts and columns in, texts and output out."""

import json
import re
import traceback
from collections.abc import Iterable, Sequence
from typing import Any

from . import log, schema
from .message import Message
from .name import check_name, is_name
from .output import Output
from .powers import check_powers
from .refusal import Refusal
from .rule import Rule
from .site import Camera, Site
from .tracks import Frame, Tracks

_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def check(rule: type[Rule]) -> type[Rule]:
    """Checks what an author says of a rule, so that a slip is named when the component is built."""
    missing = [key for key in ("name", "version", "summary", "settings_schema") if not hasattr(rule, key)]
    if missing:
        raise TypeError(f"{rule.__name__} lacks {', '.join(missing)}")
    if not is_name(rule.name):
        raise TypeError(f"name is {rule.name!r}; give 1 to 64 letters, digits, '.', '_' or '-'")
    if not _VERSION.fullmatch(rule.version):
        raise TypeError(f"version is {rule.version!r}; write one such as 1.2.0")
    if rule.settings_schema.get("type") != "object":
        raise TypeError("settings_schema must be a JSON Schema of an object")
    if rule.scope not in ("camera", "site"):
        raise TypeError(f"scope is {rule.scope!r}; give camera or site")
    check_powers("powers", rule.powers)
    schema.check_schema(rule.settings_schema)
    return rule


def rule_of(module: object) -> type[Rule]:
    """The one rule that a module defines."""
    name = getattr(module, "__name__", "")
    rules = [
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Rule) and found.__module__ == name
    ]
    if len(rules) != 1:
        raise TypeError(f"{name} defines {len(rules)} classes that extend Rule; define one")
    return check(rules[0])


class Instance:
    """A rule and its site, before and after it is configured."""

    def __init__(self, rule: type[Rule]) -> None:
        self.definition = check(rule)
        self._rule: Rule | None = None
        self._site = Site([])

    def configure(self, text: str, cameras: Sequence[Camera], granted: Sequence[str]) -> list[str]:
        """Reads the settings and makes the rule; gives the topics that it wants to hear of. A rule that stood before
        stays when this raises."""
        settings = _parse(text, "settings are not JSON")
        site = Site(cameras, granted)
        try:
            made = self.definition(schema.read(self.definition.settings_schema, settings), site)
            topics = _topics(made)
        except Refusal as refusal:
            raise Refusal(f"settings: {refusal}") from None
        self._rule, self._site = made, site
        return topics

    def process(self, frame: Frame, columns: Any, messages: Iterable[Message]) -> Output:
        """Tells the rule what others have said, and shows it one frame."""
        for message in messages:
            self._configured().hear(message)
        camera = self._site.camera(frame.camera)
        tracks = Tracks(columns, camera.classes if camera else [])
        return _output(self._configured().process(frame, tracks), "process")

    def finish(self, time_us: int) -> Output:
        """Tells the rule that the stream ended."""
        return _output(self._configured().finish(time_us), "finish")

    def save(self) -> bytes:
        """The rule's state as JSON; empty when it was not configured."""
        if self._rule is None:
            return b""
        return json.dumps(self._rule.save(), separators=(",", ":"), ensure_ascii=False).encode()

    def restore(self, state: bytes, version: str) -> None:
        """Gives the rule a state that `version` saved."""
        configured = self._configured()
        said = f"the state of version {version} cannot be read by {self.definition.version}"
        configured.restore(_parse(state, said), version)

    def query(self, request: str) -> str:
        """Asks the rule."""
        configured = self._configured()
        return json.dumps(configured.query(_request(request)), separators=(",", ":"), ensure_ascii=False)

    def command(self, time_us: int, request: str) -> Output:
        """Hands the rule an operator's correction."""
        configured = self._configured()
        return _output(configured.command(time_us, _request(request)), "command")

    def _configured(self) -> Rule:
        if self._rule is None:
            raise Refusal(f"rule {self.definition.name} was not configured")
        return self._rule


def log_fault(error: BaseException) -> None:
    """Writes a fault to the log, with the line where it happened."""
    lines = ["Traceback (most recent call last):"]
    # Not the library's own words: it looks for the source file, and a component has none to look at.
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        lines.append(f'  File "{code.co_filename.rpartition("/")[2]}", line {line}, in {code.co_name}')
    lines.append(f"{type(error).__name__}: {error}")
    log.error("\n".join(lines))


def _request(text: str) -> Any:
    # A question without words is a fair question.
    return _parse(text, "the request is not JSON") if text.strip() else None


def _parse(text: str | bytes, said: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{said}: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _topics(rule: Rule) -> list[str]:
    topics = rule.topics()
    if isinstance(topics, str) or not all(isinstance(topic, str) for topic in topics):
        raise TypeError("topics() returned no list of strings")
    return [check_name(topic) for topic in topics]


def _output(returned: Any, call: str) -> Output:
    if isinstance(returned, Output):
        return returned
    raise TypeError(f"{call} returned {type(returned).__name__}; return an Output")
