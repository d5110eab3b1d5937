"""Pictures of a folder, or one picture, shown as a steady camera would."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.base import MAX_SIDE, CaptureSettings, CaptureSource, SourceEnded

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
MAX_PIXELS = 120_000_000  # a picture that claims more is taken for a decompression bomb
BACKDROP = (128, 128, 128)  # behind transparent pixels: grey misleads no face detector


def read_picture(path: Path, data: BinaryIO | None = None) -> Image:
    """A still as uint8 RGB [H, W, 3], upright by its EXIF orientation, at most ``MAX_SIDE`` px on a side.

    data: the file's contents where they lie elsewhere (in a zip); ``path`` only names them then.
    Grey, palette, CMYK, 16-bit, float and transparent pictures are converted. Raises SourceError with one sentence.
    """
    try:
        with open_picture(path if data is None else data) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise SourceError(f"{path}: claims {picture.width}×{picture.height} pixels, which is too large; scale it down first")
            picture.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is scaled down by 2, 4 or 8 while it is decoded
            upright = ImageOps.exif_transpose(_eight_bits(picture))
            upright.thumbnail((MAX_SIDE, MAX_SIDE), Pillow.Resampling.BILINEAR)
            return np.array(_without_alpha(upright))
    except SourceError:
        raise
    except MemoryError as error:
        raise SourceError(f"{path}: too large for this machine's memory; scale it down first") from error
    except Pillow.DecompressionBombError as error:
        raise SourceError(f"{path}: claims far too many pixels; scale it down first") from error
    except Exception as error:  # Pillow's plugins let struct.error, ValueError, SyntaxError and more through for broken files
        raise SourceError(f"{path}: cannot be read as a picture ({_reason(error)}); is it cut off or of another kind?") from error


def open_picture(path: Path | BinaryIO) -> Pillow.Image:
    """Pillow's handle of a picture, its header read; Pillow's warning of large ones gives way to our own limit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        return Pillow.open(path)


def _eight_bits(picture: Pillow.Image) -> Pillow.Image:
    """Deep grey pictures scaled to 8 bits, which Pillow's own conversion would clip; others as they are."""
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    values = np.nan_to_num(np.asarray(picture, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if picture.mode == "F":
        top = 1.0 if values.max(initial=0.0) <= 1.0 else 255.0 if values.max() <= 255.0 else float(values.max())
    else:
        top = 65535.0 if values.max(initial=0.0) <= 65535.0 else float(values.max())
    grey = Pillow.fromarray(np.clip(values * (255.0 / top) + 0.5, 0, 255).astype(np.uint8))
    grey.info["exif"] = picture.info.get("exif", b"")
    return grey


def _without_alpha(picture: Pillow.Image) -> Pillow.Image:
    """RGB, transparent pixels laid over grey."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    opaque = Pillow.new("RGBA", picture.size, (*BACKDROP, 255))
    return Pillow.alpha_composite(opaque, picture.convert("RGBA")).convert("RGB")


def _reason(error: Exception) -> str:
    """The library's words on one line, without the path it repeats."""
    words = str(error).split(" '")[0].splitlines() or [type(error).__name__]
    return words[0].strip(" .") or type(error).__name__


class StillSource(CaptureSource):
    """One picture, or the pictures of a folder in the order of their names, each for ``still_seconds``.

    The same array is given again and again while a picture is shown; nobody may write into it. Unreadable pictures of a
    folder are skipped and counted; one without a single readable picture is refused.
    """

    def __init__(self, path: Path, settings: CaptureSettings, clock: Clock, realtime: bool = True) -> None:
        super().__init__(clock, realtime, settings.orientation)
        self.path = path
        self.settings = settings
        self._pictures: list[Path] = []
        self._position = 0  # the picture being shown
        self._image: Image | None = None
        self._shown = 0  # frames of it so far

    @property
    def rate(self) -> float:
        return self.settings.fps

    @property
    def _frames_each(self) -> int:
        return max(1, round(self.settings.still_seconds * self.settings.fps))

    def describe(self) -> str:
        if len(self._pictures) > 1:
            return f"{self.path}: {len(self._pictures)} pictures, {self.settings.still_seconds:g} s each"
        size = f" {self._image.shape[1]}×{self._image.shape[0]}" if self._image is not None else ""
        return f"{self.path}: still picture{size}"

    def _open(self) -> None:
        if self.path.is_dir():
            try:
                self._pictures = sorted(item for item in self.path.iterdir() if item.suffix.lower() in SUFFIXES and item.is_file())
            except OSError as error:
                raise SourceError(f"{self.path}: the folder cannot be listed ({error.strerror})") from error
            if not self._pictures:
                raise SourceError(f"{self.path}: the folder holds no pictures ({', '.join(sorted(SUFFIXES))})")
        else:
            self._pictures = [self.path]
        self._position, self.due = 0, 0.0
        self._show()

    def _show(self) -> None:
        """Load the picture at the position, or the first readable one after it; every one gets one try."""
        last: SourceError | None = None
        for _ in range(len(self._pictures)):
            try:
                self._image, self._shown = read_picture(self._pictures[self._position]), 0
                return
            except SourceError as error:
                last = error
                self.frames_skipped += 1
                self._position = (self._position + 1) % len(self._pictures)
        if len(self._pictures) == 1 and last is not None:
            raise last
        raise SourceError(f"{self.path}: none of its {len(self._pictures)} pictures can be read")

    def _read(self, now: float) -> Image | None:
        if self.realtime:
            if now < self.due:
                return None
            self.due = max(self.due + 1 / self.rate, now)
        if self._shown >= self._frames_each:
            self._advance()
        self._shown += 1
        return self._image

    def _advance(self) -> None:
        if not self.settings.loop and self._position + 1 == len(self._pictures):
            raise SourceEnded(f"{self.path}: every picture was shown")
        if len(self._pictures) == 1:
            self._shown = 0
            return
        before = self._position
        self._position = (self._position + 1) % len(self._pictures)
        self._show()
        if not self.settings.loop and self._position < before:  # the rest of the folder was unreadable
            raise SourceEnded(f"{self.path}: every picture was shown")

    def _close(self) -> None:
        self._image = None
