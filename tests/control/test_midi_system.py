"""The system's MIDI by name, through a library that stands in for RtMidi: a machine without MIDI has no ports to try."""

from types import SimpleNamespace

import pytest
from mido import Message

from installation.control import midi_system
from installation.control.midi_system import CLIENT, RtMidi


class Library:
    """RtMidi as it is seen from here: a port is opened by its number, and fails in its own ways."""

    def __init__(self, ports=("Through 14:0", "Knobs 20:0", "Pads 24:0"), outputs=("Through 14:0", "Lights 28:0")):
        self.inputs, self.outputs, self.made, self.fault = ports, outputs, [], None
        self.MidiIn, self.MidiOut = (lambda name, api: self._port(self.inputs, name)), (lambda name, api: self._port(self.outputs, name))

    def _port(self, ports, name):
        if self.fault is not None:
            raise self.fault
        port = SimpleNamespace(ports=list(ports), client=name, number=None, callback=None, ignored=None, sent=[], closed=False)
        port.open_port = lambda number: setattr(port, "number", number)
        port.ignore_types = lambda **kinds: setattr(port, "ignored", kinds)
        port.close_port = lambda: setattr(port, "closed", True)
        port.send_raw = lambda *data: self._send(port, data)
        self.made.append(port)
        return port

    def _send(self, port, data):
        if self.fault is not None:
            raise self.fault
        port.sent.append(data)


@pytest.fixture
def library(monkeypatch):
    made = Library()
    monkeypatch.setattr(midi_system, "rtmidi2", made)
    return made


def test_every_port_is_listed_and_opened_by_its_name(library):
    system = RtMidi(0)
    assert system.get_input_names() == ["Through 14:0", "Knobs 20:0", "Pads 24:0"]
    assert system.get_output_names() == ["Through 14:0", "Lights 28:0"]
    for name, number in (("Through 14:0", 0), ("Knobs 20:0", 1), ("Pads 24:0", 2)):
        system.open_input(name, callback=print)
        assert library.made[-1].number == number
    system.open_output("Lights 28:0")
    assert library.made[-1].number == 1 and {port.client for port in library.made} == {CLIENT}


def test_messages_come_whole_until_the_port_is_closed(library):
    heard = []
    port = RtMidi(0).open_input("Knobs 20:0", callback=heard.append)
    wire = library.made[-1]
    for data in ([0xB0, 3, 64], [0xB0, 3], [], [0xF8], [0x90, 200, 1], [0xC1, 5]):
        wire.callback(data, 0.0)
    assert heard == [
        Message("control_change", channel=0, control=3, value=64),
        Message("clock"),
        Message("program_change", channel=1, program=5),
    ]
    assert wire.ignored == {"midi_sysex": True, "midi_time": False, "midi_sense": True}  # the beat of a MIDI clock is wanted
    port.close()
    assert wire.callback is None and wire.closed


def test_what_is_sent_goes_out_as_it_is(library):
    port = RtMidi(0).open_output("Lights 28:0")
    port.send(Message("note_on", channel=2, note=60, velocity=100))
    assert library.made[-1].sent == [(0x92, 60, 100)]
    port.close()
    assert library.made[-1].closed


@pytest.mark.parametrize("fault", [RuntimeError("no sequencer"), ValueError("no port"), IndexError("gone")])
def test_whatever_the_library_raises_is_an_error_of_the_system(library, fault):
    system = RtMidi(0)
    port = system.open_output("Lights 28:0")
    library.fault = fault
    for ask in (
        lambda: RtMidi(0),
        lambda: system.open_input("Knobs 20:0", callback=print),
        lambda: system.open_output("Lights 28:0"),
        lambda: port.send(Message("clock")),
    ):
        with pytest.raises(OSError, match=str(fault)):
            ask()


def test_a_port_that_was_pulled_out_since_is_no_such_port(library):
    system = RtMidi(0)
    library.inputs = library.outputs = ()
    with pytest.raises(OSError, match="Knobs 20:0: there is no such MIDI port"):
        system.open_input("Knobs 20:0", callback=print)
    with pytest.raises(OSError, match="Lights 28:0: there is no such MIDI port"):
        system.open_output("Lights 28:0")
