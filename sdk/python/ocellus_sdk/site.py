"""The cameras that a rule is bound to, and what it may do there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .powers import check_powers
from .refusal import Refusal

_NAMED = 12
"""Names shown of a long class list."""


@dataclass(slots=True)
class Camera:
    """A camera that the rule is bound to."""

    handle: int
    """Its number, in every frame; kept over restarts."""
    name: str
    classes: list[str]
    """Names of the model's classes; `TrackView.class_` indexes it."""


class ClassFilter:
    """Which classes a rule looks at, resolved to each camera's class numbers."""

    def __init__(self, cameras: dict[int, set[int]] | None) -> None:
        self._cameras = cameras

    def accepts(self, camera: int, number: int) -> bool:
        """Whether a track of class `number` on `camera` is looked at."""
        return self._cameras is None or number in self._cameras.get(camera, ())


class Site:
    """All cameras that the rule is bound to; one for a rule of camera scope."""

    def __init__(self, cameras: Sequence[Camera], granted: Sequence[str] = ()) -> None:
        self.cameras = list(cameras)
        self._granted = check_powers("granted", granted)

    def granted(self, power: str) -> bool:
        """Whether the operator has granted the rule this power."""
        check_powers("granted(power)", [power])
        return power in self._granted

    def require(self, power: str) -> None:
        """Refuses with what to do where the power is not granted; for a rule that cannot do without."""
        if not self.granted(power):
            raise Refusal(f"this needs the power {power}; grant it to the rule")

    def camera(self, handle: int) -> Camera | None:
        """The camera with this handle."""
        return next((camera for camera in self.cameras if camera.handle == handle), None)

    def classes(self, names: Sequence[str], key: str = "classes") -> ClassFilter:
        """A filter for these classes; refuses one that a camera's model does not know, naming `key`."""
        for camera in self.cameras:
            unknown = next((name for name in names if name not in camera.classes), None)
            if unknown is not None:
                said = json.dumps(unknown, ensure_ascii=False)
                raise Refusal(
                    f"{key}: {said} is not a class of camera {camera.name}; "
                    f"its model knows {_listed(camera.classes)}"
                )
        return self.known_classes(names)

    def known_classes(self, names: Sequence[str]) -> ClassFilter:
        """A filter for those of the classes that each camera's model knows; the others are left out."""
        accepted = {
            camera.handle: {number for number, name in enumerate(camera.classes) if name in names}
            for camera in self.cameras
        }
        return ClassFilter(accepted)

    def all_classes(self) -> ClassFilter:
        """A filter that accepts every class."""
        return ClassFilter(None)


def _listed(classes: list[str]) -> str:
    if not classes:
        return "no class names"
    more = f" and {len(classes) - _NAMED} more" if len(classes) > _NAMED else ""
    return ", ".join(classes[:_NAMED]) + more
