"""The scenes by name, each with its seed: the same code gives the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from installation.messages import Image
from installation.paintings.brush import HEIGHT, WIDTH, Canvas
from installation.paintings.fireside import fireside
from installation.paintings.frosted_window import window
from installation.paintings.snowy_hills import hills
from installation.paintings.village_night import village

SCENES: Mapping[str, tuple[int, Callable[[np.random.Generator], Canvas]]] = MappingProxyType(
    {"fireside": (4, fireside), "frosted-window": (3, window), "snowy-hills": (1, hills), "village-night": (2, village)}
)


def painted(name: str) -> Image:
    """[1080, 1920, 3] of one scene."""
    seed, paint = SCENES[name]
    canvas = paint(np.random.default_rng(seed))
    dither = np.random.default_rng(seed).normal(0, 0.8, (HEIGHT, WIDTH, 1))
    return np.asarray(np.clip(canvas * 255.0 + 0.5 + dither, 0, 255), dtype=np.uint8)
