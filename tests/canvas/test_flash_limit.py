"""Hands that try to make the canvas flash, and an independent reading of WCAG 2.3.1 over what it shows."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from installation.canvas.compose import Compose
from installation.canvas.plain.renderer import PlainRenderer


def _beside_the_renderers(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "canvas" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stand_ins, flash_counter = _beside_the_renderers("stand_ins"), _beside_the_renderers("flash_counter")
Knobs, gradient_picture, plain_picture, portraits = (
    stand_ins.Knobs,
    stand_ins.gradient_picture,
    stand_ins.plain_picture,
    stand_ins.portraits,
)

SIZE = (128, 72)
LARGE = {"zoom": 1.6, "softness": 0.0, "layout": "row"}
PALE, RED = (225, 215, 205), (230, 20, 10)
ALLOWED, SECONDS, BEGUN = 0.25, 3.0, 1.5


def on(t, rate):
    """A square wave of so many Hz."""
    return int(2 * rate * t + 1e-6) % 2 == 1


def brightness(knobs, i, t):
    knobs.turn(brightness=2.0 if on(t, 15) else 0.0)


def slower(knobs, i, t):
    knobs.turn(brightness=1.4 if on(t, 5) else 0.3)


def blackout(knobs, i, t):
    knobs.turn(blackout=on(t, 15))


def slow_blackout(knobs, i, t):
    knobs.turn(blackout=on(t, 4))


def presets(knobs, i, t):
    if i // 2 % 2:
        knobs.turn(brightness=1.3, gamma=1.6, background="camera", tint_amount=0.4, vignette=0.0, layout="focus")
    else:
        knobs.turn(brightness=0.6, gamma=0.6, background="black", tint_amount=0.0, vignette=1.0, layout="row")


def red(knobs, i, t):
    knobs.turn(brightness=0.75 if on(t, 12) else 0.3)


def sudden(knobs, i, t):
    knobs.turn(brightness=1.0 if np.sin(i * i) > 0 else 0.1)


HANDS = {
    "brightness": (brightness, PALE, True),
    "slower": (slower, PALE, True),
    "blackout": (blackout, PALE, False),
    "slow blackout": (slow_blackout, PALE, True),
    "presets": (presets, PALE, True),
    "red": (red, RED, True),
    "sudden": (sudden, PALE, True),
}


def moments(fps, count):
    """Times of the frames; fps 0: an irregular clock."""
    if fps:
        return [i / fps for i in range(count)]
    gaps = np.random.default_rng(0).choice([0.004, 0.011, 0.016, 0.033, 0.07, 0.15], count)
    return np.cumsum(gaps).tolist()


def show(hand, colour, fps, renderer, limited=True):
    """Times and pictures while a hand is at the controls, after the visitors have appeared."""
    knobs, compose = Knobs(**LARGE), Compose(renderer)
    if not limited:
        compose._limit = lambda now, dt: None
    who = portraits(plain_picture(colour), plain_picture(colour))
    for i in range(46):
        compose(who, knobs, i / 30)
    times, pictures = [], []
    for i, t in enumerate(t for t in moments(fps, round(SECONDS * (fps or 30))) if t < 2 * SECONDS):
        hand(knobs, i, t)
        compose(who, knobs, BEGUN + 0.04 + t)
        times.append(t)
        pictures.append(compose.read().copy())
    return times, pictures


@pytest.mark.parametrize("fps", [30, 60, 0])
@pytest.mark.parametrize("name", list(HANDS))
def test_no_hand_can_make_the_canvas_flash(name, fps):
    hand, colour, _ = HANDS[name]
    general, red = flash_counter.flashing_area(*show(hand, colour, fps, PlainRenderer(*SIZE)))
    assert general < ALLOWED
    assert red < ALLOWED


@pytest.mark.parametrize("name", [name for name, (_, _, flashes) in HANDS.items() if flashes])
def test_without_the_limit_the_same_hands_do(name):
    hand, colour, _ = HANDS[name]
    assert max(flash_counter.flashing_area(*show(hand, colour, 60, PlainRenderer(*SIZE), limited=False))) > ALLOWED


def test_red_flashes_count_although_their_luminance_hardly_changes():
    general, red_area = flash_counter.flashing_area(*show(red, RED, 60, PlainRenderer(*SIZE), limited=False))
    assert red_area > ALLOWED > general


@pytest.mark.gl
@pytest.mark.parametrize("fps", [30, 60])
@pytest.mark.parametrize("name", ["brightness", "slow blackout", "presets", "red"])
def test_gl_holds_them_back_as_well(name, fps):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        context = hardware.open_context(standalone=True)
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    hand, colour, _ = HANDS[name]
    renderer = hardware.GLRenderer(context, *SIZE)
    general, red = flash_counter.flashing_area(*show(hand, colour, fps, renderer))
    renderer.close()
    assert general < ALLOWED
    assert red < ALLOWED


def test_what_does_not_flash_is_shown_as_it_is_to_the_last_pixel():
    pictures = []
    for limited in (True, False):
        compose, knobs = Compose(PlainRenderer(*SIZE)), Knobs(grain=1.0, trails=0.3, background="room")
        if not limited:
            compose._limit = lambda now, dt: None
        shown = []
        for i in range(150):  # visitors come and go, a blackout, three flashes
            who = portraits(*[gradient_picture(64)] * (1 + i // 40 % 3))
            knobs.turn(blackout=60 < i < 75, brightness=1.5 if i in (100, 108, 116) else 1.0, layout="row" if i > 80 else "grid")
            compose(who, knobs, i / 30)
            shown.append(compose.read().copy())
        pictures.append(shown)
        assert compose.held == 0
    assert all(np.array_equal(one, two) for one, two in zip(*pictures, strict=True))


@pytest.mark.parametrize("fps", [30, 60])
def test_the_picture_is_let_go_once_the_flashing_ends(fps):
    compose, knobs = Compose(PlainRenderer(*SIZE)), Knobs(**LARGE)
    who = portraits(plain_picture(PALE))
    levels = []
    for i in range(8 * fps):
        brightness(knobs, i, i / fps)
        if i > 4 * fps:
            knobs.turn(brightness=1.0)
        compose(who, knobs, i / fps)
        levels.append(int(compose.read()[SIZE[1] // 2, SIZE[0] // 2, 0]))
        if i == 4 * fps:
            assert compose.held > 2 * fps
    assert levels[-1] == PALE[0]
    assert max(abs(a - b) for a, b in zip(levels[4 * fps :], levels[4 * fps + 1 :], strict=False)) < 40  # with no jump


def test_a_clock_that_stands_or_leaps_stops_nothing():
    compose, knobs = Compose(PlainRenderer(*SIZE)), Knobs(**LARGE)
    who = portraits(plain_picture(PALE))
    for i, now in enumerate([0.0, 0.0, 1.0, 0.5, 100.0, 100.0, 1e6]):
        brightness(knobs, i, i / 30)
        compose(who, knobs, now)
    knobs.turn(brightness=1.0)
    for i in range(120):
        compose(who, knobs, 1e6 + 1 + i / 30)
    assert compose.read()[SIZE[1] // 2, SIZE[0] // 2, 0] == PALE[0]
