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
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from installation.clock import FrameClock
from installation.engines.store import open_store
from installation.engines.style_models import StyleEngineSettings, fitting_size
from installation.errors import ConfigError, FaultError, SourceError
from installation.messages import Image
from installation.output_file import check_output, whole_file
from installation.outputs.film import Film
from installation.sources import CaptureSettings, SourceEnded
from installation.sources.capture import find_source
from installation.sources.folder import SUFFIXES
from installation.sources.slideshow import StillSource
from installation.sources.stills import read_picture
from installation.styles.asked import Asked, read_asked
from installation.styles.easel import Easel
from installation.styles.hands import NetworkHand
from installation.styles.library import STYLES, Library

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("FACETS_CACHE") or ROOT / ".cache") / "engines"
CLIPS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp"}
LONG_SIDE = 768  # px that the networks draw, if nothing else is asked for: strokes keep their width, so a larger side has finer ones
JPEG_QUALITY, CRF = 93, 18
BAR = 30  # characters
TILE, LABEL, GAP, COLUMNS = 288, 34, 12, 4  # px of a sheet, and its tiles in a row
PAPER, INK = (17, 18, 20), (236, 230, 218)
MOST_SHEET_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Job:
    """One source in one style."""

    source: Path
    asked: Asked
    out: Path
    clip: bool


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    cv2.setNumThreads(1)
    library = Library(a.styles)
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
    asked = [read_asked(text, library, palette, a.strength, a.colour) for text in a.style]
    if a.slow:
        return _slow(a, asked)
    painter = Painter(StyleEngineSettings(open_store(CACHE).folder), a.size)
    if a.sheet is not None:
        _write_sheet(a, asked, painter)
    if a.out is not None:
        _paint_all(jobs_of(a.source, asked, a.out, a.force), painter)
    return 0


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
    parser.add_argument("--styles", type=Path, default=STYLES, metavar="FOLDER", help="folder of paintings with a name")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--slow", action="store_true", help="optimise each picture instead (Gatys et al. 2016), for pictures alone")
    parser.add_argument("--steps", type=int, default=300, metavar="N", help="of --slow")
    parser.add_argument("--nets", type=Path, metavar="FOLDER", help="of --slow: where darknet-tiny-imagenet.safetensors lies")
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


