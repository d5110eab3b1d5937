"""The moving pictures: what is in them, and what happens where they cannot be written."""

import os
import stat
import time
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from installation.takeaways.films import BOOMERANG_PICTURES, FPS, SEAM, boomerang, loop, make_films
from installation.takeaways.kept import FILMS, SMALL, STILL
from installation.takeaways.maker import Maker
from installation.takeaways.reel import PICTURES, Reel
from installation.takeaways.shelf import Limits, Shelf
from tests.test_app import CLIP


def pictures_of_a_person():
    reel = Reel((320, 240))
    reel.begin(0.0)
    now = 0.0
    while not reel.full:
        with av.open(CLIP) as file:
            for frame in file.decode(video=0):
                if reel.wants(now):
                    reel.add(frame.to_ndarray(format="rgb24"), now)
                now += 1 / 30
    return reel.pictures


def test_a_reel_keeps_the_pace_of_the_world_however_slow_the_display_is():
    reel = Reel((64, 32))
    reel.begin(10.0)
    shown = np.zeros((32, 64, 3), np.uint8)
    for turn in range(200):
        now = 10.0 + turn * 0.13
        if reel.full:
            break
        if reel.wants(now):
            shown[:] = turn
            reel.add(shown, now)
    assert now - 10.0 == pytest.approx(PICTURES / FPS, abs=0.13)
    levels = reel.pictures[:, 0, 0, 0]
    assert (np.diff(levels.astype(int)) >= 0).all() and levels[0] == 0 and levels[-1] == levels.max() >= 24
    reel.clear()
    assert not reel.pictures.any()


def test_the_loop_has_no_jump_and_the_boomerang_turns_back():
    pictures = np.repeat(np.arange(PICTURES, dtype=np.uint8)[:, None, None, None] * 4, 3, axis=3) * np.ones((1, 8, 8, 1), np.uint8)
    there_and_back = [int(one[0, 0, 0]) for one in boomerang(pictures)]
    assert there_and_back[0] == 0 and max(there_and_back) == 4 * (BOOMERANG_PICTURES - 1) and there_and_back[-1] == 4
    assert max(abs(a - b) for a, b in pairwise(there_and_back)) == 4
    around = loop(pictures)[:, 0, 0, 0].astype(int)
    assert len(around) == PICTURES - SEAM
    jump = abs(int(around[-1]) - int(around[0]))
    assert jump < 0.25 * 4 * PICTURES  # without the seam it would be all of it


def test_every_film_plays_and_moves(tmp_path):
    pictures = pictures_of_a_person()
    first, small = pictures[8].copy(), None
    assert tuple(make_films(pictures, tmp_path)) == FILMS
    for name in FILMS:
        path = tmp_path / name
        if path.suffix == ".mp4":
            with av.open(path) as file:
                stream = file.streams.video[0]
                assert (stream.codec_context.name, stream.codec_context.pix_fmt, stream.average_rate) == ("h264", "yuv420p", FPS)
                frames = [frame for frame in file.decode(stream)]
            times = [frame.time for frame in frames]
            assert np.allclose(np.diff(times), 1 / FPS, atol=1e-3)
            assert times[-1] > 5.0
            shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in frames]
        else:
            with Pillow.open(path) as film:
                assert film.info["loop"] == 0
                shown = []
                for number in range(film.n_frames):
                    film.seek(number)
                    shown.append(np.asarray(film.convert("RGB")).astype(int))
        assert max(np.abs(one - shown[0]).mean() for one in shown) > 1.0
        if name == "loop.mp4":
            small = shown[8]
    assert np.abs(small - first).mean() < 4.0  # colours as they were


def test_the_still_is_there_at_once_and_the_films_follow(tmp_path):
    faults, told = [], []
    shelf = Shelf(tmp_path / "shelf", Limits(600.0, 600.0, 40, 1 << 30), faults.append)
    maker = Maker(shelf, faults.append)
    film = pictures_of_a_person()
    still = np.full((90, 160, 3), 77, np.uint8)
    maker.make(still, film, lambda secret, kept: told.append((secret, kept, shelf.find(secret).files)))
    while not maker.idle:
        time.sleep(0.05)
    ((secret, _, files),) = told
    assert files == (STILL, SMALL)
    found = shelf.find(secret)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in (shelf.folder / found.id).iterdir())
    assert found.whole and set(found.files) == {STILL, SMALL, *FILMS} and faults == []
    assert abs(np.asarray(Pillow.open(shelf.path(found, STILL))).astype(int) - 77).max() <= 2
    assert not [place for place in shelf.folder.iterdir() if place.name.startswith(".making")]
    maker.close()
    shelf.close()


def test_a_full_disk_is_told_and_nothing_half_written_is_served(tmp_path, monkeypatch):
    faults, told = [], []
    shelf = Shelf(tmp_path / "shelf", Limits(600.0, 600.0, 40, 1 << 30), faults.append)
    maker = Maker(shelf, faults.append)
    full = os.open("/dev/full", os.O_WRONLY)
    real = os.open

    def opened(path, *more, **named):
        return full if str(path).endswith(f"/{SMALL}") else real(path, *more, **named)

    monkeypatch.setattr("installation.takeaways.maker.os.open", opened)
    maker.make(np.zeros((90, 160, 3), np.uint8), np.zeros((60, 36, 64, 3), np.uint8), lambda *what: told.append(what))
    while not maker.idle:
        time.sleep(0.02)
    assert told == [(None, None)]
    assert "No space left on device" in faults[0] and "nothing was stored" in faults[0]
    assert shelf.all() == () and not [place for place in shelf.folder.iterdir() if place.is_dir()]
    maker.close()
    shelf.close()


def test_what_is_deleted_while_its_film_is_made_stays_deleted(tmp_path):
    faults = []
    shelf = Shelf(tmp_path / "shelf", Limits(600.0, 600.0, 40, 1 << 30), faults.append)
    maker = Maker(shelf, faults.append)
    maker.make(np.zeros((90, 160, 3), np.uint8), np.zeros((60, 36, 64, 3), np.uint8), lambda secret, kept: shelf.remove(kept.id))
    while not maker.idle:
        time.sleep(0.05)
    assert faults == [] and not [place for place in shelf.folder.iterdir() if place.is_dir()]
    maker.close()
    shelf.close()


def test_a_show_that_ends_does_not_wait_for_a_film(tmp_path):
    shelf = Shelf(tmp_path / "shelf", Limits(600.0, 600.0, 40, 1 << 30), pytest.fail)
    maker = Maker(shelf, pytest.fail)
    kept = []
    maker.make(np.zeros((90, 160, 3), np.uint8), np.zeros((60, 450, 800, 3), np.uint8), lambda secret, one: kept.append(secret))
    while not kept:
        time.sleep(0.01)
    maker.close()
    assert maker.idle and shelf.find(kept[0]) is not None
    shelf.close()
