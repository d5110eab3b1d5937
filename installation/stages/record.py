"""Record: what the canvas shows as an MP4 that plays everywhere (H.264, yuv420p, faststart, constant frame rate).

PyAV (libx264) encodes in a thread of its own. Live, the display never waits for it: a picture that comes while the encoder
is busy replaces the one that waits, and the frame before is shown longer. In lockstep every picture is a frame.
"""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from installation.errors import ConfigError, FaultError
from installation.messages import Image

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

LIVE_PRESET, LOCKSTEP_PRESET = "ultrafast", "veryfast"  # of libx264: live it shares two cores with the networks
LONGEST_HOLD = 10.0  # s, a longer gap in the canvas' times is cut short: the machine slept


class Recorder:
    """Writes pictures [height, width, 3] to ``path``. ``size``: width, height in px; ``fps``: of the file, in lockstep the
    source's; ``crf``: H.264 quality 0…51, lower is better and larger.

    Raises ConfigError where the file cannot be written. The file appears under its name on ``close``.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float, crf: int, realtime: bool) -> None:
        self.path, self.size, self.fps, self.realtime = path, size, Fraction(fps).limit_denominator(1001), realtime
        self.frames = 0  # written to the file
        self.dropped = 0  # pictures that came while the encoder was busy
        self._part = path.with_name(f".{path.name}.part")
        self._width, self._height = size[0] + size[0] % 2, size[1] + size[1] % 2  # yuv420p wants even sides
        self._padded = np.zeros((self._height, self._width, 3), np.uint8)
        self._file, self._stream = self._open(crf)
        self._turn = threading.Condition()
        self._waiting: Image | None = None
        self._waiting_until = 0  # the frame number that the waiting picture ends at
        self._spare: list[Image] = [np.empty((size[1], size[0], 3), np.uint8) for _ in range(3)]
        self._last: VideoFrame | None = None
        self._began: float | None = None
        self._ending = False
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._thread.start()

    def write(self, picture: Image, now: float) -> None:
        """Hand over the picture shown at ``now`` (s); it is copied. Raises FaultError where the file cannot be written on."""
        with self._turn:
            self._raise_fault()
            if not self.realtime:
                self._turn.wait_for(lambda: self._waiting is None or self._fault is not None)
                self._raise_fault()
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
        """Write what waits, finish the file and give it its name. Raises FaultError where that cannot be done."""
        with self._turn:
            if self._ending:
                return
            self._ending = True
            self._turn.notify_all()
        self._thread.join()
        try:
            self._raise_fault()
            if self.frames:
                for packet in self._stream.encode(None):
                    self._file.mux(packet)
            self._file.close()
            if self.frames:
                os.replace(self._part, self.path)
        except OSError as err:
            raise FaultError(f"--record {self.path}: cannot be written ({err})") from err
        finally:
            self._part.unlink(missing_ok=True)

    def _open(self, crf: int) -> tuple[OutputContainer, VideoStream]:
        import av

        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_dir():
                raise IsADirectoryError("it is a folder")
            file = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        except OSError as err:
            raise ConfigError(f"--record {self.path}: cannot be written ({err.strerror or err})") from err
        preset = LIVE_PRESET if self.realtime else LOCKSTEP_PRESET
        stream = file.add_stream("libx264", rate=self.fps, options={"crf": str(crf), "preset": preset})
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
        stream.time_base = 1 / self.fps
        stream.codec_context.thread_count = 1
        # OpenCV's YUV is the one of Rec. 601 in studio range; say so, or players guess another.
        stream.codec_context.colorspace, stream.codec_context.color_range = 5, 1
        return file, stream

    def _frame_number(self, now: float) -> int | None:
        """The frame that a picture shown at ``now`` is; None where that frame is taken."""
        if not self.realtime:
            return self._waiting_until
        if self._began is None:
            self._began = now
        gap = (now - self._began) * float(self.fps) - self._waiting_until
        if gap > LONGEST_HOLD * self.fps:
            self._began += (gap - 1) / float(self.fps)
        number = round((now - self._began) * float(self.fps))
        return number if number >= self._waiting_until else None

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting is not None or self._ending)
                if self._waiting is None:
                    return
                picture, until, self._waiting = self._waiting, self._waiting_until, None
                self._turn.notify_all()
            try:
                self._encode(picture, until)
            except Exception as err:  # handed to the display's thread, which ends the show with one sentence
                with self._turn:
                    self._fault = err
                    self._turn.notify_all()
                return
            with self._turn:
                self._spare.append(picture)

    def _encode(self, picture: Image, until: int) -> None:
        """Encode a picture as frame ``until - 1``; the picture before stands in all frames since its own."""
        import av

        self._padded[: self.size[1], : self.size[0]] = picture
        self._padded[self.size[1] :] = self._padded[self.size[1] - 1]
        self._padded[:, self.size[0] :] = self._padded[:, self.size[0] - 1 : self.size[0]]
        planes = np.asarray(cv2.cvtColor(self._padded, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.time_base = 1 / self.fps
        while self.frames < until:
            shown = frame if self._last is None or self.frames == until - 1 else self._last
            shown.pts = self.frames
            for packet in self._stream.encode(shown):
                self._file.mux(packet)
            self.frames += 1
        self._last = frame

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise FaultError(f"--record {self.path}: cannot be written ({self._fault})") from self._fault
