"""A grid of faces mixed with faces: rows × columns, as one sheet and as a page."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from installation.codes.code import Code
from installation.codes.files import write_code
from installation.darkroom.files import save_picture
from installation.darkroom.grid_page import PAGE
from installation.darkroom.sheet import JPEG_SIDE, fitting_text
from installation.errors import ConfigError
from installation.messages import Image
from installation.output_file import whole_file

PAPER, INK, DIM = (14, 14, 17), (236, 230, 218), (165, 162, 155)
GAP, BAND, LABEL = 3, 14, 26  # px between cells, between the sources and the cells, and below a source
FACE_BYTES, SHEET_BYTES = 3, 5  # in memory, of a drawn pixel; and of the sheet's, of which Pillow keeps four, and one while it writes
CELL = 200  # px of the sheet, if nothing else is asked for
FORMAT = "facets-grid"
JPEG = 92
CELL_NAME = "r{row}-c{column}"


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A code and its picture [S, S, 3]."""

    code: Code
    picture: Image


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """cells: for each row the mix with each column."""

    rows: tuple[Face, ...]
    columns: tuple[Face, ...]
    cells: tuple[tuple[Face, ...], ...]
    weights: str
    space: str
    generator: str


def sheet_size(rows: int, columns: int, cell: int) -> tuple[int, int]:
    """Width and height of a sheet, px."""
    return cell + BAND + GAP + columns * (cell + GAP), cell + BAND + LABEL + GAP + rows * (cell + GAP)


def check_size(rows: int, columns: int, side: int, sheet: tuple[Path, int] | None, free_mb: float) -> None:
    """Raises ConfigError, before anything is drawn, for a grid that no file or no memory holds. side: px of a drawn face. sheet: its file
    and the side of a face on it, px; None where a page alone is wanted. free_mb: memory; 0 where nobody knows."""
    need = (rows * columns + rows + columns) * side * side * FACE_BYTES
    lower = "name fewer faces"
    if sheet is not None:
        path, cell = sheet
        wide, tall = sheet_size(rows, columns, cell)
        if path.suffix.lower() != ".png" and max(wide, tall) > JPEG_SIDE:
            most = f"{wide} × {tall} px are more than the {JPEG_SIDE} px of a JPEG"
            raise ConfigError(f"{path}: {most}; lower --cell, name fewer faces, or a .png")
        need += wide * tall * SHEET_BYTES
        lower = "lower --cell, or name fewer faces"
    if free_mb and need > free_mb * 2**20:
        raise ConfigError(f"{rows} × {columns} faces need {need / 2**20:.0f} MB of memory, and {free_mb:.0f} MB are free; {lower}")


def write_sheet(grid: Grid, path: Path, cell: int = CELL) -> None:
    """As a PNG or a JPEG, by its name; whole or not at all."""
    page = drawn(grid, cell)
    with whole_file(path) as part:
        page.save(part, "PNG" if path.suffix.lower() == ".png" else "JPEG", quality=JPEG, optimize=True, subsampling=0)


