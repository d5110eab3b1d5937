"""Edit the faces in photographs and clips, with the mirror's own stages and no camera:

python -m installation edit photo.jpg --set age=1 --out out
python -m installation edit photos/ clip.mp4 --set age=-1 --set smile=0.5 --style great-wave=0.4 --out out --sheet all.jpg
python -m installation edit family.jpg --face 2 --preset toon-party --portrait --out out

Every face is edited in its place, over the picture's own pixels, at its full size. The same source gives the same file again.
"""

from __future__ import annotations

import argparse
import glob
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from installation.assembly.networks import models_of, table_of
from installation.config import Config, load_config
from installation.control.presets.files import read_preset
from installation.darkroom.clips import filmed, length_of, put_together
from installation.darkroom.files import Source, clips_of, find_sources, make_folder, save_picture, stills_of
from installation.darkroom.progress import Bar
from installation.darkroom.sheet import Tile, check_kind, write_sheet
from installation.darkroom.sitting import Bench, Faces, Seen, Sitting, Who, open_bench
from installation.darkroom.wishes import Wishes, Words, find_preset, read_wishes
from installation.errors import ConfigError, SourceError
from installation.messages import Image
from installation.models.bundle import Models
from installation.output_file import check_output
from installation.sources.stills import read_still
from installation.styles.asked import Named, read_named
from installation.styles.library import Library, Palette

LARGEST = 32_000  # px, longer side of a photograph beyond which it is scaled down: OpenCV counts no further
HALF = 0.5  # of a clip, up to which the sheet's picture of it is looked for
COLUMNS = 4  # of the sheet, at least: two times before and after
WORDS: dict[str, Who] = {"all": "all", "largest": "largest"}
UNSEEN = "turned away, covered or cut off"


@dataclass(frozen=True, slots=True)
class Job:
    """One source. out: of the whole picture or clip; portraits add the number of their face to its name."""

    source: Source
    out: Path

    def portrait(self, number: int) -> Path:
        """The file of one face."""
        return self.out.with_name(f"{self.out.stem}-{number}{self.out.suffix}")


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    cv2.setNumThreads(1)
    sources = _checked(a)  # what cannot be is said before anything slow is done
    config = load_config(a.config)
    models = models_of(config)
    wishes, palette = _wished(a, config, models)
    make_folder(a.out)
    jobs = jobs_of(sources, a.out)
    check_targets(jobs, a.portrait, a.force)
    if a.sheet is not None:  # which may lie in the folder that was made just now
        check_output(a.sheet, a.force, [*(source.path for source in sources), *(job.out for job in jobs)])
    for notice in wishes.notices:
        print(f"facets: {notice}", file=sys.stderr)
    work = Work(open_bench(config, models, palette), wishes, a.face, a.force, a.sheet is not None)
    try:
        work.do_all(jobs)
    finally:
        work.bench.networks.encode.close()
    if a.sheet is not None:
        write_sheet(a.sheet, work.tiles, max(COLUMNS, 2 * round(math.sqrt(len(work.tiles)) / 2)))
    return 0


def _checked(a: argparse.Namespace) -> list[Source]:
    """The sources. Raises ConfigError where the arguments do not go together."""
    sources = find_sources(a.source)
    if a.sheet is not None:
        check_kind(a.sheet)
    if not (a.set or a.style or a.preset or a.oscillate):
        raise ConfigError("nothing is asked for; say what to change with --set, as in --set age=1, with --style or with --preset")
    if a.oscillate and (not (a.set or a.style or a.preset) or not any(source.clip for source in sources)):
        sources = clips_of(sources, "--oscillate moves clips alone")
    return stills_of(sources, "--portrait cuts squares out of pictures alone") if a.portrait else sources


def _wished(a: argparse.Namespace, config: Config, models: Models) -> tuple[Wishes, Palette]:
    """What is asked for, and the styles that there are for it. Raises ConfigError."""
    library = Library(config.models.styles)
    palette, notice = library.look()
    if library.notice and a.style:
        raise ConfigError(library.notice)
    if notice:
        print(f"facets: {notice}", file=sys.stderr)
    named = read_named(a.style, library, palette) if a.style else Named(palette, {}, {})
    table = table_of(models, named.palette)
    preset = None if a.preset is None else read_preset(find_preset(a.preset), table)
    words = Words(a.set, named.weights, preset, a.oscillate, a.portrait)
    return read_wishes(words, table, models.directions.names), named.palette


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation edit", description="Edit the faces in photographs and clips.")
    parser.add_argument("source", nargs="+", type=Path, metavar="SOURCE", help="pictures, clips, and folders of them")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a direction (age=1) or a control, in full")
    parser.add_argument("--style", metavar="STYLE", help="FILE or NAME, or some of them: NAME=0.5,FILE=0.5")
    parser.add_argument("--preset", metavar="PRESET", help="FILE or NAME; --style and --set go over it")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the edited ones go")
    parser.add_argument("--face", type=_who, default="all", metavar="WHO", help="all (the default), largest, or a number from the left")
    parser.add_argument("--portrait", action="store_true", help="write a square of each face in place of the whole picture")
    parser.add_argument("--oscillate", action="store_true", help="let the oscillators run in clips, as they do in the mirror")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="one picture, a .jpg or .png, of all before and after")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration: models and engines")
    return parser.parse_args(argv)


