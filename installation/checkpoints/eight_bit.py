"""Weights as whole numbers of eight bits with a step for each channel: half as large on the disk, and nothing that an eye could see.

Weight-only quantisation, symmetric and per channel (Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient
inference"): a channel's largest weight is 127 steps. Networks are run in floating point as ever; this is about files alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.stored_tensors import Shape, Stored

STEPS: Final = ".steps"  # after the name of the weight that they belong to
LARGEST: Final = 127
FEWEST: Final = 2048  # numbers of a weight from which it is worth it


@dataclass(frozen=True, eq=False)
class SteppedTensor:
    """A weight of whole numbers, and the size of their steps."""

    numbers: Stored
    steps: Stored

    @property
    def shape(self) -> Shape:
        return self.numbers.shape

    def read(self) -> Tensor:
        return self.numbers.read().float() * self.steps.read().float()


def in_eight_bits(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights that are large enough as int8 beside their steps in float32, everything else as it was. A modulated convolution
    [1, out, in, k, k] has a step for each of ``out``, any other weight for each of its first axis."""
    found = dict[str, Tensor]()
    for name, value in tensors.items():
        if not value.is_floating_point() or value.dim() < 2 or value.numel() < FEWEST:
            found[name] = value
            continue
        axes = tuple(range(2 if value.shape[0] == 1 and value.dim() > 2 else 1, value.dim()))
        steps = value.float().abs().amax(dim=axes, keepdim=True).clamp(min=1e-12) / LARGEST
        found[name] = (value.float() / steps).round().to(torch.int8).contiguous()
        found[name + STEPS] = steps.contiguous()
    return found


def with_steps(tensors: Mapping[str, Stored], path: Path) -> dict[str, Stored]:
    """The other way: weights in the place of whole numbers and their steps. Raises CheckpointError for steps that belong to nothing."""
    found = {name: value for name, value in tensors.items() if not name.endswith(STEPS)}
    for name, steps in tensors.items():
        if not name.endswith(STEPS):
            continue
        weight = name.removesuffix(STEPS)
        if weight not in found:
            raise CheckpointError(f"{path}: {name} belongs to no weight; was the file put together by hand? Export it again")
        shape = found[weight].shape
        if len(steps.shape) != len(shape) or any(one not in (1, length) for one, length in zip(steps.shape, shape, strict=True)):
            raise CheckpointError(f"{path}: {name} is {list(steps.shape)}, which does not go with {weight}'s {list(shape)}")
        found[weight] = SteppedTensor(found[weight], steps)
    return found
