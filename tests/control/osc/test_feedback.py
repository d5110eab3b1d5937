import math
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from installation.config import OscConfig
from installation.control.osc.feedback import LOOK, MOST, REPEAT, SETTLED, OscFeedback, _destination
from installation.control.parameters import parameter_table
from installation.control.state import Change, ControlState
from installation.errors import ConfigError
from installation.observation import Observation, Visitor
from tests.control.osc.osc_bytes import read

SHOW = Observation(1.0, 2, ((4, 0.25), (7, 0.0)), 29.5, 40.0, 61.5, 3, 900.0, "openvino", "facets", 256, ())


class Ear:
    """A port on this machine, and what arrives at it."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.02)
        self.port = self.socket.getsockname()[1]
        self.heard: list[tuple[str, list[object]]] = []

    def listen(self, address: str = "", seconds: float = 10.0) -> list[object]:
        """Until a message to this address has come; its arguments."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.heard.append(read(self.socket.recv(65536)))
            except TimeoutError:
                continue
            if self.heard[-1][0] == address:
                return self.heard[-1][1]
        assert not address, f"{address} never came"
        return []

    def values(self, address: str) -> list[object]:
        return [values[0] for heard, values in self.heard if heard == address]


class Show:
    """What there is to observe; a test changes it."""

    def __init__(self) -> None:
        self.now, self.preset = SHOW, ""


@contextmanager
def sending(state: ControlState, show: Show, **settings: object) -> Iterator[None]:
    feedback = OscFeedback(state, OscConfig(**settings), lambda: show.now, lambda: show.preset)
    feedback.start()
    try:
        yield
    finally:
        feedback.stop()


@pytest.fixture
def ear() -> Iterator[Ear]:
    one = Ear()
    yield one
    one.socket.close()


@pytest.fixture
def state() -> ControlState:
    return ControlState(parameter_table(["age"], [], presets=["calm"]))


def test_what_is_told_last_is_what_holds_whichever_hand_was_heard_of_last(ear: Ear, state: ControlState) -> None:
    """A change is told after it was made: of two hands on one control the first may be heard of last."""
    feedback = OscFeedback(state, OscConfig(out_port=ear.port, mirrors=[f"127.0.0.1:{ear.port}"]), lambda: SHOW, str)
    state.set("look/grain", 0.5)
    feedback.start()
    try:
        feedback._on_change(Change("look/grain", 0.2, "midi"))
        assert ear.listen("/facets/out/look/grain") == [0.5]
        assert ear.listen("/facets/look/grain") == [0.5]
    finally:
        feedback.stop()


def test_every_kind_of_change_is_echoed(state: ControlState, ear: Ear) -> None:
    with sending(state, Show(), out_port=ear.port):
        state.set("look/grain", 0.5, "midi")
        state.set("look/layout", "row", "web")
        state.set("transport/freeze", True)
        state.set("preset/calm/recall", None)
        state.set("preset/recall", 3)
        assert ear.listen("/facets/out/preset/recall") == [3]
    heard = dict(ear.heard)
    assert heard["/facets/out/look/grain"] == [0.5]
    assert heard["/facets/out/look/layout"] == ["row"]
    assert heard["/facets/out/transport/freeze"] == [True]
    assert heard["/facets/out/preset/calm/recall"] == [True]


def test_a_flood_of_one_control_goes_out_as_its_latest_value(state: ControlState, ear: Ear) -> None:
    with sending(state, Show(), out_port=ear.port):
        for step in range(5001):
            state.set("look/grain", step / 5000)
        ear.listen(seconds=0.3)
    values = ear.values("/facets/out/look/grain")
    assert values[-1] == 1.0
    assert len(values) < 100


def test_more_changes_than_fit_a_round_all_arrive(ear: Ear) -> None:
    names = [f"one-{i}" for i in range(40)]
    state = ControlState(parameter_table(names, []))
    with sending(state, Show(), out_port=ear.port):
        state.fade({f"edit/{name}/amount": 1.0 for name in names}, 2.0)
        for name in names:
            if not ear.values(f"/facets/out/edit/{name}/amount"):
                ear.listen(f"/facets/out/edit/{name}/amount")


