"""The rule's log, as the operator sees it. The host allows 64 KiB a second and drops what is over."""

from collections.abc import Callable

_sink: Callable[[str, str], None] = lambda level, message: None


def set_sink(write: Callable[[str, str], None]) -> None:
    """Where lines go: the host's log in a component, a list in a test."""
    global _sink
    _sink = write


def debug(message: object) -> None:
    """Writes a line for the author."""
    _sink("debug", str(message))


def info(message: object) -> None:
    """Writes a line for the operator: all is well."""
    _sink("info", str(message))


def warn(message: object) -> None:
    """Writes a line for the operator: look when there is time."""
    _sink("warn", str(message))


def error(message: object) -> None:
    """Writes a line for the operator: something does not work."""
    _sink("error", str(message))
