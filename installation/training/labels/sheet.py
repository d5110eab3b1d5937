"""What was read, drawn: faces beside themselves with their hair outlined and the colours that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from installation.messages import Image, Mask
from installation.output_file import whole_file
from installation.sheet_file import write_picture
from installation.training.labels.reading import Reading

TILE, ON_SHEET, ACROSS = 192, 24, 4
SHEET_BYTES = 600_000


def shown(crop: Image, reading: Reading, side: int = TILE) -> Image:
    """The face beside itself with its hair outlined, and the colours that were measured below."""
    small = np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    mask = np.asarray(cv2.resize(reading.mask, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
    other = outlined(small, mask)
    foot = np.full((14, 2 * side, 3), 24, np.uint8)
    for place, colour in ((slice(0, side), reading.hair), (slice(side, 2 * side), reading.eye)):
        if colour is not None:
            lab = np.array([[[colour.L, colour.a, colour.b]]], np.float32)
            foot[:, place] = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255).astype(np.uint8)
    return np.concatenate([np.concatenate([small, other], axis=1), foot])


def outlined(picture: Image, mask: Mask) -> Image:
    """A picture [S, S, 3], darker where a mask [S, S] is not, and the mask's edge drawn."""
    inside = (mask > 127).astype(np.uint8)
    other = np.where(inside[..., None] > 0, picture, picture // 3)
    edges, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.ascontiguousarray(other), edges, -1, (255, 214, 90), 1, cv2.LINE_AA), np.uint8)


def write_tiles(path: Path, tiles: Sequence[Image]) -> None:
    """All of them on one page."""
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // ACROSS)
    page = np.full((8 + rows * (height + 8), 8 + ACROSS * (width + 8), 3), 17, np.uint8)
    for k, tile in enumerate(tiles):
        y, x = 8 + k // ACROSS * (height + 8), 8 + k % ACROSS * (width + 8)
        page[y : y + height, x : x + width] = tile
    with whole_file(path) as part:
        write_picture(Pillow.fromarray(page), part, path.suffix.lower(), SHEET_BYTES)
