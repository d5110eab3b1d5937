"""Focus and exposure through Video4Linux, against a driver that answers its calls byte for byte as the kernel lays them out."""

import errno
import struct
from pathlib import Path

import pytest

from installation.clock import FrameClock
from installation.sources.base import CaptureSettings
from installation.sources.controls import CameraControl, V4l2Controls, restore
from installation.sources.stand_in import StandInCamera

FOCUS_AUTO, FOCUS, MODE, EXPOSURE, GAIN = 0x009A090C, 0x009A090A, 0x009A0901, 0x009A0902, 0x00980913


def request(way: int, number: int, size: int) -> int:
    """_IOWR and _IOW of linux/ioctl.h, for 'V'."""
    return way << 30 | size << 16 | ord("V") << 8 | number


class Driver:
    """A webcam's. rows: by control: type, least, most, step, default."""

    def __init__(self) -> None:
        self.rows = {FOCUS_AUTO: (2, 0, 1, 1, 1), FOCUS: (1, 0, 250, 5, 0), MODE: (3, 0, 3, 1, 3), EXPOSURE: (1, 3, 2047, 1, 250)}
        self.values = {FOCUS_AUTO: 1, FOCUS: 30, MODE: 3, EXPOSURE: 250}
        self.asked: list[tuple[int, int]] = []

    def __call__(self, handle: int, code: int, argument: bytes) -> bytes:
        assert code & 0xFFFF0000 == request(3, 0, len(argument)) & 0xFFFF0000  # the size is part of the request's number
        (number,) = struct.unpack_from("=I", argument)
        if number not in self.rows:
            raise OSError(errno.EINVAL, "Invalid argument")
        kind, low, high, step, default = self.rows[number]
        match code & 0xFF:
            case 36:
                flags = 0x10 if number == FOCUS and self.values[FOCUS_AUTO] else 0
                return struct.pack("=II32siiiiI8x", number, kind, b"a name", low, high, step, default, flags)
            case 37:
                (index,) = struct.unpack_from("=I", argument, 4)
                names = {1: b"Manual Mode", 3: b"Aperture Priority Mode"}
                if index not in names:
                    raise OSError(errno.EINVAL, "Invalid argument")
                return struct.pack("=II32s4x", number, index, names[index])
            case 27:
                return struct.pack("=Ii", number, self.values[number])
            case 28:
                (value,) = struct.unpack_from("=i", argument, 4)
                if number == FOCUS and self.values[FOCUS_AUTO]:
                    raise OSError(errno.EBUSY, "Device or resource busy")
                self.asked.append((number, value))
                self.values[number] = value
                return argument
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def controls(driver: Driver, tmp_path: Path) -> V4l2Controls:
    (tmp_path / "video0").touch()
    return V4l2Controls(str(tmp_path / "video0"), driver)


def test_the_requests_are_the_kernels() -> None:
    from installation.sources import controls as module

    wanted = {"QUERY_CONTROL": (36, 68), "QUERY_MENU": (37, 44), "GET_CONTROL": (27, 8), "SET_CONTROL": (28, 8)}
    assert {name: getattr(module, name) for name in wanted} == {name: request(3, number, size) for name, (number, size) in wanted.items()}
    sizes = {"QUERY_FORM": 68, "MENU_FORM": 44, "VALUE_FORM": 8}
    assert {name: struct.calcsize(getattr(module, name)) for name in sizes} == sizes


def test_a_camera_tells_what_it_has_with_its_bounds_and_what_an_automatic_has(controls: V4l2Controls) -> None:
    assert controls.all() == (
        CameraControl("focus-auto", "automatic focus", "switch", 1, 0, 1, 1, 1),
        CameraControl("focus", "focus", "range", 30, 0, 250, 5, 0, idle=True),
        CameraControl("exposure-mode", "exposure", "menu", 3, 0, 3, 1, 3, ((1, "Manual Mode"), (3, "Aperture Priority Mode"))),
        CameraControl("exposure", "exposure time", "range", 250, 3, 2047, 1, 250),
    )


def test_a_value_is_set_at_a_step_of_the_camera(controls: V4l2Controls, driver: Driver) -> None:
    assert controls.set("focus-auto", 0) == "" and controls.set("focus", 104) == ""
    assert driver.asked == [(FOCUS_AUTO, 0), (FOCUS, 105)]
    assert controls.set("exposure-mode", 1) == "" and driver.values[MODE] == 1


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("focus", 30, "automatic"),
        ("exposure", 5000, "3 to 2047"),
        ("exposure", True, "whole number"),
        ("exposure", "9", "whole number"),
        ("exposure", None, "whole number"),
        ("exposure-mode", 2, "Manual Mode, Aperture Priority Mode"),
        ("gain", 3, "no such control"),
        ("volume", 3, "no control that is known"),
    ],
)
def test_what_cannot_be_set_is_said_and_changes_nothing(controls: V4l2Controls, driver: Driver, name: str, value: object, why: str) -> None:
    assert why in controls.set(name, value) and driver.asked == []


def test_a_camera_that_is_gone_has_nothing_to_set(tmp_path: Path) -> None:
    gone = V4l2Controls(str(tmp_path / "video9"), Driver())
    assert gone.all() == () and "unplugged" in gone.set("exposure", 100)


def test_what_was_set_is_set_again_an_automatic_before_what_it_has(controls: V4l2Controls, driver: Driver) -> None:
    restore(controls, {"focus": 60, "exposure": 99999, "focus-auto": 0})
    assert driver.asked == [(FOCUS_AUTO, 0), (FOCUS, 60)]  # what it does not take any more is left out


def test_a_stand_in_shows_what_is_set_at_it() -> None:
    clock = FrameClock(30)

    def mean_and_sharpness(**values: int) -> tuple[float, float]:
        with StandInCamera("left", CaptureSettings(), clock, realtime=False) as camera:
            for name in ("focus-auto", "exposure-mode", "focus", "exposure"):
                key = name.replace("-", "_")
                assert key not in values or camera.controls.set(name, values[key]) == ""
            frame = camera.read()
            assert frame is not None
            grey = frame.image.mean(axis=2)
            return float(grey.mean()), float(abs(grey[:, 1:] - grey[:, :-1]).mean())

    mean, sharp = mean_and_sharpness()
    assert mean_and_sharpness(exposure_mode=1, exposure=40)[0] == pytest.approx(0.4 * mean, rel=0.05)
    assert mean_and_sharpness(focus_auto=0, focus=200)[1] < 0.6 * sharp
    camera = StandInCamera("left", CaptureSettings(), clock)
    assert "automatic has it" in camera.controls.set("focus", 100) and camera.is_live
