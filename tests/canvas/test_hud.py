from dataclasses import replace

import numpy as np
import pygame
import pytest

from installation.canvas.hud import SECONDS_PER_TEXT, HudGroup, HudPainter, HudState, figures


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
    keys = replace(state("30 fps"), keys=(("F", "full screen"),))
    assert len(painter.overlays(keys, 0.01)) == 2
    assert painter.overlays(None, 0.02) == ()
    assert len(painter.overlays(HudState(keys=(("F", "full screen"),)), 0.03)) == 1


def test_panels_stay_on_the_canvas_and_are_legible():
    for width, height in ((1280, 720), (240, 135), (64, 64)):
        long = state("x" * 500, "a very long notice " * 20, "new\nline \0 and tab\t", "")
        keys = tuple((str(i), "does this") for i in range(30))
        for overlay in HudPainter(width, height).overlays(replace(long, keys=keys), 0.0):
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


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (64, 64)])
def test_a_picture_hangs_in_its_corner_sharp_and_whole(size):
    code = np.where(np.indices((29, 29)).sum(axis=0)[:, :, None] % 2, 255, 0).astype(np.uint8).repeat(3, axis=2)
    painter = HudPainter(*size)
    bare = painter.overlays(state("30 fps"), 0.0)
    shown = HudState(state("30 fps").groups, picture=code)
    overlays = painter.overlays(shown, 0.01)  # at once, and kept
    assert len(overlays) == len(bare) + 1
    assert painter.overlays(shown, 9.0) is overlays
    card = overlays[-1]
    height, width = card.colour.shape[:2]
    assert card.x > size[0] / 2 and card.x + width <= size[0]
    assert card.y > size[1] / 2 and card.y + height <= size[1]
    assert not card.clear.any()
    assert card.colour[0].min() == 255  # a quiet rim
    if size != (64, 64):
        assert set(np.unique(card.colour)) == {0, 255}
        times = (width - 2 * round(0.06 * 29 * (round(0.26 * 720) // 29))) // 29
        rim = (width - 29 * times) // 2
        assert np.array_equal(card.colour[rim : height - rim : times, rim : width - rim : times], code)
    assert len(painter.overlays(state("30 fps"), 10.0)) == len(bare)
