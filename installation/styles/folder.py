"""The folder of an artist's own styles: every picture in it is one, under the name of its file.

A card beside a picture, ``great-wave.yaml`` for ``great-wave.webp``, may say its ``title``, ``painter``, ``year`` and ``note``. The
vectors that the network makes of the pictures are kept in ``.vectors`` beside them, under the digest of the picture's file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from installation.config_file import parse_document
from installation.errors import ConfigError
from installation.messages import Image
from installation.picture_file import eight_bits, open_picture
from installation.places import INSTALLED, cache, shipped
from installation.sources.folder import SUFFIXES
from installation.sources.heif import is_heif, read_heif
from installation.styles.bank import BANK
from installation.styles.names import style_name

MOST_STYLES: Final = 64  # pictures that become controls; of more that can be styles the first by name
LEAST_PX: Final = 32  # of the shorter side
MOST_PIXELS: Final = 60_000_000
MOST_BYTES: Final = 100_000_000
MOST_CARD: Final = 1 << 14  # bytes
SEEN_PX: Final = 256  # side of the square that the network sees
VECTORS: Final = ".vectors"
VECTOR: Final = 100
LISTED: Final = 5  # files that one notice names
Weights = NDArray[np.float32]
Stamp = tuple[int, int, int, int]  # inode, ns of the last change, bytes, ns of the card's last change


class UnfitPictureError(Exception):
    """Why a picture is no style, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """One picture as a style. description: what its card says, or the file's name."""

    name: str
    file: str
    vector: Weights  # [100]
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One look. notice: what there is to say since the last one, in one sentence, "" for nothing."""

    paintings: tuple[Painting, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    stamp: Stamp
    vector: Weights | None
    description: str
    problem: str  # why it is no style, "" where it is one


@dataclass(eq=False)
class StyleFolder:
    """predict: a picture [256, 256, 3] to its vector [100]."""

    path: Path
    predict: Callable[[Image], Weights]
    _known: dict[str, _Known] = field(default_factory=dict)
    _left: frozenset[str] = frozenset()  # files that there was no room for
    _unread: str = ""  # why the folder cannot be read

    def look(self) -> Found:
        """The styles as they are now: what is new or changed is read, and whatever is in the folder, nothing is raised for it."""
        stamps, problems = stamps_of(self.path), self._unreadable()
        names = sorted(stamps)
        known: dict[str, _Known] = {}
        room, last = MOST_STYLES, ""  # a file that is no style takes no place from one that is
        for name in names:
            if room == 0:
                break
            before = self._known.get(name)
            known[name] = before if before is not None and before.stamp == stamps[name] else self._read(name, stamps[name])
            if known[name].problem and known[name] is not before:
                problems.append(f"{_shown(name)} {known[name].problem}")
            room, last = room - (known[name].vector is not None), name
        left = frozenset(names[len(known) :])
        if left - self._left:
            told = f"{len(names)} pictures are too many, and those after {_shown(last)} are left out; {MOST_STYLES} become styles"
            problems.insert(0, told)
        self._known, self._left = known, left
        return Found(self._paintings(), self._notice(problems))

    def _unreadable(self) -> list[str]:
        """Why there are no files in it, once."""
        before, self._unread = self._unread, ""
        try:
            os.scandir(self.path).close()
        except OSError as err:
            self._unread = f"this folder of styles cannot be read ({err.strerror or err}); the built-in ones remain"
        return [self._unread] if self._unread and self._unread != before else []

    def _paintings(self) -> tuple[Painting, ...]:
        taken = {style.name for style in BANK}
        paintings = []
        for file, known in self._known.items():
            if known.vector is not None:
                name = style_name(Path(file).stem, taken)
                taken.add(name)
                paintings.append(Painting(name, file, known.vector, known.description))
        return tuple(paintings)

    def _notice(self, problems: Sequence[str]) -> str:
        if not problems:
            return ""
        more = len(problems) - LISTED
        return f"{self.path}: " + "; ".join([*problems[:LISTED], *([f"and {more} more like it"] if more > 0 else [])])

    def _read(self, name: str, stamp: Stamp) -> _Known:
        path, description, problem = self.path / name, _shown(Path(name).stem), ""
        with contextlib.suppress(FileNotFoundError):
            try:
                description = read_card(path.with_suffix(".yaml")) or description
            except ConfigError as err:
                problem = f"has a card that cannot be read ({err})"
        try:
            return _Known(stamp, self._vector(path), description, problem)  # a style, whatever is wrong with its card
        except UnfitPictureError as err:
            return _Known(stamp, None, description, str(err))

    def _vectors(self) -> Path:
        """Where vectors are kept: beside their pictures, or with what can be made again where these lie in an installed package."""
        return cache() / "styles" if INSTALLED and self.path == shipped("styles") else self.path / VECTORS

    def _vector(self, path: Path) -> Weights:
        """From the cache where the same picture was seen before."""
        data = picture_bytes(path)
        kept = self._vectors() / f"{hashlib.sha256(data).hexdigest()[:24]}.npy"
        with contextlib.suppress(OSError, ValueError, EOFError):
            vector = np.load(kept, allow_pickle=False)
            if vector.shape == (VECTOR,) and vector.dtype == np.float32 and np.isfinite(vector).all():
                return np.asarray(vector, np.float32)
        vector = self.predict(read_picture(path))
        with contextlib.suppress(OSError):  # a folder that cannot be written costs a moment at the next start
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(f".{os.getpid()}.tmp")
            with fresh.open("wb") as file:
                np.save(file, vector)
            fresh.replace(kept)
        return vector


def stamps_of(folder: Path) -> Mapping[str, Stamp]:
    """Every file that means to be a style, by its name, and what tells whether it changed."""
    found: dict[str, Stamp] = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # no folder, no styles
        for entry in entries:
            if entry.name.startswith(".") or Path(entry.name).suffix.lower() not in SUFFIXES:
                continue
            with contextlib.suppress(OSError):  # gone since
                status = entry.stat()
                found[entry.name] = (status.st_ino, status.st_mtime_ns, status.st_size, _changed(Path(entry.path).with_suffix(".yaml")))
    return found


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def picture_bytes(path: Path) -> bytes:
    """A picture's file. Raises UnfitPictureError."""
    try:
        if not path.is_file():
            raise UnfitPictureError("is no file")
        if path.stat().st_size > MOST_BYTES:
            raise UnfitPictureError(f"has more than {MOST_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as err:
        raise UnfitPictureError(f"cannot be read ({err.strerror or err})") from err


def read_picture(path: Path) -> Image:
    """The middle square of a picture, [256, 256, 3]. Raises UnfitPictureError for what is broken, huge, tiny, animated or CMYK."""
    try:
        with _opened(path) as picture:
            _check(picture)
            picture.draft("RGB", (2 * SEEN_PX, 2 * SEEN_PX))
            upright = ImageOps.exif_transpose(eight_bits(picture))
            if upright.mode in ("RGBA", "LA", "PA", "P"):
                upright = Pillow.alpha_composite(Pillow.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
            square = ImageOps.fit(upright.convert("RGB"), (SEEN_PX, SEEN_PX), Pillow.Resampling.LANCZOS)
            return np.asarray(square, dtype=np.uint8)
    except UnfitPictureError:
        raise
    except Pillow.DecompressionBombError as err:
        raise UnfitPictureError("is huge; make it smaller") from err
    except Exception as err:  # decoders fail in many ways
        raise UnfitPictureError("is broken") from err


def _opened(path: Path) -> Pillow.Image:
    return Pillow.fromarray(read_heif(path)) if is_heif(path) else open_picture(path)


def _check(picture: Pillow.Image) -> None:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise UnfitPictureError(f"is huge ({width}×{height} px); make it smaller")
    if min(width, height) < LEAST_PX:
        raise UnfitPictureError(f"is tiny ({width}×{height} px); it needs {LEAST_PX} px and more")
    if getattr(picture, "is_animated", False) and picture.format != "MPO":  # as phones write photographs
        raise UnfitPictureError("is animated; a style is one picture")
    if picture.mode in ("CMYK", "YCCK"):
        raise UnfitPictureError("is for printing (CMYK); save it as RGB")


def read_card(path: Path) -> str:
    """``Title, painter, year``. Raises ConfigError for a card that is wrong, FileNotFoundError where there is none."""
    if path.stat().st_size > MOST_CARD:
        raise ConfigError(f"{path}: longer than {MOST_CARD} bytes")
    try:
        values = parse_document(path.read_text(encoding="utf-8"), str(path)).values
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: {err}") from err
    parts = [str(values[key]) for key in ("title", "painter", "year") if isinstance(values.get(key), str | int)]
    return _shown(", ".join(parts), 200)


def _shown(text: str, longest: int = 80) -> str:
    """A name out of a file, for a message: nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else "·" for one in text)[:longest]
