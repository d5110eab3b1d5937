"""Holding a change back without GL: what is shown is that share of it, from picture to picture, to the last grey level."""

import numpy as np
import pytest

from installation.canvas.look import Look
from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas.scene import Overlay, Scene


def full(level):
    """A scene that is one grey all over."""
    picture = np.full((36, 64, 3), level, np.uint8)
    return Scene(now=0.0, dt=1 / 30, look=Look(), room=0.0, overlays=(Overlay(0, 0, picture, np.zeros_like(picture)),))


def drawn(renderer, level):
    renderer.draw(full(level))
    return int(renderer.read()[18, 32, 0])


def held(renderer, level, share):
    renderer.draw(full(level))
    renderer.hold(share)
    picture = renderer.read()
    assert np.ptp(picture) == 0
    assert renderer.sample()[0, 0, 0] == picture[0, 0, 0]  # the flash count sees what is shown
    return int(picture[18, 32, 0])


@pytest.mark.parametrize(("share", "shown"), [(0.0, 40), (0.25, 80), (0.5, 120), (1.0, 200)])
def test_a_share_of_the_change_is_shown(share, shown):
    renderer = PlainRenderer(64, 36)
    assert drawn(renderer, 40) == 40
    assert held(renderer, 200, share) == shown


def test_a_change_that_is_held_again_and_again_arrives_without_rounding():
    renderer = PlainRenderer(64, 36)
    drawn(renderer, 100)
    levels = [held(renderer, 110, 0.03) for _ in range(120)]  # 0.3 of a grey level at first: in bytes it would never begin
    assert levels == sorted(levels)
    assert levels[0] == 100 and levels[-1] >= 109


def test_after_a_picture_that_was_let_through_holding_begins_from_there():
    renderer = PlainRenderer(64, 36)
    drawn(renderer, 0)
    assert held(renderer, 200, 0.5) == 100
    assert drawn(renderer, 200) == 200
    assert held(renderer, 100, 0.5) == 150
    assert held(renderer, 100, 0.5) == 125
