import numpy as np
import pygame
import pytest

from installation.gl.hud import SECONDS_PER_TEXT, HudGroup, HudPainter, HudState, figures, with_keys


def state(fps: str, *notices: str) -> HudState:
    return HudState((HudGroup("Show", (("canvas", fps), ("faces", "3"))),), notices)


def test_the_panel_is_kept_and_changes_at_most_four_times_a_second():
    painter = HudPainter(640, 360)
    first = painter.overlays(state("30.0 fps"), 0.0)
    assert painter.overlays(state("30.0 fps"), 5.0) is first
    second = painter.overlays(state("29.1 fps"), 5.0)
    assert not np.array_equal(first[0].colour, second[0].colour)
    assert painter.overlays(state("28.0 fps"), 5.0 + 0.9 * SECONDS_PER_TEXT) is second
    assert painter.overlays(state("28.0 fps"), 5.0 + 1.1 * SECONDS_PER_TEXT) is not second


def test_no_state_shows_nothing_and_keys_come_at_once():
    painter = HudPainter(640, 360)
    assert painter.overlays(None, 0.0) == ()
    assert len(painter.overlays(state("30 fps"), 0.0)) == 1
    keys = with_keys(state("30 fps"), (("F", "full screen"),))
    assert len(painter.overlays(keys, 0.01)) == 2
    assert painter.overlays(None, 0.02) == ()
    assert len(painter.overlays(with_keys(None, (("F", "full screen"),)), 0.03)) == 1
    assert with_keys(None, ()) is None


def test_panels_stay_on_the_canvas_and_are_legible():
    for width, height in ((1280, 720), (240, 135), (64, 64)):
        long = state("x" * 500, "a very long notice " * 20, "new\nline \0 and tab\t", "")
        keys = tuple((str(i), "does this") for i in range(30))
        for overlay in HudPainter(width, height).overlays(with_keys(long, keys), 0.0):
            high, wide = overlay.colour.shape[:2]
            assert overlay.x >= 0 and overlay.x + wide <= width
            assert overlay.y >= 0 and overlay.y + high <= height
            assert overlay.clear.shape == overlay.colour.shape
    panel = HudPainter(1280, 720).overlays(state("30.0 fps"), 0.0)[0]
    assert panel.colour.max() > 200  # bright words
    assert 10 < np.median(panel.clear) < 120  # on a dark pane that lets a little through


def test_digits_share_one_width_so_that_figures_do_not_dance():
    pygame.font.init()
    font = pygame.font.Font(None, 20)
    assert len({figures(font, f"{digit}{digit}.{digit} fps", (255, 255, 255)).get_width() for digit in range(10)}) == 1


@pytest.mark.parametrize("notice", ["", "   "])
def test_an_empty_panel_is_no_panel_of_nothing(notice):
    overlays = HudPainter(640, 360).overlays(HudState((), (notice,)), 0.0)
    assert all(overlay.colour.size for overlay in overlays)
