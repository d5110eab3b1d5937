"""What is told of a cut face without a network: how sharp it is, and whether it is there already."""

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image


def sharpness(crop: Image, detail_px: int = 128) -> float:
    """Variance of the Laplacian over the variance of the picture itself, at ``detail_px``: what is blurred or enlarged has little.

    After Pech-Pacheco et al. 2000 ("Diatom autofocusing"), made independent of contrast. The middle counts, not the background.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (detail_px, detail_px), interpolation=cv2.INTER_AREA)
    rim = detail_px // 5
    middle = small[rim:-rim, rim:-rim].astype(np.float32)
    return float(cv2.Laplacian(middle, cv2.CV_32F).var() / (middle.var() + 25.0))


def fingerprint(crop: Image) -> NDArray[np.uint8]:
    """A perceptual hash of 256 bits [32]: signs of the lowest frequencies against their median (Zauner 2010, "pHash")."""
    grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(grey)[:17, :17].reshape(-1)[1:257]
    return np.packbits(low > np.median(low))


class _Rows:
    """Vectors of one length, kept in one array that grows by doubling."""

    def __init__(self) -> None:
        self._array: NDArray[np.generic] | None = None
        self._count = 0

    def add(self, row: NDArray[np.generic]) -> None:
        if self._array is None:
            self._array = np.empty((64, len(row)), row.dtype)
        elif self._count == len(self._array):
            self._array = np.concatenate([self._array, np.empty_like(self._array)])
        self._array[self._count] = row
        self._count += 1

    @property
    def rows(self) -> NDArray[np.generic] | None:
        return None if self._array is None else self._array[: self._count]


class Prints(_Rows):
    """Fingerprints of the faces that are kept."""

    def nearest(self, new: NDArray[np.uint8]) -> int:
        """Bits in which the most alike of them differs; 256 where there is none."""
        rows = self.rows
        return 256 if rows is None else int(np.bitwise_count(rows.view(np.uint8) ^ new).sum(axis=1).min())


class People(_Rows):
    """Unit embeddings of the faces that are kept."""

    def closest(self, new: NDArray[np.float64]) -> float:
        """Cosine of the most alike; -1 where there is none."""
        rows = self.rows
        return -1.0 if rows is None else float((rows.astype(np.float64) @ new).max())
