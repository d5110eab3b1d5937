"""Pictures of the canvas that somebody asked for, written beside the show: a flood of wishes is a few files, and no disk stops a
picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL import Image as Pillow

from installation.messages import Image

AT_ONCE = 12  # pictures; after that one every ...
SECONDS = 5.0
APART = 0.5  # s between two


class Snapshots:
    """Writes ``facets-<date>-<time>.png`` into a folder. on_fault: told, in the thread that writes, why one is not there."""

    def __init__(self, folder: Path, on_fault: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._on_fault, self._now = folder, on_fault, now
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
        self._job: Future[None] | None = None
        self._left, self._since = float(AT_ONCE), now()
        self._last = float("-inf")

    @property
    def ready(self) -> bool:
        """Whether a picture would be taken now: none is being written, and there were not too many."""
        now = self._now()
        self._left, self._since = min(AT_ONCE, self._left + (now - self._since) / SECONDS), now
        return self._left >= 1 and now - self._last >= APART and (self._job is None or self._job.done())

    def take(self, picture: Image) -> None:
        """Write a picture, [height, width, 3] RGB, that nobody else will change."""
        self._left, self._last = self._left - 1, self._now()
        self._job = self._worker.submit(self._write, picture)

    def close(self) -> None:
        """Wait for what is being written."""
        self._worker.shutdown(wait=True)

    def _write(self, picture: Image) -> None:
        path = self._free()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            Pillow.fromarray(picture).save(path)
        except OSError as err:  # a full disk must not end a show
            self._on_fault(f"{path}: the snapshot could not be written ({err.strerror or err})")

    def _free(self) -> Path:
        """A name that nothing has: two pictures may fall into one second."""
        stem = f"facets-{time.strftime('%Y%m%d-%H%M%S')}"
        path, count = self._folder / f"{stem}.png", 1
        while path.exists():
            count += 1
            path = self._folder / f"{stem}-{count}.png"
        return path
