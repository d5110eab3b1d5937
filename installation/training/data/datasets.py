"""Read aligned face packs: zip files (or folders) of square pictures, opaque or RGBA with alpha as the mask."""

import csv
import io
import queue
import stat
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from installation.errors import ConfigError
from installation.picture_file import eight_bits, open_picture
from installation.plain_file import open_plain
from installation.training.distributed import RANK, WORLD

PICTURE_SUFFIXES = {".webp", ".png", ".jpg", ".jpeg", ".bmp"}
STORED_PX = 256
ATTEMPTS = 50  # broken pictures in a row that are skipped
OPAQUE = 252  # alpha from which a pixel counts; lossy files ring around their edge
# What a zip raises that is cut off, damaged, locked or packed in a way that is not known here.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)
MOST_BYTES = 64 << 20  # a member of a zip that claims more is left alone


Labels = Mapping[str, Mapping[str, str]]


class DatasetError(ConfigError):
    """A data set that cannot be used; the message says which and why."""


class LabelsError(DatasetError):
    """A ``labels.csv`` that says it tells of pictures and cannot be read: read without it, a set would be another."""


@dataclass(frozen=True)
class Picture:
    """One encoded picture and what its ``labels.csv`` says of it. held: its file's contents, or the file, which is read each time it is
    wanted: a folder of photographs may be larger than the memory."""

    name: str
    held: bytes | Path
    labels: Mapping[str, str]

    def file(self) -> BinaryIO:
        """Its contents. Raises OSError for a file that is gone, or none."""
        return io.BytesIO(self.held) if isinstance(self.held, bytes) else open_plain(self.held)

    @contextmanager
    def opened(self) -> Iterator[Image.Image]:
        """Pillow's handle of it, its header read. Raises OSError for a picture that cannot be read, inside the block too."""
        try:
            with self.file() as file, open_picture(file) as picture:
                yield picture
        except Exception as err:  # broken files make Pillow's plugins raise struct.error, ValueError, SyntaxError and more
            raise OSError(f"{self.name}: cannot be read as a picture ({err})") from err

    def rgba(self, size: int = STORED_PX) -> np.ndarray:
        """Decoded uint8 [size, size, 4], upright by its EXIF orientation, the middle of a picture that is not square. Raises OSError for
        one that cannot be read."""
        with self.opened() as image:
            picture = ImageOps.exif_transpose(eight_bits(image)).convert("RGBA")
            if picture.width != picture.height:
                side = min(picture.size)
                left, top = (picture.width - side) // 2, (picture.height - side) // 2
                picture = picture.crop((left, top, left + side, top + side))
            if picture.size != (size, size):
                picture = picture.resize((size, size), Image.Resampling.BOX if size < picture.width else Image.Resampling.BICUBIC)
            return np.asarray(picture)

    def side(self) -> int:
        """Pixels of the shorter side, as its header says. Raises OSError for a picture that cannot be read."""
        with self.opened() as image:
            return min(image.size)


