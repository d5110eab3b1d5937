"""The booth on a real canvas: what is seen of it, and that what visitors take home is the mirror and nothing else."""

import json
import os
import subprocess
import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from installation.canvas.compose import Compose
from installation.canvas.hud import HudGroup, HudState
from installation.canvas.plain.renderer import PlainRenderer
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.messages import Frame, Portraits
from installation.takeaways.booth import Booth, BoothLinks
from installation.takeaways.gestures import Button, HeldSmile
from installation.takeaways.kept import FILMS, STILL
from installation.takeaways.maker import Maker
from installation.takeaways.session import PATIENCE, Phase, Session, Times
from installation.takeaways.shelf import Limits, Shelf

SIZE = (640, 360)
HUD = HudState((HudGroup("Show", (("faces", "1"),)),))
STEP = 1 / 30


class Mirror:
    """A canvas that shows a room which changes from picture to picture, with figures over it."""

    def __init__(self, folder, renderer=None, an_hour=40, code_seconds=3.0, lasts=600.0):
        self.faults = []
        self.shelf = Shelf(folder, Limits(lasts, 600.0, an_hour, 1 << 30), self.faults.append)
        self.maker = Maker(self.shelf, self.faults.append)
        self.compose = Compose(renderer or PlainRenderer(*SIZE))
        self.controls = ControlState(parameter_table((), ()), {"look/grain": 0.0, "look/vignette": 0.0, "look/mirror": False})
        self.smiles, self.dark = {3: 0.0}, False
        links = BoothLinks(
            lambda: self.smiles, frozenset, lambda: self.compose.clean, lambda: self.dark,
            lambda secret: f"http://192.168.1.20:8600/take/{secret}", self.faults.append,
        )  # fmt: skip
        session = Session((Button(), HeldSmile(0.6, 1.0)), Times(2.0, 3.4, code_seconds))
        self.booth = self.compose.told = Booth(session, self.shelf, self.maker, SIZE, links, "en", UTC)
        self.session, self.now = session, 50.0
        y, x = np.mgrid[: SIZE[1], : SIZE[0]]
        self.room = np.stack([(x // 4) % 200, (y // 2) % 200, np.full_like(x, 90)], axis=2).astype(np.uint8)

    def shown(self):
        """The room at this moment, as the camera sees it."""
        room = self.room.copy()
        at = round(60 * self.now) % (SIZE[0] - 40)
        room[40:80, at : at + 40] = (230, 60, 40)
        return room

    def turn(self):
        """One picture."""
        portraits = Portraits(Frame(0, self.now, self.shown()), (), self.shown())
        self.compose(portraits, self.controls.snapshot(self.now), self.now, HUD)
        self.booth.step(self.now)
        self.now += STEP

    def until(self, phase, seconds=60.0):
        end = time.monotonic() + seconds
        while self.session.phase is not phase:
            assert time.monotonic() < end, self.session.phase
            self.turn()
            if self.session.phase is Phase.MAKING:  # the maker is beside the show, whose time must not run away from it
                self.now -= STEP
                time.sleep(0.01)

    def run(self, seconds):
        for _ in range(round(seconds / STEP)):
            self.turn()

    def close(self):
        self.maker.close()
        self.shelf.close()


@pytest.fixture
def mirror(tmp_path):
    made = Mirror(tmp_path / "shelf")
    yield made
    made.close()


def test_a_smile_becomes_a_code_that_a_phone_reads_and_pictures_of_the_mirror_alone(mirror):
    mirror.run(1.0)
    mirror.smiles = {3: 0.9}
    mirror.until(Phase.COUNTING)
    mirror.run(0.7)
    asked = mirror.compose.read().copy()
    assert np.abs(asked.astype(int) - mirror.shown())[250:].max() > 60  # the card
    mirror.until(Phase.FILMING)
    taken_at = mirror.shown()
    mirror.until(Phase.SHOWING)
    mirror.run(0.8)
    canvas = mirror.compose.read().copy()
    assert np.abs(canvas.astype(int) - mirror.shown())[:30, :60].max() > 60  # the figures
    found, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.cvtColor(cv2.resize(canvas, None, fx=2, fy=2), cv2.COLOR_RGB2BGR))
    assert found.startswith("http://192.168.1.20:8600/take/")
    kept = mirror.shelf.find(found.rpartition("/")[2])
    still = np.asarray(Pillow.open(mirror.shelf.path(kept, STILL))).astype(int)
    apart = np.abs(still - taken_at)
    apart[30:90] = 0  # where something moves
    assert still.shape == (360, 640, 3) and apart.mean() < 2.0 and np.percentile(apart, 99.9) < 30
    while not mirror.maker.idle:
        time.sleep(0.05)
    assert set(FILMS) <= set(mirror.shelf.find(found.rpartition("/")[2]).files)
    assert not mirror.booth._reel.pictures.any()  # nothing of it stays in memory
    assert mirror.faults == []


def test_a_code_says_the_day_of_the_end_where_that_is_not_today(tmp_path):
    mirror = Mirror(tmp_path / "shelf", lasts=7 * 86_400.0)
    mirror.booth.press()
    mirror.until(Phase.SHOWING)
    mirror.turn()
    ends = datetime.fromtimestamp(mirror.shelf.ends(mirror.booth.shown), UTC)
    assert mirror.booth._card.lines[-1].startswith(f"Deleted on {ends:%d %B} at ")
    mirror.close()


def test_the_film_has_neither_card_nor_figures(mirror, monkeypatch):
    taken, make = [], mirror.maker.make

    def makes(still, film, told):
        taken.append(film.copy())  # it is black as soon as it is made
        make(still, film, told)

    monkeypatch.setattr(mirror.maker, "make", makes)
    mirror.booth.press()
    mirror.until(Phase.MAKING)
    film = taken[0].astype(int)
    room = cv2.resize(mirror.room, film.shape[2:0:-1], interpolation=cv2.INTER_AREA).astype(int)
    for place in (np.s_[:, :30, :100], np.s_[:, 250:]):
        assert np.abs(film[place] - room[place[1:]]).max() <= 6
    assert np.abs(film[0] - film[30]).max() > 100  # and it moves


def test_after_its_time_the_canvas_is_the_mirror_again_and_costs_nothing(mirror):
    mirror.booth.press()
    mirror.until(Phase.SHOWING)
    mirror.run(4.0)
    assert mirror.session.phase is Phase.IDLE
    assert mirror.booth.overlays(mirror.now) == () and not mirror.booth.wants(mirror.now)


def test_a_stopped_countdown_leaves_nothing_anywhere(mirror):
    mirror.booth.press()
    mirror.run(1.0)
    mirror.booth.press()
    mirror.run(10.0)
    assert mirror.session.phase is Phase.IDLE and mirror.shelf.all() == ()
    assert not mirror.booth._reel.pictures.any()


def test_a_dark_canvas_takes_none(mirror):
    mirror.booth.press()
    mirror.run(0.5)
    mirror.dark = True
    mirror.run(5.0)
    mirror.dark = False
    mirror.run(5.0)
    assert mirror.session.phase is Phase.IDLE and mirror.shelf.all() == ()


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_canvas_that_gets_dark_while_it_films_leaves_nothing_in_memory(mirror, seconds):
    mirror.booth.press()
    mirror.until(Phase.FILMING)
    mirror.run(seconds)
    assert mirror.booth._still is not None and mirror.booth._reel.pictures.any()
    mirror.dark = True
    mirror.turn()
    assert mirror.session.phase is Phase.IDLE and mirror.maker.idle
    assert mirror.booth._still is None and not mirror.booth._reel.pictures.any()
    mirror.dark = False
    mirror.booth.press()
    mirror.until(Phase.SHOWING)
    assert len(mirror.shelf.all()) == 1 and mirror.faults == []


def test_a_film_for_which_there_are_no_pictures_ends_in_a_sentence_and_leaves_nothing(mirror, monkeypatch):
    mirror.booth.press()
    mirror.until(Phase.FILMING)
    monkeypatch.setattr(Compose, "clean", None)  # as while flashes are held back
    mirror.run(3.4 + PATIENCE - 0.2)
    assert mirror.session.phase is Phase.FILMING
    mirror.run(0.4)
    assert mirror.booth._standing.word == "failed"
    assert mirror.booth._still is None and not mirror.booth._reel.pictures.any()
    mirror.run(5.0)
    assert mirror.session.phase is Phase.IDLE and mirror.shelf.all() == ()


def test_too_many_an_hour_are_refused_in_words_and_the_operator_hears_of_it(tmp_path):
    mirror = Mirror(tmp_path / "shelf", an_hour=1, code_seconds=1.0)
    mirror.booth.press()
    mirror.until(Phase.SHOWING)
    mirror.until(Phase.IDLE)
    while not mirror.maker.idle:
        time.sleep(0.05)
    mirror.booth.press()
    mirror.run(0.2)
    assert mirror.booth._standing.word == "full"
    assert len(mirror.shelf.all()) == 1
    assert any("takeaways.most_an_hour" in fault for fault in mirror.faults)
    mirror.close()


def test_a_real_full_disk_is_told_on_the_canvas_and_nothing_is_served(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        mirror = Mirror(disk / "shelf")
        mirror.shelf.refusal = None  # the disk is full all of a sudden
        rng = np.random.default_rng(0)
        mirror.room = rng.integers(0, 255, mirror.room.shape, np.uint8)
        mirror.booth.press()
        mirror.until(Phase.TOLD)
        mirror.turn()
        assert mirror.booth._standing.word == "failed"
        assert any("No space left on device" in fault for fault in mirror.faults)
        assert mirror.shelf.all() == () and not [place for place in (disk / "shelf").iterdir() if place.is_dir()]
        mirror.close()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_picture_is_taken_of_a_canvas_that_gl_draws_too(tmp_path):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        renderer = hardware.GLRenderer(hardware.open_context(standalone=True), *SIZE)
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    mirror = Mirror(tmp_path / "shelf", renderer)
    mirror.booth.press()
    mirror.until(Phase.FILMING)
    still, room = mirror.booth._still.astype(int), mirror.room.astype(int)
    assert np.abs(still - room)[250:].max() <= 4 and np.abs(still - room)[:30].max() <= 4
    mirror.until(Phase.SHOWING)
    mirror.run(0.8)
    canvas = cv2.resize(mirror.compose.read(), None, fx=2, fy=2)
    assert "/take/" in cv2.QRCodeDetector().detectAndDecode(cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))[0]
    mirror.close()
    renderer.close()


def test_what_is_noted_of_a_takeaway_says_nothing_of_whom_it_shows(mirror):
    mirror.booth.press()
    mirror.until(Phase.SHOWING)
    (kept,) = mirror.shelf.all()
    note = json.loads((mirror.shelf.folder / kept.id / "takeaway.json").read_text())
    assert set(note) == {"id", "made", "lasts", "files", "whole", "gallery", "prints"}
