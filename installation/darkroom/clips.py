"""Clips, picture by picture: read, changed, and written again with their sound."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from installation.clock import FrameClock
from installation.darkroom.soundtrack import carry, sound_of, track_for
from installation.errors import FaultError, SourceError
from installation.messages import Image
from installation.output_file import whole_file
from installation.outputs.film import Film
from installation.sources import CaptureSettings, SourceEnded
from installation.sources.capture import find_source

CRF = 18  # of H.264: next to nothing of the source is lost


@contextmanager
def filmed(source: Path, out: Path, change: Callable[[Image, float], Image], show: Callable[[float], None]) -> Iterator[Path]:
    """The pictures of a clip, each changed, as a film without sound that lies beside ``out`` while the block lasts.

    change: a picture [H, W, 3] and its moment, s -> the same, changed. show: is told how far it is, 0…1. Raises SourceError where the
    clip holds no picture, FaultError where the film cannot be written.
    """
    silent = out.with_name(f".{out.stem}.silent.mp4")
    try:
        if not _film(source, silent, change, show):
            raise SourceError(f"{source}: holds no picture that can be read")
        yield silent
    finally:
        silent.unlink(missing_ok=True)


def put_together(silent: Path, source: Path, out: Path) -> None:
    """Write a film and the sound of its source as ``out``, whole or not at all. Raises ConfigError or FaultError where it cannot be."""
    import av

    try:
        with whole_file(out) as part:
            join(silent, source, part)
    except av.FFmpegError as err:
        raise FaultError(f"{out}: cannot be written ({err.strerror or err})") from err


def _film(source: Path, path: Path, change: Callable[[Image, float], Image], show: Callable[[float], None]) -> int:
    """How many pictures there were."""
    import av

    film, total, count = None, length_of(source), 0
    try:
        for picture, rate in pictures_of(source):
            if film is None:
                film = Film(path, (picture.shape[1], picture.shape[0]), Fraction(rate).limit_denominator(1001), CRF, "medium")
            film.add(film.frame(change(picture, count / rate)), count)
            count += 1
            show(count / (total * rate) if total else 0.0)
        if film is not None:
            film.finish()
    except (OSError, av.FFmpegError) as err:
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
    """Write the pictures of ``film`` and the sound of ``source``, if it has any, into ``out``, an MP4."""
    import av

    with av.open(str(film)) as pictures, av.open(str(source)) as sounds, av.open(str(out), "w", format="mp4") as joined:
        stream = pictures.streams.video[0]
        copy = joined.add_stream_from_template(stream)
        sound = sound_of(sounds)
        track = None if sound is None else track_for(sound, joined)
        for packet in pictures.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                joined.mux(packet)
        fault = None if sound is None or track is None else carry(sounds, sound, joined, track)
        if fault is not None:
            print(f"facets: {source}: its sound ends early ({fault})", file=sys.stderr)
