"""Cameras of this machine, through OpenCV and Video4Linux."""

from __future__ import annotations

import os
import platform
import stat
import struct
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.adapt import adapted
from installation.sources.base import CaptureSettings, CaptureSource, SourceLost
from installation.sources.controls import V4l2Controls
from installation.sources.square import square

IS_LINUX = platform.system() == "Linux"
SYSFS = Path("/sys/class/video4linux")
V4L_MAJOR = 81  # device number of every Video4Linux node
CROPCAP = 0xC02C563A  # VIDIOC_CROPCAP of Video4Linux, which tells the shape of a pixel
CROPCAP_FORM = "I 4i 2i2I 2I"  # its struct: kind of buffer, bounds, the usual picture (left, top, width, height), pixel aspect
VIDEO_CAPTURE = 1  # the kind of buffer
BUFFERS = 2  # frames the driver may hold: one being filled, one waiting
INTERVALS = 60  # between frames, of which the median is the measured rate
FAILED_GRABS = 10  # in a row, after which the camera counts as gone
FROZEN_SECONDS = 2.0  # s without a picture, after which it counts as gone too
OLDEST_STAMP = 0.5  # s; a driver's time stamp older than that is of another clock


def list_cameras(sysfs: Path = SYSFS) -> list[str]:
    """One line a camera, ``0  /dev/video0  HD Webcam``, from the names the kernel keeps; no device is opened."""
    lines = []
    for node in sorted(sysfs.glob("video*"), key=lambda item: (len(item.name), item.name)):
        try:
            name = (node / "name").read_text(errors="replace").strip()
            picture_node = (node / "index").read_text().strip() in {"0", ""}
        except OSError:
            continue
        if picture_node:  # further nodes of one camera carry metadata
            lines.append(f"{node.name.removeprefix('video')}  /dev/{node.name}  {name}")
    return lines


