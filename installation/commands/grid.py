"""Mix faces with faces, every row with every column:

python -m installation grid --rows 1-4 --columns 10-14 --out grid.jpg
python -m installation grid --rows me.jpg you.npz --columns 3 7 mean --weights 0-3=0,4-7=0.5,8-13=1 --out grid.png
python -m installation grid --rows 1-3 --columns 4-6 --weights 0.5 --space w --generator stylegan3.pkl --page grids/two-worlds

Rows and columns are seeds (7, 1-6, 85,100), files of codes, photographs, which the encoder codes, or the word mean. The weights are
the column's, for each range of layers. --page writes a folder with a page that opens in any browser; of those in the folder grids the
panel of a running mirror shows each under /panel/grids, where a click takes a face into the mirror.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import cv2

from installation.codes.code import Code
from installation.codes.mixing import LayerWeights, mixed
from installation.codes.space import OneW
from installation.commands.code_options import add_models, bench_of, signature
from installation.darkroom.code_words import PSI, CodeBench, Truncation, codes_of
from installation.darkroom.grid import CELL, Face, Grid, check_size, write_page, write_sheet
from installation.darkroom.progress import Bar
from installation.darkroom.sheet import check_kind
from installation.doctor.machine import memory_mb
from installation.errors import ConfigError
from installation.output_file import check_output

MOST_CELLS = 2500
SPACES = ("w+", "w")


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    cv2.setNumThreads(1)
    if a.out is None and a.page is None:
        raise ConfigError("name a sheet with --out FILE, a page with --page FOLDER, or both")
    if a.out is not None:
        check_kind(a.out)
        check_output(a.out, a.force, [Path(word) for word in (*a.rows, *a.columns)])
    if a.page is not None:
        _check_page(a.page, a.force)
    bench = bench_of(a, [*a.rows, *a.columns])
    grid = _grid(a, bench)
    if a.out is not None:
        write_sheet(grid, a.out, a.cell)
        print(f"{a.out}: {len(grid.rows)} × {len(grid.columns)}, weights {grid.weights}")
    if a.page is not None:
        write_page(grid, a.page)
        print(f"{a.page / 'index.html'}: {len(grid.rows)} × {len(grid.columns)}")
    return 0


def _grid(a: argparse.Namespace, bench: CodeBench) -> Grid:
    """Drawn. Raises FacetsError in one sentence."""
    styles = bench.base.styles
    try:
        weights = LayerWeights.style_mixing(styles) if a.weights is None else LayerWeights.parse(a.weights, styles)
    except ValueError as err:
        raise ConfigError(f"--weights: {err}") from err
    truncation = Truncation(a.psi, a.psi_given)
    rows, columns = (codes_of(words, bench, truncation) for words in (a.rows, a.columns))
    if len(rows) * len(columns) > MOST_CELLS:
        raise ConfigError(f"{len(rows)} × {len(columns)} are more than {MOST_CELLS} faces; name fewer")
    sheet = None if a.out is None else (a.out, a.cell)
    check_size(len(rows), len(columns), bench.painter.size, sheet, memory_mb()[1])
    if a.space == "w":
        rows, columns = (_in_w(codes, bench) for codes in (rows, columns))
    card = signature(a, bench)
    bar = Bar("grid")
    down, across = (
        tuple(Face(_carded(code, card), picture) for code, picture in zip(codes, bench.painter.draw(codes), strict=True))
        for codes in (rows, columns)
    )
    cells = []
    for number, row in enumerate(rows):
        mixes = [_carded(mixed(row, column, weights), card) for column in columns]
        cells.append(tuple(Face(mix, picture) for mix, picture in zip(mixes, bench.painter.draw(mixes), strict=True)))
        bar.show((number + 1) / len(rows))
    bar.end()
    return Grid(down, across, tuple(cells), weights.text, a.space.upper(), card["generator_name"])


def _in_w(codes: list[Code], bench: CodeBench) -> list[Code]:
    """Their nearest codes of one w. A residual belongs to the code of W+ that it was found with, and is left out."""
    space = OneW(bench.base)
    return [Code(code.name, space.nearest(code.ws), None, code.card) for code in codes]


def _carded(code: Code, card: dict[str, str]) -> Code:
    return replace(code, card={**code.card, **card})


def _check_page(folder: Path, force: bool) -> None:
    """Raises ConfigError where something that a person made could be written over."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--page {folder}: is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise ConfigError(f"--page {folder}: is not empty; name another folder, or add --force")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation grid", description="Mix faces with faces, every row with every column.")
    parser.add_argument("--rows", nargs="+", required=True, metavar="FACE", help="seeds (1-6), files of codes, photographs, mean")
    parser.add_argument("--columns", nargs="+", required=True, metavar="FACE", help="likewise")
    parser.add_argument("--weights", metavar="WEIGHTS", help="of the column: 0.5, or by layers 0-3=0,4-7=0.5,8-13=1; default: the row's "
                        "pose and shape in the column's colours")  # fmt: skip
    parser.add_argument("--space", choices=SPACES, default="w+", help="w: one w for all layers of a face; w+: one for each")
    parser.add_argument("--psi", type=float, default=PSI, help=f"truncation of seeds, 1 for none; default {PSI}")
    parser.add_argument("--psi-given", type=float, default=1.0, metavar="PSI", help="truncation of files and photographs; default 1: none")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the sheet, a .jpg or .png")
    parser.add_argument("--cell", type=_side, default=CELL, metavar="PX", help=f"side of a face on the sheet, default {CELL}")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="a page with a picture and a code of each face")
    add_models(parser)
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    a = parser.parse_args(argv)
    for psi in (a.psi, a.psi_given):
        if not -2.0 <= psi <= 2.0:
            raise ConfigError(f"--psi: {psi:g}: from -2 to 2, 0 is the mean face, 1 as it is")
    return a


def _side(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 32 <= value <= 2048:
        raise argparse.ArgumentTypeError("must be from 32 to 2048")
    return value


if __name__ == "__main__":
    sys.exit(main())
