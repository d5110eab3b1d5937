"""The style stage and its loop: what is painted, whose turn it is, and that nobody waits for it."""

from dataclasses import replace

import numpy as np
import pytest

from installation.control.parameters import parameter_table
from installation.control.state import Controls, ControlState
from installation.messages import Expression, Face, Frame, Image, Portrait, Portraits, Styled
from installation.operation.health import Health
from installation.pipeline import StyleLoop
from installation.slot import Slot
from installation.stages.style import TURN_SECONDS, Style
from installation.styles.blend import Blend, Blender
from installation.styles.library import Palette
from installation.styles.wear import HELD_SECONDS, KEPT, Wearing
from tests.styles.stand_ins import PALETTE, Negative, OnePainter, controls

ROOM = np.full((90, 160, 3), 30, np.uint8)
EMPTY = np.zeros((0, 0, 3), np.uint8)
SQUARE = np.array([[40.0, 0.0, 80.0], [0.0, 40.0, 45.0]])  # of a face in the middle


def face(id: int) -> Face:
    return Face(id, np.zeros((468, 2), np.float32), (60.0, 25.0, 100.0, 65.0), Expression(), 1.0, True, 1.0)


def portrait(id: int, image: Image = EMPTY, cell: int = 0) -> Portrait:
    return Portrait(face(id), image, 1.0, cell, SQUARE)


def mirror(time: float = 0.0, picture: Image = ROOM, *ids: int) -> Portraits:
    return Portraits(Frame(0, time, picture), tuple(portrait(id) for id in ids), picture)


def wall(count: int, time: float = 0.0, level: int = 30) -> Portraits:
    tile = np.full((32, 32, 3), level, np.uint8)
    return Portraits(Frame(0, time, ROOM), tuple(portrait(1, tile, cell) for cell in range(count)))