def _who(text: str) -> Who:
    if text in WORDS:
        return WORDS[text]
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be all, largest, or a number from 1 on")
    return int(text)


def jobs_of(sources: Sequence[Source], out: Path) -> list[Job]:
    """One for each source. Of those that would have one name the later ones get a number."""
    jobs: list[Job] = []
    taken: set[Path] = set()
    for source in sources:
        stem, number = source.path.stem, 1
        while (target := out / f"{stem}{'' if number == 1 else f'-{number}'}-edited{source.suffix}") in taken:
            number += 1
        taken.add(target)
        jobs.append(Job(source, target))
    return jobs


def check_targets(jobs: Sequence[Job], portraits: bool, force: bool) -> None:
    """Raises ConfigError where a file would take something's place. How many portraits there will be nobody knows yet."""
    for job in jobs:
        if not portraits:
            check_output(job.out, force, [job.source.path])
            continue
        for path in sorted(job.out.parent.glob(f"{glob.escape(job.out.stem)}-[0-9]*{job.out.suffix}")):
            check_output(path, force, [job.source.path])


@dataclass(eq=False)
class Work:
    """What is done with every job. sheet: whether ``tiles``, before and after of each, are kept."""

    bench: Bench
    wishes: Wishes
    who: Who
    force: bool
    sheet: bool
    tiles: list[Tile] = field(default_factory=list)

    def do_all(self, jobs: Sequence[Job]) -> None:
        """What cannot be edited is said and left out. Raises SourceError where that is everything."""
        faults: list[SourceError] = []
        for number, job in enumerate(jobs, 1):
            bar = Bar(f"{number}/{len(jobs)} {job.out.name}")
            try:
                notice = self._do(job, bar)
            except SourceError as err:  # the others are edited all the same
                bar.end()
                faults.append(err)
                if len(jobs) > 1:
                    print(f"{err}, left out" if isinstance(err, NoFaceError) else err, file=sys.stderr)
                continue
            bar.end(done=True)
            if notice:
                print(f"facets: {notice}", file=sys.stderr)
        if len(faults) == len(jobs):
            raise faults[0] if len(jobs) == 1 else SourceError(f"none of {len(jobs)} could be edited")
        if faults:
            print(f"facets: {len(faults)} of {len(jobs)} left out", file=sys.stderr)

    def _do(self, job: Job, bar: Bar) -> str:
        """What there is to say of one that is done. Raises SourceError where it cannot be read or nobody in it can be edited."""
        job.source.check()
        return self._clip(job, bar) if job.source.clip else self._still(job)

    def _still(self, job: Job) -> str:
        path = job.source.path
        picture, profile = read_still(path, most=LARGEST)
        seen = Sitting(self.bench, self.wishes.still, self.who, still=True).look(picture)
        check_faces(path, seen.faces, self.who)
        for cut in seen.portraits:
            out = job.portrait(cut.number)
            check_output(out, self.force, [path])
            save_picture(cut.after, out, profile)
            self._keep(f"{path.name}, face {cut.number}", cut.before, cut.after)
        if not seen.portraits:
            save_picture(seen.picture, job.out, profile)
            self._keep(path.name, picture, seen.picture)
        left = seen.faces.asked - seen.faces.edited
        return f"{path}: {left} of {seen.faces.asked} faces {'is' if left == 1 else 'are'} {UNSEEN}, and left as found" if left else ""

    def _clip(self, job: Job, bar: Bar) -> str:
        path = job.source.path
        sitting, best, half = Sitting(self.bench, self.wishes.moving, self.who), Best(), HALF * length_of(path)

        def change(picture: Image, moment: float) -> Image:
            seen = sitting.look(picture, moment)
            best.look(picture, seen, keep=self.sheet and (moment <= half or not best.shown))
            return seen.picture

        with filmed(path, job.out, change, bar.show) as silent:
            check_faces(path, best.faces, self.who)
            put_together(silent, path, job.out)
        if best.shown:
            self._keep(path.name, best.shown[0], best.shown[1])
        return ""

    def _keep(self, name: str, before: Image, after: Image) -> None:
        if self.sheet:
            self.tiles += [Tile.of(name, before), Tile.of("", after)]


@dataclass
class Best:
    """Of a clip: the most faces that any of its pictures shows, and one picture before and after, small."""

    faces: Faces = field(default_factory=Faces)
    shown: tuple[Image, ...] = ()

    def look(self, picture: Image, seen: Seen, keep: bool) -> None:
        """keep: whether this picture is to be shown, if anybody is edited in it."""
        self.faces = max(self.faces, seen.faces, key=lambda faces: (faces.edited, faces.asked, faces.found))
        if keep and seen.faces.edited:
            self.shown = tuple(Tile.of("", one).picture for one in (picture, seen.picture))


class NoFaceError(SourceError):
    """Nobody is there whom the edits are for."""


def check_faces(path: Path, seen: Faces, who: Who) -> None:
    """Raises NoFaceError where nobody was edited."""
    if seen.edited:
        return
    if not seen.found:
        raise NoFaceError(f"{path}: no face found")
    if isinstance(who, int) and who > seen.found:
        raise NoFaceError(f"{path}: has {seen.found} face{'' if seen.found == 1 else 's'} and no number {who}")
    raise NoFaceError(f"{path}: every face that is asked for is {UNSEEN}")


if __name__ == "__main__":
    raise SystemExit(main())
