"""Read hair colour, hair length and eye colour off drawings or photographs:

python -m installation labels PICTURES --out labels.csv
python -m installation labels PICTURES --out labels.csv --page      # a person corrects them, with keys

What a person said is kept whenever it is read again. `attribute --labels` learns sliders from the file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from installation.errors import ConfigError
from installation.messages import Image
from installation.output_file import check_output
from installation.training.data.datasets import Picture, load_pictures
from installation.training.labels.found import FaceFinder
from installation.training.labels.page import serve
from installation.training.labels.reading import Reader
from installation.training.labels.sheet import ON_SHEET, shown, write_tiles
from installation.training.labels.table import ATTRIBUTES, PERSON, Label, agreement, read_labels, write_labels

CROP = 512  # px at which faces are read: an iris has some
EVERY = 50  # pictures after which the file is written
PORT = 8620


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``labels``."""
    a = _arguments(argv)
    cv2.setNumThreads(1)
    pictures = load_pictures(a.source)
    labels = {one.file: one for one in read_labels(a.out)} if a.out.exists() else {}
    truth = None if a.truth is None else read_labels(a.truth)
    if not labels:
        check_output(a.out, force=False, sources=[a.source] if a.source.is_file() else [])
    if a.sheet is not None:
        check_output(a.sheet, force=a.force, sources=[a.out])
    known = {name for name, one in labels.items() if one.by == PERSON or not a.again}
    labels = _measured(pictures, labels, known, a.out, a.sheet)
    print(f"{a.out}: {len(labels)} pictures, {sum(one.by == PERSON for one in labels.values())} of them as a person says")
    for attribute in ATTRIBUTES:
        print(f"  {attribute:12s} {_counted([one.name(attribute) for one in labels.values()])}")
    if truth is not None:
        for attribute, (right, count) in agreement(list(labels.values()), truth).items():
            print(f"  {attribute:12s} {right} of {count} as {a.truth.name} has it, {100 * right / max(count, 1):.1f} %")
    if a.page:
        serve(a.out, {picture.name: picture for picture in pictures}, labels, a.port)
    return 0


def _measured(pictures: Sequence[Picture], labels: dict[str, Label], known: set[str], out: Path, sheet: Path | None) -> dict[str, Label]:
    finder, reader, tiles = FaceFinder(CROP), Reader(), list[Image]()
    count = 0
    for picture in pictures:
        wanted = sheet is not None and len(tiles) < ON_SHEET
        if picture.name in known and not wanted:
            continue
        face = finder.open(picture)
        if face.skipped:
            print(f"skipped {picture.name} ({face.skipped})", file=sys.stderr)
            continue
        reading = reader.read(face.crop, face.points)
        if wanted:
            tiles.append(shown(face.crop, reading))
        if picture.name not in known:
            labels[picture.name] = Label.of(picture.name, reading)
            count += 1
            if count % EVERY == 0:
                write_labels(out, labels.values())
    if not labels:
        raise ConfigError(f"{out}: none of {len(pictures)} pictures shows a face")
    write_labels(out, labels.values())
    if sheet is not None and tiles:
        write_tiles(sheet, tiles)
    return labels


def _counted(names: Sequence[str]) -> str:
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    return ", ".join(f"{name or 'not known'} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1]))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation labels", description="Read hair and eyes off drawings and photographs.")
    parser.add_argument("source", type=Path, metavar="PICTURES", help="folder or zip of pictures, or one")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="labels, a .csv; one that is there is gone on with")
    parser.add_argument("--page", action="store_true", help="then let a person correct them, on a web page of this machine")
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"of the page ({PORT}); 0: any")
    parser.add_argument("--again", action="store_true", help="measure once more what was measured before; a person's words stay")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="what is true, as `drawings` writes it: say how much was read rightly")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help=f"one picture, a .jpg or .png, of the first {ON_SHEET} with their hair found"
    )
    parser.add_argument("--force", action="store_true", help="write over a sheet that is there")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