def drawn(grid: Grid, cell: int) -> Pillow.Image:
    """The sheet: columns' faces on top, rows' faces on the left, the mixes between them."""
    side = cell + BAND  # of the corner
    page = Pillow.new("RGB", sheet_size(len(grid.rows), len(grid.columns), cell), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(max(11, cell // 13))
    small = ImageFont.load_default(max(10, cell // 16))
    for line, text in enumerate(("rows down, columns across", f"{grid.space}, {_broken(grid.weights)}")):
        pen.multiline_text((GAP + 6, GAP + 8 + 1.6 * line * max(10, cell // 16)), text, DIM, small)  # what is too wide is covered
    for k, face in enumerate(grid.columns):
        x = side + GAP + k * (cell + GAP)
        page.paste(_tile(face, cell), (x, GAP))
        pen.text((x + cell / 2, GAP + cell + LABEL - 8), fitting_text(face.code.name, font, cell), INK, font, anchor="ms")
    for j, face in enumerate(grid.rows):
        y = side + LABEL + GAP + j * (cell + GAP)
        page.paste(_tile(face, cell), (GAP, y))
        _signed(pen, (GAP, y, cell), fitting_text(face.code.name, font, cell - 8), font)
        for k, mix in enumerate(grid.cells[j]):
            page.paste(_tile(mix, cell), (side + GAP + k * (cell + GAP), y))
    return page


def _signed(pen: ImageDraw.ImageDraw, place: tuple[int, int, int], text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    """A row's name, on its picture, as there is no room beside it."""
    x, y, cell = place
    at = (x + 7, y + cell - 7)
    pen.text(at, text, INK, font, anchor="ls", stroke_width=2, stroke_fill=(0, 0, 0))


def _broken(text: str) -> str:
    """Weights, two a line."""
    parts = text.split(",")
    return ",\n".join(",  ".join(parts[k : k + 2]) for k in range(0, len(parts), 2))


def _tile(face: Face, side: int) -> Pillow.Image:
    way = cv2.INTER_AREA if face.picture.shape[0] > side else cv2.INTER_CUBIC
    return Pillow.fromarray(np.asarray(cv2.resize(face.picture, (side, side), interpolation=way), np.uint8))


def write_page(grid: Grid, folder: Path) -> None:
    """A folder that opens in a browser by its ``index.html``, and that the panel shows: a picture and a code of every cell. Raises
    ConfigError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"--page {folder}: cannot be made ({err.strerror or err})") from err
    named = [(f"row-{j}", face) for j, face in enumerate(grid.rows, 1)] + [(f"column-{k}", face) for k, face in enumerate(grid.columns, 1)]
    named += [(CELL_NAME.format(row=j, column=k), face) for j, row in enumerate(grid.cells, 1) for k, face in enumerate(row, 1)]
    for name, face in named:
        save_picture(face.picture, folder / f"{name}.jpg")
        write_code(folder / f"{name}.npz", face.code)
    text = json.dumps(described(grid, folder.name), ensure_ascii=False, indent=1)
    for name, content in (("grid.json", text + "\n"), ("index.html", page_of(grid, folder.name))):
        with whole_file(folder / name) as part:
            part.write_text(content, encoding="utf-8")


def described(grid: Grid, title: str) -> dict[str, object]:
    """What a page needs to know: names of the faces; files follow from their places."""
    return {
        "format": FORMAT, "title": title, "rows": [face.code.name for face in grid.rows],
        "columns": [face.code.name for face in grid.columns], "weights": grid.weights, "space": grid.space, "generator": grid.generator,
    }  # fmt: skip


def page_of(grid: Grid, title: str) -> str:
    """The page, whole: nothing in it comes from elsewhere but the pictures beside it."""

    def face(name: str, label: str, kind: str) -> str:
        text = html.escape(label)
        return f'<button class="{kind}" data-file="{name}" data-label="{text}"><img src="{name}.jpg" alt="{text}" loading="lazy"></button>'

    head = "".join(f"<th scope=col>{face(f'column-{k}', one.code.name, 'source')}<span>{html.escape(one.code.name)}</span></th>"
                   for k, one in enumerate(grid.columns, 1))  # fmt: skip
    body = []
    for j, (row, cells) in enumerate(zip(grid.rows, grid.cells, strict=True), 1):
        found = "".join(f"<td>{face(CELL_NAME.format(row=j, column=k), one.code.name, 'cell')}</td>" for k, one in enumerate(cells, 1))
        name = html.escape(row.code.name)
        body.append(f"<tr><th scope=row>{face(f'row-{j}', row.code.name, 'source')}<span>{name}</span></th>{found}</tr>")
    weights = grid.weights.replace(",", ", ")
    words = {
        "title": html.escape(title), "count": str(len(grid.columns) + 1), "head": head, "body": "\n".join(body),
        "how": html.escape(f"{grid.generator} · {grid.space} · column's weight by layer {weights}"),
    }  # fmt: skip
    page = PAGE
    for key, value in words.items():
        page = page.replace(f"%{key}%", value)
    return page
