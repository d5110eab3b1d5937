"""The red half of the flash limit by itself: changes of a saturated red whose luminance hardly changes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from installation.canvas.compose import Compose
from installation.canvas.flashes import CELLS, SAMPLES, FlashCount, FlashLimiter, sample_size
from installation.canvas.plain.renderer import PlainRenderer


def _beside(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "canvas" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stand_ins, flash_counter = _beside("stand_ins"), _beside("flash_counter")
SIZE = (128, 72)
EMBER = (148, 8, 4)  # as bright as a red can be whose change to black is no general flash: a luminance of 0.06
ALLOWED = 0.25  # of the picture


def show(rate, limited, fps=60, seconds=3.0):
    """Times and pictures of one portrait over nearly all of the canvas that goes dark and comes back ``rate`` times a second."""
    knobs, compose = stand_ins.Knobs(zoom=2.0, softness=0.0, layout="focus", background="black"), Compose(PlainRenderer(*SIZE))
    if not limited:
        compose._limit = lambda now, dt: None
    who = stand_ins.portraits(stand_ins.plain_picture(EMBER))
    for i in range(60):
        compose(who, knobs, i / 30)
    times, pictures = [], []
    for i in range(round(fps * seconds)):
        knobs.turn(brightness=1.0 if int(2 * rate * i / fps + 1e-6) % 2 else 0.0)
        compose(who, knobs, 2.0 + i / fps)
        times.append(i / fps)
        pictures.append(compose.read().copy())
    return times, pictures


@pytest.mark.parametrize("rate", [4, 12])
def test_a_red_portrait_cannot_be_made_to_flash(rate):
    general, red = flash_counter.flashing_area(*show(rate, limited=False))
    assert general < 0.05 and red > 0.4  # nothing but red flashes here
    general, red = flash_counter.flashing_area(*show(rate, limited=True))
    assert general < ALLOWED and red < ALLOWED


def flat(colour):
    width, height = sample_size(320, 180)
    return np.full((height, width, 3), colour, np.uint8)


@pytest.mark.parametrize("kind", [0, 1], ids=["luminance", "red"])
def test_three_flashes_in_a_second_are_the_most(kind):
    """Six opposing changes make three flashes; the seventh within the window would begin a fourth."""
    dark, light = np.zeros((2, 12), np.float32), np.zeros((2, 12), np.float32)
    light[kind] = 0.5
    count = FlashCount(dark)
    moments = [0.15 * i for i in range(8)]
    for i, now in enumerate(moments[:6]):
        values = light if i % 2 == 0 else dark
        assert count.excess(values, now) == 0.0
        count.add(values, now)
    assert count.excess(light, moments[6]) == 1.0
    assert count.excess(dark, moments[6]) == 0.0  # what stays as it is changes nothing
    assert count.excess(light, moments[0] + 1.05) == 1.0  # still within a second of the first, with some margin
    assert count.excess(light, moments[0] + 1.3) == 0.0


def test_a_change_in_an_eighth_of_the_canvas_is_let_through_and_one_in_a_quarter_is_not():
    assert sample_size(320, 180)[0] == CELLS * SAMPLES
    for share, held in ((1 / 8, False), (1 / 4, True)):
        limiter, dark = FlashLimiter(), flat((0, 0, 0))
        light = dark.copy()
        light[:, : round(share * light.shape[1])] = 255
        shares = []
        for i in range(90):
            picture = light if i // 3 % 2 else dark  # ten changes a second
            shares.append(limiter.share(picture, i / 30, 1 / 30))
            limiter.shown(picture, i / 30, whole=True)
        assert (min(shares) < 1.0) == held
