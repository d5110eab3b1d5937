"""What a screen is given: the right matrix and range, bright and wide pictures mapped, pixels square."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from installation.clock import FrameClock
from installation.messages import Image
from installation.sources import CaptureSettings
from installation.sources.colour import ColourReader
from installation.sources.square import square
from installation.sources.video import video_file

BT709, BT601, BT2020 = 1, 5, 9  # AVColorSpace, and of BT.2020 its primaries too
LIMITED, FULL = 1, 2  # AVColorRange
SRGB, PQ, HLG = 13, 16, 18  # AVColorTransferCharacteristic
KR_KB = {BT709: (0.2126, 0.0722), BT601: (0.299, 0.114), BT2020: (0.2627, 0.0593)}
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # from BT.709
SKIN, GREY, PAPER = (200, 140, 110), (128, 128, 128), (240, 238, 230)


def frame(rgb: np.ndarray, matrix: int, full: bool = False, bits: int = 8, shape: tuple[int, int] = (64, 48)) -> av.VideoFrame:
    """One even picture of a signal 0…1."""
    kr, kb = KR_KB[matrix]
    y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2]
    chroma = np.array([(rgb[2] - y) / (2 * (1 - kb)), (rgb[0] - y) / (2 * (1 - kr))])
    top, scale = (1 << bits) - 1, 1 << (bits - 8)
    luma = y * top if full else (16 + 219 * y) * scale
    levels = np.rint([luma, *(chroma * top + (top + 1) / 2 if full else (128 + 224 * chroma) * scale)]).clip(0, top)
    picture = av.VideoFrame(*shape, "yuv420p" if bits == 8 else "yuv420p10le")
    for plane, level in zip(picture.planes, levels, strict=True):
        plane.update(np.full(plane.buffer_size // (1 if bits == 8 else 2), level, np.uint8 if bits == 8 else np.uint16).tobytes())
    picture.colorspace, picture.color_range = matrix, FULL if full else LIMITED
    return picture


def linear(srgb: tuple[int, int, int]) -> np.ndarray:
    code = np.array(srgb) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def pq(light: np.ndarray) -> np.ndarray:
    """BT.2100's inverse EOTF; 1: white at 203 cd/m²."""
    p = (light * 203 / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * p) / (1 + 2392 / 128 * p)) ** (2523 / 32)


def hlg(light: np.ndarray) -> np.ndarray:
    """BT.2100's inverse OOTF for 1000 cd/m², then its OETF."""
    display = light * 0.203
    luminance = float(display @ (0.2627, 0.6780, 0.0593)) ** (1 / 1.2)
    scene = display * luminance ** (1 - 1.2) if luminance else display
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def shown(picture: av.VideoFrame) -> np.ndarray:
    return ColourReader().read(picture, None)[20, 20].astype(int)


@pytest.mark.parametrize("matrix", KR_KB)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("colour", [SKIN, GREY, PAPER])
def test_matrix_and_range_are_those_that_the_clip_names(matrix: int, full: bool, colour: tuple[int, int, int]) -> None:
    assert np.abs(shown(frame(np.array(colour) / 255, matrix, full)) - colour).max() <= 3


@pytest.mark.parametrize("matrix", [3, 8, 10, 14])
def test_a_matrix_that_cannot_be_read_still_gives_a_picture(matrix: int) -> None:
    picture = frame(np.array(GREY) / 255, BT601)
    picture.colorspace = matrix
    assert np.abs(shown(picture) - GREY).max() <= 3


@pytest.mark.parametrize(("transfer", "signal"), [(PQ, pq), (HLG, hlg)])
@pytest.mark.parametrize("colour", [(8, 8, 8), GREY, SKIN, (60, 90, 150)])
def test_hlg_and_pq_look_as_on_a_bright_screen(transfer: int, signal, colour: tuple[int, int, int]) -> None:
    picture = frame(signal(TO_BT2020 @ linear(colour)), BT2020, bits=10)
    picture.color_trc, picture.color_primaries = transfer, BT2020
    assert np.abs(shown(picture) - colour).max() <= 4


@pytest.mark.parametrize(("transfer", "signal"), [(PQ, pq), (HLG, hlg)])
def test_highlights_are_pressed_together_not_cut(transfer: int, signal) -> None:
    levels = []
    for light in (0.7, 1.0, 2.0, 4.0, 4.9):
        picture = frame(signal(np.full(3, light)), BT2020, bits=10)
        picture.color_trc = transfer  # the primaries are not named: of such a picture they are BT.2020's
        levels.append(int(shown(picture)[1]))
    assert levels == sorted(set(levels)) and 215 < levels[1] < 250 and levels[-1] >= 253


def test_wide_colours_of_a_plain_clip_are_narrowed() -> None:
    light = TO_BT2020 @ linear(SKIN)
    picture = frame(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055), BT2020)
    picture.color_trc, picture.color_primaries = 14, BT2020
    assert np.abs(shown(picture) - SKIN).max() <= 4


def test_one_reader_takes_pictures_of_changing_kinds() -> None:
    reader = ColourReader()
    bright = frame(pq(linear(GREY)), BT2020, bits=10, shape=(96, 64))
    bright.color_trc = PQ
    for picture in (frame(np.array(GREY) / 255, BT709), bright, frame(np.array(GREY) / 255, BT601, shape=(32, 32))):
        image = reader.read(picture, None)
        assert image.shape == (picture.height, picture.width, 3) and np.abs(image.astype(int) - 128).max() <= 3


@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        ((720, 576), Fraction(64, 45), (1024, 576)),  # PAL, wide
        ((720, 576), Fraction(16, 15), (768, 576)),
        ((720, 480), Fraction(8, 9), (720, 540)),  # NTSC: no column is lost
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),  # HDV
        ((3840, 2160), Fraction(2, 1), (3840, 1080)),
        ((640, 360), Fraction(1, 1000), (640, 360)),  # damage
        ((640, 360), Fraction(1), (640, 360)),
        ((640, 360), None, (640, 360)),
        ((0, 0), None, (0, 0)),  # damage
    ],
)
def test_pixels_become_square(size: tuple[int, int], shape: Fraction | None, expected: tuple[int, int]) -> None:
    assert square(*size, shape) == expected


def disc(path: Path, shape: Fraction) -> Path:
    """A clip that shows a round disc on a screen, with pixels of ``shape``."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 180, 144, "yuv420p"
        stream.codec_context.sample_aspect_ratio = shape
        y, x = np.mgrid[:144, :180]
        inside = ((x - 90) * float(shape)) ** 2 + (y - 72) ** 2 < 50**2
        image: Image = np.repeat(np.where(inside, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("shape", [Fraction(64, 45), Fraction(8, 9)])
def test_a_disc_is_round_whatever_the_pixels(tmp_path: Path, name: str, shape: Fraction) -> None:
    with video_file(disc(tmp_path / name, shape), CaptureSettings(), FrameClock(10), realtime=False) as source:
        picture = source.read()
    assert picture is not None
    bright = picture.image[..., 1] > 128
    wide, tall = np.ptp(np.flatnonzero(bright.any(axis=0))), np.ptp(np.flatnonzero(bright.any(axis=1)))
    assert wide == pytest.approx(tall, rel=0.04)
