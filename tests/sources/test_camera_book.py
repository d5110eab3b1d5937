import json
from pathlib import Path

import pytest

from installation.sources.camera_book import MOST_CAMERAS, CameraBook
from installation.sources.cameras import FoundCamera, find_cameras, why_not

USB = "/dev/v4l/by-id/usb-Lens_1-video-index0"


def test_a_choice_is_there_after_a_restart_and_the_configured_source_takes_it_back(tmp_path: Path) -> None:
    book = CameraBook("0", tmp_path / "camera.json")
    assert (book.source(), book.chosen, book.notice) == ("0", "", "")
    assert book.choose(USB) == "" and book.source() == USB
    again = CameraBook("0", tmp_path / "camera.json")
    assert (again.source(), again.chosen, again.notice) == (USB, USB, "")
    assert again.choose("0") == "" and CameraBook("0", tmp_path / "camera.json").source() == "0"


def test_who_names_another_source_in_the_configuration_means_it(tmp_path: Path) -> None:
    CameraBook("0", tmp_path / "camera.json").choose(USB)
    other = CameraBook("clip.mp4", tmp_path / "camera.json")
    assert other.source() == "clip.mp4" and USB in other.notice and "clip.mp4, which holds" in other.notice
    assert CameraBook("0", tmp_path / "camera.json").source() == USB  # nothing was lost


def test_what_was_set_at_each_camera_is_remembered(tmp_path: Path) -> None:
    book = CameraBook("0", tmp_path / "camera.json")
    book.keep("0", "focus", 30)
    book.keep(USB, "exposure", 99)
    book.keep("0", "focus-auto", 0)
    again = CameraBook("0", tmp_path / "camera.json")
    assert dict(again.values("0")) == {"focus": 30, "focus-auto": 0} and dict(again.values(USB)) == {"exposure": 99}
    for number in range(MOST_CAMERAS):
        again.keep(f"/dev/video{number}", "gain", number)
    assert dict(again.values("0")) == {} and dict(again.values("/dev/video3")) == {"gain": 3}
    assert not CameraBook("0", tmp_path / "camera.json").notice


@pytest.mark.parametrize("given", [{"source": 3}, {"source": "a" * 500}, {"controls": []}, {"controls": {"0": {"focus": "far"}}}])
def test_a_broken_file_is_put_aside_and_the_configuration_holds(tmp_path: Path, given: dict[str, object]) -> None:
    (tmp_path / "camera.json").write_text(json.dumps({"version": 1, "source": USB, "instead_of": "0", **given}))
    book = CameraBook("0", tmp_path / "camera.json")
    assert book.source() == "0" and "put aside" in book.notice and (tmp_path / "camera.json.broken").exists()


def test_where_it_cannot_be_kept_it_holds_and_says_so() -> None:
    faults: list[str] = []
    book = CameraBook("0", Path("/proc/nowhere/camera.json"))
    assert "only until the show ends" in book.choose(USB, faults.append) and book.source() == USB and faults


def test_cameras_are_found_by_the_names_that_last(tmp_path: Path) -> None:
    sysfs, devices, links = tmp_path / "sys", tmp_path / "dev", tmp_path / "dev" / "by-id"
    links.mkdir(parents=True)
    for number, (name, index) in enumerate((("HD Lens", "0"), ("HD Lens", "1"), ("Grabber", "0"))):
        (sysfs / f"video{number}").mkdir(parents=True)
        (sysfs / f"video{number}" / "name").write_text(f"{name}\n")
        (sysfs / f"video{number}" / "index").write_text(f"{index}\n")
        (devices / f"video{number}").touch()
    (links / "usb-Lens-index0").symlink_to("../video0")
    assert find_cameras(sysfs, (links, tmp_path / "none"), devices) == (
        FoundCamera(str(links / "usb-Lens-index0"), "HD Lens", str(devices / "video0")),
        FoundCamera(str(devices / "video2"), "Grabber", str(devices / "video2")),
    )


def test_a_camera_that_is_not_there_or_none_is_refused_with_words(tmp_path: Path) -> None:
    assert "not there" in why_not("/dev/video97") and "not there" in why_not("97")
    (tmp_path / "clip").touch()
    assert "not a camera" in why_not(str(tmp_path / "clip"))
    assert why_not("stand-in:left") == ""
