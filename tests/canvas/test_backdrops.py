"""Pictures of a folder to stand before: found at the start, broken ones told of once, brought to the canvas."""

import time

import numpy as np
import pytest
from PIL import EpsImagePlugin
from PIL import Image as Pillow

from installation.canvas.backdrops import Backdrops, find_pictures
from installation.commands.backgrounds import SCENES, main
from installation.control.installed import BACKGROUNDS
from installation.control.parameters import parameter_table


def write(path, size=(64, 36), colour=(200, 40, 30)):
    Pillow.new("RGB", size, colour).save(path)


def test_every_picture_is_found_and_a_broken_one_is_told_of(tmp_path):
    for name in ("b.png", "a.jpg", "c d.webp", "Größe.jpeg"):
        write(tmp_path / name)
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.png").write_text("no picture")
    write(tmp_path / "b.webp")
    (tmp_path / "notes.txt").write_text("not asked for")
    write(tmp_path / ".hidden.png")
    (tmp_path / "folder.png").mkdir()
    found = find_pictures(tmp_path)
    assert set(found.paths) == {"a", "b", "c d", "Größe"}
    assert found.notice.count("\n") == 0
    for name in ("torn.jpg", "words.png", "b.webp", "folder.png"):
        assert name in found.notice
    assert "notes.txt" not in found.notice and "hidden" not in found.notice


def test_a_program_is_no_picture_and_deep_grey_keeps_its_tones(tmp_path, monkeypatch):
    run = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **more: run.append(given) or Pillow.new("RGB", (90, 90)).im)
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n0 0 moveto 90 90 lineto stroke\nshowpage\n%%EOF\n"
    (tmp_path / "program.jpg").write_bytes(program)
    Pillow.fromarray(np.full((36, 64), 100 * 257, np.uint16)).save(tmp_path / "deep.png")
    found = find_pictures(tmp_path)
    assert set(found.paths) == {"deep"} and "program.jpg cannot be read as a picture" in found.notice and not run
    assert np.abs(Backdrops(64, 36, found.paths).get("deep").astype(int) - 100).max() <= 1


def test_no_folder_has_no_pictures_and_no_choices(tmp_path):
    found = find_pictures(tmp_path / "nowhere")
    assert not found.paths and not found.notice
    plain = parameter_table([], [])["look/background"].choices
    assert parameter_table([], [], backgrounds=("a", "b"))["look/background"].choices == (*plain, "picture:a", "picture:b")


@pytest.mark.parametrize("size", [(64, 36), (36, 64), (400, 100), (3, 2)])
def test_a_picture_covers_the_canvas(tmp_path, size):
    write(tmp_path / "one.png", size)
    picture = Backdrops(128, 72, find_pictures(tmp_path).paths).get("one")
    assert picture.shape == (72, 128, 3)
    assert np.abs(picture.astype(int) - (200, 40, 30)).max() <= 1


def test_a_photograph_that_lies_on_its_side_stands_up(tmp_path):
    picture = Pillow.fromarray(np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    picture.save(tmp_path / "side.jpg", exif=exif)
    upright = Backdrops(64, 64, find_pictures(tmp_path).paths).get("side")
    assert upright[60, 32, 0] > 230 and upright[4, 32, 0] < 30


def test_a_live_show_does_not_wait_and_does_not_stop(tmp_path):
    write(tmp_path / "one.png")
    write(tmp_path / "gone.png")
    backdrops = Backdrops(128, 72, find_pictures(tmp_path).paths, live=True)
    (tmp_path / "gone.png").unlink()
    until = time.monotonic() + 30
    while backdrops.get("one") is None and time.monotonic() < until:
        time.sleep(0.01)
    assert backdrops.get("one") is not None
    assert backdrops.get("gone", at_once=True) is None
    assert backdrops.get("unknown") is None


def test_the_shipped_scenes_are_there_and_light():
    found = find_pictures(BACKGROUNDS)
    assert set(SCENES) <= set(found.paths) and not found.notice
    for name in SCENES:
        assert found.paths[name].stat().st_size < 250_000
        with Pillow.open(found.paths[name]) as picture:
            assert picture.size == (1920, 1080)


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("installation.commands.backgrounds.painted", lambda name: np.zeros((8, 8, 3), np.uint8))
    assert main(["--out", str(tmp_path / "new" / "folder")]) == 0
    assert len(find_pictures(tmp_path / "new" / "folder").paths) == len(SCENES)
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot be written"):
        main(["--out", str(tmp_path / "file")])
