"""HEIC and HEIF stills, which phones make: read by FFmpeg, as Pillow does not know them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from installation.errors import SourceError
from installation.messages import Image
from installation.sources.colour import ColourReader
from installation.sources.decoding import open_container, orientation_of

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"}  # ISO/IEC 23008-12, of stills
HEADER = 1 << 16  # bytes in which a file says which of its pictures is the one to show


def is_heif(path: Path) -> bool:
    """Whether a file is a HEIF still, by its first bytes. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:12] in BRANDS


def read_heif(path: Path) -> Image:
    """The still as uint8 RGB [H, W, 3], upright. Raises SourceError with one sentence."""
    with closing(open_container(f"file:{path.absolute()}", str(path))) as container:
        number = _primary(path)
        stream = next((one for one in container.streams.video if number is None or one.id == number), None)
        if stream is None:
            raise SourceError(f"{path}: is put together from tiles, which cannot be read; save it as a JPEG, a PNG or an AVIF")
        picture = next(container.decode(stream), None)
        if picture is None:
            raise SourceError(f"{path}: holds no picture that can be decoded; is it cut off?")
        image = ColourReader().read(picture, None).copy()
        return orientation_of(picture).apply(image)


def _primary(path: Path) -> int | None:
    """Number of the picture to show, which FFmpeg gives to its stream; None where the file does not say."""
    with path.open("rb") as file:
        header = file.read(HEADER)
    at = header.find(b"pitm")
    if at < 0 or len(header) < at + 12:
        return None
    length = 2 if header[at + 4] == 0 else 4  # by the version of the box
    return int.from_bytes(header[at + 8 : at + 8 + length], "big")
