"""Stills: every kind of picture becomes uint8 RGB, upright and bounded; a folder is shown in order."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.clock import FrameClock
from installation.errors import SourceError
from installation.sources import CaptureSettings, SourceEnded
from installation.sources.base import MAX_SIDE
from installation.sources.stills import StillSource, read_picture

SETTINGS = CaptureSettings(fps=4, still_seconds=0.5)
RAMP = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))  # 64×32, dark on the left


def save(path: Path, values: np.ndarray, mode: str | None = None, **options: object) -> Path:
    picture = Pillow.fromarray(values)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", ".png"), ("RGB", ".bmp"), ("RGBA", ".png"), ("P", ".png"), ("CMYK", ".jpg"), ("1", ".png")]
)
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str, suffix: str) -> None:
    image = read_picture(save(tmp_path / f"ramp{suffix}", RAMP, mode))
    assert image.shape == (32, 64, 3) and image.dtype == np.uint8
    assert image[:, :16].mean() < 60 and image[:, 48:].mean() > 190


@pytest.mark.parametrize("values", [RAMP.astype(np.uint16) * 257, (RAMP / 255).astype(np.float32), RAMP.astype(np.int32) * 257])
def test_deep_grey_is_scaled_not_clipped(tmp_path: Path, values: np.ndarray) -> None:
    image = read_picture(save(tmp_path / "deep.tif", values))
    assert np.abs(image[..., 1].astype(int) - RAMP).max() <= 1


def test_nan_in_a_float_picture_is_black(tmp_path: Path) -> None:
    values = (RAMP / 255).astype(np.float32)
    values[:, -1] = np.nan
    image = read_picture(save(tmp_path / "nan.tif", values))
    assert image[0, -1, 0] == 0 and abs(int(image[0, -2, 0]) - int(RAMP[0, -2])) <= 1


def test_transparent_pixels_lie_on_grey(tmp_path: Path) -> None:
    values = np.full((16, 16, 4), 255, np.uint8)
    values[:, :8, 3] = 0
    image = read_picture(save(tmp_path / "half.png", values))
    assert image[0, 0].tolist() == [128, 128, 128] and image[0, 15].tolist() == [255, 255, 255]


def test_exif_turns_the_picture_upright(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the camera was held on its side: turn clockwise
    image = read_picture(save(tmp_path / "side.png", RAMP, exif=exif))
    assert image.shape == (64, 32, 3) and image[0].mean() < image[-1].mean()


def test_the_smallest_and_a_huge_picture(tmp_path: Path) -> None:
    assert read_picture(save(tmp_path / "tiny.png", RAMP[:16, :16])).shape == (16, 16, 3)
    huge = read_picture(save(tmp_path / "huge.jpg", np.full((6000, 8000), 90, np.uint8), quality=30))
    assert max(huge.shape) <= MAX_SIDE and abs(huge.shape[1] / huge.shape[0] - 8000 / 6000) < 0.01 and abs(int(huge[0, 0, 0]) - 90) < 4


def test_a_picture_that_claims_too_many_pixels_is_refused(tmp_path: Path) -> None:
    Pillow.new("1", (20000, 8000)).save(tmp_path / "bomb.png")
    with pytest.raises(SourceError, match=r"bomb\.png: claims 20000×8000"):
        read_picture(tmp_path / "bomb.png")


def test_a_truncated_picture_is_one_sentence(tmp_path: Path) -> None:
    whole = save(tmp_path / "a.jpg", np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError) as caught:
        read_picture(tmp_path / "cut.jpg")
    assert "cut.jpg" in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_is_shown_in_order_and_skips_what_is_broken(tmp_path: Path) -> None:
    for name, level in (("b.png", 100), ("a.png", 50), ("d.png", 200)):
        save(tmp_path / name, np.full((8, 8), level, np.uint8))
    (tmp_path / "c.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no picture either")
    with StillSource(tmp_path, SETTINGS, FrameClock(4), realtime=False) as source:
        levels = [int(frame.image[0, 0, 0]) for frame in (source.read() for _ in range(8)) if frame is not None]
    assert levels == [50, 50, 100, 100, 200, 200, 50, 50]
    assert source.frames_skipped == 1


def test_a_folder_that_does_not_loop_ends(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
    with StillSource(tmp_path, CaptureSettings(fps=4, still_seconds=0.5, loop=False), FrameClock(4), realtime=False) as source:
        assert source.read() is not None and source.read() is not None
        with pytest.raises(SourceEnded):
            source.read()
