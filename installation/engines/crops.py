"""Crops of a frame, all at once, by whoever has a quick way to make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from installation.messages import Image, Matrix

NUMBERS = 8  # that the GPU is told about each crop: the matrix row by row, the side of a block, and nothing


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One crop: where its pixels lie in the frame, of which square blocks are averaged first."""

    matrix: Matrix  # px of the crop -> blocks of the frame
    shrink: int  # px, side of a block


class Cropper(Protocol):
    """Cuts crops of one size out of a frame and mirrors the frame beyond its edges, as ``cv2.warpAffine`` does with
    BORDER_REFLECT_101."""

    def __call__(self, image: Image, cuts: Sequence[Cut], out: Sequence[Image]) -> None:
        """Fill each of ``out`` [S, S, 3] with the crop of ``image`` [H, W, 3] that stands at its place in ``cuts``."""
        ...


def numbers_of(cuts: Sequence[Cut], out: NDArray[np.float32]) -> None:
    """Write what the GPU is told about each crop into ``out`` [at least N, 8]."""
    for row, cut in zip(out, cuts, strict=False):
        row[:6], row[6], row[7] = cut.matrix.ravel(), cut.shrink, 0.0
