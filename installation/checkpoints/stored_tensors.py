"""Tensors that still lie in a file: their shapes are known, their bytes are read once, when a network takes them."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from installation.checkpoints.error import CheckpointError

Shape = tuple[int, ...]


class Stored(Protocol):
    """A tensor that can be read."""

    @property
    def shape(self) -> Shape: ...

    def read(self) -> Tensor:
        """Its numbers, float32 or int64, in memory of their own."""
        ...


@dataclass(frozen=True)
class RecordTensor:
    """A tensor in a file. offset: bytes from the file's start to its first number; stride: in numbers.

    The maker has checked that the numbers lie within the file. They are read and not mapped: a file that is overwritten while the
    mirror runs must not change or end it, and what was mapped would count as memory a second time.
    """

    path: Path
    offset: int
    dtype: torch.dtype
    shape: Shape
    stride: Shape

    def read(self) -> Tensor:
        flat = torch.empty(span_of(self.shape, self.stride), dtype=self.dtype)
        view = memoryview(flat.view(torch.uint8).numpy().data)
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset)
            while view:
                count = file.readinto(view)
                if not count:
                    raise CheckpointError(f"{self.path}: ends before its tensors do; it was cut off, fetch it again")
                view = view[count:]
        return in_plain_type(flat.as_strided(self.shape, self.stride).contiguous())


@dataclass(frozen=True, eq=False)
class HeldTensor:
    """A tensor that is in memory already; whoever reads it shares it."""

    tensor: Tensor

    @property
    def shape(self) -> Shape:
        return tuple(self.tensor.shape)

    def read(self) -> Tensor:
        return in_plain_type(self.tensor)


@dataclass(frozen=True)
class Filler:
    """What a file may leave out: zeros, or noise drawn from a seed."""

    shape: Shape
    seed: int | None = None

    def read(self) -> Tensor:
        if self.seed is None:
            return torch.zeros(self.shape) if self.shape else torch.zeros((), dtype=torch.int64)
        return torch.randn(self.shape, generator=torch.Generator().manual_seed(self.seed))


def in_plain_type(tensor: Tensor) -> Tensor:
    """float32 for every kind of real number, int64 for whole ones."""
    return tensor.float() if tensor.is_floating_point() else tensor.long()


def span_of(shape: Shape, stride: Shape) -> int:
    """Numbers from the first to the last one of a strided tensor."""
    return 0 if 0 in shape else 1 + sum((length - 1) * step for length, step in zip(shape, stride, strict=True))


def fill(network: nn.Module, stored: Mapping[str, Stored], path: Path) -> None:
    """Give a network, built on the meta device, its parameters; each is held in memory once.

    Raises CheckpointError that names what is missing, too many, of another shape or not a number.
    """
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in stored]
    if missing:
        raise CheckpointError(f"{path}: {_some(missing)} missing; it does not hold the whole network")
    odd = [name for name in stored if name not in wanted]
    if odd:
        raise CheckpointError(f"{path}: {_some(odd)} not known in a {type(network).__name__}; it was made for another program")
    for name, value in wanted.items():
        if stored[name].shape != tuple(value.shape):
            shapes = f"{list(stored[name].shape)}, the layers beside it ask for {list(value.shape)}"
            raise CheckpointError(f"{path}: does not fit its own sizes: {name} has the shape {shapes}")
    network.load_state_dict({name: finite(stored[name].read(), name, path) for name in wanted}, assign=True)


def check_total(stored: Mapping[str, Stored], path: Path) -> None:
    """Parameters that read the same bytes over and over would fill the memory from a small file. Raises CheckpointError."""
    numbers, size = sum(math.prod(value.shape) for value in stored.values()), path.stat().st_size
    if numbers > size:
        raise CheckpointError(f"{path}: its parameters claim {numbers:,} numbers, which a file of {size:,} bytes cannot hold")


def finite(tensor: Tensor, name: str, path: Path) -> Tensor:
    """The tensor itself. Raises CheckpointError where it holds NaN or infinity."""
    if tensor.is_floating_point() and tensor.numel() and not all(torch.isfinite(end) for end in tensor.aminmax()):
        raise CheckpointError(f"{path}: {name} holds numbers that are not finite; its training broke off, take an earlier file")
    return tensor


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"


@contextmanager
def sizes_read(path: Path) -> Iterator[None]:
    """Turns what goes wrong while a structure is read from names and shapes into CheckpointError."""
    try:
        yield
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as err:
        raise CheckpointError(f"{path}: its sizes cannot be read ({err})") from err
