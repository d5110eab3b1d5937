"""Paint pictures and clips in a style:

python -m installation style photo.jpg --style great-wave --out out
python -m installation style clip.mp4 photos/ --style ink=0.5,my-painting.jpg=0.5 --out out
python -m installation style photo.jpg --style ink --style frost --style great-wave --sheet styles.jpg
python -m installation style photo.jpg --style great-wave --slow --nets nets --out out

Several ``--style`` give several pictures of each source. Clips keep their sound. ``--slow`` is the optimisation of Gatys, Ecker and
Bethge ("Image Style Transfer Using Convolutional Neural Networks", 2016), to compare with.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2

from installation.darkroom.clips import filmed, put_together
from installation.darkroom.files import Source, find_sources, make_folder, save_picture, stills_of
from installation.darkroom.progress import Bar
from installation.darkroom.sheet import Tile, check_kind, write_sheet
from installation.engines.store import open_store
from installation.engines.style_models import StyleEngineSettings, fitting_size
from installation.errors import ConfigError, SourceError
from installation.messages import Image
from installation.output_file import check_output
from installation.places import cache
from installation.sources.stills import read_picture, read_still
from installation.styles.asked import Asked, read_asked
from installation.styles.blend import Blend
from installation.styles.easel import Easel
from installation.styles.library import STYLES, Library
from installation.styles.painter import NetworkHand

FEATURES = "darknet-tiny-imagenet.safetensors"  # that --slow compares pictures by
STEPS = 300  # of --slow
LONG_SIDE = 768  # px that the networks draw, if nothing else is asked for: strokes keep their width, so a larger side has finer ones


@dataclass(frozen=True, slots=True)
class Job:
    """One source in one style."""

    source: Source
    asked: Asked
    out: Path


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    cv2.setNumThreads(1)
    if a.styles is not None and not a.styles.is_dir():
        raise ConfigError(f"--styles {a.styles}: there is no such folder")
    library = Library(a.styles or STYLES)
    if library.notice:
        raise ConfigError(library.notice)
    palette, notice = library.look()
    if notice:
        print(f"facets: {notice}", file=sys.stderr)
    if a.list:
        width = max(map(len, palette.styles))
        print("\n".join(f"{style.name:<{width}}  {style.description}" for style in palette.styles.values()))
        return 0
    if not a.source or not a.style or (a.out is None and a.sheet is None):
        raise ConfigError("name at least one SOURCE, a --style, and --out FOLDER or --sheet FILE; --list says which styles there are")
    _check(a)
    asked = told_apart([read_asked(text, library, palette, a.strength, a.colour) for text in a.style])
    if a.slow:
        return _slow(a, asked)
    jobs = [] if a.out is None else jobs_of(find_sources(a.source), asked, a.out, a.force)
    painter = Painter(StyleEngineSettings(open_store(cache() / "engines").folder), a.size)
    if a.sheet is not None:
        _write_sheet(a, asked, painter)
    _paint_all(jobs, partial(_paint, painter))
    return 0


def _check(a: argparse.Namespace) -> None:
    """Raises ConfigError for what would be asked for and not be done."""
    unread = next((word for word, value in (("--steps", a.steps), ("--nets", a.nets)) if value is not None and not a.slow), None)
    if unread is not None:
        raise ConfigError(f"{unread} goes with --slow alone; add that, or leave {unread} out")
    if a.sheet is not None:
        check_kind(a.sheet)
    if a.out is None and len(a.source) > 1:
        raise ConfigError(f"{a.source[1]}: --sheet shows one picture, {a.source[0]}; name one, or add --out FOLDER, which takes all")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation style", description="Paint pictures and clips in a style.")
    parser.add_argument("source", nargs="*", type=Path, metavar="SOURCE", help="pictures, clips, and folders of them")
    parser.add_argument("--style", action="append", metavar="STYLE", help="FILE or NAME, or some of them: NAME=0.5,FILE=0.5")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the painted ones go")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="one picture, a .jpg or .png, of the first source in each style")
    parser.add_argument("--list", action="store_true", help="say which styles there are")
    parser.add_argument("--strength", type=_share, default=1.0, metavar="0…1", help="how much is painted")
    parser.add_argument("--colour", type=_share, default=1.0, metavar="0…1", help="1: the painting's colours; 0: the picture's own")
    parser.add_argument("--size", type=_side, default=LONG_SIDE, metavar="PX", help=f"longer side that is painted, {LONG_SIDE} if left out")
    parser.add_argument("--styles", type=Path, metavar="FOLDER", help="folder of paintings with a name; styles, if left out")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--slow", action="store_true", help="optimise each picture instead (Gatys et al. 2016), for pictures alone")
    parser.add_argument("--steps", type=_steps, metavar="N", help=f"of --slow, {STEPS} if left out")
    parser.add_argument("--nets", type=Path, metavar="FOLDER", help=f"of --slow: where {FEATURES} lies")
    return parser.parse_args(argv)


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError("must be from 0 to 1")
    return value


def _side(text: str) -> int:
    value = int(text)
    if not 64 <= value <= 4096:
        raise argparse.ArgumentTypeError("must be from 64 to 4096")
    return value


def _steps(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def told_apart(asked: Sequence[Asked]) -> list[Asked]:
    """The same; those of the same styles in other parts are called by their parts too, for each is a file of its own."""
    labels = Counter(one.label for one in asked)
    return [one if labels[one.label] == 1 else replace(one, label=_in_parts(one)) for one in asked]


def _in_parts(asked: Asked) -> str:
    return "+".join(f"{name}={weight:g}" for name, weight in asked.weights.items())


class Painter:
    """The networks for whatever shape comes; pictures of one shape share them."""

    def __init__(self, engine: StyleEngineSettings, long_side: int) -> None:
        self._engine, self._long_side = engine, long_side
        self._hand: NetworkHand | None = None

    def hand(self, picture: Image) -> NetworkHand:
        """For pictures of that shape, never larger than they are."""
        height, width = picture.shape[:2]
        size = fitting_size(min(self._long_side, max(width, height, 64)), width, height)
        if self._hand is None or self._hand.size != size:
            self._hand = NetworkHand(size, self._engine)
        return self._hand

    def still(self, picture: Image, asked: Asked) -> Image:
        """[H, W, 3] -> the same, painted."""
        return Easel(steady=False).paint(picture, asked.blend, self.hand(picture))


def jobs_of(files: Sequence[Source], asked: Sequence[Asked], out: Path, force: bool) -> list[Job]:
    """Everything there is to paint. Raises ConfigError where a target would take something's place."""
    make_folder(out)
    jobs = [Job(file, one, out / f"{file.path.stem}-{one.label}{file.suffix}") for file in files for one in asked]
    targets = [job.out for job in jobs]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"{twice}: two sources would be painted into this file, or one twice in the same style; paint them into folders of their own"
        )
    for job in jobs:
        check_output(job.out, force, [job.source.path])
    return jobs


