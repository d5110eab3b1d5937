"""Stills of every kind as uint8 RGB, upright and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from installation.errors import SourceError
from installation.messages import Image
from installation.picture_file import eight_bits, open_picture
from installation.sources.base import MAX_SIDE
from installation.sources.heif import begins_heif, is_heif, read_heif, read_heif_bytes

MAX_PIXELS = 120_000_000  # a picture that claims more is taken for a decompression bomb
BACKDROP = (128, 128, 128)  # behind transparent pixels: grey misleads no face detector


def read_picture(path: Path, data: BinaryIO | None = None, most: int = MAX_SIDE) -> Image:
    """A still as uint8 RGB [H, W, 3], upright by its EXIF orientation, at most ``most`` px on a side: a larger one is scaled down.

    data: the file's contents where they lie elsewhere (in a zip); ``path`` only names them then.
    Grey, palette, CMYK, 16-bit, float and transparent pictures are converted. Raises SourceError with one sentence.
    """
    return read_still(path, data, most)[0]


def read_still(path: Path, data: BinaryIO | None = None, most: int = MAX_SIDE) -> tuple[Image, bytes]:
    """The same, and the colour profile (ICC) without which its numbers are other colours; empty for sRGB."""
    with guarded(path):
        try:
            with open_picture(path if data is None else data) as picture:
                profile = profile_of(picture)
                return pixels_of(picture, path, most), profile
        except UnidentifiedImageError:
            if data is None and is_heif(path):
                return _bounded(read_heif(path), most), b""
            if data is not None and begins_heif(_start(data)):
                return _bounded(read_heif_bytes(data.read(), path, MAX_PIXELS), most), b""
            raise


def profile_of(picture: Pillow.Image) -> bytes:
    """Of colours; that of a printer, or of greys, says nothing of the pixels that are made here."""
    profile = picture.info.get("icc_profile") or b""
    return profile if isinstance(profile, bytes) and profile[16:20] == b"RGB " and picture.mode.startswith(("RGB", "P")) else b""


def _start(data: BinaryIO) -> bytes:
    """Its first bytes; it is at its beginning again afterwards."""
    data.seek(0)
    start = data.read(12)
    data.seek(0)
    return start


def _bounded(image: Image, most: int) -> Image:
    """At most ``most`` px on a side."""
    if max(image.shape[:2]) <= most:
        return image
    smaller = Pillow.fromarray(image)
    smaller.thumbnail((most, most), Pillow.Resampling.BILINEAR)
    return np.array(smaller)


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Whatever a decoder raises becomes a SourceError with one sentence about ``path``."""
    try:
        yield
    except SourceError:
        raise
    except MemoryError as error:
        raise SourceError(f"{path}: too large for this machine's memory; scale it down first") from error
    except Pillow.DecompressionBombError as error:
        raise SourceError(f"{path}: claims far too many pixels; scale it down first") from error
    except Exception as error:  # Pillow's plugins let struct.error, ValueError, SyntaxError and more through for broken files
        raise SourceError(f"{path}: cannot be read as a picture ({_reason(error)}); is it cut off or of another kind?") from error


def pixels_of(picture: Pillow.Image, path: Path, most: int = MAX_SIDE) -> Image:
    """uint8 RGB [H, W, 3] of an open picture, at the place to which it was sought, at most ``most`` px on a side. Raises
    SourceError where it is too large."""
    if picture.width * picture.height > MAX_PIXELS:
        raise SourceError(f"{path}: claims {picture.width}×{picture.height} pixels, which is too large; scale it down first")
    picture.draft("RGB", (most, most))  # a JPEG is scaled down by 2, 4 or 8 while it is decoded
    upright = ImageOps.exif_transpose(eight_bits(picture))
    upright.thumbnail((most, most), Pillow.Resampling.BILINEAR)
    return np.array(_without_alpha(upright))


def _without_alpha(picture: Pillow.Image) -> Pillow.Image:
    """RGB, transparent pixels laid over grey."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    opaque = Pillow.new("RGBA", picture.size, (*BACKDROP, 255))
    return Pillow.alpha_composite(opaque, picture.convert("RGBA")).convert("RGB")


def _reason(error: Exception) -> str:
    """The library's words on one line, without the path it repeats."""
    words = str(error).split(" '")[0].splitlines() or [type(error).__name__]
    return words[0].strip(" .") or type(error).__name__
