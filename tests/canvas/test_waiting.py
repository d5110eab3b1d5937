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


def test_a_quick_start_is_black_and_a_long_one_says_how_long_it_takes() -> None:
    wall, moment = Wall(), [0.0]
    waiting = Waiting(wall, lambda: moment[0])
    for moment[0] in (0.1, 0.5, QUICK - 0.1):
        waiting.step()
    assert wall.presented == 1
    assert wall.renderer.read().max() == 0
    moment[0] = QUICK + 0.1
    waiting.step()
    first = wall.renderer.read().copy()
    assert first.max() > 150
    moment[0] = QUICK + 0.3
    waiting.step()
    assert wall.presented == 2
    moment[0] = QUICK + 1.2
    waiting.step()
    assert wall.presented == 3
    assert not np.array_equal(first, wall.renderer.read())


def test_no_key_is_lost() -> None:
    wall = Wall()
    waiting = Waiting(wall, lambda: 0.0)
    for key in ("b", "escape"):
        wall.pressed = [key]
        waiting.step()
    assert waiting.keys == ["b", "escape"]
