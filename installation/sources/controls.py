"""What can be set at a camera beside the pictures that are asked of it: focus, exposure, white balance.

Through Video4Linux's own calls (``ioctl``, linux/videodev2.h), which tell the bounds of each control, its default and whether an automatic
has it; which any thread may make on a handle of its own while pictures are read; and which need no program beside this one. OpenCV's
properties tell no bounds and belong to the thread that reads; ``v4l2-ctl`` is a package more, and a process for every value.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

QUERY_CONTROL = 0xC0445624  # VIDIOC_QUERYCTRL
QUERY_MENU = 0xC02C5625  # VIDIOC_QUERYMENU
GET_CONTROL = 0xC008561B  # VIDIOC_G_CTRL
SET_CONTROL = 0xC008561C  # VIDIOC_S_CTRL
QUERY_FORM = "=II32siiiiI8x"  # id, type, name, least, most, step, default, flags
MENU_FORM = "=II32s4x"  # id, index, name
VALUE_FORM = "=Ii"  # id, value
INTEGER, BOOLEAN, MENU = 1, 2, 3  # V4L2_CTRL_TYPE_…
DISABLED, READ_ONLY, INACTIVE = 0x1, 0x4, 0x10  # V4L2_CTRL_FLAG_…
MOST_CHOICES = 16  # of a menu

Kind = Literal["range", "switch", "menu"]
Ioctl = Callable[[int, int, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Known:
    """A control of which the operator's page knows what to call it. number: V4L2_CID_…"""

    name: str
    label: str
    number: int


# Each automatic before what it takes out of a hand's reach: in this order they are set again.
KNOWN = (
    Known("focus-auto", "automatic focus", 0x009A090C),
    Known("focus", "focus", 0x009A090A),
    Known("exposure-mode", "exposure", 0x009A0901),
    Known("exposure", "exposure time", 0x009A0902),
    Known("exposure-rate", "longer in the dark, with fewer pictures a second", 0x009A0903),
    Known("gain", "gain", 0x00980913),
    Known("backlight", "backlight compensation", 0x0098091C),
    Known("brightness", "brightness", 0x00980900),
    Known("white-balance-auto", "automatic white balance", 0x0098090C),
    Known("white-balance", "white balance", 0x0098091A),
    Known("mains", "flicker of lamps", 0x00980918),
    Known("zoom", "zoom", 0x009A090D),
)


@dataclass(frozen=True, slots=True)
class CameraControl:
    """How one stands. low, high, step, default: in the camera's own units; choices: value and words of a menu; idle: whether an automatic
    has it now, so that setting it does nothing."""

    name: str
    label: str
    kind: Kind
    value: int
    low: int
    high: int
    step: int = 1
    default: int = 0
    choices: tuple[tuple[int, str], ...] = ()
    idle: bool = False

    def fault(self, value: object) -> str:
        """Why this cannot be its value, "" where it can."""
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{self.label}: must be a whole number"
        if self.choices:
            return "" if value in dict(self.choices) else f"{self.label}: must be one of {', '.join(words for _, words in self.choices)}"
        if not self.low <= value <= self.high:
            return f"{self.label}: must be {self.low} to {self.high}"
        return ""


class CameraControls(Protocol):
    """Those of one camera. Any thread, while it gives pictures."""

    def all(self) -> tuple[CameraControl, ...]:
        """Those that it has and the page knows; none where it is gone."""
        ...

    def set(self, name: str, value: object) -> str:
        """Set one. Why that is not done, "" where it is."""
        ...


def restore(controls: CameraControls, values: Mapping[str, int]) -> None:
    """Set what was set before, as far as the camera still takes it; an automatic before what it would not let go of."""
    for known in KNOWN:
        if known.name in values:
            controls.set(known.name, values[known.name])


def _ioctl(handle: int, request: int, argument: bytes) -> bytes:
    import fcntl

    return fcntl.ioctl(handle, request, argument)


class V4l2Controls:
    """Of a device of Video4Linux. ioctl: asks its driver."""

    def __init__(self, path: str, ioctl: Ioctl = _ioctl) -> None:
        self._path, self._ioctl = path, ioctl

    def all(self) -> tuple[CameraControl, ...]:
        try:
            with self._opened() as device:
                return tuple(one for known in KNOWN if (one := self._read(device, known)) is not None)
        except OSError:  # it is gone
            return ()

    def set(self, name: str, value: object) -> str:
        known = next((one for one in KNOWN if one.name == name), None)
        if known is None:
            return f"{name!r}: no control that is known"
        try:
            with self._opened() as device:
                control = self._read(device, known)
                if control is None:
                    return f"{known.label}: this camera has no such control"
                if fault := control.fault(value):
                    return fault
                assert isinstance(value, int)
                stepped = control.low + round((value - control.low) / control.step) * control.step if control.kind == "range" else value
                self._ioctl(device, SET_CONTROL, struct.pack(VALUE_FORM, known.number, min(stepped, control.high)))
        except OSError as err:
            return f"{known.label}: the camera does not take it ({err.strerror or err}); is an automatic on, or is it unplugged?"
        return ""

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        device = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield device
        finally:
            os.close(device)

    def _read(self, device: int, known: Known) -> CameraControl | None:
        """One control; None where the camera lacks it."""
        try:
            asked = struct.pack(QUERY_FORM, known.number, 0, b"", 0, 0, 0, 0, 0)
            _, kind, _, low, high, step, default, flags = struct.unpack(QUERY_FORM, self._ioctl(device, QUERY_CONTROL, asked))
            if flags & (DISABLED | READ_ONLY) or kind not in (INTEGER, BOOLEAN, MENU):
                return None
            answer = self._ioctl(device, GET_CONTROL, struct.pack(VALUE_FORM, known.number, 0))
        except OSError:
            return None
        value = struct.unpack(VALUE_FORM, answer)[1]
        choices = self._choices(device, known.number, low, high) if kind == MENU else ()
        form: Kind = "menu" if kind == MENU else "switch" if kind == BOOLEAN else "range"
        return CameraControl(known.name, known.label, form, value, low, high, max(1, step), default, choices, bool(flags & INACTIVE))

    def _choices(self, device: int, number: int, low: int, high: int) -> tuple[tuple[int, str], ...]:
        """What a menu offers; it may have gaps."""
        found = []
        for index in range(max(low, 0), min(high, low + MOST_CHOICES) + 1):
            with contextlib.suppress(OSError):
                _, _, name = struct.unpack(MENU_FORM, self._ioctl(device, QUERY_MENU, struct.pack(MENU_FORM, number, index, b"")))
                found.append((index, name.split(b"\0")[0].decode(errors="replace")))
        return tuple(found)