def test_what_the_installation_sees_is_sent(state: ControlState, ear: Ear) -> None:
    show = Show()
    with sending(state, show, out_port=ear.port):
        assert ear.listen("/facets/out/heartbeat") == [1]
        first = dict(ear.heard)
        assert first["/facets/out/faces"] == [2]
        assert first["/facets/out/smile/4"] == [0.25] and first["/facets/out/smile/7"] == [0.0]
        assert first["/facets/out/fps"] == [29.5] and first["/facets/out/delay"] == [61.5]
        assert "/facets/out/preset" not in first
        show.now, show.preset = replace(SHOW, seconds=2.5, faces=1, smiles=((7, 0.75),)), "calm"
        assert ear.listen("/facets/out/faces") == [1]
        assert ear.listen("/facets/out/smile/7") == [0.75] and ear.values("/facets/out/smile/4")[-1] == 0.0  # who left smiles no more
        assert ear.listen("/facets/out/heartbeat") == [2]
        assert ear.values("/facets/out/preset")[0] == "calm"
        show.now = replace(SHOW, faces=0, smiles=())
        assert ear.listen("/facets/out/faces") == [0]


def test_a_mirror_follows_every_hand_but_its_own(state: ControlState, ear: Ear) -> None:
    with sending(state, Show(), out_port=0, mirrors=(f"127.0.0.1:{ear.port}",)):
        state.set("look/grain", 0.5, "osc 127.0.0.1")
        state.set("preset/next", None)
        state.set("look/trails", 0.5, "osc 192.168.1.9")
        assert ear.listen("/facets/look/trails") == [0.5]
        assert "/facets/preset/next" not in dict(ear.heard)
        assert not [address for address, _ in ear.heard if "/out/" in address]
        # In time it hears of every control, so that a panel that was opened late comes right.
        missing = set(state.targets())
        while missing:
            ear.listen(seconds=0.2)
            missing -= {address.removeprefix("/facets/") for address, _ in ear.heard}
        assert ear.values("/facets/look/grain")[0] == 0.5


def test_nowhere_to_send_is_said_or_is_silence(state: ControlState) -> None:
    with pytest.raises(ConfigError, match=r"control\.osc\.out_port: 9000: the program listens on that port itself"):
        OscFeedback(state, OscConfig(out_port=9000), lambda: SHOW).start()
    with pytest.raises(ConfigError, match=r"control\.osc\.mirrors: 'no-phone\.invalid': no such address"):
        OscFeedback(state, OscConfig(out_port=0, mirrors=("no-phone.invalid:9000",)), lambda: SHOW).start()
    silent = OscFeedback(state, OscConfig(out_port=0), lambda: SHOW)
    silent.start()
    silent.stop()


def test_a_show_that_cannot_be_seen_does_not_end_the_feedback(state: ControlState, ear: Ear, caplog: pytest.LogCaptureFixture) -> None:
    show = Show()
    show.now = None  # type: ignore[assignment]
    with sending(state, show, out_port=ear.port):
        end = time.monotonic() + 10
        while "could not be sent" not in caplog.text and time.monotonic() < end:
            time.sleep(0.01)
        show.now = SHOW
        assert ear.listen("/facets/out/heartbeat") == [1]


def test_the_visitors_places_are_sent_as_they_change_and_once_a_second(state: ControlState, ear: Ear) -> None:
    show = Show()
    show.now = replace(SHOW, slots=(None, Visitor(4, 0.25)))
    with sending(state, show, out_port=ear.port):
        ear.listen("/facets/out/visitor/2/smile")
        first = dict(ear.heard)
        assert first["/facets/out/visitor/1/present"] == [0] and first["/facets/out/visitor/1/id"] == [-1]
        assert first["/facets/out/visitor/2/present"] == [1] and first["/facets/out/visitor/2/id"] == [4]
        show.now = replace(SHOW, slots=(Visitor(9, 0.5), Visitor(4, 0.25)))
        while ear.listen("/facets/out/visitor/1/smile") != [0.5]:
            pass
        ear.heard.clear()
        assert ear.listen("/facets/out/visitor/2/present") == [1]  # told again though it has not changed


