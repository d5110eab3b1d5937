import logging
import socket
from collections.abc import Iterator

import pytest

from installation.config import ControlConfig, MidiConfig, OscConfig, WebConfig
from installation.control.desk import ControlDesk
from installation.control.observation import Observation
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.errors import ConfigError

SHOW = Observation(0.0, 0, (), 0.0, 0.0, 0.0, 0, 0.0, "", "", 0, ())


def desk_of(state: ControlState, osc: OscConfig, lockstep: bool = False) -> ControlDesk:
    config = ControlConfig(osc=osc, web=WebConfig(enabled=False), midi=MidiConfig(enabled=False))
    return ControlDesk(config, state, lambda: SHOW, lambda fault: None, lockstep)


@pytest.fixture
def state() -> ControlState:
    return ControlState(parameter_table([], []))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def test_a_run_in_lockstep_opens_nothing_unless_told(state: ControlState, taken: int) -> None:
    desk = desk_of(state, OscConfig(port=taken), lockstep=True)
    desk.start()
    desk.stop()
    for osc, lockstep in ((OscConfig(port=taken, enabled=True), True), (OscConfig(port=taken), False)):
        with pytest.raises(ConfigError, match="taken"):
            desk_of(state, osc, lockstep).start()


def test_what_opened_before_a_failure_is_closed_again(state: ControlState, taken: int) -> None:
    with pytest.raises(ConfigError, match="out_host"):
        desk_of(state, OscConfig(port=0, out_host="nowhere.invalid")).start()
    state.set("look/grain", 0.5)  # no listener of the dead parts is left to be told


def test_ignored_messages_reach_the_log_once_a_second(state: ControlState, caplog: pytest.LogCaptureFixture) -> None:
    desk = desk_of(state, OscConfig(enabled=False))
    with caplog.at_level(logging.WARNING):
        for frame in range(90):
            state.set("look/glitter", frame)
            desk.step(10 + frame / 30)
    assert len(caplog.records) == 3
    assert "30 control messages were ignored, the last: look/glitter: no such control" in caplog.text


def test_the_operator_sees_what_arrives(state: ControlState) -> None:
    desk = desk_of(state, OscConfig(enabled=False))
    desk.step(0.0)
    assert dict(desk.figures())["ignored"] == "0" and "why" not in dict(desk.figures())
    state.set("look/grain", 7)
    state.set("look/glitter", 1)
    desk.step(1.0)
    figures = dict(desk.figures())
    assert (figures["ignored"], figures["clamped"], figures["why"]) == ("1", "1", "look/glitter: no such control")
    for second in range(2, 13):
        desk.step(float(second))
    assert "why" not in dict(desk.figures())  # the operator has read it
