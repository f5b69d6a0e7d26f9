"""What an author writes."""

from collections.abc import Sequence
from typing import Any, ClassVar

from .message import Message
from .output import Output
from .refusal import Refusal
from .site import Site
from .tracks import Frame, Tracks

__all__ = ["Refusal", "Rule"]


class Rule:
    """A rule: takes its settings once, then sees frame after frame."""

    name: ClassVar[str]
    """1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit."""
    version: ClassVar[str]
    """A semantic version."""
    summary: ClassVar[str]
    """One sentence."""
    settings_schema: ClassVar[dict[str, Any]]
    """JSON Schema of the settings: they are checked against it, and its defaults are filled in."""
    scope: ClassVar[str] = "camera"
    """`camera`: one instance a camera; `site`: one for all cameras of a binding."""
    powers: ClassVar[Sequence[str]] = ()
    """What it asks for beyond seeing tracks, out of `embeddings`, `readings`, `messages`, `key-value`, `wall-clock`
    and `webhook`; `Site.granted` says what it got."""

    def __init__(self, settings: dict[str, Any], site: Site) -> None:
        """Takes its settings and the cameras it is bound to. A `Refusal` refuses the binding."""

    def topics(self) -> Sequence[str]:
        """The topics that it wants to hear of, asked for once, after `__init__`. Needs `messages`."""
        return ()

    def hear(self, message: Message) -> None:
        """Hears what another rule of the site has said; before the frame that it is told with, in a fixed order."""

    def process(self, frame: Frame, tracks: Tracks) -> Output:
        """Sees one frame. A `Refusal` is counted and shown; the rule goes on with the next frame."""
        raise NotImplementedError

    def finish(self, time_us: int) -> Output:
        """The stream ended: last reports."""
        return Output()

    def save(self) -> Any:
        """Its state, all that must last over a restart or a change of version; written as JSON, at most 1 MiB."""
        return None

    def restore(self, state: Any, version: str) -> None:
        """Takes over a state that `version` of this plugin saved. It was configured just before."""

    def query(self, request: Any) -> Any:
        """Answers a question over REST without changing anything."""
        raise Refusal(f"rule {self.name} answers no queries")

    def command(self, time_us: int, request: Any) -> Output:
        """Takes an operator's correction."""
        raise Refusal(f"rule {self.name} takes no commands")
