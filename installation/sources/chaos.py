"""A source around another, to which everything happens that happens to a camera in six weeks on a market. For tests and rehearsals."""

from __future__ import annotations

import time
from itertools import cycle

import cv2
import numpy as np

from installation.messages import Image
from installation.sources.base import CaptureSource, SourceLost
from installation.sources.incidents import CameraFault
from installation.sources.rehearsal import Rehearsal

BUSY_SECONDS = 0.5  # that a camera which another program has takes to say so
SLOW_SECONDS = 0.8  # between two pictures of a slow one
HALF = 0.5  # of its size are the pictures of one that changed it
NAP = 0.02  # s between two looks at a camera that gives nothing

LOST = {
    CameraFault.UNPLUG: "the camera is gone (rehearsal); is it still plugged in?",
    CameraFault.BUSY: "another program uses the camera (rehearsal)",
    CameraFault.ASLEEP: "the camera opens but gives no picture (rehearsal)",
}


class ChaosSource(CaptureSource):
    """Gives the pictures of ``source`` as the rehearsal lets it. Passes for a camera whatever it is: one pixel has a camera's noise."""

    is_sensor = True

    def __init__(self, source: CaptureSource, rehearsal: Rehearsal) -> None:
        super().__init__(source.clock, source.realtime)
        self._source, self._rehearsal = source, rehearsal
        self.is_live, self.controls = source.is_live, source.controls
        self._taken = 0.0
        self._given = float("-inf")  # s of the clock, when the newest picture was taken that was given
        self._black = np.zeros((1, 1, 3), np.uint8)
        self._flicker = 0
        self._damages = cycle((_sound, _cut_off, _sound, _grey, _sound, _broken_numbers, _sound, _transparent, _sound, _nothing))

    @property
    def rate(self) -> float:
        return self._source.rate

    def describe(self) -> str:
        return f"{self._source.describe()}, in a rehearsal"

    def _open(self) -> None:
        fault = self._rehearsal.fault()
        if fault is CameraFault.BUSY:
            time.sleep(BUSY_SECONDS)
        if fault in LOST:
            raise SourceLost(LOST[fault])
        self._source.open()

    def _read(self, now: float) -> Image | None:
        fault = self._rehearsal.fault()
        if fault in (CameraFault.UNPLUG, CameraFault.BUSY):
            raise SourceLost(LOST[fault])
        if fault is CameraFault.ASLEEP:
            self.due = now + NAP
            return None
        image = self._next()
        if image is None:
            return None
        if fault is CameraFault.SLOW and self._taken - self._given < SLOW_SECONDS:
            return None
        self._given = self._taken
        return self._changed(image, fault)

    def _next(self) -> Image | None:
        skipped, late = self._source.frames_skipped, self._source.frames_late
        frame = self._source.read()
        self.frames_skipped += self._source.frames_skipped - skipped
        self.frames_late += self._source.frames_late - late
        self.complaint = self._source.complaint
        self.due = 0.0
        if frame is None:
            return None
        self._taken = frame.time
        return frame.image.copy()

    def _noisy(self, image: Image) -> Image:
        self._flicker ^= 1
        image[0, 0, 0] ^= self._flicker
        return image

    def _changed(self, image: Image, fault: CameraFault | None) -> Image:
        match fault:
            case CameraFault.FREEZE:
                return self._rehearsal.held(image)
            case CameraFault.BLACK:
                if self._black.shape != image.shape:
                    self._black = np.zeros_like(image)
                return self._black
            case CameraFault.CORRUPT:
                return next(self._damages)(self._noisy(image))
            case CameraFault.RESIZE:
                image = self._resized(image)
        return self._noisy(image)

    def _resized(self, image: Image) -> Image:
        """Half as large, and every other time upright."""
        small = np.asarray(cv2.resize(image, None, fx=HALF, fy=HALF, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        width = small.shape[0] * 3 // 4
        left = max(0, small.shape[1] - width) // 2
        return np.ascontiguousarray(small[:, left : left + width]) if self._rehearsal.count % 2 else small

    def _taken_at(self, now: float) -> float:
        return self._taken

    def _close(self) -> None:
        self._source.close()


def _sound(image: Image) -> Image:
    return image


def _cut_off(image: Image) -> Image:
    """The bytes of a picture of which the rest did not come."""
    return image.reshape(-1)[: image.size // 3]


def _grey(image: Image) -> Image:
    return np.ascontiguousarray(image[..., 1])


def _broken_numbers(image: Image) -> Image:
    return np.full(image.shape, np.nan, np.float32)  # a decoder's mistake


def _transparent(image: Image) -> Image:
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


def _nothing(image: Image) -> Image:
    return image[:0]
