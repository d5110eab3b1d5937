"""Who is drawn: the numbers of one drawn person, and how they are drawn by lot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

Colour = tuple[int, int, int]

HAIR: Mapping[str, Colour] = MappingProxyType({
    "black": (34, 29, 33), "brown": (98, 61, 40), "blond": (214, 175, 104), "red": (168, 72, 38), "grey": (164, 163, 166),
    "white": (232, 229, 222), "blue": (58, 88, 176), "green": (58, 138, 88), "pink": (222, 120, 164), "purple": (118, 70, 156),
})  # fmt: skip
EYES: Mapping[str, Colour] = MappingProxyType({
    "brown": (94, 56, 30), "blue": (66, 120, 190), "green": (70, 136, 76), "grey": (128, 138, 146),
})  # fmt: skip
DYED = ("blue", "green", "pink", "purple")  # half as frequent as the others
LENGTHS = ("short", "medium", "long")
SKIN: tuple[Colour, ...] = (
    (246, 214, 190), (236, 194, 164), (222, 172, 134), (196, 142, 104), (160, 108, 76), (118, 78, 56), (88, 58, 44),
)  # fmt: skip
WALLS: tuple[Colour, ...] = ((206, 214, 220), (226, 214, 196), (180, 196, 186), (196, 184, 204), (150, 166, 184), (230, 226, 216))
CLOTHES: tuple[Colour, ...] = ((60, 74, 104), (128, 52, 54), (70, 96, 78), (202, 196, 186), (48, 48, 54), (186, 148, 88))
MEDIUM_FROM, LONG_FROM = 0.36, 0.70  # of a length 0…1: to the chin, past it


@dataclass(frozen=True, slots=True)
class Person:
    """hair, eyes: names in ``HAIR`` and ``EYES``. length: 0 cropped … 1 out of the picture. The rest: -1…1 around what is usual, wave 0…1,
    yaw the head's turn. seed: of everything that is drawn freely."""

    hair: str
    length: float
    eyes: str
    skin: Colour
    wall: Colour
    clothes: Colour
    fringe: int  # which of the fringes
    wave: float
    face_width: float
    jaw: float
    eye_size: float
    brow: float
    nose: float
    mouth: float
    smile: float
    yaw: float
    light: float
    tint: Colour  # how hair and eyes differ from others of their name, each channel
    seed: int

    @property
    def length_name(self) -> str:
        """One of ``LENGTHS``."""
        return LENGTHS[(self.length >= MEDIUM_FROM) + (self.length >= LONG_FROM)]


def draw_lots(seed: int) -> Person:
    """A person by lot; the same seed is the same person. Nothing goes with anything else, so that what is learned of one attribute is
    not learned of another."""
    rng = np.random.default_rng(seed)

    def around(spread: float = 0.5) -> float:
        return float(np.clip(rng.normal(0, spread), -1, 1))

    often = np.array([0.5 if name in DYED else 1.0 for name in HAIR])
    hair, eyes = str(rng.choice(list(HAIR), p=often / often.sum())), str(rng.choice(list(EYES)))
    band = int(rng.integers(3))
    edges = (0.0, MEDIUM_FROM, LONG_FROM, 1.0)
    # Not at the very edge between two lengths, where nobody could say which it is.
    length = float(rng.uniform(edges[band] + 0.05 * (band > 0), edges[band + 1] - 0.05 * (band < 2)))
    skin, wall, clothes = (options[int(rng.integers(len(options)))] for options in (SKIN, WALLS, CLOTHES))
    tint = rng.integers(-9, 10, 3)
    return Person(
        hair, length, eyes, skin, wall, clothes, int(rng.integers(4)), float(rng.uniform()), around(), around(), around(), around(),
        around(), around(), around(), around(0.4), around(), (int(tint[0]), int(tint[1]), int(tint[2])), seed,
    )  # fmt: skip
