"""Training on several processes (torchrun): each takes its slice of the same batch, and the result is that of one process.

Gradients are averaged by hand and batch norm looks at the whole batch, so that nothing but rounding tells one process from
several; with ``DistributedDataParallel`` the losses, R1 and path length would each need their own care.
"""

import atexit
import gc
import os
from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

RANK = int(os.environ.get("RANK", "0"))  # this process' number, 0 without torchrun
WORLD = int(os.environ.get("WORLD_SIZE", "1"))  # how many processes train together, 1 without torchrun


def rand(count: int, *shape: int, device: torch.device) -> Tensor:
    """``torch.rand`` [count, *shape]: this process' share of the numbers that one process alone would draw. All processes
    must be at the same place of the same random sequence."""
    return torch.rand(count * WORLD, *shape, device=device)[RANK::WORLD]


def randn(count: int, *shape: int, device: torch.device) -> Tensor:
    """``torch.randn``, as ``rand``."""
    return torch.randn(count * WORLD, *shape, device=device)[RANK::WORLD]


def start(device: torch.device) -> None:
    """Meet the other processes, where there are any, and part from them when this one ends: a process that goes while the
    group's threads still run is now and then aborted by them, after all its work is done."""
    if WORLD > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(_part)


def _part() -> None:
    """Leave the group while Python still stands: its threads give tensors back, which takes Python's lock. The collection is
    what ends them, as the group stands in a circle of references."""
    dist.destroy_process_group()
    gc.collect()


def device_of(name: str) -> torch.device:
    """``cuda`` is each process' own card."""
    return torch.device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if name == "cuda" else name)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Make every process' gradients the mean over all of them."""
    if WORLD == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= WORLD
    at = 0
    for gradient in gradients:
        gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient))
        at += gradient.numel()


def share(parameters: Iterable[Tensor]) -> None:
    """Give every process the first one's numbers."""
    if WORLD > 1:
        for parameter in parameters:
            dist.broadcast(parameter.data, 0)


def mean(value: Tensor) -> Tensor:
    """The mean over all processes, without a gradient."""
    if WORLD == 1:
        return value
    value = value.clone()
    dist.all_reduce(value)
    return value / WORLD


class _Sum(torch.autograd.Function):
    """The sum over all processes, with a gradient: what every process makes of the sum comes back to each, summed as well."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm over the pictures of all processes; keeps the parameter names."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or WORLD == 1:
            return super().forward(x)
        moments = torch.stack([x.mean(dim=(0, 2, 3)), x.square().mean(dim=(0, 2, 3))])
        middle, square = _Sum.apply(moments) / WORLD  # type: ignore[no-untyped-call]
        variance = square - middle.square()
        count = x.numel() / x.shape[1] * WORLD
        with torch.no_grad():
            assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
            self.running_mean.lerp_(middle, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked += 1
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normed: Tensor = x * scale[None, :, None, None] + (self.bias - middle * scale)[None, :, None, None]
        return normed


def with_shared_batch_norm(module: nn.Module) -> None:
    """Turn every batch norm of ``module`` into one over all processes, in place."""
    if WORLD > 1:
        for child in module.modules():
            if type(child) is nn.BatchNorm2d:
                child.__class__ = SharedBatchNorm
