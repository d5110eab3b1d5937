"""The size of a picture once its pixels are square: DVD, DV, HDV and analogue television store others."""

from __future__ import annotations

from fractions import Fraction

from installation.sources.base import MAX_SIDE

ODD_PIXELS = 4.0  # times longer than wide, or the other way round, beyond which a pixel's shape is taken for damage


def square(width: int, height: int, shape: Fraction | None, most: int = MAX_SIDE) -> tuple[int, int]:
    """px of a picture once its pixels are square, scaled down to ``most`` on a side. No line and no column is lost by the shape."""
    wide, tall = float(width), float(height)
    if shape is not None and 1 / ODD_PIXELS <= shape <= ODD_PIXELS:
        wide, tall = (wide * float(shape), tall) if shape > 1 else (wide, tall / float(shape))
    scale = min(1.0, most / max(wide, tall, 1.0))  # a damaged file may say that it has no pixels at all
    if scale == 1.0:
        return round(wide), round(tall)
    return max(2, round(wide * scale)), max(2, round(tall * scale))
