import numpy as np
import pytest

from installation.canvas.hud import LONGEST_VALUE
from installation.control.keyboard import Keyboard
from installation.control.operator_hud import NOTICE_LINES, NOTICES, PERIOD, HudBoard, clock, wrapped
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.operation.health import Health
from installation.slot import Slot


def test_the_board_says_how_often_flashes_were_held():
    held = [0]
    state = ControlState(parameter_table([], []), {"transport/hud": True})
    board = HudBoard(Health(), state, Keyboard([], snapshots=False), "engine", "model", [Slot(), Slot()], held=lambda: held[0])

    def figure(now):
        shown = board.state(now)
        return next(dict(group.rows)["flashes held"] for group in shown.groups if group.title == "Show")

    assert figure(1.0) == "0"
    held[0] = 17
    assert figure(1.0 + 1.1 * PERIOD) == "17"


def test_the_board_shows_a_code_with_the_figures_and_without_them():
    state = ControlState(parameter_table([], []))
    code = [None]
    board = HudBoard(Health(), state, Keyboard(), "engine", "model", [Slot(), Slot()], picture=lambda: code[0])
    assert board.state(1.0) is None
    code[0] = np.zeros((21, 21, 3), np.uint8)
    alone = board.state(1.01)
    assert alone.picture is code[0] and alone.groups == alone.notices == alone.keys == ()
    state.set("transport/hud", True)
    beside = board.state(1.02)
    assert beside.picture is code[0] and beside.groups
    code[0] = None
    assert board.state(1.03).picture is None  # at once: it is a secret that has ended


def test_the_board_says_how_old_the_last_frame_is_and_which_faults_last():
    health = Health()
    moment = [0.0]
    health.fault_log.now = lambda: moment[0]
    state = ControlState(parameter_table([], []), {"transport/hud": True})
    board = HudBoard(health, state, Keyboard([], snapshots=False), "engine", "model", [Slot(), Slot()])

    def look(now):
        moment[0] = now
        shown = board.state(now)
        return shown.notices, next(dict(group.rows)["last frame"] for group in shown.groups if group.title == "Show")

    assert look(1.0) == ((), "none yet")
    health.took_frame(1.5)
    health.fault("0: gone", "capture")
    notices, age = look(76.5)
    assert notices == ("1:15  0: gone",)
    assert age.strip() == "75.0 s ago"
    health.over("capture")
    assert look(77.0)[0] == ()


def board_of(health=None, figures=True, slots=(), **given):
    state = ControlState(parameter_table([], []), {"transport/hud": figures})
    keyboard = Keyboard()
    board = HudBoard(health or Health(), state, keyboard, "engine", "model", slots or [Slot(), Slot()], **given)
    return board, state, keyboard


def rows_of(shown):
    return {group.title: dict(group.rows) for group in shown.groups}


def test_figures_are_new_four_times_a_second_and_at_once_when_they_are_called_for():
    held = [0]
    board, state, _ = board_of(held=lambda: held[0])
    first = board.state(8.0)
    held[0] = 5
    assert board.state(8.0 + 0.9 * PERIOD) is first  # it can be read
    assert rows_of(board.state(8.0 + PERIOD))["Show"]["flashes held"] == "5"
    state.set("transport/hud", False)
    assert board.state(8.0 + 1.1 * PERIOD) is None
    held[0] = 9
    state.set("transport/hud", True)
    assert rows_of(board.state(8.0 + 1.2 * PERIOD))["Show"]["flashes held"] == "9"


def test_the_list_of_keys_and_the_figures_come_each_by_itself():
    health = Health()
    health.fault("gone", "capture")
    board, state, keyboard = board_of(health, figures=False)
    assert board.state(1.0) is None
    keyboard.help = True
    keys = board.state(1.1)
    assert keys.keys == keyboard.rows() and keys.groups == keys.notices == () and keys.picture is None
    state.set("transport/hud", True)
    both = board.state(1.2)
    assert both.keys == keyboard.rows() and both.groups and len(both.notices) == 1
    keyboard.help = False
    figures = board.state(1.3)
    assert figures.keys == () and figures.groups and len(figures.notices) == 1


def test_an_operator_who_is_in_sees_the_figures_until_they_leave():
    board, _, _ = board_of(figures=False)
    there = [True]
    board.operator = lambda: there[0]
    assert board.state(1.0).groups
    there[0] = False
    assert board.state(1.01) is None


def test_the_figures_are_the_show_s_own():
    health, slots = Health(), [Slot(), Slot(), Slot()]
    for slot, puts in zip(slots, (3, 2, 9), strict=True):
        for k in range(puts):
            slot.put(k)
    for k in range(6):
        health.presented.add(9.0 + k / 10)
    health.drew([1, 2], 512, 9.5)
    health.saw_faces([1, 2, 3])
    health.glass_to_glass.extend([0.1, 0.1, 0.9])
    for seconds in (0.02, 0.02, 0.5):
        health.took("edit", seconds)
    board, _, _ = board_of(health, slots=slots, control=lambda: (("tempo", "120 bpm"),))
    rows = rows_of(board.state(10.0))
    assert list(rows) == ["Show", "Stages", "Machine", "Control"]
    assert rows["Show"] == {
        "canvas": "  3.0 fps", "portraits": "  1.0 fps", "delay": "  100 ms", "faces": "3", "last frame": "none yet",
        "dropped": "3", "flashes held": "0",
    }  # fmt: skip
    assert rows["Stages"] == {"edit": " 20.0 ms"} and rows["Control"] == {"tempo": "120 bpm"}
    assert rows["Machine"] == {"engine": "engine", "model": "model", "portrait": "512 px"}
    bare, _, _ = board_of()
    assert [group.title for group in bare.state(10.0).groups] == ["Show", "Machine"]  # no heading over nothing


def test_the_last_faults_are_shown_the_newest_last():
    health = Health()
    moment = [0.0]
    health.fault_log.now = lambda: moment[0]
    for k in range(NOTICES + 2):
        moment[0] = 10.0 * k
        health.fault(f"part {k} is gone", f"part {k}")
    health.over("part 3")
    moment[0] = 60.0
    board, _, _ = board_of(health)
    assert NOTICES == 3
    assert board.state(60.0).notices == ("0:50  part 1 is gone", "0:40  part 2 is gone", "0:20  part 4 is gone")


def test_a_notice_that_is_too_long_ends_within_its_lines():
    assert wrapped("x" * LONGEST_VALUE) == ["x" * LONGEST_VALUE]
    assert wrapped("x" * (LONGEST_VALUE + 1)) == ["x" * LONGEST_VALUE, "  x"]
    room = LONGEST_VALUE + (NOTICE_LINES - 1) * (LONGEST_VALUE - 2)  # the lines after the first one are indented
    letters = ("abcdefghij" * 40)[: room + 1]
    whole, more = wrapped(letters[:room]), wrapped(letters)
    assert len(whole) == len(more) == NOTICE_LINES and all(len(line) == LONGEST_VALUE for line in (*whole, *more))
    assert "".join(line.strip() for line in whole) == letters[:room]
    assert more[:-1] == whole[:-1] and more[-1] == whole[-1][:-1] + "…"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((0.0, "0:00"), (7.9, "0:07"), (59.9, "0:59"), (60.0, "1:00"), (750.0, "12:30")),
        *((3599.0, "59:59"), (3600.0, "1:00:00"), (11_105.0, "3:05:05")),
    ],
)
def test_how_long_something_has_lasted_is_read_as_on_a_clock(seconds, shown):
    assert clock(seconds) == shown
