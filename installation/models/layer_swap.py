"""Which generator draws which resolution (Pinkney and Adler 2020, "Resolution Dependent GAN Interpolation")."""

import math
from collections.abc import Sequence
from copy import deepcopy

import torch

from installation.checkpoints.loading import noise_weights, resolution_of
from installation.networks.stylegan2 import Generator


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


def misfit(a: Generator, b: Generator) -> str | None:
    """Why two generators cannot be swapped, with the layer and both shapes; None where they can. The mapping networks may
    differ, as only one of them is taken."""
    mine, theirs = (_layers(generator) for generator in (a, b))
    if a.style_dim != b.style_dim:
        return f"w has {a.style_dim} numbers in the first and {b.style_dim} in the second"
    for name, shape in mine.items():
        if name not in theirs:
            return f"layer {name} ({_shown(shape)}) of {resolution_of(name)} px is not in the second, which draws {b.size} px"
        if theirs[name] != shape:
            return f"layer {name} of {resolution_of(name)} px is {_shown(shape)} in the first and {_shown(theirs[name])} in the second"
    more = next((name for name in theirs if name not in mine), None)
    if more is not None:
        return f"layer {more} ({_shown(theirs[more])}) of {resolution_of(more)} px is not in the first, which draws {a.size} px"
    return None


def swapped(coarse: Generator, fine: Generator, shares: Sequence[float]) -> Generator:
    """A generator whose layers of each resolution are ``coarse``'s, moved toward ``fine``'s by its share 0…1.

    shares: of ``fine``, one for each resolution. The mapping network and the mean code are ``coarse``'s, as its codes are what
    the result is for. Noise pictures are blended as they are added, each times its layer's weight.
    Raises ValueError where the layers differ.
    """
    if reason := misfit(coarse, fine):
        raise ValueError(reason)
    share_of = dict(zip(coarse.resolutions, shares, strict=True))
    theirs = fine.state_dict()
    result = deepcopy(coarse)
    mine, mixed = coarse.state_dict(), {}
    for name, value in mine.items():
        share = share_of.get(resolution_of(name), 0.0)
        mixed[name] = torch.lerp(value, theirs[name], share) if share else value
    for name, weight in noise_weights(mine):
        share = share_of[resolution_of(name)]
        if 0 < share < 1 and (mine[weight] or theirs[weight]):
            mixed[name] = torch.lerp(mine[name] * mine[weight], theirs[name] * theirs[weight], share)
            mixed[weight] = torch.ones_like(mixed[weight])
    result.load_state_dict(mixed)
    return result.eval().requires_grad_(False)


def _layers(generator: Generator) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in generator.state_dict().items() if resolution_of(name)}


def _shown(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
