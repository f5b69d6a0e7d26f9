"""Values under keys as the host keeps them, for the fake host: with its limits and its refusals."""

from .values import ValueRefusal

_KEY_BYTES = 256
_VALUE_BYTES = 64 * 1024
_ENTRY_BYTES = 64
_LIMIT = 1024 * 1024


class FakeValues:
    """What a harness keeps for its rule. `access` is what the running call may do: `none` without the power, `early`
    before there are values, `read`, or `write`."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.access = "none"

    def get(self, key: str) -> bytes | None:
        self._may_read()
        return self.entries.get(key)

    def set(self, key: str, value: bytes) -> None:
        self._may_write()
        if not 1 <= len(key.encode()) <= _KEY_BYTES:
            raise ValueRefusal("bad-key", _KEY_BYTES)
        if len(value) > _VALUE_BYTES:
            raise ValueRefusal("too-large", _VALUE_BYTES)
        entries = {**self.entries, key: value}
        if sum(len(key.encode()) + len(value) + _ENTRY_BYTES for key, value in entries.items()) > _LIMIT:
            raise ValueRefusal("full", _LIMIT)
        self.entries = entries

    def delete(self, key: str) -> bool:
        self._may_write()
        return self.entries.pop(key, None) is not None

    def keys(self, prefix: str, after: str | None, limit: int) -> list[str]:
        self._may_read()
        # Code points are in the order of their bytes.
        return sorted(key for key in self.entries if key.startswith(prefix) and (after is None or key > after))[:limit]

    def _may_read(self) -> None:
        if self.access == "none":
            raise ValueRefusal("not-granted")
        if self.access == "early":
            raise ValueRefusal("not-now")

    def _may_write(self) -> None:
        self._may_read()
        if self.access == "read":
            raise ValueRefusal("not-now")