def jobs_of(sources: Sequence[Path], asked: Sequence[Asked], out: Path, force: bool) -> list[Job]:
    """Everything there is to paint. Raises ConfigError where a source is not there or a target would take something's place."""
    files: list[Path] = []
    for source in sources:
        if source.is_dir():
            found = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES | CLIPS and not path.name.startswith("."))
            if not found:
                raise ConfigError(f"{source}: holds neither pictures nor clips")
            files += found
        elif source.is_file():
            files.append(source)
        else:
            raise ConfigError(f"{source}: there is no such file or folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"--out {out}: cannot be made ({err.strerror or err})") from err
    jobs = [_job(file, one, out) for file in files for one in asked]
    targets = [job.out for job in jobs]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice is not None:
        raise ConfigError(f"{twice}: two sources would be painted into this file; paint them into folders of their own")
    for job in jobs:
        check_output(job.out, force, [job.source])
    return jobs


def _job(file: Path, asked: Asked, out: Path) -> Job:
    clip = not isinstance(find_source(str(file), CaptureSettings(), FrameClock(30.0), realtime=False), StillSource)
    suffix = ".mp4" if clip else ".png" if file.suffix.lower() == ".png" else ".jpg"
    return Job(file, asked, out / f"{file.stem}-{asked.label}{suffix}", clip)


def _paint_all(jobs: Sequence[Job], painter: Painter) -> None:
    failed = 0
    for number, job in enumerate(jobs, 1):
        bar = Bar(f"{number}/{len(jobs)} {job.out.name}")
        try:
            if job.clip:
                _paint_clip(job, painter, bar)
            else:
                save_picture(painter.still(read_picture(job.source), job.asked), job.out)
        except SourceError as err:  # the others are painted all the same
            failed += 1
            bar.end()
            print(err, file=sys.stderr)
            continue
        bar.end(done=True)
    if failed:
        raise SourceError(f"{failed} of {len(jobs)} could not be read")


def save_picture(picture: Image, path: Path) -> None:
    """As a PNG or a JPEG, by its name; whole or not at all."""
    with whole_file(path) as part:
        kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
        Pillow.fromarray(picture).save(part, kind, quality=JPEG_QUALITY, subsampling=0)


def _paint_clip(job: Job, painter: Painter, bar: Bar) -> None:
    silent = job.out.with_name(f".{job.out.stem}.silent.mp4")
    try:
        frames = _film(job, painter, silent, bar)
        if not frames:
            raise SourceError(f"{job.source}: holds no picture that can be read")
        with whole_file(job.out) as part:
            join(silent, job.source, part)
    finally:
        silent.unlink(missing_ok=True)


def _film(job: Job, painter: Painter, path: Path, bar: Bar) -> int:
    """Paint the pictures into a film without sound; how many there were."""
    easel, film, total = Easel(), None, length_of(job.source)
    count = 0
    try:
        for picture, rate in pictures_of(job.source):
            if film is None:
                film = Film(path, (picture.shape[1], picture.shape[0]), Fraction(rate).limit_denominator(1001), CRF, "medium")
            painted = easel.paint(picture, job.asked.blend, painter.hand(picture))
            film.add(film.frame(painted), count)
            count += 1
            bar.show(count / (total * rate) if total else 0.0)
        if film is not None:
            film.finish()
    except OSError as err:
        raise FaultError(f"{path}: cannot be written ({err.strerror or err})") from err
    finally:
        if film is not None and not path.exists():
            film.abandon()
    return count


def pictures_of(clip: Path) -> Iterator[tuple[Image, float]]:
    """Every picture of a clip, and the rate. Raises SourceError."""
    clock = FrameClock(30.0)
    source = find_source(str(clip), CaptureSettings(loop=False), clock, realtime=False).open()
    clock.rate = source.rate
    try:
        while True:
            frame = source.read()
            if frame is not None:
                yield frame.image, source.rate
            clock.advance()
    except SourceEnded:
        return
    finally:
        source.close()


def length_of(clip: Path) -> float:
    """Seconds that a clip says it has; 0 where it does not say."""
    import av

    try:
        with av.open(str(clip)) as file:
            return float(file.duration or 0) / 1e6
    except (av.FFmpegError, OSError):
        return 0.0


def join(film: Path, source: Path, out: Path) -> None:
    """Write the pictures of ``film`` and the sound of ``source``, if it has any, into ``out``, an MP4. Raises SourceError."""
    import av

    with av.open(str(film)) as pictures, av.open(str(source)) as sounds, av.open(str(out), "w", format="mp4") as joined:
        stream = pictures.streams.video[0]
        copy = joined.add_stream_from_template(stream)
        sound = sounds.streams.audio[0] if sounds.streams.audio else None
        into = None if sound is None else joined.add_stream("aac", rate=sound.rate or 48000)
        for packet in pictures.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                joined.mux(packet)
        if sound is None or into is None:
            return
        try:
            for heard in sounds.decode(sound):
                joined.mux(into.encode(heard))
        except av.FFmpegError as err:
            if not isinstance(err, av.EOFError):
                print(f"facets: {source}: its sound ends early ({err})", file=sys.stderr)
        joined.mux(into.encode(None))


class Bar:
    """Progress on a terminal, one line; elsewhere one line once it is done."""

    def __init__(self, name: str, write: Callable[[str], object] = sys.stderr.write) -> None:
        self._name, self._write, self._live = name, write, sys.stderr.isatty()
        self._began = time.monotonic()
        self._shown = 0.0
        self.show(0.0)

    def show(self, share: float) -> None:
        """0…1; more is all."""
        now = time.monotonic()
        if not self._live or now - self._shown < 0.1:
            return
        self._shown = now
        full = math.floor(BAR * min(max(share, 0.0), 1.0))
        self._write(f"\r[{'█' * full}{'·' * (BAR - full)}] {100 * min(share, 1.0):3.0f} % {self._name}\x1b[K")

    def end(self, done: bool = False) -> None:
        """No more of it."""
        if self._live:
            self._write("\r\x1b[K")
        if done:
            self._write(f"{self._name}: {time.monotonic() - self._began:.1f} s\n")


def _write_sheet(a: argparse.Namespace, asked: Sequence[Asked], painter: Painter) -> None:
    if a.sheet.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise ConfigError(f"{a.sheet}: the name must end in .jpg or .png")
    check_output(a.sheet, a.force, a.source)
    picture = read_picture(a.source[0])
    with whole_file(a.sheet) as part:
        drawn = sheet([(one.label, painter.still(picture, one)) for one in asked])
        if a.sheet.suffix.lower() == ".png":
            drawn.save(part, "PNG", optimize=True)
            return
        for quality in range(92, 30, -4):
            drawn.save(part, "JPEG", quality=quality, optimize=True, progressive=True)
            if part.stat().st_size <= MOST_SHEET_BYTES:
                return


def sheet(painted: Sequence[tuple[str, Image]]) -> Pillow.Image:
    """Painted pictures of one shape side by side, each with its name."""
    height, width = painted[0][1].shape[:2]
    tall = round(TILE * height / width)
    columns = min(COLUMNS, len(painted))
    rows = -(-len(painted) // columns)
    page = Pillow.new("RGB", (GAP + columns * (TILE + GAP), GAP + rows * (tall + LABEL)), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(16)
    for k, (label, picture) in enumerate(painted):
        x, y = GAP + k % columns * (TILE + GAP), GAP + k // columns * (tall + LABEL)
        page.paste(Pillow.fromarray(np.asarray(cv2.resize(picture, (TILE, tall), interpolation=cv2.INTER_AREA), np.uint8)), (x, y))
        pen.text((x + 1, y + tall + 20), label.replace("-", " "), INK, font, anchor="ls")
    return page


def _slow(a: argparse.Namespace, asked: Sequence[Asked]) -> int:
    if a.nets is None or not (a.nets / "darknet-tiny-imagenet.safetensors").is_file():
        raise ConfigError("--slow: name the folder of darknet-tiny-imagenet.safetensors with --nets")
    if a.out is None:
        raise ConfigError("--slow: name a folder with --out")
    from installation.training.gatys import optimised

    for job in jobs_of(a.source, asked, a.out, a.force):
        names = [*job.asked.files.values(), *(path for name in job.asked.label.split("+") for path in a.styles.glob(f"{name}.*"))]
        paintings = [path for path in names if path.suffix.lower() in SUFFIXES]
        if job.clip or len(paintings) != 1:
            raise ConfigError(f"{job.source}: --slow paints pictures, in the style of one painting's file")
        bar = Bar(job.out.name)
        picture = read_picture(job.source)
        height, width = picture.shape[:2]
        small = np.asarray(cv2.resize(picture, fitting_size(a.size, width, height), interpolation=cv2.INTER_AREA), np.uint8)
        painted = optimised(small, read_picture(paintings[0]), a.nets / "darknet-tiny-imagenet.safetensors", a.steps, bar.show)
        save_picture(painted, job.out)
        bar.end(done=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
