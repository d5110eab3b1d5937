"""Draws codes with any generator, as the mirror does: the embedded family with its detail residual, all others from the code alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from installation.checkpoints.loading import AnyGenerator
from installation.codes.code import Code
from installation.messages import Image
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.mixed_generator import MixedCodes, MixedGenerator, WholePicture

BATCH = 4
LARGE_PX = 256  # pictures larger than this are drawn one by one


class CodePainter:
    """encoder: gives the way of a detail residual into the generator; None draws the code alone."""

    def __init__(self, base: AnyGenerator, encoder: FacetsEncoder | None = None) -> None:
        self.size = int(base.size)
        layered = base.layered
        self._codes = (WholePicture(base, base.size) if layered is None else MixedCodes(MixedGenerator(layered))).eval()
        has_detail = encoder is not None and layered is not None
        self._detailed = MixedGenerator(layered, (), encoder.expand.weight).eval() if has_detail else None  # type: ignore[arg-type, union-attr]
        self._batch = BATCH if self.size <= LARGE_PX else 1

    def draw(self, codes: Sequence[Code]) -> list[Image]:
        """A picture [size, size, 3] of each."""
        pictures: list[Image | None] = [None] * len(codes)
        for wanted in (True, False):
            places = [k for k, code in enumerate(codes) if (code.detail is not None and self._detailed is not None) == wanted]
            for start in range(0, len(places), self._batch):
                part = places[start : start + self._batch]
                for k, picture in zip(part, self._batch_of([codes[k] for k in part], wanted), strict=True):
                    pictures[k] = np.ascontiguousarray(picture)  # OpenCV writes into no other
        return [picture for picture in pictures if picture is not None]

    @torch.inference_mode()
    def _batch_of(self, codes: Sequence[Code], detailed: bool) -> np.ndarray:
        ws = torch.stack([code.ws for code in codes])
        if detailed and self._detailed is not None:
            detail = torch.stack([code.detail for code in codes if code.detail is not None])
            return np.asarray(self._detailed(ws, ws, detail, torch.ones(len(codes))).numpy())
        return np.asarray(self._codes(ws).numpy())

    @torch.inference_mode()
    def edited(self, plain: Code, ws: Tensor, detail: Tensor | None) -> Image:
        """A picture [size, size, 3] of an edited code [styles, w_dim] and its residual; where the edit changed the features of ``plain``
        the residual is drawn less."""
        if detail is None or self._detailed is None:
            return np.ascontiguousarray(self._codes(ws[None])[0].numpy())
        return np.ascontiguousarray(self._detailed(plain.ws[None], ws[None], detail[None], torch.ones(1))[0].numpy())
