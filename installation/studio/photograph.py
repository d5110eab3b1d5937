"""A photograph as it came: checked before anything is decoded, upright, and small enough to be looked at."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from installation.errors import SourceError
from installation.messages import Image
from installation.sources.heif import begins_heif, check_claim, read_heif_bytes
from installation.sources.stills import guarded, pixels_of, profile_of

MOST_PIXELS: Final = 60_000_000  # a photograph that claims more is not decoded
LONGEST: Final = 16_000  # px of a side, beyond which it is scaled down
LEAST_PX: Final = 64  # of the shorter side
VIEW_PX, DRAFT_PX = 1600, 800  # longer side of what is looked at, and of what is shown while a slider moves
FORMATS: Final = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM", "TGA")  # none that runs a program
END_OF_JPEG: Final = b"\xff\xd9"
LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """What is kept of a photograph while somebody works on it: its file, and small pictures of it.

    data: empty where it is no file but drawn from a code; then ``view`` is all there is. digest: of the file, which tells whether
    another one is the same. width, height: px of the whole, upright. profile: its colour profile (ICC), empty for sRGB.
    """

    name: str
    data: bytes
    digest: str
    width: int
    height: int
    view: Image  # [h, w, 3], its longer side at most VIEW_PX
    draft: Image  # [h, w, 3], its longer side at most DRAFT_PX
    profile: bytes = b""
    notices: tuple[str, ...] = ()

    @staticmethod
    def of(whole: Image, name: str, data: bytes, digest: str, profile: bytes = b"", notices: tuple[str, ...] = ()) -> Photograph:
        """Of the decoded picture."""
        view = smaller(whole, VIEW_PX)
        return Photograph(name, data, digest, whole.shape[1], whole.shape[0], view, smaller(view, DRAFT_PX), profile, notices)

    @property
    def bytes(self) -> int:
        """Memory that it holds."""
        return len(self.data) + self.view.nbytes + self.draft.nbytes

    def whole(self) -> Image:
        """The picture at its full size, decoded anew: [height, width, 3]."""
        return _decoded(self.data, Path(self.name))[0] if self.data else self.view


def read_photograph(data: bytes, name: str) -> tuple[Photograph, Image]:
    """A photograph and its whole picture [H, W, 3], upright by its EXIF orientation, of the first frame where it is animated. Raises
    SourceError with one sentence for what is broken, huge, tiny or no picture."""
    name = shown_name(name)
    if not data:
        raise SourceError(f"{name}: is empty")
    whole, profile, notices = _decoded(data, Path(name))
    if min(whole.shape[:2]) < LEAST_PX:
        raise SourceError(f"{name}: is tiny ({whole.shape[1]}×{whole.shape[0]} px); a face needs {LEAST_PX} px and more")
    return Photograph.of(whole, name, data, digest_of(data), profile, notices), whole


def shown_name(name: str) -> str:
    """A file's name as it may be shown: one line, not too long, without folders."""
    last = "".join(one if one.isprintable() else "·" for one in name.replace("\\", "/").rpartition("/")[2]).strip()
    return (last if len(last) <= LONGEST_NAME else f"…{last[-LONGEST_NAME + 1 :]}") or "the picture"


def digest_of(data: bytes) -> str:
    """Of a file's contents."""
    return hashlib.sha256(data).hexdigest()[:32]


def smaller(picture: Image, longest: int) -> Image:
    """A copy whose longer side has at most so many pixels."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture.copy()
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _decoded(data: bytes, name: Path) -> tuple[Image, bytes, tuple[str, ...]]:
    """Picture, colour profile, notices."""
    with guarded(name):
        try:
            with _opened(data) as picture:
                check_claim(picture.width, picture.height, name, MOST_PIXELS)
                return _pixels(picture, data, name), profile_of(picture), _notices(picture, name)
        except UnidentifiedImageError:
            if begins_heif(data[:12]):
                return np.ascontiguousarray(read_heif_bytes(data, name, MOST_PIXELS)), b"", ()
            raise SourceError(f"{name}: is no picture that can be read here; a JPEG, PNG, WebP or AVIF can be") from None


def _opened(data: bytes) -> Pillow.Image:
    """The header alone is read; Pillow's warning of large pictures gives way to our own limit."""
    Pillow.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        return Pillow.open(BytesIO(data), formats=[kind for kind in FORMATS if kind in Pillow.OPEN])


def _pixels(picture: Pillow.Image, data: bytes, name: Path) -> Image:
    """OpenCV decodes what most cameras write, and turns it, without holding up the show's threads; Pillow everything else."""
    plain = picture.format in ("JPEG", "MPO") and picture.mode in ("RGB", "L") and max(picture.size) <= LONGEST
    if plain and data.rfind(END_OF_JPEG) > len(data) // 2:  # Pillow says it where a file is cut off
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if decoded is not None:
            return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    return pixels_of(picture, name, LONGEST)


def _notices(picture: Pillow.Image, name: Path) -> tuple[str, ...]:
    animated = bool(getattr(picture, "is_animated", False)) and picture.format != "MPO"  # as phones write photographs
    return (f"{name} is animated; this is its first picture.",) if animated else ()
