"""Directions with no data at all: closed-form factorisation (Shen and Zhou 2021, "Closed-Form Factorization of Latent
Semantics in GANs").

The first thing a layer does to a code is a linear map, so the codes that change its styles most are the first eigenvectors
of that map's Gram matrix.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from installation.checkpoints.loading import AnyGenerator
from installation.latents.directions import Direction
from installation.networks.stylegan2 import EqualLinear

SAMPLES = 4096  # codes behind the standard deviation along a direction
SEED = 20210
STYLE_STEP = 0.3  # of the styles' own size: one unit where no mapping network says how far codes spread


@torch.no_grad()
def sefa(
    generator: AnyGenerator, count: int, layers: tuple[int, int] | None = None, name: str = "sefa", family: str = ""
) -> list[Direction]:
    """The ``count`` strongest directions of a generator over ``layers`` (first and one past the last style, None for all).

    One unit is one standard deviation of w along the direction; for a generator without a mapping network it is the step
    that changes the styles by 30 % of their size. Named ``name-1`` and on, strongest first. Raises ValueError for a range of layers
    or a number that the generator does not have.
    """
    affines = style_affines(generator)
    first, end = layers or (0, len(affines))
    if not 0 <= first < end <= len(affines):
        raise ValueError(f"layers: from 0 to {len(affines) - 1}, got {first}-{end - 1}")
    weights = [weight for found in affines[first:end] for weight, _ in found]
    if not weights:
        raise ValueError(f"layers: {first}-{end - 1} hold no affine map of channels")
    stacked = torch.cat(weights)
    if not 1 <= count <= min(stacked.shape):
        raise ValueError(f"count: from 1 to {min(stacked.shape)}, got {count}")
    _, vectors = torch.linalg.eigh(stacked.double().T @ stacked.double())
    strongest = vectors.flip(1)[:, :count].T.float()
    # An eigenvector's sign is arbitrary: the same one on every machine.
    signs = strongest.gather(1, strongest.abs().argmax(1, keepdim=True)).sign()
    units = _units(generator, strongest, stacked, affines[first:end], first)
    directions = []
    for number, vector in enumerate(strongest * signs * units[:, None], 1):
        moved = torch.zeros(len(affines), vector.numel())
        moved[first:end] = vector
        directions.append(Direction(f"{name}-{number}", moved, (first, end), family=family))
    return directions


def style_affines(generator: AnyGenerator) -> list[list[tuple[Tensor, Tensor]]]:
    """For each style, weight [channels, w_dim] and bias [channels] of the maps that read it; the pictures' own (to RGB)
    only where nothing else does, as published."""
    return [[_effective(linear) for linear in linears] for linears in generator.modulations]


def _effective(linear: EqualLinear) -> tuple[Tensor, Tensor]:
    return linear.weight * linear.scale, linear.bias * linear.lr_mul


def _units(
    generator: AnyGenerator,
    directions: Tensor,
    stacked: Tensor,
    affines: Sequence[Sequence[tuple[Tensor, Tensor]]],
    first: int,
) -> Tensor:
    """Length of one unit along each of ``directions`` [count, w_dim]."""
    if generator.mapping_layers == 0:  # only the normalisation: there is no prior
        middle = generator.latent_avg.expand(generator.styles, -1)
        styles = [weight @ middle[first + k] + bias for k, weights in enumerate(affines) for weight, bias in weights]
        size = torch.cat(styles).square().mean().sqrt()
        changes = (directions @ stacked.T).square().mean(1).sqrt()
        return STYLE_STEP * size / changes.clamp_min(1e-8)
    draw = torch.Generator().manual_seed(SEED)
    z = torch.randn(SAMPLES, generator.z_dim, generator=draw)
    w: Tensor = generator.mapping(z)[:, first]
    return (w @ directions.T).std(0)
