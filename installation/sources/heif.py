"""HEIC and HEIF stills of one piece: read by FFmpeg, as Pillow does not know them. Those of tiles, as phones write them, are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import av

from installation.errors import SourceError
from installation.messages import Image
from installation.sources.colour import ColourReader
from installation.sources.decoding import open_container, orientation_of

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"}  # ISO/IEC 23008-12, of stills
HEADER = 1 << 16  # bytes in which a file says which of its pictures is the one to show


def is_heif(path: Path) -> bool:
    """Whether a file is a HEIF still, by its first bytes. Raises OSError."""
    with path.open("rb") as file:
        return begins_heif(file.read(12))


def begins_heif(start: bytes) -> bool:
    """Whether these are the first bytes of a HEIF still, twelve at least."""
    return start[4:8] == b"ftyp" and start[8:12] in BRANDS


def read_heif_bytes(data: bytes, name: Path, most_pixels: int) -> Image:
    """The same of a file's contents, which stay in memory; ``name`` only names them. Raises SourceError also where any picture in it
    claims more than ``most_pixels``, before one is decoded."""
    try:
        with _in_memory(data) as path:
            try:
                with open_container(f"file:{path}", str(name)) as container:
                    for stream in container.streams.video:
                        check_claim(stream.width, stream.height, name, most_pixels)
                return read_heif(path)
            except SourceError as err:
                raise SourceError(str(err).replace(str(path), str(name))) from err
    except av.FFmpegError as err:
        raise SourceError(f"{name}: cannot be decoded; save it as a JPEG, a PNG or an AVIF") from err


def check_claim(width: int, height: int, name: Path, most: int) -> None:
    """Raises SourceError where a picture says that it has more than ``most`` pixels."""
    if width * height > most:
        raise SourceError(
            f"{name}: claims {width}×{height} pixels; {most // 1_000_000} megapixels are the most that is taken, so scale it down first"
        )


@contextmanager
def _in_memory(data: bytes) -> Iterator[Path]:
    """A file with this content that is on no disk: FFmpeg wants one."""
    handle = os.memfd_create("picture", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


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
