"""Cameras: what can be held without one. The device's side is a small stand-in for OpenCV's handle."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from installation.clock import FrameClock
from installation.errors import SourceError
from installation.sources import CaptureSettings, SourceLost
from installation.sources import camera as module
from installation.sources.camera import CROPCAP, CROPCAP_FORM, CameraSource, check_device, list_cameras, shape_of


class Handle:
    """A camera of 20 frames a second that counts time in a FrameClock; blue pictures, so that channels show."""

    def __init__(self, clock: FrameClock) -> None:
        self.clock = clock
        self.asked: dict[int, float] = {}
        self.plugged = True
        self.grabs = 0
        self.released = False

    def isOpened(self) -> bool:
        return True

    def set(self, key: int, value: float) -> bool:
        self.asked[key] = value
        return True

    def get(self, key: int) -> float:
        return 30.0 if key == cv2.CAP_PROP_FPS else -1000.0

    def grab(self) -> bool:
        self.grabs += 1
        return self.plugged

    def read(self) -> tuple[bool, Any]:
        if not self.plugged:
            return False, None
        for _ in range(5):
            self.clock.advance()
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[..., 0] = 255
        return True, picture

    def release(self) -> None:
        self.released = True


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[CameraSource, Handle, FrameClock]:
    clock = FrameClock(100)
    handle = Handle(clock)
    (tmp_path / "video0").touch()
    monkeypatch.setattr(module, "check_device", lambda path: None)
    monkeypatch.setattr(CameraSource, "_connect", lambda self: handle)
    return CameraSource(str(tmp_path / "video0"), CaptureSettings(width=640, height=480, fps=30), clock), handle, clock


def test_asks_for_compressed_pictures_and_measures_the_real_rate(rig: tuple[CameraSource, Handle, FrameClock]) -> None:
    source, handle, _ = rig
    with source:
        assert source.rate == 30.0  # what it claims, as long as nothing is measured
        for _ in range(15):
            frame = source.read()
        assert source.rate == pytest.approx(20.0)
    assert frame is not None and frame.image[0, 0].tolist() == [0, 0, 255]
    assert handle.asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert (handle.asked[cv2.CAP_PROP_FRAME_WIDTH], handle.asked[cv2.CAP_PROP_FRAME_HEIGHT]) == (640, 480)
    assert source.is_live and handle.released


def test_after_a_pause_the_stale_buffer_is_thrown_away(rig: tuple[CameraSource, Handle, FrameClock]) -> None:
    source, handle, clock = rig
    with source:
        for _ in range(12):
            source.read()
        assert handle.grabs == 0
        for _ in range(40):
            clock.advance()
        source.read()
        assert handle.grabs == 1 and source.frames_late == 1
        assert source.rate == pytest.approx(20.0)  # a pause of ours is not the camera's


def test_an_unplugged_camera_is_lost_and_can_come_back(rig: tuple[CameraSource, Handle, FrameClock]) -> None:
    source, handle, _ = rig
    with source:
        assert source.read() is not None
        source.nap = lambda _: None
        handle.plugged = False
        with pytest.raises(SourceLost, match="plugged in"):
            for _ in range(20):
                assert source.read() is None
        source.close()
        with pytest.raises(SourceLost, match="no picture"):
            source.open()
        handle.plugged = True
        assert source.open().read() is not None
    assert source.frames_skipped > 0


def test_a_frozen_camera_is_lost_after_two_seconds(rig: tuple[CameraSource, Handle, FrameClock]) -> None:
    source, handle, clock = rig
    with source:
        source.nap = lambda _: None
        assert source.read() is not None
        handle.plugged = False
        assert source.read() is None
        for _ in range(210):
            clock.advance()
        with pytest.raises(SourceLost):
            source.read()


def test_cameras_are_named_without_opening_them(tmp_path: Path) -> None:
    for node, name, index in (("video10", "Scanner", "0"), ("video0", "HD Webcam", "0"), ("video1", "HD Webcam", "1")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text(name + "\n")
        (tmp_path / node / "index").write_text(index + "\n")
    assert list_cameras(tmp_path) == ["0  /dev/video0  HD Webcam", "10  /dev/video10  Scanner"]
    assert list_cameras(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("aspect", "size", "shape"),
    [
        ((54, 59), (720, 576), Fraction(59, 54)),  # analogue, 50 Hz: Video4Linux counts height ÷ width
        ((11, 10), (720, 576), Fraction(10, 11)),
        ((54, 59), (640, 480), None),  # scaled by the driver: into what, nobody says
        ((0, 0), (720, 576), None),
    ],
)
def test_the_shape_of_pixels_is_what_the_driver_says(aspect: tuple[int, int], size: tuple[int, int], shape: Fraction | None) -> None:
    answer = struct.pack(CROPCAP_FORM, 1, 0, 0, 720, 576, 0, 0, 720, 576, *aspect)
    assert len(answer) == CROPCAP >> 16 & 0x3FFF  # the size of the struct stands in the number of the call
    assert shape_of(answer, size) == shape


def test_pixels_of_a_camera_become_square(rig: tuple[CameraSource, Handle, FrameClock], monkeypatch: pytest.MonkeyPatch) -> None:
    source, _, _ = rig
    monkeypatch.setattr(module, "pixel_shape", lambda path, size: Fraction(3, 2))
    with source:
        frame = source.read()
        assert "9×4" in source.describe()
    assert frame is not None and frame.image.shape == (4, 9, 3)


def test_a_camera_can_hang_on_its_side(rig: tuple[CameraSource, Handle, FrameClock]) -> None:
    there, _, clock = rig
    with CameraSource(there.path, CaptureSettings(rotate=90), clock) as source:
        frame = source.read()
    assert frame is not None and frame.image.shape == (6, 4, 3)


def test_what_is_no_camera_is_refused() -> None:
    with pytest.raises(SourceError, match="not a camera"):
        check_device(Path("/dev/null"))
    with pytest.raises(SourceLost, match="no such camera"):
        check_device(Path("/dev/video-of-nobody"))
