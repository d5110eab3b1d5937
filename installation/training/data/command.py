"""Make a data set of faces from anything: folders, zips, videos, pictures.

    python -m installation data SOURCE... --out FOLDER [--size 256] [--mask]

Every face is found by the mirror's own tracker, cut as FFHQ cuts it, and kept unless it is blurred, small, turned away or a
duplicate. FOLDER gets zip packs that ``train`` and ``score`` read, ``labels.csv``, a report and a contact sheet. A second run
goes on where the first ended; files that cannot be used are listed and skipped.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from installation.errors import ConfigError, FaultError, SourceError
from installation.messages import Image
from installation.training.data.faces import Find, Finder, HaarFinder, TrackerFinder, cut
from installation.training.data.likeness import People, Prints, fingerprint, sharpness
from installation.training.data.packs import PackedFace, Packs, Row, encode, row_dict, split_of
from installation.training.data.report import write_report
from installation.training.data.sources import Item, Unusable, files_of, items_of

SIZES = (128, 256, 512, 1024)
DUPLICATE_BITS = 18  # of 256: copies, enlarged, compressed or a pixel aside, stay below; the most alike of 400 people had 40
LEAST_SHARPNESS = 0.03  # a face enlarged from 48 px has 0.04 at the median, one from 32 px 0.02, photographs 0.09 and more
SAY_EVERY = 10.0  # s, where the terminal cannot rewrite a line


class Stop:
    """Ctrl-C and SIGTERM end the run after the picture in hand. A second Ctrl-C ends it at once; nothing finished is lost."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stop":
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class Progress:
    """One line on stderr, rewritten where that is a terminal."""

    def __init__(self, total: int) -> None:
        self._total, self._start, self._said = total, time.monotonic(), 0.0
        self._live = sys.stderr.isatty()

    def show(self, files: int, name: str, kept: int, left_out: int, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self._said < (0.2 if self._live else SAY_EVERY):
            return
        self._said = now
        share = files / max(1, self._total)
        left = "" if not files or last else f", {(now - self._start) * (1 / share - 1):.0f} s left"
        line = f"{share:4.0%} {files}/{self._total} files, {kept} faces kept, {left_out} left out{left} {'' if last else name[-40:]}"
        print(f"\r{line:<110}" if self._live else line, end="\n" if last or not self._live else "", file=sys.stderr, flush=True)


class Maker:
    """From one picture to its faces, filtered."""

    def __init__(self, a: argparse.Namespace, packs: Packs) -> None:
        self._a, self.packs = a, packs
        self._align = not a.crop_only
        self._finder: Finder
        if a.detector == "haar":
            self._finder = HaarFinder(a.cascade, a.max_faces, a.min_share, self._align)
        else:
            self._finder = TrackerFinder(a.max_faces, a.min_share)
        self._prints, self._people = Prints(), People()
        for face in packs.faces:
            self._prints.add(np.frombuffer(bytes.fromhex(face.print), np.uint8))
            if face.identity is not None:
                self._people.add(np.array(face.identity))
        self._judge: Any = None
        if a.nets is not None:
            from installation.training.score.networks import IdentityJudge

            self._judge = IdentityJudge(a.nets)

    def take(self, item: Item) -> None:
        """Look at one picture and keep what is good. Raises SourceError for one that cannot be read, OSError for a full disk."""
        image = item.read()
        finds = self._finder(image)
        left_out: Counter[str] = Counter() if finds else Counter({"no face": 1})
        kept: list[tuple[PackedFace, bytes]] = []
        for find in finds:
            made = self._made(item, image, find, len(kept))
            if isinstance(made, str):
                left_out[made] += 1
            else:
                kept.append(made)
        self.packs.add(item.key, kept, left_out)

    def _made(self, item: Item, image: Image, find: Find, ahead: int) -> tuple[PackedFace, bytes] | str:
        """The face and its encoded picture, or why it is left out."""
        a = self._a
        if find.quad.side < a.min_width:
            return "small"
        pose = find.pose
        if pose is not None and (abs(pose.yaw) > a.max_yaw or abs(pose.pitch) > a.max_pitch or abs(pose.roll) > a.max_roll):
            return "turned away"
        crop, mask, matrix = cut(image, find, a.size, self._align)
        sharp = sharpness(crop)
        if sharp < a.min_sharpness:
            return "blurred"
        print_ = fingerprint(crop)
        if self._prints.nearest(print_) <= a.duplicate_bits:
            return "duplicate"
        identity = self._identity(crop, find, matrix)
        if identity is not None and self._people.closest(np.array(identity)) >= a.same_person:
            return "same person again"
        self._prints.add(print_)
        if identity is not None:
            self._people.add(np.array(identity))
        yaw, pitch, roll = (None, None, None) if pose is None else (round(v, 1) for v in (pose.yaw, pose.pitch, pose.roll))
        split = split_of(item.unit, a.val)
        row = Row(self.packs.next_name(ahead), "", split, item.name, round(find.quad.side), yaw, pitch, roll, round(sharp, 4))
        return PackedFace(row_dict(row), print_.tobytes().hex(), identity), encode(self._picture(crop, mask), a.quality)

    def _picture(self, crop: Image, mask: NDArray[np.bool_]) -> Pillow.Image:
        picture = Pillow.fromarray(crop)
        if self._a.grey:
            picture = picture.convert("L").convert("RGB")
        if self._a.mask:
            picture.putalpha(Pillow.fromarray((mask * 255).astype(np.uint8)))
        return picture

    def _identity(self, crop: Image, find: Find, matrix: NDArray[np.float64]) -> list[float] | None:
        if self._judge is None or find.landmarks is None:
            return None
        from installation.faces.ffhq import invert, transform
        from installation.training.score.networks import five_point_matrix

        points = transform(invert(matrix), find.landmarks)
        return [round(float(v), 4) for v in self._judge.embed([crop], [five_point_matrix(points)])[0]]


def run(a: argparse.Namespace) -> Packs:
    """Look at everything there is. Raises SourceError for a source that is not there, ConfigError for a folder that cannot be
    used, FaultError where the disk is full."""
    files = files_of(a.sources)
    packs = Packs(a.out, settings_of(a), a.pack_size)
    if packs.done:
        print(f"{a.out}: goes on after {len(packs.done)} pictures and {len(packs.faces)} faces", file=sys.stderr)
    maker = Maker(a, packs)
    progress = Progress(len(files))
    try:
        with Stop() as stop:
            for number, path in enumerate(files):
                if stop.asked:
                    break
                _look(path, number, a, maker, stop, progress)
            progress.show(len(files), "", len(packs.faces), packs.left_out.total(), last=True)
            packs.pack()
            found = write_report(packs, settings_of(a))
    except (OSError, ConfigError) as err:
        raise FaultError(
            f"{a.out}: cannot be written ({err}); {len(packs.faces)} faces are kept, make room and run the command again"
        ) from err
    if stop.asked:
        print("stopped; the same command goes on from here", file=sys.stderr)
    print(f"{a.out}: {found['faces']} faces ({found['val']} of them for validation) in {len(found['packs'])} packs")
    for reason, count in found["left_out"].items():
        print(f"  left out, {reason}: {count}")
    for name, reason in found["unusable"].items():
        print(f"  skipped {name}: {reason}")
    return packs


def _look(path: Path, number: int, a: argparse.Namespace, maker: Maker, stop: Stop, progress: Progress) -> None:
    packs = maker.packs
    if path.resolve().is_relative_to(a.out.resolve()):
        return
    for item in items_of(path, a.every, packs.done.__contains__):
        if stop.asked:
            return
        if isinstance(item, Unusable):
            packs.cannot_use(item.name, item.reason)
            continue
        progress.show(number, item.name, len(packs.faces), packs.left_out.total())
        if item.key in packs.done:
            continue
        try:
            maker.take(item)
        except SourceError as err:
            packs.cannot_use(item.name, str(err).removeprefix(f"{item.name}: "))


def settings_of(a: argparse.Namespace) -> dict[str, Any]:
    """What decides how a face comes out; a folder that is continued must have been begun with the same."""
    names = ("size", "crop_only", "grey", "mask", "detector", "max_faces", "every", "min_share", "min_width", "min_sharpness")
    more = ("max_yaw", "max_pitch", "max_roll", "duplicate_bits", "val", "quality")
    settings = {name: getattr(a, name) for name in (*names, *more)}
    return {**settings, "same_person": a.same_person if a.nets else None}


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(prog="python -m installation data", description="Make a data set of faces from pictures and videos.")
    p.add_argument("sources", type=Path, nargs="+", metavar="SOURCE", help="folders, zips, videos, pictures")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder, or one that this command began")
    p.add_argument("--size", type=int, choices=SIZES, default=256, help="px of the squares")
    p.add_argument("--crop-only", action="store_true", help="upright squares around the faces, not turned nor aligned")
    p.add_argument("--grey", action="store_true", help="without colours")
    p.add_argument("--mask", action="store_true", help="transparent beyond the picture's edge, so that training leaves it out")
    p.add_argument("--detector", choices=["tracker", "haar"], default="tracker", help="the mirror's own, or OpenCV's Haar cascade")
    p.add_argument("--cascade", type=Path, metavar="FILE", help="a Haar cascade in OpenCV's XML format")
    p.add_argument("--every", type=int, default=15, metavar="N", help="of a video, each N-th frame")
    p.add_argument("--max-faces", type=int, default=30, help="of one picture")
    p.add_argument("--min-share", type=float, default=0.04, help="smallest face looked for, as a share of the picture's width")
    p.add_argument("--min-width", type=int, metavar="PX", help="smallest square in the source; default: half of --size")
    p.add_argument("--min-sharpness", type=float, default=LEAST_SHARPNESS, help="0 keeps everything")
    p.add_argument("--max-yaw", type=float, default=60.0, metavar="DEGREES")
    p.add_argument("--max-pitch", type=float, default=40.0, metavar="DEGREES")
    p.add_argument("--max-roll", type=float, default=60.0, metavar="DEGREES")
    p.add_argument(
        "--duplicate-bits", type=int, default=DUPLICATE_BITS, help="of 256, in which two pictures of a face may differ; -1: keep all"
    )
    p.add_argument("--nets", type=Path, help="folder with mobilefacenet.onnx: leave out faces of a person that is there already")
    p.add_argument("--same-person", type=float, default=0.75, metavar="COSINE", help="with --nets: from which two faces are one person")
    p.add_argument("--val", type=float, default=0.05, metavar="SHARE", help="kept for validation")
    p.add_argument("--pack-size", type=int, default=2000, help="pictures of a zip")
    p.add_argument("--quality", type=int, default=90, help="of WebP, 1 to 100")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``data``."""
    a = parser().parse_args(argv)
    a.min_width = a.size // 2 if a.min_width is None else a.min_width
    if min(a.every, a.max_faces, a.pack_size) < 1 or not 0 <= a.val <= 1 or not 1 <= a.quality <= 100 or not 0 < a.min_share <= 1:
        raise ConfigError(
            "--every, --max-faces and --pack-size count from 1, --val goes from 0 to 1, --min-share up to 1, --quality to 100"
        )
    packs = run(a)
    if not packs.faces:
        raise ConfigError(f"{', '.join(map(str, a.sources))}: not one face was kept; {a.out / 'report.html'} says why")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