class CameraSource(CaptureSource):
    """A camera by its index or device path. ``rate`` is measured: a dark room may halve what was asked for."""

    is_live = is_sensor = True

    def __init__(self, device: int | str, settings: CaptureSettings, clock: Clock, realtime: bool = True) -> None:
        super().__init__(clock, realtime, settings.orientation)
        self.path = f"/dev/video{device}" if isinstance(device, int) else device
        self.settings = settings
        self.controls = V4l2Controls(self.path) if IS_LINUX else None
        self._device = device
        self._capture: Any = None
        self._size = (0, 0)  # of what it gives, with square pixels
        self._shape: Fraction | None = None  # of its pixels
        self._claimed_rate = settings.fps
        self._intervals: deque[float] = deque(maxlen=INTERVALS)
        self._last = 0.0  # s of the clock, when the last frame came
        self._alive = 0.0  # s of the clock, when it last gave a picture or was opened
        self._failures = 0
        self._arrived = self._taken = 0.0

    @property
    def rate(self) -> float:
        if len(self._intervals) < 10:
            return self._claimed_rate
        return 1.0 / max(1e-3, sorted(self._intervals)[len(self._intervals) // 2])

    def describe(self) -> str:
        width, height = self._size
        return f"camera {self.path}" + (f": {width}×{height} at {self.rate:.4g} frames a second" if width else "")

    def _open(self) -> None:
        if IS_LINUX:
            check_device(Path(self.path))
        self._capture = capture = self._connect()
        if not capture.isOpened():
            raise SourceLost(f"{self.path}: the camera does not open; is another program using it, or is it asleep?")
        self._configure(capture)
        self._intervals.clear()
        self._failures, self._last = 0, 0.0
        ok, picture = capture.read()
        if not ok or picture is None:
            raise SourceLost(f"{self.path}: the camera opens but gives no picture; unplug it and plug it in again")
        height, width = picture.shape[:2]
        self._shape = pixel_shape(self.path, (int(width), int(height))) if IS_LINUX else None
        self._size = square(int(width), int(height), self._shape)
        self._alive = self.clock.now()

    def _connect(self) -> Any:
        """OpenCV's handle of the device."""
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")  # s that one grab may take; the default is 10
        import cv2

        quiet: Any = cv2  # its stubs lack the log level
        quiet.setLogLevel(0)
        if IS_LINUX:
            return cv2.VideoCapture(self._device, cv2.CAP_V4L2)
        return cv2.VideoCapture(self._device)

    def _configure(self, capture: Any) -> None:
        """Ask for format, size and rate; a camera takes the nearest it has, so nothing here can fail."""
        import cv2

        if self.settings.mjpg:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.settings.height)
        capture.set(cv2.CAP_PROP_FPS, self.settings.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERS)
        claimed = capture.get(cv2.CAP_PROP_FPS)
        self._claimed_rate = claimed if 1 <= claimed <= 240 else self.settings.fps

    def _read(self, now: float) -> Image | None:
        import cv2

        # After a pause longer than a period the driver's oldest buffer is stale: throw away what is not the newest.
        stale = BUFFERS - 1 if self._last and now - self._last > 1.5 / self.rate else 0
        for _ in range(stale):
            self.frames_late += bool(self._capture.grab())
        image = self._grabbed()
        if image is None:
            self._failed()
            return None
        arrived = self._arrived
        if self._last and not stale:
            self._intervals.append(arrived - self._last)
        self._last, self._alive, self._failures = arrived, arrived, 0
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000  # the driver's, on the monotonic clock
        self._taken = stamp if 0 <= arrived - stamp < OLDEST_STAMP else arrived
        return image

    def _grabbed(self) -> Image | None:
        """The next picture, uint8 RGB with square pixels, of whatever size and format it came in; None for one that cannot be read."""
        import cv2

        try:
            ok, picture = self._capture.read()
            self._arrived = self.clock.now()
            image = adapted(picture, max(picture.shape[:2])) if ok and picture is not None else None
            if image is None:
                return None
            self._size = size = square(int(image.shape[1]), int(image.shape[0]), self._shape)
            if size != (image.shape[1], image.shape[0]):
                image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
            return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        except cv2.error:  # damaged on its way
            return None

    def _failed(self) -> None:
        self._failures += 1
        self.frames_skipped += 1
        self.due = self.clock.now() + 0.01
        if self._failures >= FAILED_GRABS or self.due - self._alive > FROZEN_SECONDS or not Path(self.path).exists():
            raise SourceLost(f"{self.path}: the camera gives no more pictures; is it still plugged in?")

    def _taken_at(self, now: float) -> float:
        return self._taken

    def _close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def pixel_shape(path: str, size: tuple[int, int]) -> Fraction | None:
    """Width ÷ height of a camera's pixels while it gives pictures of ``size``; None: square, or not known. Analogue television
    has long or tall ones, whatever digitises it."""
    import fcntl

    try:
        device = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            answer = fcntl.ioctl(device, CROPCAP, struct.pack(CROPCAP_FORM, VIDEO_CAPTURE, *[0] * 10))
        finally:
            os.close(device)
    except OSError:  # most drivers of digital cameras do not know the question
        return None
    return shape_of(answer, size)


def shape_of(answer: bytes, size: tuple[int, int]) -> Fraction | None:
    """What an answer to VIDIOC_CROPCAP says of the pixels; only the usual picture, not scaled, has the shape that it names."""
    *_, width, height, tall, wide = struct.unpack(CROPCAP_FORM, answer)
    if not wide or not tall or size != (width, height):
        return None
    return Fraction(wide, tall)


def check_device(path: Path) -> None:
    """Refuse what is no camera before anything touches it. Raises SourceError, or SourceLost where a camera may come."""
    try:
        mode = path.stat()
    except FileNotFoundError as error:
        raise SourceLost(f"{path}: there is no such camera; `--list-devices` names those that are here") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be looked at ({error.strerror})") from error
    if not stat.S_ISCHR(mode.st_mode) or os.major(mode.st_rdev) != V4L_MAJOR:
        raise SourceError(f"{path}: is a device, but not a camera; `--list-devices` names the cameras")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(f"{path}: no permission to use the camera; add yourself to the group `video` and log in again")
