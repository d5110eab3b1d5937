"""The wall: everybody's newest portrait, where it hangs, its frame and its lamp."""

from __future__ import annotations

from collections.abc import Hashable

from installation.canvas.frames import Frames
from installation.canvas.layout import Arrangement, Cells, Hanging, Layout, Placement, arrangement
from installation.canvas.look import Look
from installation.canvas.mirror import View
from installation.canvas.scene import Light, Tile
from installation.messages import Image, Portraits

LAMP_RADIUS = 0.5  # of a portrait's side
LAMP_HEIGHT = 0.1  # of a portrait's side, how far above its middle the lamp points
LAMP_STRENGTH = 0.72
WAITING_STRENGTH = 0.36  # the lamp that waits in the middle of an empty room
WAITING_RADIUS = 0.3  # of the canvas' height
WAITING_PLACE = 0.42  # of the canvas' height, from above


class Wall:
    """Who left hangs there with their last picture until they have faded. width, height: px of the canvas."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._layout = Layout(width, height)
        self._frames = Frames()
        self._last: dict[Hashable, Image] = {}  # of everybody who hangs, their newest portrait

    def hang(self, portraits: Portraits | None, look: Look, now: float) -> tuple[tuple[Tile, ...], tuple[Placement, ...]]:
        """What hangs at ``now``, s, and where everybody has their place, seen or not. portraits: the newest there are, None before the
        first ones."""
        shown = portraits.portraits if portraits else ()
        size = portraits.frame.image.shape[1::-1] if portraits else (1, 1)
        view = View.of((size[0], size[1]), (self._width, self._height), look.fit, look.mirror)
        hanging = []
        for portrait in shown:
            key = (portrait.face.id, portrait.cell)
            if portrait.image.size or key not in self._last:
                self._last[key] = portrait.image
            hanging.append(Hanging(key, portrait.opacity, None if portrait.square is None else view.box(portrait.square)))
        placements = self._layout.step(hanging, look.layout, look.zoom, now, Cells(look.rows, look.columns, look.gap))
        self._last = {one.id: self._last[one.id] for one in placements}
        seen = [one for one in placements if one.opacity > 0.0 and self._last[one.id].size]
        self._frames.keep({one.id for one in placements})
        return tuple(self._tile(one, arrangement(look.layout)) for one in seen), placements

    def lights(self, placements: tuple[Placement, ...]) -> tuple[Light, ...]:
        """A lamp over each portrait, and one in the middle as far as nobody is to be seen."""
        lights = [_lamp(one) for one in placements if one.opacity > 0.0]
        empty = max(0.0, 1.0 - sum(one.opacity for one in placements))
        if empty > 0.0:
            place = self._width / 2, WAITING_PLACE * self._height
            lights.append(Light(*place, WAITING_RADIUS * self._height, WAITING_STRENGTH * empty))
        return tuple(lights)

    def _tile(self, one: Placement, layout: Arrangement) -> Tile:
        image = self._last[one.id]
        if layout.framed:
            image = self._frames.framed(image, one.id, one.box.size, one.rests)
        return Tile(image, one.box, one.opacity, one.rests, square=layout.square)


def _lamp(placement: Placement) -> Light:
    box = placement.box
    return Light(box.x, box.y - LAMP_HEIGHT * box.size, LAMP_RADIUS * box.size, LAMP_STRENGTH * placement.opacity, placement.opacity)
