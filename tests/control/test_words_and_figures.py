"""What the operator and the log are told of messages, why a port cannot be had, and the ways that a fade can take."""

import errno
import logging
import re

import pytest

from installation.control.easing import EASINGS
from installation.control.message_figures import FRESH, MessageFigures
from installation.control.parameters import parameter_table
from installation.control.port_errors import why_not_listening
from installation.control.state import ControlState


class Counted:
    """Figures of a state, with as many messages received as the test says."""

    def __init__(self):
        self.state, self.received = ControlState(parameter_table((), ())), 0
        self.figures = MessageFigures(self.state, lambda: self.received)

    def at(self, now, received):
        self.received = received
        self.figures.step(now)
        return self.figures.rows()[0]


@pytest.fixture
def counted():
    return Counted()


def test_the_rate_is_that_of_the_last_second(counted):
    assert counted.at(100.0, 50) == ("messages", "    0 /s")
    assert counted.at(100.9, 90) == ("messages", "    0 /s")  # not a second yet
    assert counted.at(101.0, 92) == ("messages", "   42 /s")
    assert counted.at(103.0, 112) == ("messages", "   10 /s")
    assert counted.at(103.5, 999) == ("messages", "   10 /s")
    assert counted.at(50.0, 1000) == ("messages", "   10 /s")  # a clock that went back begins another second
    assert counted.at(51.0, 1007) == ("messages", "    7 /s")


def test_what_was_ignored_is_one_line_a_second_and_is_shown_for_a_while(counted, caplog):
    counted.figures.step(10.0)
    counted.state.set("no/such", 1)
    counted.state.set("look/grain", 7.0)
    assert counted.figures.why() == []
    with caplog.at_level(logging.WARNING):
        for now in (10.5, 11.0, 11.5, 12.0):
            counted.figures.step(now)
    assert [one.getMessage() for one in caplog.records] == ["1 control messages were ignored, the last: no/such: no such control"]
    assert counted.figures.rows()[1:] == [("ignored", "1"), ("clamped", "1")]
    assert counted.figures.why() == [("why", "no/such: no such control")]
    for now, shown in ((11.0 + FRESH - 0.01, True), (12.1 + FRESH, False)):
        counted.figures.step(now)
        assert bool(counted.figures.why()) is shown
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            counted.state.set("look/grain", "much")
        counted.figures.step(40.0)
    assert caplog.records[-1].getMessage().startswith("3 control messages were ignored, the last: look/grain: 'much' is not")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EADDRINUSE, r"control\.osc\.port: 9000: the port is taken on 0\.0\.0\.0.*--set control\.osc\.port=NUMBER.*enabled=false"),
        (errno.EACCES, r"control\.osc\.port: 9000: this user may not listen.*from 1024 on"),
        (errno.EPERM, r"control\.osc\.port: 9000: this user may not listen.*from 1024 on"),
        (errno.EADDRNOTAVAIL, r"control\.osc\.host: '0\.0\.0\.0': this machine has no such address"),
        (errno.ENETDOWN, r"control\.osc: cannot listen on 0\.0\.0\.0:9000: it broke"),
    ],
)
def test_why_a_port_cannot_be_had_says_what_to_do(number, words):
    assert re.fullmatch(words + ".*", why_not_listening(OSError(number, "it broke"), "0.0.0.0", 9000, "control.osc"))


@pytest.mark.parametrize("name", EASINGS)
def test_every_way_leads_from_nothing_to_all_and_never_back(name):
    way = [EASINGS[name](k / 100) for k in range(101)]
    assert way[0] == 0 and way[-1] == pytest.approx(1) and way == sorted(way)


def test_each_way_has_its_own_shape():
    quarter = {name: way(0.25) for name, way in EASINGS.items()}
    half = {name: way(0.5) for name, way in EASINGS.items()}
    assert quarter == pytest.approx({"linear": 0.25, "smooth": 0.15625, "in": 0.015625, "out": 0.578125, "breath": 0.103515625})
    assert half == pytest.approx({"linear": 0.5, "smooth": 0.5, "in": 0.125, "out": 0.875, "breath": 0.5})
