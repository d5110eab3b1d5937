"""Style: paint the whole picture, or each face, in the styles that the controls ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from installation.control.state import Controls
from installation.latents.turns import Key, Queue
from installation.messages import Image, Portraits, Styled
from installation.styles.blend import Blend, Blender
from installation.styles.crops import cut
from installation.styles.easel import Easel
from installation.styles.painter import Painter

TURN_SECONDS = 0.06  # of painting before the newest frame gets its turn
MOST_AT_ONCE = 64
WHOLE: Key = (-1, -1)  # the key of the whole picture
FACE = -2  # the cell of a face in its place in the picture


@dataclass(eq=False)
class Style:
    """Portraits -> Styled. What is painted is kept until it is painted again, so nothing flickers where the machine is slow: of many
    portraits those that waited longest have their turn. lockstep: everything is painted for each frame."""

    painter: Painter
    blender: Blender
    lockstep: bool = False
    painted: int = 0  # pictures and squares
    seconds: float = 0.0  # of the show, while something was painted
    _easels: dict[Key, Easel] = field(default_factory=dict)
    _done: dict[Key, Image] = field(default_factory=dict)
    _queue: Queue = field(default_factory=Queue)
    _copy: Image = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8))
    _square_seconds: float = 0.02
    _then: float | None = None

    def paint(self, portraits: Portraits, controls: Controls, now: float, clock: Callable[[], float]) -> Styled | None:
        """What the canvas is to show in place of ``portraits``; None where nothing is to be painted, or cannot be yet. clock: s,
        that measures the turns."""
        blend = self.blender.step(controls, now)
        if blend is None:
            self._forget()
            return None
        self.painter.prepare()
        if self.painter.square() is None:
            return None
        began = clock()
        styled = self._paint(portraits, blend, controls.text("style/scope"), clock)
        self.painter.took(clock() - began, now)
        self.seconds += 0.0 if self._then is None else max(0.0, now - self._then)
        self._then = now
        return styled

    def _forget(self) -> None:
        self._then = None
        if self._easels:
            self._easels, self._done = {}, {}

    def _paint(self, portraits: Portraits, blend: Blend, scope: str, clock: Callable[[], float]) -> Styled:
        whole = portraits.picture is not None and scope == "picture"
        in_place = portraits.picture is not None and not whole
        squares = [(one.face.id, FACE) for one in portraits.portraits if in_place and one.cell == 0 and one.in_view > 0.0]
        tiles = [(one.face.id, one.cell) for one in portraits.portraits if one.image.size]
        # Whatever lies behind these pictures is drawn into again soon: what is painted now is copied first.
        picture = self._copied(portraits.picture) if portraits.picture is not None else None
        sources = self._sources(portraits, picture, [*squares, *tiles])
        self._keep({*squares, *tiles, *({WHOLE} if whole else ())})
        if whole and picture is not None:
            self._one(WHOLE, picture, blend)
        for key, source in sources.items():
            start = clock()
            self._one(key, source, blend)
            self._square_seconds += 0.2 * (clock() - start - self._square_seconds)
        return Styled(
            portraits.frame,
            self._done.get(WHOLE) if whole else None,
            portraits.people,
            {key[0]: self._done[key] for key in squares if key in self._done},
            {key: self._done[key] for key in tiles if key in self._done},
        )

    def _sources(self, portraits: Portraits, picture: Image | None, keys: Sequence[Key]) -> dict[Key, Image]:
        """The squares whose turn it is, cut out."""
        most = MOST_AT_ONCE if self.lockstep else max(1, int(TURN_SECONDS / max(self._square_seconds, 1e-3)))
        due = set(self._queue.next(keys, lambda key: 1.0, most))
        hand = self.painter.square()
        assert hand is not None
        sources: dict[Key, Image] = {}
        for one in portraits.portraits:
            if (one.face.id, one.cell) in due and one.image.size:
                sources[one.face.id, one.cell] = one.image.copy()
            if (one.face.id, FACE) in due and one.cell == 0 and picture is not None and one.square is not None:
                sources[one.face.id, FACE] = cut(picture, one.square, hand.size[0])
        return sources

    def _one(self, key: Key, picture: Image, blend: Blend) -> None:
        hand = self.painter.picture(picture.shape[1], picture.shape[0]) if key == WHOLE else self.painter.square()
        if hand is not None:
            self._done[key] = self._easels.setdefault(key, Easel()).paint(picture, blend, hand)
            self.painted += 1

    def _keep(self, keys: set[Key]) -> None:
        """Forget whoever left."""
        self._easels = {key: easel for key, easel in self._easels.items() if key in keys}
        self._done = {key: done for key, done in self._done.items() if key in keys}

    def _copied(self, picture: Image) -> Image:
        if self._copy.shape != picture.shape:
            self._copy = np.empty_like(picture)
        np.copyto(self._copy, picture)
        return self._copy
