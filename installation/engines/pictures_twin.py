"""``pictures.cu`` in numpy: the same steps with the same arithmetic, for tests on machines without a GPU and to check a GPU by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from installation.engines.crops import NUMBERS, Cut, numbers_of
from installation.messages import Image

Words = NDArray[np.uint32]


def take_frame(image: Image) -> Words:
    """A frame [H, W, 3] as the GPU keeps it: [H, W], one word a pixel, red lowest."""
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    return np.asarray(red | green << 8 | blue << 16, np.uint32)


def mirrored(at: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Positions outside of 0 … count - 1, mirrored about the outermost pixels."""
    if count == 1:
        return np.zeros_like(at)
    period = 2 * count - 2
    at = np.abs(at) % period
    return np.where(at < count, at, period - at)


def block_means(pixels: Words, shrink: int) -> NDArray[np.float32]:
    """[H / shrink, W / shrink, 3] means in whole grey levels of blocks of pixels; what is left at the far edges is not used."""
    rows, columns = pixels.shape[0] // shrink, pixels.shape[1] // shrink
    whole = pixels[: rows * shrink, : columns * shrink].reshape(rows, shrink, columns, shrink)
    area = shrink * shrink
    sums = np.stack([((whole >> shift) & 0xFF).sum(axis=(1, 3), dtype=np.uint32) for shift in (0, 8, 16)], axis=2)
    return ((2 * sums + area) // (2 * area)).astype(np.float32)


def cut_face(pixels: Words, cut: NDArray[np.float32], size: int) -> Image:
    """One crop [size, size, 3]. cut: [8], see ``crops.numbers_of``."""
    u, v = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    x = np.clip(cut[0] * u + cut[1] * v + cut[2], np.float32(-1e6), np.float32(1e6))
    y = np.clip(cut[3] * u + cut[4] * v + cut[5], np.float32(-1e6), np.float32(1e6))
    means = block_means(pixels, int(cut[6]))
    rows, columns = means.shape[:2]
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    dx, dy = (x - left).astype(np.float32)[..., None], (y - top).astype(np.float32)[..., None]
    x0, x1 = mirrored(left, columns), mirrored(left + 1, columns)
    y0, y1 = mirrored(top, rows), mirrored(top + 1, rows)
    upper = means[y0, x0] + (means[y0, x1] - means[y0, x0]) * dx
    lower = means[y1, x0] + (means[y1, x1] - means[y1, x0]) * dx
    return np.asarray(np.rint(upper + (lower - upper) * dy), np.uint8)


def give_pictures(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures [N, H, W, 3] in any order of their bytes, without gaps."""
    return np.ascontiguousarray(pictures)


class TwinCropper:
    """Does what ``CudaCropper`` does, without a GPU and without haste."""

    def __call__(self, image: Image, cuts: Sequence[Cut], out: Sequence[Image]) -> None:
        pixels = take_frame(image)
        numbers = np.zeros((len(cuts), NUMBERS), np.float32)
        numbers_of(cuts, numbers)
        for row, crop in zip(numbers, out, strict=True):
            crop[:] = cut_face(pixels, row, crop.shape[0])
