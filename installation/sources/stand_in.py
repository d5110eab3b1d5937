"""A camera that is none: the embedded visitors, with focus and exposure to turn. For tests, and to try the operator's page without one."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np

from installation.clock import Clock
from installation.messages import Image
from installation.sources.base import CaptureSettings, CaptureSource
from installation.sources.controls import CameraControl
from installation.sources.demo import demo_source

PREFIX = "stand-in:"  # before its name, as a source
NAMES = ("left", "right")  # those that the page offers; the pictures of the right one are mirrored
SHARPEST = 60  # of its focus
BLUR = 0.12  # px of blur for each step beside that
EXPOSURE = 100  # at which its pictures are as bright as the clip's

CONTROLS = (
    CameraControl("focus-auto", "automatic focus", "switch", 1, 0, 1, default=1),
    CameraControl("focus", "focus", "range", SHARPEST, 0, 255, 5, SHARPEST),
    CameraControl("exposure-mode", "exposure", "menu", 3, 0, 3, default=3, choices=((1, "Manual Mode"), (3, "Aperture Priority Mode"))),
    CameraControl("exposure", "exposure time", "range", EXPOSURE, 5, 400, 1, EXPOSURE),
)
AUTOMATICS = {"focus": ("focus-auto", 1), "exposure": ("exposure-mode", 3)}  # what has a control, and at which value


class StandInControls:
    """Those of one stand-in. As a camera's they stay while it is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values = {one.name: one.value for one in CONTROLS}

    def all(self) -> tuple[CameraControl, ...]:
        with self._lock:
            return tuple(replace(one, value=self._values[one.name], idle=self._is_idle(one.name)) for one in CONTROLS)

    def set(self, name: str, value: object) -> str:
        control = next((one for one in CONTROLS if one.name == name), None)
        if control is None:
            return f"{name!r}: this camera has no such control"
        if fault := control.fault(value):
            return fault
        assert isinstance(value, int)
        with self._lock:
            if self._is_idle(name):
                return f"{control.label}: an automatic has it; turn that off first"
            self._values[name] = value
        return ""

    def effect(self) -> tuple[float, float]:
        """Blur, px, and by how much pictures are brighter."""
        values = {one.name: one for one in self.all()}
        focus, exposure = values["focus"], values["exposure"]
        blur = 0.0 if focus.idle else BLUR * abs(focus.value - SHARPEST)
        return blur, 1.0 if exposure.idle else exposure.value / EXPOSURE

    def _is_idle(self, name: str) -> bool:
        automatic = AUTOMATICS.get(name)
        return automatic is not None and self._values[automatic[0]] == automatic[1]


class StandInCamera(CaptureSource):
    """Live, as a camera is: its pictures are a visitor's for whoever must not keep them."""

    is_live = True

    def __init__(self, name: str, settings: CaptureSettings, clock: Clock, realtime: bool = True) -> None:
        super().__init__(clock, realtime, settings.orientation)
        self.name = name
        self.controls = self._controls = StandInControls()
        self._clip = demo_source(replace(settings, rotate=0, flip="none"), clock, realtime)

    @property
    def rate(self) -> float:
        return self._clip.rate

    def describe(self) -> str:
        return f"a stand-in for a camera, {self.name}"

    def _open(self) -> None:
        self._clip.open()

    def _read(self, now: float) -> Image | None:
        frame = self._clip.read()
        if frame is None:
            self.due = self._clip.due
            return None
        blur, brighter = self._controls.effect()
        image = frame.image[:, ::-1] if self.name == NAMES[1] else frame.image
        if brighter != 1.0:
            image = cv2.convertScaleAbs(image, alpha=brighter)  # type: ignore[assignment]
        if blur > 0.0:
            image = cv2.GaussianBlur(image, (0, 0), blur)  # type: ignore[assignment]
        return np.ascontiguousarray(image, np.uint8)

    def _close(self) -> None:
        self._clip.close()
