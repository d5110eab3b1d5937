"""A face as a generator reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """ws: [styles, w_dim] float32. detail: residual [C, r, r] in -1…1 of the embedded encoder, where it was kept. card: what the file
    says of it, words by name: the generator's digest under ``generator``, the child that was tuned for it under ``child``."""

    name: str
    ws: Tensor
    detail: Tensor | None = None
    card: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def misfit(code: Code, styles: int, w_dim: int) -> str | None:
    """Why a generator with so many styles cannot draw it; None where it can."""
    if tuple(code.ws.shape) == (styles, w_dim):
        return None
    shape = "x".join(map(str, code.ws.shape))
    return f"code {code.name!r} is {shape}, the generator's are {styles}x{w_dim} (styles x w_dim)"
