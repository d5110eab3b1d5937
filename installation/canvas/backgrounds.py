"""What is behind everybody: how one background goes over into another, and when the mirror's own room gives way to it."""

from __future__ import annotations

from dataclasses import dataclass

from installation.canvas.backdrops import Backdrops
from installation.canvas.fading import Fader, Switch
from installation.canvas.look import BLUR, CAMERA, PICTURE, ROOM, Look, hides_room
from installation.canvas.mirror import View
from installation.canvas.scene import Backdrop
from installation.messages import Mask, Portraits

BACKGROUND_SECONDS = 0.8  # from one background to another
LOST_SECONDS = 0.5  # that the last matte stands in for one that is missing, before the room comes back


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """What is seen behind everybody, as in a scene."""

    room: float
    camera: float
    blur: float
    pictures: tuple[Backdrop, ...]
    people: Mask | None
    hidden: float


class Backgrounds:
    """Owns the fades. A background begins to come when it can be seen whole: a picture once it is read, and in the mirror once it is
    known where people are; until then what was there stays."""

    def __init__(self, backdrops: Backdrops) -> None:
        self._backdrops = backdrops
        self._shown = ""
        self._levels = Switch(BACKGROUND_SECONDS)
        self._known: Fader | None = None  # whether it is known where people are
        self._people: Mask | None = None
        self._missing = 0.0  # s since it was

    def step(self, look: Look, portraits: Portraits | None, mirror: float, dt: float) -> Behind:
        """mirror: 0…1, how much of it is on the canvas. dt: s since the last picture."""
        known = self._follow(portraits, dt)
        if self._ready(look.background):
            self._shown = look.background
        levels = self._levels.towards(self._shown, dt)
        hidden = min(1.0, sum(level for name, level in levels.items() if hides_room(name)))
        # Behind people nothing is seen of the wall that belongs to portraits: the mirror's room is in its place.
        whole = mirror * self._covered(look, portraits)
        gain = 1.0 + whole * (1.0 / hidden - 1.0) if hidden > 0.0 else 1.0
        shares = {name: level * (gain if hides_room(name) else 1.0 - whole) for name, level in levels.items()}
        pictures = tuple(
            Backdrop(image, min(1.0, share))
            for name, share in shares.items()
            if name.startswith(PICTURE) and (image := self._backdrops.get(name.removeprefix(PICTURE))) is not None
        )
        room, camera, blur = (min(1.0, shares.get(name, 0.0)) for name in (ROOM, CAMERA, BLUR))
        return Behind(room, camera, blur, pictures, self._people, hidden * known)

    def _covered(self, look: Look, portraits: Portraits | None) -> bool:
        """Whether the mirror leaves nothing of the canvas free."""
        if portraits is None or portraits.picture is None:
            return False
        height, width = portraits.picture.shape[:2]
        size = self._backdrops.width, self._backdrops.height
        return View.of((width, height), size, look.fit, look.mirror).place(*size) == (0, 0, *size)

    def _ready(self, background: str) -> bool:
        first = not self._shown
        return (
            not background.startswith(PICTURE) or self._backdrops.get(background.removeprefix(PICTURE), at_once=first) is not None or first
        )

    def _follow(self, portraits: Portraits | None, dt: float) -> float:
        """How far the room may give way, 0…1: slowly to nothing where nobody has known for a while where people are."""
        people = portraits.people if portraits is not None else None
        self._missing = self._missing + dt if people is None else 0.0
        self._people = people if people is not None else self._people
        there = people is not None or (self._people is not None and self._missing < LOST_SECONDS)
        if self._known is None:
            self._known = Fader(float(there), BACKGROUND_SECONDS)
        return self._known.towards(float(there), dt)
