"""Pictures to stand before: the files of a folder, each by its name, brought to the canvas when they are asked for."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import ImageOps

from installation.canvas.look import COVER
from installation.canvas.mirror import View, brought, cut_to
from installation.messages import Image
from installation.picture_file import eight_bits, open_picture

KINDS = (".jpg", ".jpeg", ".png", ".webp")
LONGEST_NAME = 64
KEPT = 3  # pictures of the canvas' size: the one that goes, the one that comes, one more
GLANCE = 64  # px, of a JPEG that is only looked at: a fraction of the work finds a broken one


@dataclass(frozen=True)
class FoundPictures:
    """The pictures of a folder by their names, in the alphabet's order. notice: one sentence about those that were skipped, or none."""

    paths: Mapping[str, Path] = field(default_factory=dict)
    notice: str = ""


def find_pictures(folder: Path) -> FoundPictures:
    """Every picture of a folder that can be read; a folder that is not there has none."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS and not path.name.startswith("."))
    except OSError:
        return FoundPictures()
    paths: dict[str, Path] = {}
    skipped: list[str] = []
    for path in files:
        name = unicodedata.normalize("NFC", path.stem)
        why = _fault(path, name) if name not in paths else "has the name of another"
        if why:
            skipped.append(f"{path.name.encode('utf-8', 'replace').decode()} {why}")
        else:
            paths[name] = path
    return FoundPictures(paths, f"{folder}: {', '.join(skipped)}; skipped" if skipped else "")


def _fault(path: Path, name: str) -> str:
    """Why a file cannot be stood before; nothing where it can."""
    if len(name) > LONGEST_NAME or not name.isprintable():
        return f"has a name that is too long (over {LONGEST_NAME} characters) or cannot be written"
    try:
        _opened(path, GLANCE)
    except Exception:  # whatever a broken file makes of its reader
        return "cannot be read as a picture"
    return ""


def _opened(path: Path, side: int | None = None) -> Image:
    """[H, W, 3], upright; side: px that are enough, where a smaller one is read with less work. Raises what its reader raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, and of a size that is still read
        with open_picture(path) as file:
            if side is not None:
                file.draft("RGB", (side, side))
            return np.asarray(ImageOps.exif_transpose(eight_bits(file)).convert("RGB"), dtype=np.uint8)


class Backdrops:
    """The pictures at the canvas' size, which they cover. live: no picture of the show waits for one that is still being read."""

    def __init__(self, width: int, height: int, paths: Mapping[str, Path], live: bool = False) -> None:
        self.width, self.height = width, height
        self._paths = paths
        self._ready: dict[str, Future[Image] | Image | None] = {}  # None: it cannot be read any more
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="backdrop") if live else None

    def get(self, name: str, at_once: bool = False) -> Image | None:
        """[height, width, 3] of a picture; None where there is none, or not yet. at_once: wait for it."""
        if name not in self._paths:
            return None
        state = self._ready.pop(name, None) if name in self._ready else self._begin(name)
        if isinstance(state, Future) and (at_once or state.done()):
            state = state.result()
        self._ready[name] = state  # the newest last
        for other in [*self._ready][:-KEPT]:
            del self._ready[other]
        return None if isinstance(state, Future) else state

    def _begin(self, name: str) -> Future[Image] | Image | None:
        if self._worker is None:
            return self._read(name)
        return self._worker.submit(self._read, name)  # type: ignore[arg-type]  # None is among its results

    def _read(self, name: str) -> Image | None:
        try:
            picture = _opened(self._paths[name])
        except Exception:  # it was fine at the start, and whatever happened to the file since, the show goes on
            return None
        return covering(picture, self.width, self.height)


def covering(picture: Image, width: int, height: int) -> Image:
    """[height, width, 3]: the picture as large as it must be to leave no gap, its middle kept."""
    view = View.of((picture.shape[1], picture.shape[0]), (width, height), COVER, False)
    canvas = np.empty((height, width, 3), np.uint8)
    cut = cut_to(picture, view, (width, height))
    if cut.shape[:2] == (height, width):
        return np.ascontiguousarray(cut)
    brought(np.ascontiguousarray(cut), False, canvas)
    return canvas
