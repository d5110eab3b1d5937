import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pythonosc.udp_client import SimpleUDPClient

from installation.config import OscConfig
from installation.control.osc.server import OscServer, Throttle
from installation.control.parameters import parameter_table
from installation.control.state import Change, ControlState
from installation.errors import ConfigError
from tests.control.osc.osc_bytes import FAR, bundle, message


def a_state() -> ControlState:
    return ControlState(parameter_table(["smile", "age"], ["toon"], (16, 32), presets=["calm"]))


@contextmanager
def listening(state: ControlState, **settings: object) -> Iterator[tuple[OscServer, Callable[[bytes], object]]]:
    """A server on a free port, and a function that sends it a packet."""
    server = OscServer(state, OscConfig(port=0, **settings))
    server.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            yield server, lambda packet: sender.sendto(packet, ("127.0.0.1", server.port))
    finally:
        server.stop()


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def after(server: OscServer, send: Callable[[bytes], object], *packets: bytes) -> None:
    """Send packets and wait until they have been read."""
    for packet in packets:
        before = server.received
        send(packet)
        until(lambda before=before: server.received > before)


@pytest.mark.parametrize(
    ("packet", "name", "value"),
    [
        (message("/facets/look/grain", 0.5), "look/grain", 0.5),
        (message("/facets/look/grain", 1), "look/grain", 1.0),
        (message("/facets/look/grain", "0.25"), "look/grain", 0.25),
        (message("/facets/look/grain", True), "look/grain", 1.0),
        (message("/facets/look/grain/norm", 0.5), "look/grain", 0.5),
        (message("/facets/edit/age/amount/norm", 0.0), "edit/age/amount", -3.0),
        (message("/facets/edit/age/amount/norm", 0.75), "edit/age/amount", 1.5),
        (message("/facets/look/zoom/norm", 0.0), "look/zoom", 0.5),
        (message("/facets/edit/age/amount", 9.0), "edit/age/amount", 3.0),
        (message("/facets/look/mirror", False), "look/mirror", False),
        (message("/facets/look/mirror", 0.0), "look/mirror", False),
        (message("/facets/transport/hud", 1), "transport/hud", True),
        (message("/facets/look/layout", "row"), "look/layout", "row"),
        (message("/facets/edit/*/amount", 0.5), "edit/age/amount", 0.5),
        (message("/facets/edit/{age,smile}/amount/norm", 1.0), "edit/smile/amount", 3.0),
        (bundle(message("/facets/look/grain", 0.9), time=FAR), "look/grain", 0.9),
        (bundle(bundle(message("/facets/look/trails", 0.5)), message("/facets/truncation", 0.5)), "truncation", 0.5),
    ],
)
def test_a_packet_moves_its_control(packet: bytes, name: str, value: object) -> None:
    state = a_state()
    with listening(state) as (server, send):
        after(server, send, packet)
        assert state.target(name) == value and type(state.target(name)) is type(value)
    assert state.counts().ignored == 0


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (message("/facets/look/glitter", 0.5), "/facets/look/glitter: no such control"),
        (message("/facets/look/glitter\x1b[2J", 0.5), r"\x1b[2J: no such control"),  # nothing that a terminal would obey
        (message("/else", 0.5), "/else: no such control"),
        (message("/facets/look/grain", float("nan")), "look/grain: 'nan' is not a number"),
        (message("/facets/look/grain", float("-inf")), "look/grain: '-inf' is not a number"),
        (message("/facets/look/grain", "a lot"), "look/grain: 'a lot' is not a number"),
        (message("/facets/look/grain"), "look/grain: 'None' is not a number"),
        (message("/facets/look/grain", 0.1, 0.2), "look/grain: takes a number from 0 to 1, not 2 values"),
        (message("/facets/look/grain", 0.1, tags="[f]"), "look/grain: takes a number from 0 to 1, not an array"),
        (message("/facets/look/grain", b"blob"), "look/grain: takes a number from 0 to 1, not a value of type 'b'"),
        (message("/facets/look/mirror", 0.5), "look/mirror: '0.5' is not true or false"),
        (message("/facets/look/mirror/norm", 1.0), "look/mirror/norm: no such control"),
        (message("/facets/look/grain/norm", float("nan")), "look/grain/norm: takes 0 to 1"),
        (message("/facets/look/[a", 0.5), "/facets/look/[a: no such control"),
        (message("/facets/look/grain", 0.5)[:-2], "an argument is cut off"),
        (random.Random(1).randbytes(65_000), "neither a message nor a bundle"),
    ],
)
def test_what_does_not_fit_is_counted_and_said(packet: bytes, why: str) -> None:
    state = a_state()
    before = state.targets()
    with listening(state) as (server, send):
        after(server, send, packet)
        counts = state.counts()
        assert counts.ignored == 1 and why in counts.last and counts.last.isprintable()
        assert state.targets() == before
        after(server, send, message("/facets/look/grain", 0.75))
        assert state.target("look/grain") == 0.75


