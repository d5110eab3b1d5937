"""What a soak sees of a show's canvas, over the panel's own picture of it."""

import threading
import time

import numpy as np
import pytest

from installation.soak import program
from installation.soak.program import Program
from tests.control.web.conftest import Stage


class Shown:
    """A panel whose canvas is one picture."""

    def __init__(self, picture):
        self.stage, self._picture, self._over = Stage(), picture, threading.Event()

    def __enter__(self):
        self.stage.__enter__()
        self._display = threading.Thread(target=self._run)
        self._display.start()
        return self.stage

    def __exit__(self, *_):
        self._over.set()
        self._display.join()
        self.stage.__exit__()

    def _run(self):
        while not self._over.wait(0.02):
            if self.stage.preview.wanted(now := time.monotonic()):
                self.stage.preview.put(self._picture, now)


def looked(tmp_path, stage):
    show = Program(tmp_path / "show")
    show.web = stage.panel.port
    return show.brightest()


@pytest.mark.parametrize(("grey", "least", "most"), [(0, 0, 3), (190, 180, 200)])
def test_a_black_canvas_is_told_from_one_that_shows_something(tmp_path, grey, least, most):
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[60:120, 100:200] = grey
    with Shown(picture) as stage:
        assert least <= looked(tmp_path, stage) <= most


def test_where_nobody_may_see_it_and_where_nothing_answers_nothing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "PICTURE_SECONDS", 0.5)
    with Shown(np.full((90, 160, 3), 255, np.uint8)) as stage:
        stage.preview.allowed = False
        assert looked(tmp_path, stage) is None
    assert looked(tmp_path, stage) is None
