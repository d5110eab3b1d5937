"""Films of faces that go over into each other:

python -m installation film --faces 1-6 --seconds 18 --loop --out walk.mp4
python -m installation film --faces me.jpg her.npz --edits age=1 smile=1 --styles none great-wave --sound song.mp3 --beats 4 --out me.mp4
python -m installation film --faces me.jpg --edits age=-1 age=1.5 --loop --size 192 --fps 12 --seconds 6 --out me.webp
python -m installation film --faces 3 --swing yaw=1:2 --pulse mouth-open=0.8 --bpm 100 --seconds 12 --loop --out dance.gif

The stations are the faces in their order, each followed by itself with each of the edits; the styles come by turns. With a sound each
station falls on a beat. The same words give the same film again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from installation.codes.code import Code
from installation.commands.code_options import add_models, bench_of
from installation.commands.style import LONG_SIDE, Painter
from installation.config import load_config
from installation.control.easing import EASINGS
from installation.darkroom.beats import RATE as SOUND_RATE
from installation.darkroom.beats import Beats, beats_of, read_sound
from installation.darkroom.code_words import PSI, CodeBench, Truncation, codes_of
from installation.darkroom.journey import NOTHING, Journey, Station, Swing, evenly, on_beats
from installation.darkroom.moving import WRITERS, check_moving, check_room, write_mp4
from installation.darkroom.progress import Bar
from installation.doctor.machine import memory_mb
from installation.engines.store import open_store
from installation.engines.style_models import StyleEngineSettings
from installation.errors import ConfigError
from installation.latents.directions import DirectionSet
from installation.latents.warps import Warper
from installation.messages import Image
from installation.output_file import check_output
from installation.places import cache
from installation.styles.asked import read_named
from installation.styles.blend import blend_of
from installation.styles.easel import Easel
from installation.styles.library import Library, Palette

NONE = "none"
MOST_SECONDS, MOST_FPS, MOST_PICTURES = 1800.0, 60.0, 40_000
ALONE = 10.0  # s of a film of one face without a sound
BEATS = 4  # from station to station
LEG = 2.5  # s from station to station, where nothing is said


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    cv2.setNumThreads(1)
    _check(a)
    sound = None if a.silent else a.sound
    check_moving(a.out, a.fps, sound)
    check_output(a.out, a.force, [Path(word) for word in (*a.faces, *([a.sound] if a.sound else []))])
    beats = _beats(a)
    bench = bench_of(a, a.faces, directions=bool(a.edits or a.swing or a.pulse))
    styles = StyleRoom(a.styles, load_config(a.config).models.styles, a.style_size or LONG_SIDE) if a.styles else None
    journey = _journey(a, bench, beats, styles)
    count = max(2, round(journey.seconds * a.fps))
    if count > MOST_PICTURES:
        raise ConfigError(f"{count} pictures are more than {MOST_PICTURES}; lower --seconds or --fps")
    size = a.size or bench.painter.size
    check_room(a.out, count, size, memory_mb()[1])
    film = FilmPainter(bench, journey, styles, size)
    bar = Bar(a.out.name)
    pictures = film.pictures(count, a.fps, bar.show)
    if a.out.suffix.lower() == ".mp4":
        write_mp4(a.out, pictures, a.fps, sound, journey.seconds)
    else:
        WRITERS[a.out.suffix.lower()](a.out, pictures, a.fps, a.loop)
    bar.end(done=True)
    on = f", a station every {a.beats} beats of {beats.bpm:.1f} a minute" if beats is not None else ""
    print(f"{a.out}: {count} pictures in {journey.seconds:.1f} s, {len(journey.stations)} stations{on}")
    return 0


def _check(a: argparse.Namespace) -> None:
    """Raises ConfigError for what would be asked for and not be done."""
    for option, asked, goes_with, there in (
        ("--style-size", a.style_size, "--styles", a.styles),
        ("--silent", a.silent, "--sound", a.sound),
        ("--beats", a.beats, "--sound or --bpm", a.sound or a.bpm),
    ):
        if asked and not there:
            raise ConfigError(f"{option} goes with {goes_with}, which is not there")
    a.beats = a.beats or BEATS


def _beats(a: argparse.Namespace) -> Beats | None:
    """Found in the sound, or counted; None where neither is asked for. Raises SourceError, ConfigError."""
    if a.sound is not None and a.bpm is None:
        return beats_of(a.sound)
    if a.bpm is None:
        if a.pulse:
            raise ConfigError("--pulse: there is no beat; name a sound with --sound or a tempo with --bpm")
        return None
    length = len(read_sound(a.sound)) / SOUND_RATE if a.sound is not None else MOST_SECONDS
    times = np.arange(0.0, length, 60.0 / a.bpm)
    return Beats(tuple(times.tolist()), a.bpm, length)


def _journey(a: argparse.Namespace, bench: CodeBench, beats: Beats | None, styles: StyleRoom | None) -> Journey:
    """The whole way. Raises FacetsError in one sentence."""
    names = () if bench.models is None else bench.models.directions.names
    stations = _stations(codes_of(a.faces, bench, Truncation(a.psi)), [_edit("--edits", text, names) for text in a.edits], styles)
    if a.loop and len(stations) > 1:
        stations.append(stations[0])
    swings = [_swing(text, names) for text in a.swing]
    swings += [Swing(*_edit("--pulse", text, names), pulses=True) for text in a.pulse]
    if len(stations) == 1 and not swings:
        raise ConfigError("one face and nothing to do: name more --faces, or --edits, --styles, --swing or --pulse")
    if beats is None:
        seconds = a.seconds or LEG * max(1, len(stations) - 1)
        times = evenly(len(stations), seconds)
    else:
        times = on_beats(len(stations), beats.times, a.beats, beats.seconds)
        whole = times[-1] if len(stations) > 1 else beats.seconds if a.sound is not None else ALONE
        seconds = a.seconds or min(whole, beats.seconds, MOST_SECONDS)
        while a.loop and len(stations) > 1 and times[-1] < seconds - 1e-6:  # round and round, as long as it plays
            times = on_beats(len(times) + len(stations) - 1, beats.times, a.beats, beats.seconds)
        stations = [stations[k % max(1, len(stations) - 1)] if a.loop and len(stations) > 1 else stations[k] for k in range(len(times))]
    return Journey(stations, times, seconds, EASINGS[a.ease], a.hold, swings, () if beats is None else beats.times)


def _stations(codes: Sequence[Code], edits: Sequence[tuple[str, float]], styles: StyleRoom | None) -> list[Station]:
    """Each face, and itself with each edit; styles by turns, once round at least."""
    found = [Station(code, edit) for code in codes for edit in (NOTHING, *({name: amount} for name, amount in edits))]
    if styles is None:
        return found
    if len(found) < len(styles.named):
        found = [found[k % len(found)] for k in range(len(styles.named))]
    return [Station(one.code, one.edits, styles.named[k % len(styles.named)]) for k, one in enumerate(found)]


def _edit(option: str, text: str, names: Sequence[str]) -> tuple[str, float]:
    name, sign, amount = text.partition("=")
    if name not in names:
        there = f"there is {', '.join(names)}" if names else "this generator has none (models.directions names some)"
        raise ConfigError(f"{option} {text}: there is no direction {name!r}; {there}")
    try:
        value = float(amount) if sign else 1.0
    except ValueError:
        value = float("nan")
    if not -5.0 <= value <= 5.0:
        raise ConfigError(f"{option} {text}: {amount!r} is no amount; it goes from -5 to 5")
    return name, value


def _swing(text: str, names: Sequence[str]) -> Swing:
    edit, colon, cycles = text.partition(":")
    name, amount = _edit("--swing", edit, names)
    try:
        count = float(cycles) if colon else 1.0
    except ValueError:
        count = float("nan")
    if not 0.0 < count <= 1000.0:
        raise ConfigError(f"--swing {text}: {cycles!r} is no number of cycles; it is more than 0")
    return Swing(name, amount, count)


class StyleRoom:
    """The styles of a film, and what paints them. named: of each station in turn, weights by name."""

    def __init__(self, words: Sequence[str], folder: Path, long_side: int) -> None:
        library = Library(folder)
        if library.notice:
            raise ConfigError(library.notice)
        palette, notice = library.look()
        if notice:
            print(f"facets: {notice}", file=sys.stderr)
        self.named: list[Mapping[str, float]] = []
        styles = dict(palette.styles)
        for word in words:
            if word == NONE:
                self.named.append(NOTHING)
                continue
            found = read_named(word, library, Palette(styles))
            styles |= found.palette.styles
            self.named.append(found.weights)
        self._palette, self._painter = Palette(styles), Painter(StyleEngineSettings(open_store(cache() / "engines").folder), long_side)
        self._easel = Easel()

    def paint(self, picture: Image, weights: Mapping[str, float]) -> Image:
        """[S, S, 3] -> the same, painted."""
        blend = blend_of(self._palette, {name: weight for name, weight in weights.items() if weight > 0})
        return picture if blend is None else self._easel.paint(picture, blend, self._painter.hand(picture))


@dataclass(eq=False)
class FilmPainter:
    """Draws a journey. size: px of the film's side."""

    bench: CodeBench
    journey: Journey
    styles: StyleRoom | None
    size: int
    _warper: Warper = field(default_factory=Warper)

    def pictures(self, count: int, fps: float, show: Callable[[float], None]) -> Iterator[Image]:
        """Each picture [size, size, 3] in turn; one that is the same as the last is not drawn again."""
        last, picture = None, None
        for k in range(count):
            station = self.journey.at(k / fps)
            if picture is None or last is None or not _same(last, station):
                picture = self._drawn(station)
            last = station
            shown = picture if self.styles is None else self.styles.paint(picture, station.styles)
            yield self._fitted(shown)
            show((k + 1) / count)

    def _drawn(self, station: Station) -> Image:
        code, models = station.code, self.bench.models
        directions = DirectionSet([]) if models is None else models.directions
        move = directions.move([station.edits.get(name, 0.0) for name in directions.names]) if station.edits else None
        if move is None:
            return self.bench.painter.draw([code])[0]
        detail = None if code.detail is None else move.carry(code.detail)
        picture = self.bench.painter.edited(code, code.ws + move.offset, detail)
        warp = move.warp()
        return picture if warp is None else self._warper(picture, warp.numpy())

    def _fitted(self, picture: Image) -> Image:
        if picture.shape[0] == self.size:
            return picture
        way = cv2.INTER_AREA if picture.shape[0] > self.size else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(picture, (self.size, self.size), interpolation=way), np.uint8)