def test_triggers_fire_on_the_press_and_not_on_the_release() -> None:
    state = a_state()
    fired: list[Change] = []
    state.subscribe(lambda change: fired.append(change) if isinstance(change, Change) else None)
    with listening(state) as (server, send):
        name = "/facets/preset/next"
        presses = [message(name), message(name, 1.0), message(name, 127), message(name, True), message(name, tags="I"), message(name, 0.3)]
        releases = [message(name, 0.0), message(name, 0), message(name, False)]
        after(server, send, *releases, *presses, *releases)
        assert [(change.name, change.value) for change in fired] == [("preset/next", True)] * len(presses)
        after(server, send, message("/facets/preset/recall", "calm"), message("/facets/preset/recall", 3))
        assert [change.value for change in fired[-2:]] == ["calm", 3]
        assert {change.source for change in fired} == {"osc 127.0.0.1"}
    assert state.counts().ignored == 0


def test_the_usual_client_is_understood() -> None:
    state = a_state()
    with listening(state) as (server, _):
        client = SimpleUDPClient("127.0.0.1", server.port)
        client.send_message("/facets/look/grain", 0.5)
        client.send_message("/facets/transport/freeze", True)
        client.send_message("/facets/look/background", "black")
        client.send_message("/facets/transport/bpm", [90])
        until(lambda: server.received == 4)
    assert [state.target(name) for name in ("look/grain", "transport/freeze", "look/background", "transport/bpm")] == [
        0.5,
        True,
        "black",
        90,
    ]


def test_controls_that_come_and_go_are_reached_at_once() -> None:
    state = a_state()
    with listening(state) as (server, send):
        after(server, send, message("/facets/edit/*/amount", 1.0), message("/facets/edit/beard/amount", 1.0))
        assert state.counts().ignored == 1
        state.replace(parameter_table(["age", "beard"], []))
        after(server, send, message("/facets/edit/beard/amount", 0.5))
        assert state.target("edit/beard/amount") == 0.5
        after(server, send, message("/facets/edit/*/amount", 2.0), message("/facets/edit/smile/amount", 1.0))
        assert state.target("edit/beard/amount") == 2.0
        assert state.counts().ignored == 2


def test_strangers_are_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    # 127.0.0.2 is this machine as well, so the question is put to the server as a network would put it.
    state = a_state()
    server = OscServer(state, OscConfig(port=0, allow=("10.1.0.0/16", "fd00::/8")))
    packet = message("/facets/look/grain", 0.5)
    for sender in ("10.2.0.1", "192.168.1.7", "fe80::1%eth0", "::ffff:10.2.0.1"):
        server._read(packet, sender)
    assert state.counts().ignored == 4 and "control.osc.allow" in state.counts().last
    assert state.target("look/grain") != 0.5
    for sender in ("10.1.255.1", "fd12::7", "::ffff:10.1.0.9", "127.0.0.1", "::1"):
        state.set("look/grain", 0.1)
        server._read(packet, sender)
        assert state.target("look/grain") == 0.5, sender


def test_a_taken_port_is_named_and_given_back() -> None:
    state = a_state()
    with listening(state) as (server, _):
        with pytest.raises(
            ConfigError, match=rf"control\.osc\.port: {server.port}: the port is taken .*--set control\.osc\.port="
        ) as caught:
            OscServer(state, OscConfig(port=server.port)).start()
        assert caught.value.exit_code == 2
    again = OscServer(state, OscConfig(port=server.port))
    again.start()
    again.stop()


@pytest.mark.parametrize(
    ("host", "words"), [("no-such-host.invalid", "no such address"), ("203.0.113.9", "this machine has no such address")]
)
def test_a_host_that_is_not_here_is_named(host: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"control\.osc\.host: '{host}': {words}"):
        OscServer(a_state(), OscConfig(host=host, port=0, allow=("10.0.0.0/8",))).start()


def test_a_listener_that_fails_does_not_end_the_listening(caplog: pytest.LogCaptureFixture) -> None:
    state = a_state()

    def fail(_: object) -> None:
        raise RuntimeError("a panel is broken")

    end = state.subscribe(fail)
    with listening(state) as (server, send):
        after(server, send, message("/facets/look/grain", 0.5))
        until(lambda: "a panel is broken" in state.counts().last)
        end()
        after(server, send, message("/facets/look/grain", 0.6))
        assert state.target("look/grain") == 0.6


def test_a_flood_is_held_to_its_share_of_a_core() -> None:
    clock = {"busy": 0.0, "wall": 0.0}

    def sleep(seconds: float) -> None:
        clock["wall"] += seconds

    throttle = Throttle(0.2, lambda: clock["busy"], lambda: clock["wall"], sleep)
    for _ in range(20_000):  # packets of 50 microseconds, one after the other
        clock["busy"] += 5e-5
        clock["wall"] += 5e-5
        throttle.rest()
    assert clock["busy"] / clock["wall"] == pytest.approx(0.2, rel=0.1)
    clock["wall"] = busy = 1000.0  # a long silence earns no right to a burst
    for _ in range(2000):
        clock["busy"] += 5e-5
        clock["wall"] += 5e-5
        throttle.rest()
    assert clock["wall"] - busy > 0.3
