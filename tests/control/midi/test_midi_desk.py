"""The desk's own rules, with devices of the system that a test plugs in: what is learned, what waits, and what breaks."""

import time
from types import SimpleNamespace

import mido
import pytest

from installation.config import MidiConfig
from installation.control.midi import desk as module
from installation.control.midi.desk import NO_HANDS, MidiDesk
from installation.control.midi.grip import position, steps
from installation.control.midi.inbox import Struck
from installation.control.midi.learning import PATIENCE
from installation.control.midi.mapping import Source, read_mapping, write_mapping
from installation.control.parameters import parameter_table
from installation.control.state import Change, ControlState
from tests.control.midi.test_midi import Drivers, until

TABLE = parameter_table(["smile"], [])
PORT = "Box:Box 20:0"


class Plugged:
    """A desk, and the box that is plugged into it."""

    def __init__(self, folder, **learned):
        self.drivers, self.state, self.faults, self.file = Drivers(), ControlState(TABLE), [], folder / "midi.yaml"
        self.drivers.names = [PORT]
        if learned:
            write_mapping(self.file, {name.replace("__", "/"): source for name, source in learned.items()})
        settings = MidiConfig(enabled=True)
        self.desk = MidiDesk(
            self.state, settings, self.file, lambda: None, time.monotonic, self.faults.append, find_backend=lambda: self.drivers
        )

    def start(self):
        self.desk.start()
        until(lambda: self.desk.devices() and not self.desk._grips.waiting)  # before the box is told where all stands, nothing is held

    def turn(self, number, *values):
        for value in values:
            self.drivers.callbacks[PORT](mido.Message("control_change", control=number, value=value))


@pytest.fixture
def plugged(tmp_path):
    made = []

    def make(start=True, **learned):
        made.append(Plugged(tmp_path, **learned))
        if start:
            made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.desk.stop()


def test_no_hand_is_taken_for_a_touch_and_a_second_wish_to_learn_ends_the_first(plugged):
    box = plugged(start=False)
    box.state.subscribe(box.desk._hear)
    box.desk.touch()
    for place, source in enumerate(NO_HANDS, start=1):
        box.state.set("look/trails", place / 10, source)
    assert box.desk.touching and box.desk.learning is None
    box.state.replace(parameter_table([], []))  # controls that come and go are no hand either
    box.state.set("look/trails", 0.9, "web")
    assert box.desk.learning == "look/trails" and not box.desk.touching
    box.desk.touch()
    assert box.desk.learning is None and not box.desk.touching
    box.desk.learn("look/grain")
    box.desk.unlearn("look/trails")
    assert box.desk.learning is None


def test_where_a_knob_was_left_when_it_was_learned_is_known(plugged):
    box = plugged()
    box.desk.learn("look/vignette")
    box.turn(21, *range(0, 40, 4))
    until(lambda: box.desk.learned() == {"look/vignette": Source("Box", 0, "control", 21)})
    until(lambda: mido.Message("control_change", control=21, value=steps(0.35, 7)) in box.drivers.sent)
    box.turn(21, 126)  # past the control in one step: it is held
    box.turn(21, 127)
    until(lambda: box.state.target("look/vignette") == pytest.approx(0.35 + position(127, 7) - position(126, 7)))


def test_who_turns_nothing_for_a_minute_learns_nothing_more(plugged, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    box = plugged()
    box.desk.learn("look/grain")
    box.turn(21, 64)
    assert box.desk.learning == "look/grain"
    now[0] += PATIENCE + 1
    until(lambda: box.desk.learning is None)
    assert box.desk.learned() == {} and not box.file.exists() and box.desk.received == 1


def test_a_knob_that_was_found_for_a_control_that_nobody_wants_any_more_is_not_given_away(plugged):
    box = plugged(start=False)
    box.desk.learn("look/grain")
    before = box.desk._learner
    box.desk.learn("look/zoom")  # while the pad below was on its way
    box.desk._teach(before, [Struck("Box", 0, 36, 99)], before._until)
    assert box.desk.learned() == {} and box.desk.learning == "look/zoom"
    box.desk._teach(box.desk._learner, [Struck("Box", 0, 36, 99), Struck("Box", 0, 37, 99)], before._until)
    assert box.desk.learned() == {"look/zoom": Source("Box", 0, "note", 36)} and box.desk.learning is None


def test_what_breaks_while_a_knob_is_turned_is_a_fault_and_not_the_end_of_midi(plugged, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.01)
    box = plugged(look__grain=Source("Box", 0, "control", 1))

    def breaks(change):
        if isinstance(change, Change) and not box.faults:
            raise RuntimeError("a panel is broken")

    box.state.subscribe(breaks)
    box.turn(1, 12, 13, 64)
    until(lambda: box.faults)
    assert box.faults == ["MIDI: RuntimeError: a panel is broken"]
    box.turn(1, 65, 66)
    until(lambda: box.state.target("look/grain") == pytest.approx(position(66, 7)))
    assert len(box.faults) == 1


def test_what_is_unlearned_is_out_of_the_file_when_the_desk_has_ended(plugged, monkeypatch):
    box = plugged(look__grain=Source("Box", 0, "control", 1), look__zoom=Source("Box", 0, "control", 2))
    monkeypatch.setattr(module, "GATHER", 3600.0)  # the end comes before its turn does
    box.desk.unlearn("look/grain")
    box.desk.stop()
    assert read_mapping(box.file, TABLE) == {"look/zoom": Source("Box", 0, "control", 2)} and not box.faults


def test_before_it_is_started_no_device_is_open(plugged):
    assert plugged(start=False).desk.devices() == ()