def _same(a: Station, b: Station) -> bool:
    return a.code is b.code and a.edits == b.edits


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation film", description="Films of faces that go over into each other.")
    parser.add_argument("--faces", nargs="+", required=True, metavar="FACE", help="seeds (1-6), files of codes, photographs, mean")
    parser.add_argument("--edits", nargs="+", default=[], metavar="NAME=AMOUNT", help="each face goes on to itself with each of these")
    parser.add_argument("--styles", nargs="+", default=[], metavar="STYLE", help="painters' styles by turns, one a station; none for none")
    parser.add_argument("--swing", nargs="+", default=[], metavar="NAME=AMOUNT:CYCLES", help="an edit that swings through the whole film")
    parser.add_argument("--pulse", nargs="+", default=[], metavar="NAME=AMOUNT", help="an edit that jumps up on every beat and fades")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .mp4, .webp or .gif")
    parser.add_argument("--seconds", type=_ranged(0.1, MOST_SECONDS), help=f"of the film; default {LEG} for each leg, or the sound's")
    parser.add_argument("--fps", type=_ranged(1.0, MOST_FPS), default=25.0, help="pictures a second, default 25")
    parser.add_argument("--size", type=_side, metavar="PX", help="side of the film; default the generator's")
    parser.add_argument("--loop", action="store_true", help="back to the first face at the end")
    parser.add_argument("--ease", choices=sorted(EASINGS), default="smooth", help="the way from station to station")
    parser.add_argument("--hold", type=_ranged(0.0, 0.95), default=0.0, metavar="SHARE", help="of each leg, at rest before it goes on")
    parser.add_argument("--sound", type=Path, metavar="FILE", help="whose beat the stations fall on; an .mp4 carries it")
    parser.add_argument("--silent", action="store_true", help="take the beat of the sound, and not the sound")
    parser.add_argument("--beats", type=_count, metavar="N", help=f"beats from station to station, default {BEATS}")
    parser.add_argument("--bpm", type=_ranged(20.0, 400.0), help="a steady tempo from the start, in place of the sound's own beat")
    parser.add_argument("--psi", type=_ranged(-2.0, 2.0), default=PSI, help=f"truncation of seeds, default {PSI}")
    parser.add_argument("--style-size", type=_side, metavar="PX", help=f"side that is painted, default {LONG_SIDE}")
    add_models(parser)
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    return parser.parse_args(argv)


def _ranged(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text}: must be from {low:g} to {high:g}")
        return value

    return number


def _side(text: str) -> int:
    return int(_ranged(32, 2048)(text)) // 2 * 2


def _count(text: str) -> int:
    return int(_ranged(1, 64)(text))


if __name__ == "__main__":
    sys.exit(main())
