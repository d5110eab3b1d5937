"""A distribution for a generator that learned with its encoder: a mapping network fitted to encoded faces.

Vectors only, so minutes on a CPU. The codes' main components (PCA) become the generator's ``spread``; the mapping network
learns to give components as they are distributed, by the sliced Wasserstein distance (Bonneel et al. 2015): along random
lines, sorted samples against sorted faces.
"""

import torch
from torch import Tensor, nn

from installation.networks.stylegan2 import MAPPING_LR, EqualLinear, Generator, PixelNorm

LAYERS = 4
STEPS = 1_500
BATCH = 512
LINES = 256
LEARNING_RATE = 0.5  # beside the mapping network's own factor of 0.01
LEAST = 1e-3  # of the largest component's deviation; what is smaller is rounding
SHRINK = 0.9  # of the faces' spread: the outermost samples of a fit are its least trustworthy ones


def components(codes: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes [N, D] -> their mean [D], axes [D, count] one standard deviation long, and coordinates [N, K] of unit variance
    in the K ≤ count components that there are."""
    middle = codes.mean(dim=0)
    _, scales, axes = torch.linalg.svd(codes - middle, full_matrices=False)
    kept = min(count, int((scales > LEAST * scales[0]).sum()))
    deviations = scales[:kept] / max(1, len(codes) - 1) ** 0.5
    directions = torch.zeros(codes.shape[1], count)
    directions[:, :kept] = axes[:kept].T * deviations
    return middle, directions, (codes - middle) @ axes[:kept].T / deviations


def sliced_wasserstein(a: Tensor, b: Tensor, lines: int = LINES) -> Tensor:
    """Mean squared distance between the sorted projections of two samples [N, K] on random lines."""
    directions = nn.functional.normalize(torch.randn(a.shape[1], lines, device=a.device), dim=0)
    return ((a @ directions).sort(dim=0).values - (b @ directions).sort(dim=0).values).square().mean()


def fit_prior(generator: Generator, codes: Tensor, steps: int = STEPS, seed: int = 0) -> float:
    """Give ``generator`` a mapping network, a spread and a mean code, from the codes [N, styles, style_dim] of faces; how far
    its samples are from the faces at the end, in squared standard deviations along a line."""
    steps = min(steps, max(50, 2 * len(codes)))  # a handful of faces has no distribution worth the time
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        dim = generator.style_dim
        middle, directions, coordinates = components(codes.flatten(1).float(), dim)
        kept = coordinates.shape[1]
        style = nn.Sequential(PixelNorm(), *[EqualLinear(dim, dim, lr_mul=MAPPING_LR, activation=True) for _ in range(LAYERS)])
        optimizer = torch.optim.Adam(style.parameters(), LEARNING_RATE, betas=(0.9, 0.99))
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            faces = coordinates[torch.randint(len(coordinates), (BATCH,))]
            loss = sliced_wasserstein(style(torch.randn(BATCH, dim))[:, :kept], faces)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            scheduler.step()
        with torch.no_grad():
            faces = coordinates[torch.randint(len(coordinates), (2_048,))]
            left = float(sliced_wasserstein(style(torch.randn(2_048, dim))[:, :kept], faces))
    generator.style, generator.z_dim = style.requires_grad_(False), dim
    generator.latent_avg = middle.view(generator.styles, dim)
    generator.spread = SHRINK * directions.view(generator.styles, dim, dim)
    return left
