"""Two faces in one: a weighted average of their codes, with a weight of its own for each range of layers.

Layers decide what is taken (Karras et al. 2019, "A Style-Based Generator Architecture", style mixing): the first ones pose and shape,
the last ones colour and texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from installation.codes.code import Code
from installation.latents.direction_lists import parse_layers
from installation.latents.residuals import crossed, recoloured

LAYOUT = 8  # styles, up to 32 px: they say where things are, and so does a detail residual


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """Of the column's code, one for each style, 0…1: 0 is the row's face, 1 the column's."""

    of: tuple[float, ...]

    @staticmethod
    def parse(text: str, styles: int) -> LayerWeights:
        """``0.5``, or ``0-3=0,4-7=0.5,8-13=1``; a layer that is not named keeps the row's. Raises ValueError."""
        if "=" not in text:
            return LayerWeights((_weight(text),) * styles)
        weights = [0.0] * styles
        for part in text.split(","):
            layers, sign, weight = part.partition("=")
            if not sign:
                raise ValueError(f"{part!r} is no LAYERS=WEIGHT, as in 4-7=0.5")
            first, end = parse_layers(layers.strip())
            if end > styles:
                raise ValueError(f"{part!r}: the generator's layers are 0-{styles - 1}")
            weights[first:end] = [_weight(weight)] * (end - first)
        return LayerWeights(tuple(weights))

    @staticmethod
    def style_mixing(styles: int) -> LayerWeights:
        """The row's pose and shape in the column's colours, with half of each in between: the usual grid."""
        coarse, fine = round(styles * 4 / 14), round(styles * 8 / 14)
        return LayerWeights((0.0,) * coarse + (0.5,) * (fine - coarse) + (1.0,) * (styles - fine))

    @property
    def text(self) -> str:
        """As ``parse`` reads it."""
        parts, first = [], 0
        for k in range(1, len(self.of) + 1):
            if k == len(self.of) or self.of[k] != self.of[first]:
                parts.append(f"{first}{f'-{k - 1}' if k - 1 > first else ''}={self.of[first]:g}")
                first = k
        return ",".join(parts)


def _weight(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is no weight; a number from 0 to 1 is needed") from None
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{text.strip()!r} is no weight; a number from 0 to 1 is needed")
    return value


def mixed(row: Code, column: Code, weights: LayerWeights) -> Code:
    """The average of two codes. Their residuals cross with the layers that say where things are, and take their colours from the
    others; where one face has none, it is the residual of the face whose layout that is."""
    share = torch.tensor(weights.of)[:, None]
    ws = torch.lerp(row.ws, column.ws, share.to(row.ws))
    layout = _mean(weights.of[:LAYOUT])
    if row.detail is None or column.detail is None:
        detail = row.detail if layout < 0.5 else column.detail
    else:
        detail = crossed(row.detail, column.detail, layout)
        detail = recoloured(detail, column.detail, max(0.0, _mean(weights.of[LAYOUT:]) - layout))
    return Code(f"{row.name} × {column.name}", ws, detail, {"row": row.name, "column": column.name, "weights": weights.text})


def _mean(weights: Sequence[float]) -> float:
    return sum(weights) / len(weights) if weights else 0.0


def average(codes: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """The weighted average of codes [styles, w_dim]; the shares need not sum up to 1. Raises ValueError where they are nothing."""
    total = sum(shares)
    if not codes or total <= 0:
        raise ValueError("shares: at least one must be more than 0")
    return torch.einsum("n,nsd->sd", torch.tensor(shares) / total, torch.stack(list(codes)))