def _paint_all(jobs: Sequence[Job], paint: Callable[[Job, Bar], None]) -> None:
    """paint: does one of them."""
    failed = 0
    for number, job in enumerate(jobs, 1):
        bar = Bar(f"{number}/{len(jobs)} {job.out.name}")
        try:
            job.source.check()
            paint(job, bar)
        except SourceError as err:  # the others are painted all the same
            failed += 1
            bar.end()
            print(err, file=sys.stderr)
            continue
        bar.end(done=True)
    if failed:
        raise SourceError(f"{failed} of {len(jobs)} could not be read")


def _paint(painter: Painter, job: Job, bar: Bar) -> None:
    if job.source.clip:
        _paint_clip(job, painter, bar)
    else:
        picture, profile = read_still(job.source.path)
        save_picture(painter.still(picture, job.asked), job.out, profile)


def _paint_clip(job: Job, painter: Painter, bar: Bar) -> None:
    easel = Easel()

    def paint(picture: Image, moment: float) -> Image:
        return easel.paint(picture, job.asked.blend, painter.hand(picture))

    with filmed(job.source.path, job.out, paint, bar.show) as silent:
        put_together(silent, job.source.path, job.out)


def _write_sheet(a: argparse.Namespace, asked: Sequence[Asked], painter: Painter) -> None:
    check_output(a.sheet, a.force, a.source)
    picture = read_picture(a.source[0])
    write_sheet(a.sheet, [Tile.of(one.label.replace("-", " "), painter.still(picture, one)) for one in asked])


def _slow(a: argparse.Namespace, asked: Sequence[Asked]) -> int:
    if a.nets is None or not (a.nets / FEATURES).is_file():
        raise ConfigError(f"--slow: name the folder of {FEATURES} with --nets")
    if a.out is None or a.sheet is not None:
        raise ConfigError("--slow: name a folder with --out; it draws no --sheet")
    blended = next((one.label for one in asked if len(one.files) != 1 or len(one.weights) != 1), None)
    if blended is not None:
        raise ConfigError(f"--style {blended}: --slow paints in the style of one painting's file; it blends none and has no built-in ones")
    jobs = jobs_of(stills_of(find_sources(a.source), "--slow paints pictures alone"), asked, a.out, a.force)
    _paint_all(jobs, partial(_paint_slowly, a.nets / FEATURES, a.size, a.steps or STEPS))
    return 0


def _paint_slowly(features: Path, long_side: int, steps: int, job: Job, bar: Bar) -> None:
    picture, profile = read_still(job.source.path)
    height, width = picture.shape[:2]
    (painting,) = job.asked.files.values()
    size = fitting_size(min(long_side, max(width, height, 64)), width, height)
    hand = _Optimiser(size, read_picture(painting), features, steps, bar.show)
    save_picture(Easel(steady=False).paint(picture, job.asked.blend, hand), job.out, profile)


@dataclass(slots=True, eq=False)
class _Optimiser:
    """Draws as the networks do, by optimisation, whatever the blend."""

    size: tuple[int, int]
    painting: Image
    features: Path
    steps: int
    progress: Callable[[float], None]

    def draw(self, picture: Image, blend: Blend) -> Image:
        from installation.training.gatys import optimised

        return optimised(picture, self.painting, self.features, self.steps, self.progress)


if __name__ == "__main__":
    raise SystemExit(main())
