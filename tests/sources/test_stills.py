"""Stills: every kind of picture becomes uint8 RGB, upright and bounded; a folder is shown in order."""

import io
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, ImageCms
from PIL import Image as Pillow

from installation.clock import FrameClock
from installation.errors import SourceError
from installation.sources import CaptureSettings, SourceEnded
from installation.sources.base import MAX_SIDE
from installation.sources.slideshow import StillSource
from installation.sources.stills import read_picture, read_still

DATA = Path(__file__).parents[1] / "data"
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


@pytest.mark.parametrize(("mode", "suffix", "kept"), [
    ("RGB", ".jpg", True), ("RGB", ".png", True), ("P", ".png", True), ("RGBA", ".webp", True), ("L", ".jpg", False),
    ("CMYK", ".jpg", False),
])  # fmt: skip
def test_a_profile_of_colours_is_kept_and_one_of_greys_or_inks_is_not(tmp_path: Path, mode: str, suffix: str, kept: bool) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image, found = read_still(save(tmp_path / f"ramp{suffix}", RAMP, mode, icc_profile=profile))
    assert image.shape == (32, 64, 3) and found == (profile if kept else b"")
    assert read_still(save(tmp_path / f"plain{suffix}", RAMP, mode))[1] == b""


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


def test_a_picture_may_be_read_larger(tmp_path: Path) -> None:
    wide = save(tmp_path / "wide.jpg", np.full((20, MAX_SIDE + 400), 90, np.uint8))
    assert read_picture(wide).shape[1] == MAX_SIDE and read_picture(wide, most=5000).shape == (20, MAX_SIDE + 400, 3)


@pytest.mark.parametrize("most", [MAX_SIDE, 24])
def test_a_heic_is_the_same_from_a_file_and_from_memory_and_no_larger_than_asked_for(most: int) -> None:
    file = DATA / "ramp.heic"
    image = read_picture(file, most=most)
    assert max(image.shape) == min(most, max(read_picture(file).shape))
    assert (read_picture(Path("picture"), io.BytesIO(file.read_bytes()), most) == image).all()


def test_a_heic_in_memory_that_claims_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installation.sources.stills.MAX_PIXELS", 10)
    monkeypatch.setattr("installation.sources.heif.read_heif", lambda path: pytest.fail("decoded"))
    with pytest.raises(SourceError, match=r"^picture: claims \d+×\d+ pixels"):
        read_picture(Path("picture"), io.BytesIO((DATA / "ramp.heic").read_bytes()))


@pytest.mark.parametrize("name", ["a.eps", "a.jpg"])
def test_a_picture_that_is_a_program_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n0 0 moveto 90 90 lineto stroke\nshowpage\n%%EOF\n"
    (tmp_path / name).write_bytes(program)
    run: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **more: run.append(given) or Pillow.new("RGB", (90, 90)).im)
    for data in (None, io.BytesIO(program)):
        with pytest.raises(SourceError, match="cannot be read as a picture"):
            read_picture(tmp_path / name, data)
    assert not run


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


def level(source: StillSource) -> int | None:
    frame = source.read()
    return None if frame is None else int(frame.image.mean())


def test_every_kind_of_picture_in_a_folder_is_shown(tmp_path: Path) -> None:
    shutil.copy(DATA / "ramp.heic", tmp_path / "a.HEIC")
    for number, name in enumerate(("b.avif", "c.jfif", "d.apng", "e.webp", "f.jp2", "g.tga", "h.JPE"), start=1):
        kind = {"jfif": "JPEG", "apng": "PNG", "jpe": "JPEG"}.get(name.partition(".")[2].lower())
        save(tmp_path / name, np.full((16, 16), 20 * number, np.uint8), "RGB", **({"format": kind} if kind else {}))
    (tmp_path / ".hidden.png").write_bytes(b"half a download")
    with StillSource(tmp_path, CaptureSettings(fps=4, still_seconds=0.25), FrameClock(4), realtime=False) as source:
        levels = [level(source) for _ in range(8)]
    assert levels[0] == pytest.approx(126, abs=6)
    assert levels[1:] == pytest.approx([20 * number for number in range(1, 8)], abs=3)
    assert source.complaint == ""


def test_a_heic_alone_is_a_still_like_any_other() -> None:
    image = read_picture(DATA / "ramp.heic")
    assert image.shape == (64, 128, 3)
    assert image[:, :16].mean() < 30 and image[:, -16:].mean() > 220


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.apng", "a.avif"])
def test_an_animated_picture_plays_at_its_own_pace(tmp_path: Path, name: str) -> None:
    levels, seconds = (40, 120, 200), (200, 500, 300)
    pictures = [Pillow.fromarray(np.full((32, 32, 3), level, np.uint8)) for level in levels]
    kind = {"apng": "PNG"}.get(name[2:])
    pictures[0].save(tmp_path / name, kind, save_all=True, append_images=pictures[1:], duration=list(seconds), loop=0)
    with StillSource(tmp_path / name, CaptureSettings(fps=10), FrameClock(10), realtime=False) as source:
        shown = [level(source) for _ in range(20)]
    expected = [40] * 2 + [120] * 5 + [200] * 3
    assert shown == pytest.approx(expected * 2, abs=4)