@pytest.mark.parametrize("value", ["caf\ud800", "a\0b", "", "x" * 100_000, 10**40, -(10**40), float("nan"), float("inf"), "größe"])
def test_what_osc_cannot_carry_keeps_nothing_else_back(state: ControlState, ear: Ear, value: object) -> None:
    with sending(state, Show(), out_port=ear.port):
        state._tell(Change("preset/recall", value, "web"))  # type: ignore[arg-type]  # whatever a hand came up with
        state.set("look/grain", 0.75, "web")
        assert ear.listen("/facets/out/look/grain", 0.9) == [0.75]


def test_whoever_is_refused_reads_why(state: ControlState, ear: Ear) -> None:
    with sending(state, Show(), port=0, out_port=ear.port):
        state.set("look/glitter", 1)
        assert ear.listen("/facets/out/error") == ["look/glitter: no such control"]
        state.ignore("preset/recall: 'cl\ud800m': there is no such preset")
        assert ear.listen("/facets/out/error") == ["preset/recall: 'cl\\ud800m': there is no such preset"]
        for i in range(500):
            state.set(f"look/no-{i}", 1)
        ear.listen("/facets/out/heartbeat")
    assert len(ear.values("/facets/out/error")) < 50  # a flood that comes in is none going out


class ByHand:
    """Feedback whose rounds are made by the test, at the times that it says, and what arrives of each."""

    def __init__(self, state: ControlState, ear: Ear, out: bool = False, mirror: bool = False) -> None:
        self.show, self.ear = Show(), ear
        self.feedback = OscFeedback(state, OscConfig(), lambda: self.show.now, lambda: self.show.preset)
        to = _destination("127.0.0.1", ear.port, "control.osc.out_host")
        self.feedback._out = to if out else None
        self.feedback._mirrors = [to] if mirror else []
        self._end = state.subscribe(self.feedback._on_change)

    def heard(self) -> list[tuple[str, object]]:
        found = []
        self.ear.socket.setblocking(False)
        try:
            while True:
                address, values = read(self.ear.socket.recv(65536))
                found.append((address.removeprefix("/facets/"), values[0]))
        except BlockingIOError:
            return found

    def shown(self, now: float, **seen: object) -> dict[str, object]:
        """What is told of the show at this moment."""
        self.show.now = replace(self.show.now, **seen)
        self.feedback._send_show(now)
        return {address.removeprefix("out/"): value for address, value in self.heard()}


@pytest.fixture
def by_hand(state: ControlState, ear: Ear) -> Iterator[Callable[..., ByHand]]:
    made: list[ByHand] = []

    def make(**given: object) -> ByHand:
        made.append(ByHand(given.pop("state", state), ear, **given))
        return made[-1]

    yield make
    for one in made:
        one.feedback.stop()


def test_of_the_show_some_is_told_once_a_second_and_some_as_it_changes(by_hand: Callable[..., ByHand]) -> None:
    hand = by_hand(out=True)
    always = {"faces": 2, "fps": 29.5, "delay": 61.5, "heartbeat": 1}
    assert hand.shown(100.0) == always | {"smile/4": 0.25, "smile/7": 0.0}
    assert hand.shown(100.5, seconds=1.5, presented_fps=28.0) == {}
    assert hand.shown(100.99, smiles=((4, 0.255), (7, 0.0))) == {}  # too little to tell
    assert hand.shown(101.0) == always | {"fps": 28.0}  # a smile that stays is not told again
    assert hand.shown(101.5, faces=3, smiles=((4, 0.5), (7, 0.0))) == {"faces": 3, "smile/4": 0.5}
    assert hand.shown(101.9, smiles=((4, 0.5),)) == {"smile/7": 0.0} and hand.shown(101.95) == {}


def test_a_preset_is_told_once_one_is_recalled(by_hand: Callable[..., ByHand]) -> None:
    hand = by_hand(out=True)
    hand.shown(100.0)
    for now, preset, told in (
        (100.1, "calm", {"preset": "calm"}),
        (100.2, "calm", {}),
        (100.3, "", {}),
        (100.4, "calm", {"preset": "calm"}),
    ):
        hand.show.preset = preset
        assert hand.shown(now) == told


