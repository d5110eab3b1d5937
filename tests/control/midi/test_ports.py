"""What is plugged in, by what names it is known, and what becomes of a device that is torn out or does not listen."""

import logging
import socket
import struct
from types import SimpleNamespace

import mido
import pytest

from installation.control.midi import ports as module
from installation.control.midi.devices import SocketDevice, SystemDevice, devices, system_backend
from installation.control.midi.ports import Ports, Wanted
from installation.control.midi.stream import WithoutExclusive
from installation.errors import ConfigError
from tests.control.midi.test_midi import Drivers, until


class Counted(Drivers):
    """The system's ports, and how often each was opened."""

    def __init__(self, *names):
        super().__init__()
        self.names, self.opened, self.locked, self.looked_for = list(names), [], False, 0

    def open_input(self, name, *, callback):
        if self.locked:
            raise OSError("it is locked")
        self.opened.append(name)
        return super().open_input(name, callback=callback)

    def find(self):
        self.looked_for += 1
        return self


def test_a_device_is_known_by_its_client_s_name_and_its_own_and_the_third_of_a_kind_by_its_number():
    names = ["A:A 16:0", "B:B 17:0", "A:A 18:0", "A:A 19:0", "Scarlett:MIDI 1 20:0", "Launchpad Mini", "Box #9:in 21:0"]
    assert devices(names) == {
        "A": "A:A 16:0",
        "B": "B:B 17:0",
        "A #2": "A:A 18:0",
        "A #3": "A:A 19:0",
        "Scarlett MIDI 1": "Scarlett:MIDI 1 20:0",
        "Launchpad Mini": "Launchpad Mini",
        "Box #9 in": "Box #9:in 21:0",
    }


def test_names_and_sockets_can_be_asked_for_together_in_any_case():
    both = Wanted.of(("NANO", "socket:127.0.0.1:65535", "socket:127.0.0.1:1"))
    assert both.sockets == (("127.0.0.1", 65535), ("127.0.0.1", 1))
    assert both.takes("nanoKONTROL2 MIDI 1") and not both.takes("Launchpad")
    with pytest.raises(ConfigError, match="must be socket:HOST:PORT"):
        Wanted.of(("socket:127.0.0.1:65536",))


def test_a_device_that_stays_plugged_in_stays_open_and_only_what_changes_is_told():
    drivers, changes = Counted("Box:Box 20:0", "Mini:Mini 24:0"), []
    ports = Ports(Wanted.of(("box",)), print, lambda: changes.append(ports.names()), drivers.find)
    for _ in range(3):
        ports._look()
    assert drivers.opened == ["Box:Box 20:0"] and changes == [("Box",)] and drivers.looked_for == 1
    drivers.names = ["Mini:Mini 24:0"]
    ports._look()
    ports._look()
    assert changes == [("Box",), ()] and not drivers.callbacks
    drivers.names = ["Box:Box 28:0"]
    ports._look()
    assert drivers.opened[1:] == ["Box:Box 28:0"] and changes[2:] == [("Box",)]
    ports.stop()
    assert not drivers.callbacks


def test_a_socket_that_stays_open_is_opened_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        changes = []
        ports = Ports(Wanted.of((f"socket:127.0.0.1:{server.getsockname()[1]}",)), print, lambda: changes.append(1), lambda: None)
        for _ in range(3):
            ports._look()
        assert len(ports.names()) == 1 and changes == [1]
        ports.stop()
        server.settimeout(20)
        server.accept()[0].close()
        server.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_port_that_could_be_opened_and_then_cannot_is_said_again(caplog):
    drivers = Counted("Box:Box 20:0")
    ports = Ports(Wanted.of(()), print, lambda: None, drivers.find)
    with caplog.at_level(logging.INFO):
        for drivers.locked in (True, True, False):
            ports._look()
        drivers.names = []
        ports._look()
        drivers.names, drivers.locked = ["Box:Box 20:0"], True
        ports._look()
        ports._look()
    refused, there, gone = "MIDI: Box cannot be opened: it is locked", "MIDI: Box", "MIDI: Box is gone"
    assert [one.getMessage() for one in caplog.records] == [refused, there, gone, refused]


def test_what_is_plugged_in_when_the_show_begins_is_opened_at_once(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 3600.0)
    drivers = Counted("Box:Box 20:0")
    ports = Ports(Wanted.of(()), print, lambda: None, drivers.find)
    ports.start()
    until(ports.names)
    ports.stop()


def test_a_look_that_breaks_is_followed_by_the_next(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.01)
    drivers = Counted("Box:Box 20:0")
    answers = [RuntimeError("torn out"), OSError("torn out")]

    def find():
        if answers:
            raise answers.pop()
        return drivers

    ports = Ports(Wanted.of(()), print, lambda: None, find)
    ports.start()
    until(ports.names)
    ports.stop()


def test_a_device_that_is_closed_is_closed_once_and_sends_nothing_more():
    closed, sent = [], []
    backend = SimpleNamespace(
        open_input=lambda port, callback: SimpleNamespace(close=lambda: closed.append("input")),
        open_output=lambda port: SimpleNamespace(send=sent.append, close=lambda: closed.append("output")),
    )
    device = SystemDevice(backend, "Box", "in", "out", print)
    device.send(1)
    device.close()
    device.close()
    device.send(2)
    assert sent == [1] and closed == ["input", "output"]
    deaf = SystemDevice(backend, "Box", "in", None, print)  # keys without lights
    deaf.send(3)
    deaf.close()
    assert sent == [1] and closed[2:] == ["input"]


def test_a_socket_that_takes_no_message_in_time_is_closed_for_half_of_one_may_be_on_its_way():
    with socket.create_server(("127.0.0.1", 0)) as server:
        device = SocketDevice("box", *server.getsockname(), print)
        theirs, _ = server.accept()
        device.send(mido.Message("note_on", note=3))
        assert not device.closed and theirs.recv(3) == bytes((0x90, 3, 64))
        device.send(SimpleNamespace(bin=lambda: bytes(1 << 25)))  # more than anybody holds for a box that does not read
        assert device.closed
        device.send(SimpleNamespace(bin=lambda: pytest.fail("nothing follows")))
        device.close()
        theirs.close()


def test_a_socket_that_is_torn_down_is_gone():
    with socket.create_server(("127.0.0.1", 0)) as server:
        device = SocketDevice("box", *server.getsockname(), print)
        theirs, _ = server.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as a box that crashes does: no farewell
        theirs.close()
        until(lambda: device.closed)
        device.close()


@pytest.mark.parametrize("error", [OSError("no sequencer"), ImportError("no rtmidi2")])
def test_midi_that_the_machine_cannot_do_is_no_midi_and_no_error(monkeypatch, tmp_path, error):
    def breaks():
        raise error

    monkeypatch.setattr("installation.control.midi.devices.SEQUENCER", tmp_path)
    monkeypatch.setattr("installation.control.midi_system.RtMidi", breaks)
    assert system_backend() is None
    drivers = Drivers()
    monkeypatch.setattr("installation.control.midi_system.RtMidi", lambda: drivers)
    assert system_backend() is drivers


def test_a_note_that_ends_right_after_an_exclusive_message_without_end_is_heard():
    assert WithoutExclusive()(bytes((0xF0, 1, 2, 0x80, 60, 0))) == bytes((0x80, 60, 0))
    assert WithoutExclusive()(bytes((0xF0, 1, 0xF7, 0x90, 60, 0xF0, 0xFF, 3))) == bytes((0x90, 60, 0xFF))
    assert WithoutExclusive()(bytes((0xF7, 0x90, 60, 1))) == bytes((0x90, 60, 1))
