"""A rule that uses every power and says what came of it."""

from collections.abc import Callable
from typing import Any

from ocellus_sdk import Frame, Message, Output, Refusal, Rule, Site, Tracks, values, wall_clock

POWERS = ["embeddings", "readings", "messages", "key-value", "wall-clock", "webhook"]


def tried(call: Callable[[], Any]) -> Any:
    """What `call` gives, or the words of the refusal."""
    try:
        return call()
    except Refusal as refusal:
        return str(refusal)


def count(key: str) -> int:
    """One more under `key`, and how many that makes."""
    now = 1 + int(values.get(key) or b"0")
    values.set(key, str(now).encode())
    return now


def fill() -> None:
    for key in ("größe", "b", "a"):
        values.set(f"key/{key}", b"")


class Powers(Rule):
    """The rule."""

    name = "powers-python"
    version = "0.1.0"
    summary = "Uses every power."
    settings_schema = {
        "type": "object",
        "properties": {
            "topic": {"type": "string", "default": "frames"},
            "require": {"type": ["string", "null"], "default": None},
        },
        "additionalProperties": False,
    }
    powers = POWERS

    def __init__(self, settings: dict[str, Any], site: Site) -> None:
        self.topic = settings["topic"]
        if settings["require"]:
            site.require(settings["require"])
        self.granted = ",".join(power for power in POWERS if site.granted(power))
        self.early = tried(lambda: values.get("frames"))
        self.heard: list[Message] = []

    def topics(self) -> list[str]:
        return [self.topic]

    def hear(self, message: Message) -> None:
        self.heard.append(message)

    def process(self, frame: Frame, tracks: Tracks) -> Output:
        output = Output()
        for said in self.heard:
            event = output.event("heard").attribute("time_us", said.time_us).attribute("camera", said.camera)
            event.attribute("rule", said.rule).attribute("topic", said.topic)
            for key in ("n", "half", "flag", "text"):
                event.attribute(key, said.attributes[key])
        self.heard = []
        wall = wall_clock()
        kept = tried(lambda: count("frames"))
        saw = output.event("saw").attribute("granted", self.granted).attribute("early", self.early)
        saw.attribute("kept", str(kept)).attribute("wall", "none" if wall is None else str(wall))
        saw.attribute("missing", tried(lambda: values.get("nothing") or "none"))
        saw.attribute("empty key", tried(lambda: values.set("", b"x")))
        saw.attribute("long value", tried(lambda: values.set("long", bytes(65537))))
        tried(fill)
        saw.attribute("keys", tried(lambda: " ".join(values.keys("key/", after="key/a", limit=2))))
        deleted = tried(lambda: ",".join(str(int(values.delete("key/b"))) for _ in range(2)))
        saw.attribute("deleted", deleted)
        output.publish(self.topic, {"n": frame.sequence, "half": 0.5, "flag": True, "text": "größer ✓"})
        output.call_webhook("http://127.0.0.1:9/", {"n": frame.sequence})
        return output

    def query(self, request: Any) -> Any:
        refused = tried(lambda: values.set("query", b"x"))
        return [refused, tried(lambda: values.keys(limit=1)), wall_clock()]

    def save(self) -> Any:
        return tried(lambda: values.delete("frames"))

    def restore(self, state: Any, version: str) -> None:
        self.early = state
        count("restored")

    def command(self, time_us: int, request: Any) -> Output:
        output = Output()
        output.event("commanded").attribute("time_us", time_us).attribute("wall_us", wall_clock() or -1)
        return output
