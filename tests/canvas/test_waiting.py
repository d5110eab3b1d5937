"""The canvas while the networks are built."""

import numpy as np

from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas.waiting import QUICK, Waiting


class Wall:
    """A canvas without a window."""

    def __init__(self) -> None:
        self.renderer = PlainRenderer(640, 360)
        self.presented = 0
        self.pressed: list[str] = []

    def present(self) -> float:
        self.presented += 1
        return 0.0

    def keys(self) -> list[str]:
        pressed, self.pressed = self.pressed, []
        return pressed


def test_the_name_stands_there_at_once_and_a_long_start_says_how_long_it_takes() -> None:
    wall, moment = Wall(), [0.0]
    waiting = Waiting(wall, now=lambda: moment[0])
    for moment[0] in (0.1, 0.5, QUICK - 0.1):
        waiting.step()
    assert wall.presented == 1
    first = wall.renderer.read().copy()
    assert first.max() > 150
    for moment[0], presented in ((QUICK + 0.1, 2), (QUICK + 0.3, 2), (QUICK + 1.2, 3)):
        waiting.step()
        assert wall.presented == presented
    assert not np.array_equal(first, wall.renderer.read())


def test_only_keys_that_count_are_told_and_heard() -> None:
    pages = {}
    for whose in ("all", "operator", "none"):
        wall = Wall()
        waiting = Waiting(wall, whose, now=lambda: 0.0)
        waiting.step()
        pages[whose] = wall.renderer.read()[300:].copy()
        wall.pressed = ["escape"]
        waiting.step()
        assert wall.presented == (2 if whose == "all" else 1)  # that it ends, and why not yet
    assert pages["all"].any() and pages["operator"].any() and not pages["none"].any()


def test_no_key_is_lost() -> None:
    wall = Wall()
    waiting = Waiting(wall, now=lambda: 0.0)
    for key in ("b", "escape"):
        wall.pressed = [key]
        waiting.step()
    assert waiting.keys == ["b", "escape"]
