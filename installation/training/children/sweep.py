"""The artist's sheet: one sitter, a child's snapshots down, swap resolutions across.

    python -m installation sweep --base weights/generator.safetensors --child painted-*.safetensors --picture ME.jpg --out sheet.jpg

Each cell is drawn as the mirror would draw it with that snapshot as a child and ``swap_at`` at that resolution: the base's
layers below, the child's from there on (Pinkney and Adler 2020). The later the snapshot and the lower the resolution, the more
of the style and the less of the sitter.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from torch import Tensor

from installation.checkpoints.loading import load_stylegan2, resolution_of
from installation.errors import ConfigError, WeightsError
from installation.messages import Image
from installation.models.bundle import Models, load_models
from installation.models.layer_swap import misfit, swap_shares
from installation.networks.encoder_parts import as_network_input
from installation.networks.mixed_generator import MixedGenerator
from installation.networks.stylegan2 import Generator
from installation.output_file import check_output, whole_file
from installation.places import shipped
from installation.sources.stills import read_picture
from installation.training.arguments import finite
from installation.training.data.datasets import STORED_PX
from installation.training.data.faces import TrackerFinder, cut
from installation.training.score.faces import fitted
from installation.training.score.sample import draw_sample

LEAST_AT, MOST_AT = 8, 128  # px
CELL, GAP, LABEL = 192, 4, 26  # px
SIDE_LABEL = 150
INK, PAPER, DIM = (225, 225, 225), (24, 25, 28), (150, 150, 150)
SAME = 2e-3  # of a layer's size: half precision changes less


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A child along its training. begins: first resolution whose layers differ from the base's; beyond the last where none does."""

    name: str
    generator: Generator
    begins: int


def load_snapshot(path: Path, base: Generator) -> Snapshot:
    """Raises WeightsError for a file that is no generator of the base's shape."""
    child = load_stylegan2(path, base)
    if reason := misfit(base, child):
        raise WeightsError(f"{path}: cannot be swapped with the base: {reason}")
    theirs, differing = child.state_dict(), [2 * base.size]
    for name, mine in base.state_dict().items():
        resolution = resolution_of(name)
        if resolution and not name.startswith("noises.") and mine.is_floating_point():
            change, size = (theirs[name] - mine).abs().max(), mine.abs().max()
            if float(change) > SAME * float(size) + 1e-6:
                differing.append(resolution)
    return Snapshot(path.stem, child, min(differing))


def sitters_of(a: argparse.Namespace) -> list[Image]:
    """Aligned pictures [256, 256, 3] to draw. Raises SourceError, DatasetError, ConfigError where there is no face."""
    if a.picture is None:
        return [s.picture for s in draw_sample(a.faces, a.limit).sitters]
    image = read_picture(a.picture)
    finds = TrackerFinder(a.limit, 0.04)(image)
    if not finds:
        raise ConfigError(f"--picture: {a.picture}: no face is seen in it; choose a picture of somebody who looks at the camera")
    return [cut(image, find, STORED_PX, align=True)[0] for find in finds[: a.limit]]


class Drawer:
    """Portraits of one sitter by a base and a child."""

    def __init__(self, models: Models, sitter: Image) -> None:
        self._models, detail = models, models.detail
        crop = as_network_input(torch.from_numpy(fitted(sitter, models.input_px))[None])
        with torch.inference_mode():
            self._ws: Tensor
            self._residual: Tensor | None = None
            if detail is not None:
                self._ws, self._residual = detail.encode_with_detail(crop)
            else:
                self._ws = models.whole_encoder()(torch.from_numpy(fitted(sitter, models.input_px))[None])

    @torch.inference_mode()
    def __call__(self, generator: MixedGenerator, shares: Sequence[float] | None) -> Image:
        """shares: of the child, one for each resolution; None for the base alone."""
        mix = None if shares is None else torch.tensor([list(shares)])
        gain = None if self._residual is None else torch.ones(1)
        return np.asarray(generator(self._ws, self._ws, self._residual, gain, mix)[0].numpy())


@dataclass(frozen=True, eq=False)
class Cell:
    """A portrait, and what is written on it."""

    picture: Image
    note: str = ""


def cells(
    models: Models, base: Generator, snapshots: Sequence[Snapshot], columns: Sequence[int], sitter: Image, width: float
) -> list[list[Cell]]:
    """Rows: sitter and base's portrait, then one for each snapshot with a cell for each column."""
    draw = Drawer(models, sitter)
    expand = None if models.detail is None else models.detail.expand.weight
    plain = draw(MixedGenerator(base, (), expand).eval(), None)
    rows = [[Cell(sitter, "sitter"), Cell(plain, "base alone")]]
    for snapshot in snapshots:
        generator = MixedGenerator(base, [snapshot.generator], expand).eval()
        row = []
        for at in columns:
            picture = draw(generator, swap_shares(base.resolutions, at, width))
            row.append(Cell(picture, f"as at {snapshot.begins}: begins there" if at < snapshot.begins <= base.size else ""))
        rows.append(row)
    return rows