def read_labels(folder: Path) -> Labels:
    """``labels.csv`` of a data set by file name; empty where there is none, or somebody else's, which a notice tells of once.

    Raises LabelsError for one that names files and cannot be read.
    """
    path = folder / "labels.csv"
    try:
        found = path.stat()
    except OSError:
        return {}
    return _read_labels(path, found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else {}


@lru_cache(maxsize=8)  # splits of a set are asked for one after the other, and a notice once is enough
def _read_labels(path: Path, changed: int, size: int) -> Labels:
    """changed, size: of the file when it was looked at; another one is read anew."""
    try:
        data = path.read_bytes()
        # Whose file it is decides what becomes of one in another encoding, so the header is looked at first.
        if "file" not in (_rows(data, "replace").fieldnames or ()):
            print(f"facets: {path}: has no column 'file', so it is not taken for the labels of these pictures", file=sys.stderr)
            return {}
        return {row["file"]: row for row in _rows(data, "strict")}
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        message = f"{path}: cannot be read as the labels of these pictures ({err}); save it as a table in UTF-8, or move it away"
        raise LabelsError(message) from err


def _rows(data: bytes, errors: str) -> "csv.DictReader[str]":
    return csv.DictReader(io.StringIO(data.decode("utf-8-sig", errors), newline=""))


def load_pictures(source: Path, split: str | None = None, left_out: Callable[[str], None] | None = None) -> list[Picture]:
    """Pictures of a folder of zips, one zip, or a folder of pictures, in a fixed order.

    split: keep only the pictures that ``labels.csv`` puts there; pictures without that label are kept for ``train``.
    left_out: is told of each broken zip, which is passed over then.
    Files of a folder are read when they are wanted; what lies in zips is held. Raises DatasetError for a source with no pictures, and for
    a broken zip where nobody is told, and LabelsError.
    """
    folder = source if source.is_dir() else source.parent
    labels = read_labels(folder)

    def wanted(name: str) -> bool:
        return split is None or (labels.get(Path(name).name, {}).get("split") or "train") == split

    found = [Picture(name, held, labels.get(Path(name).name, {})) for name, held in _files(source, wanted, left_out)]
    if not found:
        raise DatasetError(f"{source}: no pictures" + (f" of the split {split!r}" if split else "") + " here")
    return found


def _files(source: Path, wanted: Callable[[str], bool], left_out: Callable[[str], None] | None) -> Iterator[tuple[str, bytes | Path]]:
    """Names, and contents of what lies in a zip, or the file itself."""
    if not source.exists():
        raise DatasetError(f"{source}: no such file or folder")
    if source.is_file() and source.suffix.lower() in PICTURE_SUFFIXES:
        yield source.name, source
        return
    packs = [source] if source.is_file() else sorted(source.glob("*.zip"))
    for pack in packs:
        try:
            with zipfile.ZipFile(pack) as archive:
                for info in sorted(archive.infolist(), key=lambda i: i.filename):
                    name = info.filename
                    if Path(name).suffix.lower() in PICTURE_SUFFIXES and info.file_size <= MOST_BYTES and wanted(name):
                        yield name, archive.read(info)
        except ZIP_ERRORS as err:
            if left_out is None:
                raise DatasetError(f"{pack}: not a readable zip ({err})") from err
            left_out(f"{pack}: not a readable zip ({err})")
    if source.is_dir() and not packs:
        for path in sorted(p for p in source.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file() and wanted(p.name)):
            yield path.name, path


def to_tensor(pictures: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """uint8 [S, S, 4] pictures -> (images [N, 3, S, S] in -1…1, mask [N, 1, S, S] of 0 and 1)."""
    rgba = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return rgba[:, :3].float() / 127.5 - 1, (rgba[:, 3:] > OPAQUE).float()


class BatchStream:
    """Endless batches with an equal share of each data set, decoded one step ahead in a thread.

    batch: pictures of all processes together; each takes every WORLD-th. Iterating gives (images [N, 3, size, size] in -1…1,
    mask [N, 1, size, size]); mirrored at random. first: number of the first batch, for a run that goes on where it was.
    """

    def __init__(self, sets: Sequence[Sequence[Picture]], batch: int, seed: int, size: int = STORED_PX, first: int = 0) -> None:
        shares = [len(part) for part in np.array_split(np.arange(batch), len(sets))]
        self._places = [part for part, share in zip(sets, shares, strict=True) for _ in range(share)]
        self._seed, self._size, self._first = seed, size, first
        self._queue: queue.Queue[tuple[Tensor, Tensor] | DatasetError] = queue.Queue(maxsize=2)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="batches", daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        number = self._first
        while not self._closed.is_set():
            places = range(RANK, len(self._places), WORLD)
            # Each place has its own random sequence: a picture that cannot be read shifts no other process' draw.
            batch: tuple[Tensor, Tensor] | DatasetError
            try:
                batch = to_tensor([self._draw(self._places[k], np.random.default_rng((self._seed, number, k))) for k in places])
            except DatasetError as err:
                batch = err
            number += 1
            while not self._closed.is_set():
                try:
                    self._queue.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue

    def _draw(self, part: Sequence[Picture], rng: np.random.Generator) -> np.ndarray:
        for _ in range(ATTEMPTS):
            picture = part[int(rng.integers(len(part)))]
            try:
                rgba = picture.rgba(self._size)
            except OSError:  # a broken picture among thousands: draw another
                continue
            return rgba[:, ::-1] if rng.random() < 0.5 else rgba
        raise DatasetError(f"{ATTEMPTS} pictures in a row cannot be read, {picture.name} the last of them; is the pack damaged?")

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            batch = self._queue.get()
            if isinstance(batch, DatasetError):
                raise batch
            yield batch

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()
        self._thread.join(timeout=5)
