"""Which generator draws which resolution (Pinkney and Adler 2020, "Resolution Dependent GAN Interpolation")."""

import math
from collections.abc import Sequence


def swap_shares(resolutions: Sequence[int], swap_at: int, width: float = 0.0) -> tuple[float, ...]:
    """Share 0…1 of the child at each resolution: the base below ``swap_at``, the child from there on.

    width: octaves over which one gives way to the other, half of it below ``swap_at``; 0 is a hard swap.
    Raises ValueError for a negative width or a resolution that is not positive.
    """
    if width < 0:
        raise ValueError(f"width: octaves from 0 up are needed, got {width}")
    if swap_at <= 0:
        raise ValueError(f"swap_at: a resolution in pixels is needed, got {swap_at}")
    shares = []
    for resolution in resolutions:
        octaves = math.log2(resolution / swap_at) + 0.5  # the boundary lies half an octave below the first swapped layer
        x = float(octaves > 0) if width == 0 else min(1.0, max(0.0, octaves / width + 0.5))
        shares.append(x * x * (3 - 2 * x))
    return tuple(shares)


def normalised(shares: Sequence[Sequence[float]]) -> list[list[float]]:
    """Children's shares [children][resolutions], scaled down at resolutions where their sum passes 1."""
    totals = [max(1.0, sum(column)) for column in zip(*shares, strict=True)]
    return [[share / total for share, total in zip(row, totals, strict=True)] for row in shares]
