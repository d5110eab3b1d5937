"""Draw people of whom everything is known, to try what reads and learns attributes:

python -m installation drawings --out drawn --count 400

Writes drawn-0001.png …, and truth.csv with the hair's colour and length and the eyes' colour of each. The same seed gives the same
drawings. What is drawn of a person has nothing to do with anything else of them, so nothing can be learned of one from another.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pillow

from installation.darkroom.files import make_folder
from installation.darkroom.sheet import Tile, check_kind, write_sheet
from installation.drawings.person import Person, draw_lots
from installation.drawings.portrait import SIDE, portrait
from installation.output_file import check_output, whole_file

TRUTH = "truth.csv"
COLUMNS = ("file", "hair-colour", "hair-length", "eye-colour", "length")
ON_SHEET = 32
MOST = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``drawings``."""
    a = _arguments(argv)
    if a.sheet is not None:
        check_kind(a.sheet)
    make_folder(a.out)
    people = {f"drawn-{number:04d}.png": draw_lots(a.seed + number - 1) for number in range(1, a.count + 1)}
    for name in (TRUTH, *people):
        check_output(a.out / name, a.force)
    if a.sheet is not None:
        check_output(a.sheet, a.force)
    tiles: list[Tile] = []
    for name, person in people.items():
        picture = portrait(person, a.size)
        with whole_file(a.out / name) as part:
            Pillow.fromarray(picture).save(part, "PNG")
        if a.sheet is not None and len(tiles) < ON_SHEET:
            tiles.append(Tile.of(f"{person.hair}, {person.length_name}, {person.eyes} eyes", picture))
    _write_truth(a.out / TRUTH, people)
    if a.sheet is not None:
        write_sheet(a.sheet, tiles, 8)
    print(f"{a.out}: {len(people)} people, and {TRUTH}, which says what is true of each")
    return 0


def _write_truth(path: Path, people: dict[str, Person]) -> None:
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows([name, one.hair, one.length_name, one.eyes, f"{one.length:.3f}"] for name, one in people.items())


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation drawings", description="Draw people of whom everything is known.")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the drawings go")
    parser.add_argument("--count", type=_count, default=400, metavar="N", help="how many people (400)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="other people for another number")
    parser.add_argument("--size", type=int, choices=(128, 256, 512), default=SIDE, help="px of a side (256)")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help=f"one picture, a .jpg or .png, of the first {ON_SHEET}")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 1 to {MOST}")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