def test_only_a_refusal_is_told_and_each_once(state: ControlState, by_hand: Callable[..., ByHand]) -> None:
    hand = by_hand(out=True)
    hand.feedback._send_refusal()
    assert hand.heard() == []
    for _ in range(2):
        state.set("look/glitter", 1)
    hand.feedback._send_refusal()
    hand.feedback._send_refusal()
    assert hand.heard() == [("out/error", "look/glitter: no such control")]


def test_where_only_mirrors_are_named_the_show_and_its_refusals_are_told_to_nobody(
    state: ControlState, by_hand: Callable[..., ByHand]
) -> None:
    hand = by_hand(mirror=True)
    state.set("look/glitter", 1)
    hand.feedback._send_refusal()
    assert hand.shown(100.0) == {}
    outward = by_hand(out=True)
    outward.feedback._repeat(100.0)
    assert outward.heard() == []


def test_a_mirror_hears_every_control_within_ten_seconds_a_few_at_a_time(state: ControlState, by_hand: Callable[..., ByHand]) -> None:
    hand, targets = by_hand(mirror=True), state.targets()
    rounds = [(hand.feedback._repeat(100.0 + k * LOOK), hand.heard())[1] for k in range(round(REPEAT / LOOK))]
    assert {name for heard in rounds for name, _ in heard} == set(targets)
    assert {len(heard) for heard in rounds} == {math.ceil(len(targets) * LOOK / REPEAT)}
    assert rounds[0][0] == next(iter(targets.items()))


def test_a_control_that_somebody_moves_is_repeated_only_once_it_has_settled(state: ControlState, by_hand: Callable[..., ByHand]) -> None:
    hand = by_hand(mirror=True)
    state.set("edit/age/amount", 1.0, "osc 127.0.0.1")  # the first of the table; the mirror's own finger
    hand.feedback._send_changes(100.0)
    assert hand.heard() == []
    for now, told in ((100.0 + 0.99 * SETTLED, False), (100.0 + SETTLED, True)):
        hand.feedback._next = 0
        hand.feedback._repeat(now)
        assert (("edit/age/amount", 1.0) in hand.heard()) is told


def test_changes_wait_for_the_next_round_and_one_of_a_control_that_is_gone_keeps_none_back(
    ear: Ear, by_hand: Callable[..., ByHand]
) -> None:
    names = [f"one-{k}" for k in range(MOST)]
    state = ControlState(parameter_table([*names, "gone"], []))
    hand = by_hand(state=state, out=True, mirror=True)
    for name in ("gone", *names):
        state.set(f"edit/{name}/amount", 1.0, "web")
    state.replace(parameter_table(names, []))
    hand.feedback._send_changes(100.0)
    both = [(f"{way}edit/{name}/amount", 1.0) for name in names for way in ("out/", "")]
    assert hand.heard() == [("out/edit/gone/amount", 1.0), *both[:-2]]
    hand.feedback._send_changes(100.1)
    hand.feedback._send_changes(100.2)
    assert hand.heard() == both[-2:]


def test_the_port_it_listens_on_may_be_another_machine_s(state: ControlState) -> None:
    for settings in ({"out_host": "192.0.2.1", "out_port": 9000}, {"out_port": 8999}, {"out_port": 9001}):
        one = OscFeedback(state, OscConfig(port=9000, **settings), lambda: SHOW)
        one.start()
        assert one._out is not None and one._out.socket.fileno() >= 0
        one.stop()
        assert one._out.socket.fileno() == -1


def test_a_name_that_no_network_can_have_is_said(state: ControlState) -> None:
    with pytest.raises(ConfigError, match=r"control\.osc\.out_host: 'x{64}\.example': no such address"):
        OscFeedback(state, OscConfig(out_port=9, out_host="x" * 64 + ".example"), lambda: SHOW).start()


def test_a_destination_may_be_a_whole_network_and_never_waits() -> None:
    to = _destination("127.255.255.255", 9, "control.osc.out_host")
    assert to.socket.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) and not to.socket.getblocking()
    to.socket.close()
