"""Record: what the canvas shows as an MP4 that plays everywhere (H.264, yuv420p, BT.709, faststart, constant frame rate).

PyAV (libx264) encodes in a thread of its own. Live, the display never waits for it: a picture that comes while the encoder
is busy replaces the one that waits, and the frame before is shown longer. In lockstep every picture is a frame.

A recording is an extra: where it cannot go on, it ends with what it has, and the show does not.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from installation.config import Config
from installation.messages import Image
from installation.outputs.film import Film
from installation.outputs.output import Shown

if TYPE_CHECKING:
    from av import VideoFrame

log = logging.getLogger(__name__)

LIVE_PRESET, LOCKSTEP_PRESET = "ultrafast", "veryfast"  # of libx264: live it shares two cores with the networks
LONGEST_HOLD = 10.0  # s, in a longer gap of the canvas' times the picture before it is repeated once a second only


def open_output(path: Path, shown: Shown, config: Config) -> Recorder:
    """The recording that ``--record`` asks for. Raises as ``Recorder``."""
    return Recorder(path, shown.size, shown.fps, config.record.crf, shown.realtime, shown.fault)


class Recorder:
    """Writes pictures [height, width, 3] to ``path``. ``size``: width, height in px; ``fps``: of the file, in lockstep the
    source's; ``crf``: H.264 quality 0…51, lower is better and larger; ``fault``: told where the recording ends before the show,
    from the encoder's thread.

    Raises ConfigError or FaultError where the file cannot be written. The file appears under its name on ``close``.
    """

    name = "record"

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, crf: int, realtime: bool, fault: Callable[[str], None] = log.error
    ) -> None:
        self.path, self.size, self.fps, self.realtime = path, size, Fraction(fps).limit_denominator(1001), realtime
        self.dropped = 0  # pictures that came while the encoder was busy
        self._tell = fault
        self._film = Film(path, size, self.fps, crf, LIVE_PRESET if realtime else LOCKSTEP_PRESET)
        kept = self._film.kept
        self.notice = "" if kept is None else f"--record {path}: an earlier show could not finish its recording; it is kept as {kept}"
        self._turn = threading.Condition()
        self._waiting: Image | None = None
        self._waiting_until = 0  # the frame number that the waiting picture ends at
        self._spare: list[Image] = [np.empty((size[1], size[0], 3), np.uint8) for _ in range(3)]
        self._last: VideoFrame | None = None
        self._next = 0  # number of the frame that is to be written next
        self._began: float | None = None
        self._ending = self._ended = False
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._thread.start()

    @property
    def frames(self) -> int:
        """Written to the file so far."""
        return self._film.frames

    def write(self, picture: Image, now: float) -> None:
        """Hand over the picture shown at ``now`` (s); it is copied. Nothing where the recording has ended."""
        with self._turn:
            if not self.realtime:
                self._turn.wait_for(lambda: self._waiting is None or self._ended)
            if self._ended or self._ending:
                return
            number = self._frame_number(now)
            if number is None:
                return
            if self._waiting is not None:
                self.dropped += 1
                self._spare.append(self._waiting)
            self._waiting = self._spare.pop()
            np.copyto(self._waiting, picture)
            self._waiting_until = number + 1
            self._turn.notify_all()

    def close(self) -> None:
        """Write what waits, finish the file and give it its name. What goes wrong is told, and never raised."""
        with self._turn:
            self._ending = True
            self._turn.notify_all()
        self._thread.join()

    def _frame_number(self, now: float) -> int | None:
        """The frame that a picture shown at ``now`` is; None where that frame is taken."""
        if not self.realtime:
            return self._waiting_until
        if self._began is None:
            self._began = now
        number = round((now - self._began) * float(self.fps))
        return number if number >= self._waiting_until else None

    def _run(self) -> None:
        try:
            while (turn := self._take()) is not None:
                self._encode(*turn)
                with self._turn:
                    self._spare.append(turn[0])
            self._film.finish()
        except Exception as err:  # a full disk, a folder that is gone, an encoder that gives up: the show goes on
            self._give_up(err)
        finally:
            with self._turn:
                self._ended = True
                self._turn.notify_all()

    def _take(self) -> tuple[Image, int] | None:
        """The picture that waits and the frame it ends at; None at the end of the show."""
        with self._turn:
            self._turn.wait_for(lambda: self._waiting is not None or self._ending)
            if self._waiting is None:
                return None
            picture, self._waiting = self._waiting, None
            self._turn.notify_all()
            return picture, self._waiting_until

    def _encode(self, picture: Image, until: int) -> None:
        """Encode a picture as frame ``until - 1``; the picture before stands in the frames since its own."""
        frame = self._film.frame(picture)
        gap = until - 1 - self._next
        step = 1 if gap <= LONGEST_HOLD * self.fps else math.ceil(self.fps)
        for number in range(self._next, until - 1, step):
            self._film.add(self._last or frame, number)
        self._film.add(frame, until - 1)
        self._last, self._next = frame, until

    def _give_up(self, err: Exception) -> None:
        reason = (err.strerror if isinstance(err, OSError) else "") or str(err) or type(err).__name__
        seconds = self._next / float(self.fps)
        try:
            self._film.abandon()
            kept = f"it plays up to about {seconds:.0f} s" if self.path.exists() else "nothing of it could be kept"
        except OSError:
            kept = f"what could be written is in {self._film.part}" if self._film.part.exists() else "nothing of it could be kept"
        text = f"--record {self.path}: the recording has ended early ({reason}); {kept}"
        log.debug("%s", text, exc_info=err)
        self._tell(text)
