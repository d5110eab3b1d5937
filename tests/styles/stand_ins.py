"""Hands that paint without a network."""

from dataclasses import dataclass, field

import numpy as np

from installation.control.parameters import parameter_table
from installation.control.state import Controls, ControlState
from installation.messages import Image
from installation.styles.blend import Blend
from installation.styles.library import Palette, Style

VECTOR = np.eye(100, dtype=np.float32)
PALETTE = Palette({
    "alpha": Style("alpha", "first painting", vector=VECTOR[0]),
    "beta": Style("beta", "second painting", vector=VECTOR[1]),
    "ink": Style("ink", "of the bank", place=2),
    "amber": Style("amber", "of the bank", place=0),
})  # fmt: skip


@dataclass
class Negative:
    """Paints the negative, and remembers the blends."""

    size: tuple[int, int] = (64, 32)
    blends: list[Blend] = field(default_factory=list)

    def draw(self, picture: Image, blend: Blend) -> Image:
        self.blends.append(blend)
        return 255 - picture


@dataclass
class Trembling:
    """A network that answers noise with much more of it, as real ones do."""

    size: tuple[int, int] = (64, 32)
    times: float = 6.0

    def draw(self, picture: Image, blend: Blend) -> Image:
        around = np.float32(128)
        return np.clip((picture.astype(np.float32) - around) * self.times + around, 0, 255).astype(np.uint8)


class OnePainter:
    """In the place of Painter: one hand for everything."""

    def __init__(self, hand: object) -> None:
        self.hand, self.turns, self.prepared, self.long_side = hand, list[float](), 0, 64

    def picture(self, width: int, height: int) -> object:
        return self.hand

    def square(self) -> object:
        return self.hand

    def prepare(self) -> None:
        self.prepared += 1

    def took(self, seconds: float, now: float) -> None:
        self.turns.append(seconds)


def controls(palette: Palette = PALETTE, **values: object) -> Controls:
    """A snapshot with ``style_alpha_amount=1`` for ``style/alpha/amount``."""
    state = ControlState(parameter_table([], [], styles=palette.told))
    for name, value in values.items():
        assert state.set(name.replace("_", "/"), value), name
    return state.snapshot(0.0)
