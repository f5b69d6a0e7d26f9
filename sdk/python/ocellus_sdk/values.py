"""What a rule keeps under keys, over restarts and versions; needs the power `key-value`.

For what is too large or too rarely changed for the state, which is saved as a whole every second. Each instance has
values of its own; after a failure values and state are both as they were at the last save."""

from typing import Protocol

from .refusal import Refusal

_WORDS = {
    "not-granted": "the power key-value is not granted to this rule",
    "not-now": "values cannot be used so in this call",
    "bad-key": "the key must have 1 to {} bytes",
    "too-large": "the value has more than {} bytes",
    "full": "the rule would keep more than {} bytes",
}
"""The host's words for its refusals."""


class ValueRefusal(Refusal):
    """Why the host has not read or set a value, by its `code`: `not-granted`; `not-now` in `__init__`, and where
    `save` or `query` would change something; `bad-key`, `too-large` or `full` where a key, a value or all values are
    too long."""

    def __init__(self, code: str, limit: int = 0) -> None:
        super().__init__(_WORDS[code].format(limit))
        self.code = code


class Backend(Protocol):
    """Who keeps the values; raises `ValueRefusal`."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes) -> None: ...
    def delete(self, key: str) -> bool: ...
    def keys(self, prefix: str, after: str | None, limit: int) -> list[str]: ...


_backend: Backend | None = None


def set_backend(backend: Backend | None) -> None:
    """Where values are kept: the host in a component, a dict in a test; none outside of a call."""
    global _backend
    _backend = backend


def get(key: str) -> bytes | None:
    """The value of a key."""
    return _host().get(_text("the key", key))


def set(key: str, value: bytes) -> None:
    """Sets the value of a key, in place of the one before."""
    if not isinstance(value, (bytes, bytearray)):
        raise TypeError(f"the value of {key} is {type(value).__name__}; give bytes")
    _host().set(_text("the key", key), bytes(value))


def delete(key: str) -> bool:
    """Forgets a key; whether it was there."""
    return _host().delete(_text("the key", key))


def keys(prefix: str = "", *, after: str | None = None, limit: int = 1000) -> list[str]:
    """At most `limit` keys that begin with `prefix`, sorted by their bytes; the first after `after` if given."""
    if after is not None:
        _text("after", after)
    if type(limit) is not int or not 0 <= limit < 2**32:
        raise TypeError(f"limit is {limit!r}; give a whole number below 2^32")
    return _host().keys(_text("the prefix", prefix), after, limit)


def _host() -> Backend:
    if _backend is None:
        raise ValueRefusal("not-granted")
    return _backend


def _text(what: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {type(value).__name__}; give a str")
    return value
