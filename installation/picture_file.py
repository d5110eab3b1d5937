"""Pictures' files that people name: what Pillow may take for one, and its deep greys in 8 bits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow

PROGRAMS = ("EPS",)  # kinds whose pictures are programs: Pillow hands them to Ghostscript


def open_picture(file: Path | BinaryIO) -> Pillow.Image:
    """Pillow's handle of a picture, its header read; Pillow's warning of large ones gives way to our own limit. What is a program is no
    picture, whatever it is called. Raises whatever Pillow raises for what it cannot read."""
    Pillow.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        return Pillow.open(file, formats=[kind for kind in Pillow.OPEN if kind not in PROGRAMS])


def eight_bits(picture: Pillow.Image) -> Pillow.Image:
    """Deep grey pictures scaled to 8 bits, which Pillow's own conversion would clip; others as they are."""
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    values = np.nan_to_num(np.asarray(picture, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if picture.mode == "F":
        top = 1.0 if values.max(initial=0.0) <= 1.0 else 255.0 if values.max() <= 255.0 else float(values.max())
    else:
        top = 65535.0 if values.max(initial=0.0) <= 65535.0 else float(values.max())
    grey = Pillow.fromarray(np.clip(values * (255.0 / top) + 0.5, 0, 255).astype(np.uint8))
    grey.info["exif"] = picture.info.get("exif", b"")
    return grey
