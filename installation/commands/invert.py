"""Find the code that draws a face, and tune the generator around it:

python -m installation invert me.jpg --out inverted
python -m installation invert photos/ --seconds 60 --nets nets --out inverted --sheet inverted/all.jpg
python -m installation invert me.jpg --generator stylegan3.pkl --seconds 300 --out inverted

The encoder's code is the start; where a generator has no encoder, the mean face is. Then the code is optimised, and then the
generator (pivotal tuning). Of me.jpg it writes me.npz, the code; me.safetensors, the tuned generator, a child that ``models.children`` and
``--generator`` take; and me.png, the portrait, as it comes. Interrupted, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import torch

from installation.checkpoints.error import CheckpointError
from installation.codes.code import Code
from installation.codes.draw import CodePainter
from installation.commands.code_options import add_models, bench_of, signature
from installation.config import load_config
from installation.darkroom.code_words import CodeBench, Wanted, open_code_bench
from installation.darkroom.files import find_sources, make_folder, save_picture, stills_of
from installation.darkroom.inverting import InversionWish, Inverter, Job, fingerprint, keep, take_up, write_state
from installation.darkroom.progress import Bar
from installation.darkroom.sheet import Tile, check_kind, check_rows, write_sheet
from installation.errors import SourceError
from installation.inversion.settings import Effort, Weights
from installation.messages import Image
from installation.output_file import check_output
from installation.training.inversion_terms import net_terms

SECONDS = 60.0
LOOK = 2.0  # s between two pictures on the disk, as it comes
SAVE = 20.0  # s between two states on the disk
SUFFIXES = (".png", ".npz", ".safetensors")  # of a picture's files
EDITS = ("smile", "age")  # of the sheet, where there are such directions


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    cv2.setNumThreads(1)
    torch.set_num_threads(a.threads or len(os.sched_getaffinity(0)))
    if a.sheet is not None:
        check_kind(a.sheet)
    sources = stills_of(find_sources(a.picture), "codes are found of pictures alone")
    if a.sheet is not None:
        check_rows(a.sheet, len(sources))
    make_folder(a.out)
    if a.sheet is not None:
        check_output(a.sheet, a.force, [source.path for source in sources])
    targets = targets_of([source.path for source in sources], a.out)
    for target in targets:
        if a.restart or not target.state.is_file():  # what goes on where it was finds its own files there
            target.check(a.force)
    bench = _bench(a)
    perceptual, identity = net_terms(a.nets, a.identity)
    seconds = None if a.seconds == 0 else a.seconds
    weights = Weights(a.l2, a.perceptual, Weights().identity if a.identity is None else a.identity, a.prior, a.locality)
    effort = Effort(a.code_steps, 0 if a.no_tuning else a.tuning_steps, seconds)
    wish = InversionWish(weights, effort, a.detail, a.space == "w", perceptual, identity)
    work = Work(a, Inverter(bench, wish), signature(a, bench))
    return work.do_all(targets)


@dataclass(frozen=True, slots=True)
class Target:
    """A picture, and what the names of its files begin with."""

    picture: Path
    stem: Path

    def named(self, suffix: str) -> Path:
        """One of the files. A picture's own name may have dots in it."""
        return self.stem.with_name(f"{self.stem.name}{suffix}")

    @property
    def portrait(self) -> Path:
        """The face as it comes."""
        return self.named(".png")

    @property
    def state(self) -> Path:
        """Where it is."""
        return self.stem.with_name(f".{self.stem.name}.inversion.pt")

    def check(self, force: bool) -> None:
        """Raises ConfigError where a file would take something's place."""
        for suffix in SUFFIXES:
            check_output(self.named(suffix), force, [self.picture])


def targets_of(pictures: Sequence[Path], out: Path) -> list[Target]:
    """One for each picture. Of those that would have one name the later ones get a number."""
    taken: set[str] = set()
    targets: list[Target] = []
    for picture in pictures:
        name, number = picture.stem, 1
        while name in taken:
            number += 1
            name = f"{picture.stem}-{number}"
        taken.add(name)
        targets.append(Target(picture, out / name))
    return targets


def _bench(a: argparse.Namespace) -> CodeBench:
    """The models; a generator alone where no encoder fits it. Raises WeightsError."""
    try:
        return bench_of(a, ["portrait.png"], directions=a.sheet is not None)
    except CheckpointError as err:
        if a.encoder is not None or a.generator is None:
            raise
        bench = open_code_bench(Wanted(a.generator), load_config(a.config))
        a.generator_file = a.generator
        print(f"facets: {err}; it starts from the mean face, which takes longer", file=sys.stderr)
        return bench


