"""Pictures as files: JPEG to look at and PNG to keep, each with the colour profile of its photograph and nothing else of it; and squares at
another size."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import cv2
import numpy as np

from installation.messages import Image

FINE, DRAFT = 92, 78  # of JPEGs
PNG_LEVEL: Final = 3  # of zlib: twice as fast as the usual one, and a few parts in a hundred larger
SEGMENT: Final = 65_519  # bytes of a profile in one segment of a JPEG (ICC.1:2010, B.4)
MARK: Final = b"ICC_PROFILE\0"
JPEG_START: Final = 2  # bytes before the first segment
PNG_START: Final = 33  # bytes of a PNG's signature and header


def jpeg(picture: Image, fine: bool = True, profile: bytes = b"") -> bytes:
    """[H, W, 3] uint8 RGB. fine: to be looked at; otherwise it is quickly made, and gone in a moment."""
    options = [cv2.IMWRITE_JPEG_QUALITY, FINE if fine else DRAFT]
    if fine:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    data = _encoded(".jpg", picture, options)
    parts = [profile[start : start + SEGMENT] for start in range(0, len(profile), SEGMENT)]
    segments = [b"\xff\xe2" + struct.pack(">H", len(part) + 16) + MARK + bytes([k + 1, len(parts)]) + part for k, part in enumerate(parts)]
    return data[:JPEG_START] + b"".join(segments) + data[JPEG_START:]


def png(picture: Image, profile: bytes = b"") -> bytes:
    """[H, W, 3] uint8 RGB, every pixel as it is."""
    data = _encoded(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not profile:
        return data
    body = b"iCCP" + b"photograph\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:PNG_START] + chunk + data[PNG_START:]


def enlarged(picture: Image, side: int) -> Image:
    """A square drawing at another size."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _encoded(kind: str, picture: Image, options: list[int]) -> bytes:
    made, data = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not made:
        raise MemoryError(f"a picture of {picture.shape} could not be encoded")
    return data.tobytes()
