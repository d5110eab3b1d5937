"""What there is to work on, and the files that are made of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pillow

from installation.clock import FrameClock
from installation.errors import ConfigError, SourceError
from installation.messages import Image
from installation.output_file import whole_file
from installation.sources import CaptureSettings
from installation.sources.capture import find_source
from installation.sources.folder import SUFFIXES
from installation.sources.slideshow import StillSource

CLIPS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp"}
JPEG_QUALITY = 93


@dataclass(frozen=True, slots=True)
class Source:
    """A picture or a clip. fault: why it is neither; whoever comes to it raises that. named: by a person, and not found in a folder."""

    path: Path
    clip: bool = False
    fault: SourceError | None = None
    named: bool = True

    @staticmethod
    def of(path: Path, named: bool = True) -> Source:
        """What a file is decides, not what it is called."""
        try:
            found = find_source(str(path), CaptureSettings(), FrameClock(30.0), realtime=False)
        except SourceError as err:
            return Source(path, fault=err, named=named)
        return Source(path, clip=not isinstance(found, StillSource), named=named)

    @property
    def suffix(self) -> str:
        """Of what is made of it."""
        return ".mp4" if self.clip else ".png" if self.path.suffix.lower() == ".png" else ".jpg"

    def check(self) -> None:
        """Raises SourceError where it is known already that it cannot be read."""
        if self.fault is not None:
            raise self.fault


def find_sources(named: Sequence[Path]) -> list[Source]:
    """The files that are named, and those in the folders that are. Raises ConfigError where one is not there, or a folder is empty."""
    files: list[Source] = []
    for source in named:
        if source.is_dir():
            found = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES | CLIPS and not path.name.startswith("."))
            if not found:
                raise ConfigError(f"{source}: holds neither pictures nor clips")
            files += [Source.of(file, named=False) for file in found]
        elif source.is_file():
            files.append(Source.of(source))
        else:
            raise ConfigError(f"{source}: there is no such file or folder")
    return files


def stills_of(sources: Sequence[Source], wants: str) -> list[Source]:
    """Those that are no clips; a clip of a folder is left out and said. wants: pictures alone, and why. Raises ConfigError for a clip
    that was named, and where nothing is left."""
    return _without(sources, [source for source in sources if source.clip], f"is a clip, and {wants}", "is a clip, left out")


def clips_of(sources: Sequence[Source], wants: str) -> list[Source]:
    """The same the other way round. What cannot be read at all stays, for whoever comes to it to say so."""
    stills = [source for source in sources if not source.clip and source.fault is None]
    return _without(sources, stills, f"is a picture, and {wants}", "is a picture, left out")


def _without(sources: Sequence[Source], out: Sequence[Source], why: str, left_out: str) -> list[Source]:
    named = next((source for source in out if source.named), None)
    if named is not None or len(out) == len(sources):
        raise ConfigError(f"{(named or sources[0]).path}: {why}")
    for source in out:
        print(f"{source.path}: {left_out}", file=sys.stderr)
    return [source for source in sources if source not in out]


def make_folder(out: Path) -> None:
    """Raises ConfigError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"--out {out}: cannot be made ({err.strerror or err})") from err


def save_picture(picture: Image, path: Path, profile: bytes = b"") -> None:
    """As a PNG or a JPEG, by its name; whole or not at all. profile: of the colours of what it is made from (ICC), empty for sRGB."""
    with whole_file(path) as part:
        kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
        Pillow.fromarray(picture).save(part, kind, quality=JPEG_QUALITY, subsampling=0, icc_profile=profile or None)