@dataclass
class Work:
    """One picture after the other. tiles: of the sheet."""

    a: argparse.Namespace
    inverter: Inverter
    card: dict[str, str]
    tiles: list[Tile] = field(default_factory=list)

    def do_all(self, targets: Sequence[Target]) -> int:
        """What has no face is said and left out. Raises SourceError where that is everything."""
        faults = []
        for number, target in enumerate(targets, 1):
            try:
                self._do(target, f"{number}/{len(targets)} {target.picture.name}")
            except SourceError as err:
                faults.append(err)
                if len(targets) > 1:
                    print(err, file=sys.stderr)
        if len(faults) == len(targets):
            raise faults[0] if len(faults) == 1 else SourceError(f"none of {len(faults)} could be inverted")
        if self.a.sheet is not None:
            write_sheet(self.a.sheet, self.tiles, len(self.tiles) // (len(targets) - len(faults)))
        return 0

    def _do(self, target: Target, title: str) -> None:
        """Raises SourceError, ConfigError where something would be written over."""
        a, path, state = self.a, target.picture, target.state
        job = self.inverter.open(self.inverter.bench.square(path), target.stem.name)
        mark = fingerprint(job, self.card["generator"], self.inverter.wish)
        resumed = state.is_file() and not a.restart
        why = take_up(job, state, mark) if resumed else None
        if why is not None:
            print(f"facets: {state}: {why}; it begins anew", file=sys.stderr)
        target.check(a.force or (resumed and why is None))
        write_state(job, state, mark)  # before any other file: cut off at any moment, those that are there are known for its own
        if job.inversion.over:
            print(f"{path}: nothing is left to gain in this time; give it more --seconds, or --restart")
        bar = Bar(title)
        try:
            self._run(job, bar, target.portrait, lambda: write_state(job, state, mark))
        finally:  # interrupted, what there is can be used, and gone on from
            write_state(job, state, mark)
            save_picture(job.inversion.portrait(), target.portrait)
            files = keep(job, target.stem, a.generator_file, self.card)
        bar.end(done=True)
        phases = ", ".join(f"{phase.done} steps of {name}" for name, phase in job.inversion.phases.items() if phase.done)
        print(f"{', '.join(map(str, files))}: {phases}")
        self._show(job, path.name)

    @staticmethod
    def _run(job: Job, bar: Bar, portrait: Path, save: Callable[[], None]) -> None:
        looked = saved = time.monotonic()
        for progress in job.inversion.run():
            bar.show(progress.share)
            now = time.monotonic()
            if now - looked > LOOK:
                looked = now
                save_picture(progress.picture, portrait)
            if now - saved > SAVE:
                saved = now
                save()

    def _show(self, job: Job, name: str) -> None:
        """Sitter, start, what came of it, and what edits still do, for the sheet."""
        if self.a.sheet is None:
            return
        bench = self.inverter.bench
        encoder = None if bench.models is None else bench.models.detail
        after = CodePainter(job.inversion.generator, encoder)
        pictures: list[tuple[str, Image]] = [(name, job.square), ("start", bench.painter.draw([job.start])[0])]
        pictures.append(("inverted", after.draw([job.code])[0]))
        directions = () if bench.models is None else bench.models.directions.directions
        for one in (found for word in EDITS for found in directions if found.name == word):
            pictures.append((f"inverted, {one.name} 1", after.draw([Code(one.name, job.code.ws + one.vector, job.code.detail)])[0]))
        self.tiles += [Tile.of(label, picture) for label, picture in pictures]


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    w, e = Weights(), Effort()
    parser = argparse.ArgumentParser(prog="python -m installation invert", description="Find the code that draws a face.")
    parser.add_argument("picture", nargs="+", type=Path, metavar="PICTURE", help="photographs, and folders of them")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where codes, generators and portraits go")
    parser.add_argument("--seconds", type=_number, default=SECONDS, help=f"for each picture, default {SECONDS:g}; 0: as long as it gains")
    parser.add_argument("--no-tuning", action="store_true", help="leave the generator as it is, and look for a code alone")
    parser.add_argument("--detail", action="store_true", help="keep the embedded encoder's residual under the code")
    parser.add_argument("--space", choices=("w+", "w"), default="w+", help="w: one w for all layers, as without an encoder")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a .jpg or .png: sitter, start, what came of it, two edits of it")
    parser.add_argument("--nets", type=Path, metavar="FOLDER", help="with darknet-tiny-imagenet.safetensors and mobilefacenet.onnx: terms")
    parser.add_argument("--l2", type=_number, default=w.l2, metavar="WEIGHT", help=f"of the blurred pictures, default {w.l2:g}")
    parser.add_argument("--perceptual", type=_number, default=w.perceptual, metavar="WEIGHT", help=f"default {w.perceptual:g}")
    parser.add_argument("--identity", type=_number, metavar="WEIGHT", help=f"with --nets, default {w.identity:g}")
    parser.add_argument("--prior", type=_number, default=w.prior, metavar="WEIGHT", help=f"of codes that are faces, default {w.prior:g}")
    parser.add_argument("--locality", type=_number, default=w.locality, metavar="WEIGHT", help="keeps other faces as they were, default 0")
    parser.add_argument("--code-steps", type=_count, default=e.code_steps, metavar="N", help=f"at most, default {e.code_steps}")
    parser.add_argument("--tuning-steps", type=_count, default=e.tuning_steps, metavar="N", help=f"at most, default {e.tuning_steps}")
    parser.add_argument("--threads", type=_count, default=0, help="cores to use, default all")
    parser.add_argument("--restart", action="store_true", help="begin anew where an interrupted run could go on")
    add_models(parser)
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    return parser.parse_args(argv)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text}: must be a number from 0 up")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 0 up")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
