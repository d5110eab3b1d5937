"""An artist's own pictures become styles, and what cannot be one is said once."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.messages import Image
from installation.styles.bank import BANK
from installation.styles.folder import MOST_STYLES, VECTOR, VECTORS, StyleFolder, read_picture
from installation.styles.names import style_name

HEIC = Path(__file__).parents[1] / "data" / "ramp.heic"
SHIPPED = Path(__file__).resolve().parents[2] / "styles"


class Predicting:
    """Stands in for the network: a vector of the mean colour, and a count of pictures."""

    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, picture: Image) -> np.ndarray:
        assert picture.shape == (256, 256, 3) and picture.dtype == np.uint8
        self.pictures += 1
        vector = np.zeros(VECTOR, np.float32)
        vector[:3] = picture.mean(axis=(0, 1))
        return vector


def save(path: Path, colour: tuple[int, ...] = (200, 40, 40), size: tuple[int, int] = (80, 60), mode: str = "RGB") -> None:
    Pillow.new(mode, size, colour).save(path)


def test_a_picture_is_a_style_named_after_its_file(tmp_path: Path) -> None:
    save(tmp_path / "Roter Garten.png")
    found = StyleFolder(tmp_path, Predicting()).look()
    assert [one.name for one in found.paintings] == ["roter-garten"] and found.notice == ""
    assert np.allclose(found.paintings[0].vector[:3], (200, 40, 40), atol=1)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Nächtlicher Garten v1.2", "naechtlicher-garten-v1-2"),
        ("Été, encore", "ete-encore"),
        ("Straße nach Łódź", "strasse-nach-lodz"),
        ("二人", "style"),
        ("12", "style-12"),
        ("walk", "walk-2"),
        ("ink", "ink-2"),
        ("/../..", "style"),
        ("x" * 200, "x" * 48),
    ],
)
def test_a_name_that_an_address_can_hold(title: str, name: str) -> None:
    assert style_name(title, {style.name for style in BANK}) == name


def test_two_files_of_one_name_are_two_styles(tmp_path: Path) -> None:
    save(tmp_path / "Mohn.png")
    save(tmp_path / "mohn.jpg")
    assert [one.name for one in StyleFolder(tmp_path, Predicting()).look().paintings] == ["mohn", "mohn-2"]


def broken(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\nnothing more")


def cut_off(path: Path) -> None:
    Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:20_000])


def animated(path: Path) -> None:
    frames = [Pillow.new("RGB", (60, 60), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("name", "make", "why"),
    [
        ("broken.png", broken, "is broken"),
        ("cut.png", cut_off, "is broken"),
        ("dot.png", lambda path: save(path, size=(1, 1)), r"is tiny \(1×1 px\)"),
        ("wall.png", lambda path: Pillow.new("1", (20_000, 20_000)).save(path), "is huge"),
        ("moving.gif", animated, "is animated"),
        ("moving.webp", animated, "is animated"),
        ("print.jpg", lambda path: save(path, (0, 100, 100, 0), mode="CMYK"), "CMYK"),
        ("folder.png", lambda path: path.mkdir(), "is no file"),
    ],
)
def test_what_is_no_style_is_left_out_and_said_once(name: str, make: Callable[[Path], None], why: str, tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    make(tmp_path / name)
    folder = StyleFolder(tmp_path, Predicting())
    found = folder.look()
    assert [one.name for one in found.paintings] == ["good"]
    assert name in found.notice and re.search(why, found.notice)
    assert folder.look().notice == ""


def test_five_hundred_pictures_are_as_many_styles_as_there_can_be(tmp_path: Path) -> None:
    for k in range(500):
        save(tmp_path / f"{k:03}.png", (k % 256, 0, 0))
    predict = Predicting()
    folder = StyleFolder(tmp_path, predict)
    found = folder.look()
    assert len(found.paintings) == MOST_STYLES == predict.pictures
    assert found.notice.count("500 pictures are too many") == 1
    assert folder.look().notice == ""


def test_files_that_are_no_style_take_no_place_from_those_that_are(tmp_path: Path) -> None:
    for k in range(MOST_STYLES + 6):
        broken(tmp_path / f"a-{k:02}.png")
    for k in range(MOST_STYLES):
        save(tmp_path / f"b-{k:02}.png")
    folder = StyleFolder(tmp_path, Predicting())
    found = folder.look()
    assert len(found.paintings) == MOST_STYLES and "too many" not in found.notice
    save(tmp_path / "c.png")
    assert "129 pictures" not in (notice := folder.look().notice) and "135 pictures are too many, and those after b-63.png" in notice
    assert folder.look().notice == ""


@pytest.mark.parametrize("name", ["scan.png", "scan.tif"])
def test_a_grey_scan_of_sixteen_bits_keeps_its_tones(name: str, tmp_path: Path) -> None:
    tones = np.broadcast_to(np.linspace(0, 65535, 256).astype(np.uint16), (256, 256))
    Pillow.fromarray(np.ascontiguousarray(tones)).save(tmp_path / name)
    assert np.abs(read_picture(tmp_path / name).astype(int) - np.arange(256)[None, :, None]).max() <= 2


def test_a_huge_picture_is_said_by_us_alone(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    Pillow.new("1", (10_500, 9_000)).save(tmp_path / "wall.png")  # of a size that Pillow warns of
    assert "is huge (10500×9000 px)" in StyleFolder(tmp_path, Predicting()).look().notice and not recwarn.list


def test_many_bad_files_make_one_notice(tmp_path: Path) -> None:
    for k in range(40):
        broken(tmp_path / f"bad-{k:02}.png")
    notice = StyleFolder(tmp_path, Predicting()).look().notice
    assert "bad-00.png" in notice and "35 more like it" in notice and "\n" not in notice


def test_a_picture_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    predict = Predicting()
    folder = StyleFolder(tmp_path, predict)
    folder.look()
    folder.look()
    assert predict.pictures == 1
    save(tmp_path / "a.png", (0, 0, 255), (90, 60))
    assert folder.look().paintings[0].vector[2] > 200 and predict.pictures == 2


def test_the_vector_is_kept_beside_the_picture(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    first = StyleFolder(tmp_path, Predicting()).look()
    again = Predicting()
    second = StyleFolder(tmp_path, again).look()
    assert again.pictures == 0 and np.array_equal(first.paintings[0].vector, second.paintings[0].vector)
    kept = next((tmp_path / VECTORS).iterdir())
    kept.write_bytes(b"\x93NUMPY nonsense")
    assert np.array_equal(StyleFolder(tmp_path, again).look().paintings[0].vector, first.paintings[0].vector) and again.pictures == 1


def test_a_deleted_picture_is_no_style_any_more(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    folder = StyleFolder(tmp_path, Predicting())
    folder.look()
    (tmp_path / "a.png").unlink()
    assert [one.name for one in folder.look().paintings] == ["b"]


def test_a_folder_that_is_not_there_is_said_once_and_read_when_it_comes(tmp_path: Path) -> None:
    folder = StyleFolder(tmp_path / "nowhere", Predicting())
    found = folder.look()
    assert found.paintings == () and "nowhere: this folder of styles cannot be read (No such file" in found.notice
    assert folder.look().notice == ""
    (tmp_path / "nowhere").mkdir()
    save(tmp_path / "nowhere" / "a.png")
    found = folder.look()
    assert [one.name for one in found.paintings] == ["a"] and found.notice == ""


def test_a_picture_as_a_phone_writes_it_is_a_style_or_said_to_be_none(tmp_path: Path) -> None:
    shutil.copy(HEIC, tmp_path / "phone.HEIC")
    save(tmp_path / "web.avif", (200, 40, 40))
    (tmp_path / "cut.heic").write_bytes(HEIC.read_bytes()[:400])
    found = StyleFolder(tmp_path, Predicting()).look()
    assert [one.name for one in found.paintings] == ["phone", "web"] and "cut.heic" in found.notice


def test_each_picture_that_finds_no_room_is_said(tmp_path: Path) -> None:
    for k in range(MOST_STYLES):
        save(tmp_path / f"m-{k:02}.png")
    folder = StyleFolder(tmp_path, Predicting())
    assert folder.look().notice == ""
    for name in ("zz.png", "aa.png"):  # one that is left out, and one that drives another out
        save(tmp_path / name)
        assert "too many" in folder.look().notice and folder.look().notice == ""


def test_a_broken_card_leaves_the_picture_a_style_and_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "a.yaml").write_text("title: [")
    found = StyleFolder(tmp_path, Predicting()).look()
    assert [one.name for one in found.paintings] == ["a"] and "a.png has a card that cannot be read" in found.notice


def test_six_works_ship_with_title_painter_and_year(tmp_path: Path) -> None:
    copy = shutil.copytree(SHIPPED, tmp_path / "styles", ignore=shutil.ignore_patterns(VECTORS))
    found = StyleFolder(copy, Predicting()).look()
    assert len(found.paintings) >= 6 and found.notice == "" and all(one.description.count(",") >= 2 for one in found.paintings)
    for path in SHIPPED.glob("*.webp"):
        with Pillow.open(path) as picture:
            assert max(picture.size) <= 384
