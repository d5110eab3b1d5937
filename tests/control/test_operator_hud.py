import numpy as np

from installation.control.keyboard import Keyboard
from installation.control.operator_hud import PERIOD, HudBoard
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