def sheet(blocks: Sequence[Sequence[Sequence[Cell]]], names: Sequence[str], columns: Sequence[int], notes: Sequence[str]) -> Pillow.Image:
    """Blocks, one for each sitter, under each other: labelled rows of cells."""
    wide = SIDE_LABEL + max(len(columns), 2) * (CELL + GAP)
    tall = sum(len(block) * (CELL + GAP) + LABEL for block in blocks) + LABEL * len(notes) + GAP
    picture = Pillow.new("RGB", (wide, tall), PAPER)
    pen, font, small = ImageDraw.Draw(picture), ImageFont.load_default(15), ImageFont.load_default(12)
    top = GAP
    for block in blocks:
        for number, row in enumerate(block):
            if number == 1:
                for k, at in enumerate(columns):
                    pen.text((SIDE_LABEL + k * (CELL + GAP) + 4, top + 3), f"from {at} px", INK, font)
                top += LABEL
            pen.text((8, top + CELL // 2 - 8), "" if number == 0 else names[number - 1][:18], INK, font)
            for k, cell in enumerate(row):
                left = SIDE_LABEL + k * (CELL + GAP)
                picture.paste(Pillow.fromarray(fitted(cell.picture, CELL)), (left, top))
                if cell.note:
                    pen.rectangle((left, top + CELL - 18, left + CELL - 1, top + CELL - 1), PAPER)
                    pen.text((left + 4, top + CELL - 16), cell.note, INK if number == 0 else DIM, small)
            top += CELL + GAP
    for note in notes:
        pen.text((8, top + 4), note, DIM, font)
        top += LABEL
    return picture


def notes_of(snapshots: Sequence[Snapshot], columns: Sequence[int], base: Generator) -> list[str]:
    """What the sheet cannot show, in words."""
    found = []
    for snapshot in snapshots:
        if snapshot.begins > base.size:
            found.append(f"{snapshot.name}: every layer is the base's")
        elif columns and snapshot.begins > columns[0]:
            found.append(
                f"{snapshot.name}: learnt layers from {snapshot.begins} px on, lower columns show the same; `child --swap-at 8` teaches all"
            )
    return list(dict.fromkeys(found))[:6]


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(prog="python -m installation sweep", description="A sheet of a child's snapshots by swap resolutions.")
    p.add_argument(
        "--base", type=Path, default=shipped("weights") / "generator.safetensors", metavar="FILE", help="default: the embedded one"
    )
    p.add_argument("--encoder", type=Path, metavar="FILE", help="default: the embedded one, or the one in the base's file")
    p.add_argument("--child", type=Path, nargs="+", required=True, metavar="FILE", help="snapshots, in the order of the rows")
    who = p.add_mutually_exclusive_group(required=True)
    who.add_argument("--picture", type=Path, metavar="FILE", help="a photograph of the sitter")
    who.add_argument("--faces", type=Path, nargs="+", help="or packs of aligned faces")
    p.add_argument("--limit", type=int, default=2, help="sitters at most, one block of rows each")
    p.add_argument("--at", type=int, nargs="+", metavar="PX", help="columns; default: 8 to 128")
    p.add_argument(
        "--width", type=finite, default=0.0, metavar="OCTAVES", help="over how many octaves base and child blend; 0 is a hard cut"
    )
    p.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .jpg or .png")
    p.add_argument("--force", action="store_true", help="write over a file that is there")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``sweep``."""
    a = parser().parse_args(argv)
    check_output(a.out, a.force, [a.base, *a.child])
    if a.out.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise ConfigError(f"--out: {a.out}: a name that ends in .jpg or .png is needed")
    if a.limit < 1 or a.width < 0:
        raise ConfigError("--limit counts from 1 and --width from 0")
    named = frozenset({"generator"}) if a.encoder is None else frozenset({"generator", "encoder"})
    models = load_models(a.base, a.encoder or shipped("weights") / "encoder.safetensors", [], [], named)
    base = models.base.layered
    if base is None:
        raise ConfigError(f"--base: {a.base}: a StyleGAN3 generator; its layers have no resolutions to swap at, StyleGAN2 is needed")
    columns = a.at or [r for r in base.resolutions if LEAST_AT <= r <= MOST_AT]
    wrong = [at for at in columns if at not in base.resolutions]
    if wrong:
        raise ConfigError(f"--at: {wrong[0]}: the base has layers of {', '.join(map(str, base.resolutions))} px")
    snapshots = [load_snapshot(path, base) for path in a.child]
    blocks = []
    for number, sitter in enumerate(sitters_of(a)):
        blocks.append(cells(models, base, snapshots, columns, sitter, a.width))
        print(f"sitter {number + 1}: {len(snapshots)} x {len(columns)} portraits", file=sys.stderr, flush=True)
    picture = sheet(blocks, [s.name for s in snapshots], columns, notes_of(snapshots, columns, base))
    with whole_file(a.out) as part:
        picture.save(part, "PNG" if a.out.suffix.lower() == ".png" else "JPEG", quality=92)
    print(f"{a.out}: {len(snapshots)} snapshots by {', '.join(f'{at} px' for at in columns)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
