"""Whatever pictures come from: files, folders, zips, videos, one picture at a time. Nothing is unpacked or written."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from installation.clock import FrameClock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.base import CaptureSettings, SourceEnded
from installation.sources.folder import SUFFIXES as STILLS
from installation.sources.stills import read_picture
from installation.sources.video import video_file
from installation.training.data.datasets import ZIP_ERRORS

VIDEOS = {".mp4", ".mkv", ".mov", ".avi", ".webm", ".gif", ".m4v", ".mpg", ".mpeg", ".wmv"}
PICTURES = STILLS - VIDEOS
MOST_BYTES = 64 << 20  # a member of a zip that claims more is left alone


@dataclass(frozen=True, eq=False)
class Item:
    """One picture to look at. key: tells it from all others, on a second run too. unit: what it was taken from; pictures of one
    unit (frames of a video) must not be spread over training and validation. read raises SourceError."""

    key: str
    name: str
    unit: str
    read: Callable[[], Image]


@dataclass(frozen=True)
class Unusable:
    """A file that cannot be used, and why."""

    name: str
    reason: str


Found = Item | Unusable


def files_of(sources: Sequence[Path]) -> list[Path]:
    """Every file of the sources, folders searched to the bottom, in the order of their names. Hidden ones are left out.

    Raises SourceError for a source that is not there.
    """
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            inside = (p for p in source.rglob("*") if p.is_file())
            found += sorted(p for p in inside if not any(part.startswith(".") for part in p.relative_to(source).parts))
        elif source.exists():
            found.append(source)
        else:
            raise SourceError(f"{source}: no such file or folder")
    return list(dict.fromkeys(found))


def items_of(path: Path, every: int, done: Callable[[str], bool]) -> Iterator[Found]:
    """The pictures in one file. every: of a video, each so many-th frame. done: keys that need not be read again."""
    kind = path.suffix.lower()
    name = str(path)
    try:
        if path.stat().st_size == 0:
            yield Unusable(name, "is empty")
        elif kind in PICTURES:
            yield Item(str(path.resolve()), name, str(path.resolve()), lambda: read_picture(path))
        elif kind == ".zip":
            yield from _members(path)
        elif kind in VIDEOS:
            yield from _frames(path, every, done)
        else:
            yield Unusable(name, "is neither a picture nor a zip nor a video")
    except OSError as err:
        yield Unusable(name, f"cannot be read ({err.strerror or err})")


def _members(path: Path) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda i: i.filename):
                if info.is_dir() or Path(info.filename).name.startswith("."):
                    continue
                yield _member(path, archive, info)
    except ZIP_ERRORS as err:
        yield Unusable(str(path), f"is not a zip that can be read ({err})")


def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Found:
    name = f"{path}:{info.filename}"
    if Path(info.filename).suffix.lower() not in PICTURES:
        return Unusable(name, "is not a picture; videos and zips inside a zip have to be unpacked first")
    if info.file_size > MOST_BYTES:
        return Unusable(name, f"claims {info.file_size >> 20} MiB, more than the {MOST_BYTES >> 20} that a picture may take")

    def read() -> Image:
        try:
            data = archive.read(info)
        except ZIP_ERRORS as err:
            raise SourceError(f"{name}: cannot be read from its zip ({err})") from err
        return read_picture(Path(name), io.BytesIO(data))

    key = f"{path.resolve()}:{info.filename}"
    return Item(key, name, key, read)


def _frames(path: Path, every: int, done: Callable[[str], bool]) -> Iterator[Found]:
    clock = FrameClock(30.0)
    unit = str(path.resolve())
    try:
        with video_file(path, CaptureSettings(loop=False), clock, realtime=False) as source:
            while True:
                frame = source.read()
                clock.advance()
                if frame is None or frame.index % every or done(f"{unit}#{frame.index}"):
                    continue
                image = frame.image

                def read(image: Image = image) -> Image:
                    return image

                yield Item(f"{unit}#{frame.index}", f"{path}#{frame.index}", unit, read)
    except SourceEnded:
        return
    except SourceError as err:
        yield Unusable(str(path), str(err).removeprefix(f"{path}: "))
