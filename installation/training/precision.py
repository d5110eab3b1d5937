"""Half precision for training: bf16 by autocast on whatever device is torch's default, where that is quicker there."""

import functools
import time

import torch
import torch.nn.functional as F
from torch import Tensor

TRIES = 4


def half() -> torch.autocast:
    """A block whose convolutions and products run in bf16 where this machine is quicker with it; parameters and their gradients stay
    float32."""
    kind = torch.get_default_device().type
    return torch.autocast(kind, torch.bfloat16, enabled=quicker_in_half(kind))


@functools.cache
def quicker_in_half(kind: str) -> bool:
    """Whether a convolution takes less time in bf16: some CPUs have arithmetic for it, others imitate it. Measured once, in about 20 ms."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    x, weight = torch.randn(4, 64, 64, 64, device=kind), torch.randn(64, 64, 3, 3, device=kind)
    return _seconds(x.bfloat16(), weight.bfloat16()) < _seconds(x, weight)


@torch.no_grad()
def _seconds(x: Tensor, weight: Tensor) -> float:
    """The best of several."""
    best = float("inf")
    for _ in range(TRIES):
        start = time.perf_counter()
        F.conv2d(x, weight, padding=1)
        best = min(best, time.perf_counter() - start)
    return best
