"""How much an edited portrait flickers: its change from frame to frame over that of the camera's own crop, on clips.

    scripts/run -m benchmarks.edit_flicker CLIP.mp4 ... [--frames 90] [--knobs age smile] [--amount 1] [--still]

Every clip goes through the mirror's own stages, once for each knob and sign, as `edit` turns them: the editor is asked by turns, codes
glide, masks breathe. 1 is a portrait that is as steady as its sitter, 1.3 the most that is asked for. face: in an ellipse around the
face; whole: in the whole square. worst: the same for the five percent of frames in which each changes most, where a jump would show.
added: change of what the edit adds, over the camera's own; a change that goes with a moving face counts here, and an edit that lies on
the picture and does not go with it as well. With --still the clip's first picture stands still under a camera's noise (standard
deviation 2), which is where flicker shows the most: a sitter who moves hides it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.assembly.networks import models_of, table_of
from installation.config import load_config
from installation.darkroom.clips import pictures_of
from installation.darkroom.sitting import Bench, Sitting, open_bench
from installation.darkroom.wishes import Words, read_wishes
from installation.messages import Image
from installation.networks.editor import HEAD, KNOBS, ellipse
from installation.styles.library import Library

MOST = 1.3  # asked for
WARM_UP = 5  # frames, in which a face fades in
PERCENTILE = 95.0
SIDE = 256  # px, at which squares are compared
SIGNS = (-1.0, 1.0)
NOISE = 2.0  # grey levels, standard deviation

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flicker:
    """Of one clip and edit, each over the camera's own crop; pairs: of neighbouring frames."""

    face: float
    whole: float
    worst: float
    added: float
    pairs: int


def standing(clip: Path) -> Iterator[tuple[Image, float]]:
    """The first picture of a clip again and again under a camera's noise, the same each time, and the rate."""
    random = np.random.default_rng(0)
    picture, rate = next(iter(pictures_of(clip)))
    while True:
        yield np.clip(np.rint(picture + random.normal(0, NOISE, picture.shape)), 0, 255).astype(np.uint8), rate


def squares(bench: Bench, clip: Path, name: str, amount: float, frames: int, still: bool = False) -> Iterator[tuple[Image, Image] | None]:
    """The largest face of each frame before and after the edit, [SIDE, SIDE, 3] each; None where nobody is shown. still: see
    ``standing``."""
    words = Words([f"{name}={amount:g}"], portraits=True)
    wishes = read_wishes(words, table_of(bench.models, bench.palette), bench.models.directions.names)
    sitting = Sitting(bench, wishes.moving, "largest")
    for number, (picture, rate) in enumerate(standing(clip) if still else pictures_of(clip)):
        if number == frames:
            return
        seen = sitting.look(picture, number / rate)
        cut = next(iter(seen.portraits), None)
        yield None if cut is None else (_fitted(cut.before), _fitted(cut.after))


def _fitted(picture: Image) -> Image:
    if picture.shape[0] == SIDE:
        return picture.copy()  # the portrait's memory is used again four pictures on
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def flicker(pairs: Sequence[tuple[Image, Image] | None]) -> Flicker:
    """Of squares before and after an edit, frame by frame. Raises ValueError where no face is shown in two frames that follow each
    other, or nothing moves."""
    inside = np.asarray(cv2.resize(ellipse(*HEAD).numpy(), (SIDE, SIDE))) > 0.5
    rows = []
    for old, new in pairwise(pairs):
        if old is None or new is None:
            continue
        own, edited = (np.abs(b.astype(np.int16) - a).mean(axis=2) for a, b in zip(old, new, strict=True))
        added = [after.astype(np.int16) - before for before, after in (old, new)]
        grown = np.abs(added[1] - added[0]).mean(axis=2)
        rows.append([own[inside].mean(), edited[inside].mean(), own.mean(), edited.mean(), grown[inside].mean()])
    table: Array = np.array(rows, np.float64).reshape(-1, 5)
    own, edited, own_whole, edited_whole, grown = table.T
    if not len(table) or own.sum() == 0:
        raise ValueError("no face moves in two frames that follow each other")
    worst = np.percentile(edited, PERCENTILE) / max(np.percentile(own, PERCENTILE), 1e-9)
    sums = edited.sum() / own.sum(), edited_whole.sum() / own_whole.sum(), float(worst), grown.sum() / own.sum()
    return Flicker(*map(float, sums), len(table))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how much edited portraits flicker.")
    parser.add_argument("clip", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=90, help="of each clip at most")
    parser.add_argument("--knobs", nargs="+", default=list(KNOBS), metavar="NAME", help="directions; default: the editor's")
    parser.add_argument("--amount", type=float, default=1.0)
    parser.add_argument("--still", action="store_true", help="the first picture alone, under a camera's noise")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration: models and engines")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    config = load_config(a.config)
    models = models_of(config)
    bench = open_bench(config, models, Library(config.models.styles).look()[0])
    print("clip                              knob              face   whole   worst   added   pairs")
    highest = 0.0
    try:
        for clip in a.clip:
            for name in a.knobs:
                for sign in SIGNS:
                    found = flicker([*squares(bench, clip, name, sign * a.amount, a.frames, a.still)][WARM_UP:])
                    highest = max(highest, found.face)
                    edit = f"{name} {sign * a.amount:+g}"
                    print(
                        f"{clip.name:<32s}  {edit:<15s}  {found.face:5.2f}  {found.whole:6.2f}  {found.worst:6.2f}  {found.added:6.2f}"
                        f"  {found.pairs:6d}",
                        flush=True,
                    )
    finally:
        bench.networks.encode.close()
    print(f"highest in the face {highest:.2f}, at most {MOST:g} is asked for")
    return 0


if __name__ == "__main__":
    sys.exit(main())
