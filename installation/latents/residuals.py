"""From one visitor's detail residual to another's.

A residual drawn at half strength is grey, and two of them drawn over each other show two outlines. So where two faces are
alike, one melts into the other, and where they are not, as hair against a wall, one gives way to the other on a short part
of the way, before its middle: a portrait that stays half-way shows one outline.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

CROSSING = 0.42  # of the way: where unlike parts change over
CROSSING_WIDTH = 0.16  # of the way, that this takes
UNLIKE = 0.5  # how quickly a difference, as a share of the residuals' own size, counts as unlike


def crossed(own: Tensor | None, other: Tensor | None, share: float) -> Tensor | None:
    """The residual [C, r, r], ``share`` 0…1 of the way from ``own`` to ``other``; None is a face without one."""
    if own is other or share <= 0:
        return own
    if share >= 1:
        return other
    like = own if own is not None else other
    assert like is not None
    a, b = own if own is not None else torch.zeros_like(like), other if other is not None else torch.zeros_like(like)
    way = b - a
    change = way.square().mean(dim=0, keepdim=True)
    size = (a.square().mean() + b.square().mean()) / 2 + 1e-8
    unlike = F.avg_pool2d(change[None], 3, 1, 1, count_include_pad=False)[0].mul_(UNLIKE / size).clamp_(0, 1)
    x = min(1.0, max(0.0, (share - CROSSING) / CROSSING_WIDTH + 0.5))
    return a + way * unlike.mul_(x * x * (3 - 2 * x) - share).add_(share)


def recoloured(own: Tensor | None, other: Tensor | None, share: float) -> Tensor | None:
    """The residual [C, r, r] with, by ``share`` 0…1, the other's mean and deviation in each channel: its colours and the
    strength of its textures on one's own features (Huang and Belongie 2017, "Arbitrary Style Transfer ... AdaIN")."""
    if own is None or other is None or share <= 0:
        return own
    mean, deviation = _statistics(own)
    middle, wanted = _statistics(other)
    ratio = wanted / (deviation + 1e-6)
    # own + share * ((own - mean) * ratio + middle - own), in one pass
    return torch.addcmul(share * (middle - mean * ratio), own, 1 + share * (ratio - 1))


def _statistics(residual: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation [C, 1, 1] of each channel; five times as quick as torch's own ``std_mean`` at this size."""
    flat = residual.flatten(1)
    mean = flat.mean(dim=1)
    power = torch.linalg.vector_norm(flat, dim=1).square_() / flat.shape[1]
    return mean[:, None, None], (power - mean.square()).clamp_(min=0).sqrt_()[:, None, None]
