"""The panel's small pictures of the live face in each style."""

from dataclasses import replace

import numpy as np

from installation.control.web.sketches import WANTED_SECONDS, SketchBoard
from installation.messages import Expression, Face, Frame, Portrait, Portraits
from installation.styles.blend import Blender
from installation.styles.library import Palette, Style
from installation.styles.sketches import BUSY_PERIOD, GONE_SECONDS, IDLE_PERIOD, Sketches
from tests.styles.stand_ins import PALETTE, Negative, OnePainter

ROOM = np.full((90, 160, 3), 30, np.uint8)
SQUARE = np.array([[40.0, 0.0, 80.0], [0.0, 40.0, 45.0]])
FACE = Face(1, np.zeros((468, 2), np.float32), (60.0, 25.0, 100.0, 65.0), Expression(), 1.0, True, 1.0)
SOMEBODY = Portraits(Frame(0, 0.0, ROOM), (Portrait(FACE, np.zeros((0, 0, 3), np.uint8), 1.0, 0, SQUARE),), ROOM)
NOBODY = replace(SOMEBODY, portraits=())


class Moment:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def board() -> tuple[SketchBoard, Moment]:
    clock = Moment()
    return SketchBoard(clock), clock


def sketches(to: SketchBoard) -> Sketches:
    return Sketches(OnePainter(Negative((64, 64))), Blender(PALETTE), to)  # type: ignore[arg-type]


def test_nothing_is_sketched_while_no_panel_is_open() -> None:
    to, clock = board()
    making = sketches(to)
    making.step(SOMEBODY, False, 0.0)
    assert to.numbers() == {}  # which a panel asked
    making.step(SOMEBODY, False, 0.1)
    assert len(to.numbers()) == 1
    clock.now = WANTED_SECONDS + 1
    making.step(SOMEBODY, False, 100.0)
    assert len(to._jpegs) == 1


def test_the_styles_come_in_turn_and_slowly() -> None:
    to, _ = board()
    making = sketches(to)
    to.numbers()
    for _ in range(10):
        making.step(SOMEBODY, False, 0.0)
    assert list(to.numbers()) == ["alpha"]
    for k in range(1, 4):
        making.step(SOMEBODY, False, k * IDLE_PERIOD)
    assert to.numbers() == {"alpha": 1, "beta": 2, "ink": 3, "amber": 4}
    for k in range(4, 12):
        making.step(SOMEBODY, False, k * IDLE_PERIOD)
    assert sorted(to.numbers().values()) == [9, 10, 11, 12]
    jpeg = to.jpeg("ink")
    assert jpeg is not None and jpeg.startswith(b"\xff\xd8") and to.jpeg("nothing") is None


def test_while_the_show_is_painted_they_are_rarer() -> None:
    to, _ = board()
    making = sketches(to)
    to.numbers()
    for k in range(9):
        making.step(SOMEBODY, True, k * IDLE_PERIOD)
    assert max(to.numbers().values()) == 1 + int(8 * IDLE_PERIOD / BUSY_PERIOD)


def test_the_sketches_of_somebody_who_left_are_thrown_away() -> None:
    to, _ = board()
    making = sketches(to)
    to.numbers()
    making.step(SOMEBODY, False, 0.0)
    making.step(NOBODY, False, GONE_SECONDS - 1)
    assert to.numbers()
    making.step(NOBODY, False, GONE_SECONDS + 1)
    assert to.numbers() == {} and to.jpeg("alpha") is None


def test_a_style_that_has_just_come_is_the_next_and_one_that_is_gone_has_no_sketch() -> None:
    to, _ = board()
    making = sketches(to)
    to.numbers()
    for k in range(6):
        making.step(SOMEBODY, False, k * IDLE_PERIOD)
    fresh = Style("gamma", "third painting", vector=np.ones(100, np.float32))
    changed = replace(PALETTE.styles["beta"], vector=np.zeros(100, np.float32))  # another picture under the same name
    making.blender.use(Palette({"alpha": PALETTE.styles["alpha"], "beta": changed, "ink": PALETTE.styles["ink"], "gamma": fresh}))
    making.step(SOMEBODY, False, 5 * IDLE_PERIOD)  # whose turn it is not
    assert set(to.numbers()) == {"alpha", "ink"} and to.jpeg("amber") is None
    making.step(SOMEBODY, False, 6 * IDLE_PERIOD)
    making.step(SOMEBODY, False, 7 * IDLE_PERIOD)
    assert set(to.numbers()) == {"alpha", "beta", "ink", "gamma"}
