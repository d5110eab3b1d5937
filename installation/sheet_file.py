"""A sheet of pictures as a file that is not too large to send or to keep beside a page."""

from pathlib import Path
from typing import Final

from PIL import Image as Pillow

QUALITIES: Final = range(92, 30, -4)  # of a JPEG, from the finest


def write_picture(picture: Pillow.Image, path: Path, kind: str, most_bytes: float) -> None:
    """Into ``path``, as a PNG where ``kind`` is ".png", or else as the finest JPEG of at most so many bytes; where there is none, as the
    coarsest. Raises OSError for what cannot be written."""
    if kind == ".png":
        picture.save(path, "PNG", optimize=True)
        return
    for quality in QUALITIES:
        picture.save(path, "JPEG", quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= most_bytes:
            return