def test_an_animation_in_a_folder_is_played_to_its_end_and_at_least_as_long_as_a_still(tmp_path: Path) -> None:
    for name, times in (("a.webp", (500, 500)), ("b.webp", (100, 100))):
        pictures = [Pillow.fromarray(np.full((16, 16, 3), level, np.uint8)) for level in (50, 150)]
        pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=list(times), loop=0, lossless=True)
    save(tmp_path / "c.png", np.full((16, 16), 250, np.uint8))
    with StillSource(tmp_path, CaptureSettings(fps=10, still_seconds=0.4), FrameClock(10), realtime=False) as source:
        shown = [level(source) for _ in range(19)]
    assert shown == [50] * 5 + [150] * 5 + [50, 150] * 2 + [250] * 4 + [50]


def test_an_animation_that_does_not_loop_ends_with_its_last_picture(tmp_path: Path) -> None:
    pictures = [Pillow.fromarray(np.full((16, 16, 3), level, np.uint8)) for level in (50, 150)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=[200, 200], lossless=True)
    with StillSource(tmp_path / "a.webp", CaptureSettings(fps=10, loop=False), FrameClock(10), realtime=False) as source:
        assert [level(source) for _ in range(4)] == [50, 50, 150, 150]
        with pytest.raises(SourceEnded):
            source.read()


def test_the_picture_for_those_who_cannot_play_a_png_is_not_part_of_it(tmp_path: Path) -> None:
    pictures = [Pillow.fromarray(np.full((16, 16, 3), level, np.uint8)) for level in (50, 150)]
    still = Pillow.fromarray(np.full((16, 16, 3), 250, np.uint8))
    still.save(tmp_path / "a.png", save_all=True, append_images=pictures, duration=[100, 100], default_image=True)
    with StillSource(tmp_path / "a.png", CaptureSettings(fps=10), FrameClock(10), realtime=False) as source:
        assert [level(source) for _ in range(4)] == [50, 150, 50, 150]


class Slides:
    """A folder that is shown picture by picture, each for a second, at a clock that the test turns."""

    def __init__(self, folder: Path) -> None:
        self.clock = FrameClock(1)
        self.source = StillSource(folder, CaptureSettings(fps=1, still_seconds=1), self.clock, realtime=False).open()

    def __call__(self, seconds: int) -> list[int | None]:
        shown = []
        for _ in range(seconds):
            shown.append(level(self.source))
            self.clock.advance()
        return shown


def test_new_pictures_join_and_deleted_ones_leave(tmp_path: Path) -> None:
    for name, value in (("b.png", 100), ("d.png", 200)):
        save(tmp_path / name, np.full((8, 8), value, np.uint8))
    slides = Slides(tmp_path)
    assert slides(4) == [100, 200, 100, 200]
    save(tmp_path / "c.png", np.full((8, 8), 150, np.uint8))
    assert slides(12)[-3:] in ([100, 150, 200], [150, 200, 100], [200, 100, 150])
    (tmp_path / "b.png").unlink()
    assert set(slides(12)[-4:]) == {150, 200}
    for path in tmp_path.iterdir():
        path.unlink()
    assert slides(12)[-3:] == [None] * 3  # nobody stays on the wall
    save(tmp_path / "z.png", np.full((8, 8), 70, np.uint8))
    assert slides(12)[-3:] == [70] * 3
    slides.source.close()


def test_a_half_written_picture_waits_and_one_that_changes_is_read_again(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.full((8, 8), 100, np.uint8))
    whole = save(tmp_path / "whole.jpg", np.full((64, 64), 200, np.uint8)).read_bytes()
    (tmp_path / "whole.jpg").unlink()
    slides = Slides(tmp_path)
    growing = tmp_path / "b.jpg"
    for part in range(1, 8):  # it never looks the same twice
        growing.write_bytes(whole[: len(whole) * part // 10])
        assert slides(2) == [100] * 2
    assert slides.source.frames_skipped == 0
    growing.write_bytes(whole)
    assert set(slides(12)[-4:]) == {100, 200}
    save(tmp_path / "a.png", np.full((9, 9), 30, np.uint8))
    assert set(slides(12)[-4:]) == {30, 200}
    slides.source.close()


def test_what_cannot_be_read_is_named_in_one_sentence_until_it_can(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.full((8, 8), 100, np.uint8))
    for name in ("b.heic", "c.png", "d.webp"):
        (tmp_path / name).write_bytes(b"no picture")
    slides = Slides(tmp_path)
    assert set(slides(8)) == {100}
    assert slides.source.complaint == f"{tmp_path}: 3 pictures cannot be read and are left out: b.heic, c.png, d.webp"
    assert slides.source.frames_skipped == 3  # one try each
    save(tmp_path / "c.png", np.full((8, 8), 180, np.uint8))
    (tmp_path / "d.webp").unlink()
    assert set(slides(14)[-4:]) == {100, 180}
    assert slides.source.complaint == f"{tmp_path}: 1 picture cannot be read and is left out: b.heic"
    slides.source.close()


def test_an_animation_holds_one_picture_in_memory(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    pictures = [Pillow.fromarray(np.roll(noise, number, axis=1)) for number in range(40)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=100)
    with StillSource(tmp_path / "a.webp", CaptureSettings(fps=10), FrameClock(10), realtime=False) as source:
        kept = []
        for _ in range(30):
            frame = source.read()
            assert frame is not None
            kept.append(weakref.ref(frame.image))
        del frame
        assert sum(one() is not None for one in kept) <= 2
