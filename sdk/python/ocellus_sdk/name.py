"""Names of rules and topics."""

import json
import re

from .refusal import Refusal

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_name(text: str) -> bool:
    """Whether it is one."""
    return _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """The name, or a `Refusal` in the words of the host."""
    if is_name(text):
        return text
    raise Refusal(
        f"{json.dumps(text[:80], ensure_ascii=False)} is not a name: "
        "use 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit"
    )
