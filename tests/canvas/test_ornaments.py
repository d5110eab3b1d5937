import threading
import time

import numpy as np
import pytest

from installation.canvas import ornaments as ornaments_module
from installation.canvas.look import ORNAMENTS, Grade, Look
from installation.canvas.ornaments import DRAWING_SECONDS, DRAWN, Ornaments, draw
from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas.scene import Scene


def hung(ornaments, kind, size, now=3.0, amount=1.0, grade=None):
    renderer = PlainRenderer(*size)
    grade = grade or Grade()
    renderer.draw(
        Scene(now=now, dt=0.0, look=Look(grade=grade), room=0.0,
              ornaments=ornaments.overlays(kind, amount, grade), glows=ornaments.glows(kind, amount, grade, now))
    )  # fmt: skip
    return renderer.read().copy()


def test_every_ornament_that_can_be_chosen_is_there():
    assert set(DRAWN) == set(ORNAMENTS)


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (97, 201)])
@pytest.mark.parametrize("kind", ORNAMENTS)
def test_an_ornament_frames_the_canvas_and_leaves_its_middle_to_the_portraits(kind, size):
    ornament = draw(kind, *size)
    opacity = ornament.picture[:, :, 3]
    height, width = opacity.shape
    assert opacity.max() == 255
    assert np.all(ornament.picture[:, :, :3] <= opacity[:, :, None].astype(int) + 1)  # premultiplied
    assert opacity[round(0.4 * height) : round(0.6 * height), round(0.4 * width) : round(0.6 * width)].max() == 0
    assert np.mean(opacity > 0) < 0.45
    if size == (640, 360):
        assert np.any(opacity[:20] > 0)
        assert np.array_equal(ornament.picture, draw(kind, *size).picture)
    covered = np.zeros_like(opacity)
    for x, y, w, h in ornament.blocks:
        covered[y : y + h, x : x + w] += 1
    assert covered.max() == 1
    assert not opacity[covered == 0].any()


@pytest.mark.parametrize("kind", ORNAMENTS)
def test_an_ornament_is_laid_graded_and_by_its_amount(kind):
    size = (320, 180)
    ornaments = Ornaments(*size)
    assert ornaments.ready(kind, 0.0, at_once=True)
    full = hung(ornaments, kind, size)
    assert full.max() > 60
    half = hung(ornaments, kind, size, amount=0.5)
    assert half.astype(int).sum() == pytest.approx(full.astype(int).sum() / 2, rel=0.15)
    assert hung(ornaments, kind, size, amount=0.0).max() == 0
    assert hung(ornaments, kind, size, grade=Grade(brightness=0.0)).max() == 0
    assert ornaments.overlays(kind, 1.0, Grade()) is ornaments.overlays(kind, 1.0, Grade())


def test_lights_breathe():
    ornaments = Ornaments(320, 180)
    ornaments.ready("lanterns", 0.0, at_once=True)
    one, same, other = (hung(ornaments, "lanterns", (320, 180), now=now) for now in (3.0, 3.0, 6.0))
    assert np.array_equal(one, same)
    assert 0 < np.abs(one.astype(int) - other).max() < 80


def test_a_new_ornament_waits_by_the_clock_and_not_for_the_thread():
    ornaments = Ornaments(320, 180)
    assert not ornaments.ready("gold", 5.0)
    assert not ornaments.ready("gold", 5.0 + 0.9 * DRAWING_SECONDS)
    assert ornaments.ready("gold", 5.0 + 1.1 * DRAWING_SECONDS)
    assert not ornaments.ready("none", 99.0)
    assert ornaments.overlays("holly", 1.0, Grade()) == ()


def test_a_live_show_never_waits_for_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(kind: str, width: int, height: int, seed: int) -> object:
        begun.set()
        go.wait(20)
        return hang(kind, width, height, seed)

    hang = ornaments_module._hang
    monkeypatch.setattr(ornaments_module, "_hang", slow)
    ornaments = Ornaments(320, 180, live=True)
    assert not ornaments.ready("stars", 5.0)
    assert begun.wait(20)
    assert not ornaments.ready("stars", 5.0 + 10 * DRAWING_SECONDS)
    go.set()
    while not ornaments._drawn["stars"].done():
        time.sleep(0.01)
    assert ornaments.ready("stars", 5.0 + 10 * DRAWING_SECONDS)
    assert ornaments.overlays("stars", 1.0, Grade())


def test_a_moving_grade_is_followed_in_steps_and_met_exactly() -> None:
    size = (320, 180)
    ornaments, other = Ornaments(*size), Ornaments(*size)
    for one in (ornaments, other):
        one.ready("gold", 0.0, at_once=True)
    laid = [ornaments.overlays("gold", 1.0, Grade(brightness=1.0 - 0.005 * i)) for i in range(24)]
    assert len({id(one) for one in laid}) <= 8
    for _ in range(4):
        hung(ornaments, "gold", size, grade=Grade(brightness=0.88))
    exact = hung(other, "gold", size, grade=Grade(brightness=0.88))
    assert np.array_equal(hung(ornaments, "gold", size, grade=Grade(brightness=0.88)), exact)
