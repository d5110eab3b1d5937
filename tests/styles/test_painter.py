"""How large pictures are painted on a machine, and that they get smaller before there are fewer of them."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from installation.engines.style_models import StyleEngineSettings
from installation.errors import WeightsError
from installation.styles import painter as module
from installation.styles.blend import blend_of
from installation.styles.library import Library
from installation.styles.painter import QUICK_FOR, SLOW_FOR, SLOW_SECONDS, STEPS, NetworkHand, Painter, PainterSettings, fitting_step

SETTINGS = PainterSettings(1280, 720, StyleEngineSettings(None, 1, "f32"))


class Drawn:
    """In the place of NetworkHand."""

    def __init__(self, size: tuple[int, int], engine: StyleEngineSettings) -> None:
        self.size = size

    def milliseconds(self) -> float:
        return 15.0

    def prepare(self) -> "Drawn":
        return self


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NetworkHand", Drawn)


def ready(settings: PainterSettings = SETTINGS) -> Painter:
    painter = Painter(settings, pytest.fail)
    painter.prepare()
    painter.wait()
    return painter


@pytest.mark.parametrize(("milliseconds", "long_side"), [(1.0, 768), (15.0, 512), (25.0, 384), (60.0, 256), (500.0, 256)])
def test_the_size_follows_from_what_a_square_takes(milliseconds: float, long_side: int) -> None:
    assert STEPS[fitting_step(milliseconds / 256**2, 1280, 720)][0] == long_side


def test_no_picture_is_painted_larger_than_the_canvas() -> None:
    assert STEPS[fitting_step(1e-9, 400, 300)][0] == 384


def test_slow_turns_make_the_pictures_smaller_step_by_step_and_no_smaller_than_the_least(quick: None) -> None:
    painter, sides, now = ready(), [], 0.0
    for _ in range(400):
        painter.took(2 * SLOW_SECONDS, now)
        painter.wait()
        sides.append(painter.long_side)
        now += 0.05
    assert sorted(set(sides), reverse=True) == [512, 384, 256] and sides[int(SLOW_FOR / 0.05) - 5] == 512 and sides[-1] == 256


def test_one_slow_turn_changes_nothing(quick: None) -> None:
    painter = ready()
    for k in range(200):
        painter.took(1.0 if k == 50 else 0.03, 0.05 * k)
        painter.wait()
    assert painter.long_side == 512


def test_quick_turns_for_long_make_them_larger_again(quick: None) -> None:
    painter, now = ready(), 0.0
    while now < QUICK_FOR + 2:
        painter.took(0.01, now)
        painter.wait()
        now += 0.05
    assert painter.long_side == 640


@pytest.mark.parametrize("settings", [replace(SETTINGS, long_side=640), replace(SETTINGS, background=False)])
def test_a_size_that_was_asked_for_or_a_run_in_lockstep_stays(settings: PainterSettings, quick: None) -> None:
    painter = ready(settings)
    before = painter.long_side
    for k in range(200):
        painter.took(1.0, 0.05 * k)
    assert painter.long_side == before == (settings.long_side or 512)


def test_the_old_networks_draw_until_the_new_ones_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = threading.Event()
    hold.set()

    class Slow(Drawn):
        def __init__(self, size: tuple[int, int], engine: StyleEngineSettings) -> None:
            super().__init__(size, engine)
            assert hold.wait(10)

    monkeypatch.setattr(module, "NetworkHand", Slow)
    painter = ready()
    hold.clear()
    for k in range(100):
        painter.took(1.0, 0.05 * k)
    assert painter.long_side == 512 and painter.picture(1280, 720) is not None
    hold.set()
    painter.wait()
    assert painter.long_side == 384


def test_a_source_of_another_shape_gets_networks_of_its_shape(quick: None) -> None:
    painter = ready()
    painter.picture(720, 1280)
    painter.wait()
    picture = painter.picture(720, 1280)
    assert picture is not None and picture.size == (288, 512)


def test_networks_that_cannot_be_built_are_said_once_and_the_show_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(size: tuple[int, int], engine: StyleEngineSettings) -> None:
        raise WeightsError("multistyle26.onnx: damaged")

    monkeypatch.setattr(module, "NetworkHand", fail)
    faults: list[str] = []
    painter = Painter(SETTINGS, faults.append)
    for _ in range(3):
        painter.prepare()
        painter.wait()
    assert faults == ["no painters' styles: multistyle26.onnx: damaged"] and painter.square() is None


def test_larger_networks_that_cannot_be_built_are_said_once_and_the_ones_that_stand_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crowded(Drawn):
        def __init__(self, size: tuple[int, int], engine: StyleEngineSettings) -> None:
            if max(size) > 512:
                raise MemoryError("no room")
            super().__init__(size, engine)

    monkeypatch.setattr(module, "NetworkHand", Crowded)
    faults: list[str] = []
    painter = Painter(SETTINGS, faults.append)
    painter.prepare()
    painter.wait()
    now = 0.0
    while now < 3 * QUICK_FOR:
        painter.took(0.01, now)
        painter.wait()
        now += 0.05
    assert faults == ["painters' styles stay at 512 px: no room"]
    assert painter.long_side == 512 and painter.picture(1280, 720) is not None


def test_a_blend_of_bank_and_painting_lies_between_them() -> None:
    palette = Library().look()[0]
    hand = NetworkHand((64, 48), StyleEngineSettings(None, 1, "f32"))
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    drawn = []
    for weights in ({"ink": 1.0}, {"great-wave": 1.0}, {"ink": 0.5, "great-wave": 0.5}):
        blend = blend_of(palette, weights)
        assert blend is not None
        drawn.append(hand.draw(picture, blend).astype(float))
    assert np.abs(drawn[2] - (drawn[0] + drawn[1]) / 2).max() <= 1.0
