"""Photographs as people bring them: turned, deep, for printing, moving, broken, enormous."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from installation.errors import SourceError
from installation.sources.stills import read_picture
from installation.studio.photograph import DRAFT_PX, LEAST_PX, MOST_PIXELS, VIEW_PX, read_photograph, shown_name
from tests.studio.conftest import encoded


def scene(width=120, height=90):
    """Red above, blue beneath, a white mark at the upper left."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, :, 0], picture[height // 2 :, :, 2] = 220, 220
    picture[: height // 4, : width // 6] = 255
    return picture


def near(a, b, most=12):
    return a.shape == b.shape and float(np.abs(a.astype(int) - b).mean()) < most


def bomb(width, height):
    """A small file that claims an enormous picture."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_kinds_that_people_have(kind):
    photograph, whole = read_photograph(encoded(scene(), kind), "a.x")
    assert near(whole, scene()) and near(photograph.view, scene()) and photograph.name == "a.x"
    assert near(photograph.whole(), scene())


def test_avif_where_pillow_reads_it():
    if ".avif" not in Image.registered_extensions():
        pytest.skip("this Pillow has no AVIF")
    assert near(read_photograph(encoded(scene(), "AVIF"), "a.avif")[1], scene(), 20)


def test_a_heic_of_a_phone_is_read_in_memory_alone(tmp_path, monkeypatch):
    file = Path(__file__).resolve().parents[1] / "data" / "ramp.heic"
    monkeypatch.chdir(tmp_path)
    photograph, whole = read_photograph(file.read_bytes(), "ramp.heic")
    assert (whole == read_picture(file)).all() and (photograph.whole() == whole).all()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_says(kind, orientation):
    turns = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how the upright picture becomes the stored one
    upright = Image.fromarray(scene())
    stored = upright if turns[orientation] is None else upright.transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert near(read_photograph(encoded(stored, kind, exif=exif), "a")[1], scene(), 25)


def test_deep_grey_and_printers_pictures_are_converted():
    deep = np.linspace(0, 65535, 90 * 120).reshape(90, 120).astype(np.uint16)
    whole = read_photograph(encoded(Image.fromarray(deep)), "deep.png")[1]
    assert whole.dtype == np.uint8 and whole[0].mean() < 5 and whole[-1].mean() > 250
    printed = read_photograph(encoded(Image.fromarray(scene()).convert("CMYK"), "JPEG"), "print.jpg")
    assert near(printed[1], scene(), 40) and printed[0].profile == b""


def test_of_a_moving_picture_the_first_is_taken_and_that_is_said():
    frames = [Image.fromarray(scene()), Image.fromarray(scene()[::-1])]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    photograph, whole = read_photograph(data, "dance.gif")
    assert near(whole, scene(), 20) and "animated" in photograph.notices[0]


def test_a_colour_profile_stays_with_the_picture():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read_photograph(encoded(scene(), "JPEG", icc_profile=profile), "a.jpg")[0].profile == profile
    assert read_photograph(encoded(scene(), "JPEG"), "a.jpg")[0].profile == b""


def test_what_is_looked_at_is_smaller_than_what_is_kept():
    large = np.zeros((1000, 2400, 3), np.uint8)
    photograph, _ = read_photograph(encoded(large), "wide.png")
    assert (photograph.width, photograph.height) == (2400, 1000)
    assert max(photograph.view.shape) == VIEW_PX and max(photograph.draft.shape) == DRAFT_PX
    assert photograph.whole().shape == (1000, 2400, 3)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "no picture"),
        (b"PK\x03\x04" + bytes(500), "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n", "no picture"),
        (encoded(scene(400, 300), "JPEG")[:3000], "cut off"),
        (encoded(scene(400, 300))[:200], "cut off"),
        (bomb(40_000, 30_000), "pixels"),
        (bomb(9_000, 8_000), "megapixels"),
        (encoded(scene(LEAST_PX - 1, 200)), "tiny"),
        (b"\0\0\0\x18ftypheic" + bytes(200), "a.jpg"),
    ],
    ids=["empty", "text", "zip", "postscript", "half a JPEG", "half a PNG", "bomb", "large", "tiny", "broken HEIC"],
)
def test_what_cannot_be_taken_is_told_in_a_sentence(data, why):
    with pytest.raises(SourceError, match=why) as told:
        read_photograph(data, "folder/a.jpg")
    assert str(told.value).startswith("a.jpg: ") and "/proc/" not in str(told.value)


def test_a_claim_is_checked_before_anything_is_decoded(monkeypatch):
    def never(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr("installation.studio.photograph._pixels", never)
    side = int(MOST_PIXELS**0.5) + 1
    with pytest.raises(SourceError, match="megapixels"):
        read_photograph(bomb(side, side), "a.png")


def test_names_are_shown_on_one_line_without_folders():
    assert shown_name("C:\\pictures\\me\nher.jpg") == "me·her.jpg" and shown_name("") == "the picture"
    assert len(shown_name("x" * 500 + ".jpg")) == 60 and shown_name("x" * 500 + ".jpg").endswith(".jpg")


def test_the_same_file_is_known_again():
    data = encoded(scene())
    assert read_photograph(data, "a")[0].digest == read_photograph(bytes(data), "b")[0].digest
    assert read_photograph(encoded(scene()[::-1]), "a")[0].digest != read_photograph(data, "a")[0].digest


def test_pictures_of_a_file_say_nothing_of_where_it_was_taken():
    exif = Image.Exif()
    exif[0x8825] = {1: "N"}
    from installation.studio.pictures import jpeg, png

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photograph, whole = read_photograph(encoded(scene(), "JPEG", exif=exif, icc_profile=profile), "a.jpg")
    for data in (jpeg(whole, True, photograph.profile), png(whole, photograph.profile)):
        again = Image.open(io.BytesIO(data))
        assert again.info["icc_profile"] == profile and not again.getexif() and near(np.asarray(again), whole)
    assert (np.asarray(Image.open(io.BytesIO(png(whole, profile)))) == whole).all()
