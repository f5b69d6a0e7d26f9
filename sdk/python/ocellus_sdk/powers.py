"""What a rule may do beyond seeing tracks and reporting: asked for by its author, granted by an operator."""

from collections.abc import Sequence

POWERS = ("embeddings", "readings", "messages", "key-value", "wall-clock", "webhook")


def check_powers(what: str, powers: Sequence[str]) -> tuple[str, ...]:
    """The powers, or a `TypeError` where `powers`, called `what`, is no list of them."""
    if isinstance(powers, str):
        raise TypeError(f'{what} is {powers!r}; give a list, such as ["messages"]')
    for power in powers:
        if power not in POWERS:
            raise TypeError(f"{what} has {power!r}; give some of {', '.join(POWERS)}")
    return tuple(powers)