class Ticks:
    """A clock that goes on by so many seconds at every look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def style(hand: object | None = None, palette: Palette = PALETTE, lockstep: bool = False) -> Style:
    return Style(OnePainter(hand or Negative()), Blender(palette), lockstep)  # type: ignore[arg-type]


ALPHA = controls(style_alpha_amount=1.0)


def paint(stage: Style, portraits: Portraits, told: Controls = ALPHA, now: float = 0.0, tick: float = 0.001) -> Styled:
    styled = stage.paint(portraits, told, now, Ticks(tick))
    assert styled is not None
    return styled


def test_the_whole_picture_of_the_mirror_is_painted() -> None:
    styled = paint(style(), mirror(0.0, ROOM, 1))
    assert styled.picture is not None and styled.picture.shape == ROOM.shape and (styled.picture == 225).all()
    assert not styled.faces and not styled.portraits


def test_faces_alone_are_painted_where_that_is_the_scope() -> None:
    stage = style()
    portraits = mirror(0.0, ROOM, 1)
    styled = paint(stage, portraits, controls(style_alpha_amount=1.0, style_scope="portraits"))
    assert styled.picture is None and list(styled.faces) == [1]
    shown = Wearing().dress(portraits, styled).picture
    assert shown is not None and shown[45, 80, 0] > 200 and shown[5, 5, 0] == 30 and (portraits.picture == 30).all()  # type: ignore[union-attr]


def test_a_painted_face_moves_with_its_sitter_while_it_is_held() -> None:
    wearing, before = Wearing(), mirror(0.0, ROOM, 1)
    styled = paint(style(), before, controls(style_alpha_amount=1.0, style_scope="portraits"))
    wearing.dress(before, styled)
    moved = replace(before, portraits=(replace(before.portraits[0], square=SQUARE + np.array([[0, 0, 50], [0, 0, 0]])),))
    shown = wearing.dress(moved, styled).picture
    assert shown is not None and shown[45, 130, 0] > 200 and shown[45, 80, 0] == 30


def test_no_painted_patch_stays_where_somebody_went_behind_another() -> None:
    stage, before = style(), mirror(0.0, ROOM, 1)
    scope = controls(style_alpha_amount=1.0, style_scope="portraits")
    styled, whole = paint(stage, before, scope), Wearing()
    levels = []
    for in_view in (1.0, 0.5, 0.0):
        shown = whole.dress(replace(before, portraits=(replace(before.portraits[0], in_view=in_view),)), styled).picture
        assert shown is not None
        levels.append(int(shown[45, 80, 0]))
    assert levels[0] > 200 and abs(levels[1] - (levels[0] + 30) / 2) < 4 and levels[2] == 30
    assert not paint(stage, replace(before, portraits=(replace(before.portraits[0], in_view=0.0),)), scope).faces


@pytest.mark.parametrize("scope", ["picture", "portraits"])
def test_portraits_on_a_wall_are_painted_whatever_the_scope(scope: str) -> None:
    portraits = wall(3)
    styled = paint(style(), portraits, controls(style_alpha_amount=1.0, style_scope=scope))
    worn = Wearing().dress(portraits, styled)
    assert styled.picture is None and [int(one.image.mean()) for one in worn.portraits] == [225, 225, 225]


def test_of_many_portraits_those_that_waited_longest_have_their_turn() -> None:
    stage, portraits = style(), wall(12)
    stage._square_seconds = TURN_SECONDS / 4
    done: list[set[tuple[int, int]]] = []
    for _ in range(4):
        before = stage.painted
        styled = paint(stage, portraits, tick=TURN_SECONDS / 4)
        done.append(set(styled.portraits))
        assert stage.painted - before <= 5
    assert len(done[0]) < 12 and done[0] <= done[1] <= done[2] and len(done[-1]) == 12


def test_in_lockstep_everything_is_painted_for_each_frame() -> None:
    stage = style(lockstep=True)
    stage._square_seconds = 1.0
    assert len(paint(stage, wall(12), tick=1.0).portraits) == 12


def test_who_left_is_forgotten() -> None:
    stage = style()
    paint(stage, wall(6))
    assert set(paint(stage, wall(2)).portraits) == {(1, 0), (1, 1)} and len(stage._easels) == 2


class Overtaken(Negative):
    """While it draws, the glass draws the next frame into the memory of this one."""

    room: Image

    def draw(self, picture: Image, blend: Blend) -> Image:
        self.room[:] = 255
        return super().draw(picture, blend)


def test_what_is_painted_is_one_frame_though_the_glass_draws_into_its_memory_meanwhile() -> None:
    hand = Overtaken()
    hand.room = ROOM.copy()
    styled = paint(style(hand), mirror(0.0, hand.room, 1), controls(style_alpha_amount=0.5))
    assert styled.picture is not None and abs(float(styled.picture.mean()) - (225 + 30) / 2) < 2


def test_nothing_is_painted_or_built_without_a_style() -> None:
    """The networks take a quarter of a gigabyte and a second or two of both cores: a show without styles has neither to give."""
    stage = style()
    for now in (0.0, 20.0, 4000.0):
        assert stage.paint(mirror(), controls(), now, Ticks()) is None
    assert stage.painter.prepared == 0  # type: ignore[attr-defined]
    stage.paint(mirror(), controls(style_alpha_amount=0.5), 4001.0, Ticks())
    assert stage.painter.prepared == 1  # type: ignore[attr-defined]


def test_a_display_shows_the_plain_picture_once_nobody_paints_any_more() -> None:
    wearing, portraits = Wearing(), mirror(10.0)
    styled = Styled(Frame(0, 10.0 - HELD_SECONDS + 0.1, ROOM), 255 - ROOM)
    assert wearing.dress(portraits, styled).picture is styled.picture
    late = replace(portraits, frame=Frame(0, 11.0, ROOM))
    assert wearing.dress(late, styled) is late and wearing.dress(portraits, None) is portraits


def test_a_painting_of_another_source_is_not_shown() -> None:
    portraits = mirror()
    assert Wearing().dress(portraits, Styled(portraits.frame, np.zeros((10, 10, 3), np.uint8))).picture is portraits.picture


def test_the_same_portraits_in_the_same_painting_are_the_same_object() -> None:
    wearing, portraits = Wearing(), mirror(0.0, ROOM, 1)
    styled = paint(style(), portraits, controls(style_alpha_amount=1.0, style_scope="portraits"))
    first = wearing.dress(portraits, styled)
    assert wearing.dress(portraits, styled) is first
    pictures = [wearing.dress(replace(portraits), styled).picture for _ in range(KEPT)]
    assert len({id(picture) for picture in pictures}) == KEPT  # a renderer knows a picture again by itself


def loop(stage: Style, state: ControlState, moment: list[float]) -> StyleLoop:
    return StyleLoop(Slot(), stage, state, Slot(), Health(), lambda: moment[0])


def test_the_loop_paints_the_newest_and_tells_once_that_it_stopped() -> None:
    state, moment = ControlState(parameter_table([], [], styles=PALETTE.told)), [0.0]
    styling = loop(style(), state, moment)
    styling.portraits.put(mirror(0.0))
    styling.step(0.0)
    assert not styling.out.fresh and "style" not in styling.health.stages
    state.set("style/alpha/amount", 1.0)
    moment[0] = 5.0
    styling.portraits.put(mirror(5.0))
    styling.step(5.0)
    styled = styling.out.take()
    assert styled is not None and styled.frame.time == 5.0 and len(styling.health.stages["style"]) == 1
    state.set("style/alpha/amount", 0.0)
    moment[0] = 10.0
    styling.portraits.put(mirror(10.0))
    styling.step(10.0)
    assert styling.out.fresh and styling.out.take() is None
    styling.portraits.put(mirror(10.1))
    styling.step(10.1)
    assert not styling.out.fresh


def test_the_loop_paints_the_last_portraits_again_where_no_new_ones_come() -> None:
    state, moment = ControlState(parameter_table([], [], styles=PALETTE.told), {"style/alpha/amount": 1.0}), [0.0]
    styling = loop(style(), state, moment)
    styling.portraits.put(mirror(0.0))
    styling.step(0.0)
    styling.out.take()
    styling.step(0.2)
    assert styling.out.take() is not None
    state.set("transport/freeze", True)
    moment[0] = 1.0
    styling.step(1.0)
    assert not styling.out.fresh
    state.set("transport/freeze", False)
    styling.resting = lambda: True
    styling.step(1.2)
    assert not styling.out.fresh
