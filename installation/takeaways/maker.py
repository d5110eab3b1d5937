"""Puts a takeaway together beside the show: the still at once, so that the code can be shown, and the films when there is time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2

from installation.messages import Image
from installation.places import PACKAGE
from installation.takeaways.films import HEAD, Pictures, smaller
from installation.takeaways.kept import SMALL, STILL, Kept, new_secret
from installation.takeaways.shelf import GoneError, Shelf

QUALITY, SMALL_QUALITY = 93, 85
SMALL_LONGEST = 480  # px of the picture on the gallery's page and in the panel
Told = Callable[[str | None, Kept | None], None]
FILMS = "films"  # of a folder for what is being written
LAST_SECONDS = 2.0  # for a process that is told to end


class Maker:
    """One takeaway at a time. Belongs to the display's thread, but for what it starts. on_fault: told of what could not be kept."""

    def __init__(self, shelf: Shelf, on_fault: Callable[[str], None]) -> None:
        self._shelf, self._on_fault = shelf, on_fault
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="takeaway")
        self._worker.submit(int).result()  # the thread is begun here, with the priority of whoever makes this
        self._job: Future[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def idle(self) -> bool:
        """Whether the film of the last one is not needed any more."""
        return self._job is None or self._job.done()

    def make(self, still: Image, film: Pictures, told: Told) -> None:
        """Keep a picture [height, width, 3], and then the films of ``film`` [n, h, w, 3], which must stay as it is until ``idle``, and is
        black from then on. told: as soon as the page can be opened hears the link's secret and what is kept, or twice None where it
        cannot be kept; in the thread that does it all."""

        def make() -> None:
            try:
                self._make(still, film, told)
            finally:
                for picture in film:  # nothing of it stays in memory
                    picture.fill(0)

        self._job = self._worker.submit(make)

    def close(self) -> None:
        """End what is being made; what is whole by now is kept."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.terminate()
        self._worker.shutdown(wait=True)

    def _make(self, still: Image, film: Pictures, told: Told) -> None:
        secret = new_secret()
        try:
            one = self._shelf.add(secret, lambda folder: write_still(still, folder))
        except Exception as err:  # a full disk, most likely
            self._on_fault(f"takeaways: {self._shelf.folder}: the picture could not be kept ({_reason(err)}); nothing was stored")
            told(None, None)
            return
        try:
            told(secret, one)
            self._films(one.id, film)
        except GoneError:  # its visitor was quicker
            return
        except Exception as err:
            self._on_fault(f"takeaways: a moving picture could not be made ({_reason(err)}); the still picture is there")
        self._shelf.finish(one.id)

    def _films(self, name: str, film: Pictures) -> None:
        with self._shelf.workplace(FILMS) as folder:
            process = self._begin(folder)
            if process is None:
                return
            assert process.stdin is not None and process.stdout is not None and process.stderr is not None
            try:
                try:
                    process.stdin.write(HEAD.pack(*film.shape))
                    process.stdin.write(memoryview(film.data).cast("B"))
                    process.stdin.close()
                except BrokenPipeError:  # it says why
                    pass
                for line in process.stdout:
                    self._shelf.put(name, folder / line.decode().strip())
                said = process.stderr.read().decode("utf-8", "replace").strip()
            except BaseException:
                process.terminate()
                raise
            finally:
                self._end(process)
            if process.returncode and not self._closed:
                raise OSError(said.splitlines()[-1] if said else f"the process ended with {process.returncode}")

    def _begin(self, folder: Path) -> subprocess.Popen[bytes] | None:
        path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH", ""))))
        pipe = subprocess.PIPE
        with self._lock:
            if self._closed:
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "installation.takeaways.films", str(folder)],
                stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, "PYTHONPATH": path}, cwd=folder,
            )  # fmt: skip
            return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
        try:
            process.wait(LAST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            self._process = None


def write_still(picture: Image, folder: Path) -> tuple[str, ...]:
    """The picture and a small one of it, as JPEG, into a folder; their names. Raises OSError."""
    for name, side, quality in ((STILL, max(picture.shape), QUALITY), (SMALL, SMALL_LONGEST, SMALL_QUALITY)):
        shown = next(iter(smaller([picture], side)))
        made, data = cv2.imencode(".jpg", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not made:
            raise OSError("the picture could not be encoded")
        with open(folder / name, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(data.tobytes())
            file.flush()
            os.fsync(file.fileno())
    return STILL, SMALL


def _reason(err: Exception) -> str:
    return (err.strerror if isinstance(err, OSError) else "") or str(err) or type(err).__name__
