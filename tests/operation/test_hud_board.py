from installation.control.keyboard import Keyboard
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.operation.health import Health
from installation.operation.hud import PERIOD, HudBoard
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
