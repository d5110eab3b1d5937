"""One interface to every way a network is run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Choice:
    """A way to run a network: backend eager, compile, cudagraph or openvino; precision float32, bf16 or fp16; CPU threads."""

    backend: str
    precision: str
    threads: int

    def __str__(self) -> str:
        return f"{self.backend} {self.precision}, {self.threads} thread{'s' * (self.threads != 1)}"


@dataclass(frozen=True)
class Network:
    """What an engine is built from.

    name: tells networks of one model apart in caches and reports. module: in eval mode, float32. example: inputs of the
    fixed shapes that the engine will see. digest: of the weights and sizes.
    """

    name: str
    module: nn.Module
    example: tuple[Tensor, ...]
    digest: str


class Engine(Protocol):
    """A network ready to run on inputs of its example's shapes; not for two threads at once."""

    choice: Choice

    def __call__(self, *inputs: Array) -> Sequence[Array]:
        """Outputs; each is valid until the next call."""
        ...
