"""Many small pictures on one page, each with its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from installation.errors import ConfigError
from installation.messages import Image
from installation.output_file import whole_file
from installation.sheet_file import write_picture

TILE, LABEL, GAP, COLUMNS = 288, 34, 12, 4  # px of a sheet, and its tiles in a row
TALLEST = 2 * TILE  # px, of a row
PAPER, INK = (17, 18, 20), (236, 230, 218)
MOST_BYTES, MOST_TILES = 400_000, 32  # of a JPEG with so many tiles; one with more may be larger
KINDS = (".jpg", ".jpeg", ".png")
JPEG_SIDE = 65_500  # px that a JPEG's side can have, as its library counts


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One picture of the sheet, no larger than it is seen there."""

    label: str
    picture: Image  # [h, w, 3]

    @staticmethod
    def of(label: str, picture: Image) -> Tile:
        """Of a picture of any size."""
        height, width = picture.shape[:2]
        scale = min(TILE / width, TALLEST / height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return Tile(label, np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8))


def check_kind(path: Path) -> None:
    """Raises ConfigError where a sheet cannot be what its name says."""
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"{path}: the name must end in .jpg or .png")


def check_rows(path: Path, rows: int) -> None:
    """Raises ConfigError where a sheet of so many rows of squares is higher than its kind can be."""
    if path.suffix.lower() != ".png" and GAP + rows * (TILE + LABEL) > JPEG_SIDE:
        raise ConfigError(f"{path}: {rows} rows are higher than the {JPEG_SIDE} px of a JPEG; name a .png, or fewer pictures")


def write_sheet(path: Path, tiles: Sequence[Tile], columns: int = COLUMNS) -> None:
    """As a PNG, or as the finest JPEG that is not too large to send."""
    drawn, most = arranged(tiles, columns), MOST_BYTES * max(1.0, len(tiles) / MOST_TILES)
    with whole_file(path) as part:
        write_picture(drawn, part, path.suffix.lower(), most)


def arranged(tiles: Sequence[Tile], columns: int = COLUMNS) -> Pillow.Image:
    """The page; rows are as high as the tallest tile."""
    tall = max(tile.picture.shape[0] for tile in tiles)
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    page = Pillow.new("RGB", (GAP + columns * (TILE + GAP), GAP + rows * (tall + LABEL)), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(16)
    for k, tile in enumerate(tiles):
        x, y = GAP + k % columns * (TILE + GAP), GAP + k // columns * (tall + LABEL)
        height, width = tile.picture.shape[:2]
        page.paste(Pillow.fromarray(tile.picture), (x + (TILE - width) // 2, y + (tall - height) // 2))
        pen.text((x + 1, y + tall + 20), fitting_text(tile.label, font, TILE), INK, font, anchor="ls")
    return page


def fitting_text(label: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: float) -> str:
    """A label no wider than ``width`` px."""
    if font.getlength(label) <= width:
        return label
    while len(label) > 1 and font.getlength(label + "…") > width:
        label = label[:-1]
    return label + "…"
