"""MIDI devices: those of the system, through RtMidi, and those across TCP, as mido's socket server opens them."""

from __future__ import annotations

import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from installation.control.midi.stream import WithoutExclusive

log = logging.getLogger(__name__)

SEQUENCER = Path("/dev/snd/seq")  # Linux' MIDI; without it ALSA complains on the terminal at every look
# Ports that give back what they are sent, and those that this program itself opens, would be a loop.
LOOPS = re.compile(r"^midi through|:RtMidi\b", re.IGNORECASE)
NUMBERS = re.compile(r" \d+:\d+$")  # ALSA's, behind a port's name; another each time it is plugged in
CONNECT = 1.0  # s to wait for a socket to open
CHUNK = 512  # bytes of a socket at a time
REST = 0.01  # s after a full chunk: a sender that floods has to wait
PATIENCE = 0.2  # s that a socket may take for a message

Heard = Callable[[str, Any], None]  # the device's name, and a mido message


class Connection(Protocol):
    """An open device."""

    name: str
    closed: bool

    def send(self, message: Any) -> None:
        """Send a mido message; one that cannot be sent is gone."""
        ...

    def close(self) -> None:
        """More than once does no harm."""
        ...


class Backend(Protocol):
    """The system's MIDI."""

    def get_input_names(self) -> list[str]: ...
    def get_output_names(self) -> list[str]: ...
    def open_input(self, name: str, *, callback: Callable[[Any], None]) -> Any: ...
    def open_output(self, name: str) -> Any: ...


def system_backend() -> Backend | None:
    """RtMidi where it works, otherwise None."""
    if sys.platform.startswith("linux") and not SEQUENCER.exists():
        return None
    try:
        from installation.control.midi_system import RtMidi

        return RtMidi()
    except (ImportError, OSError) as err:
        log.debug("no MIDI: %s", err)
        return None


def devices(names: Sequence[str]) -> dict[str, str]:
    """Port of each device, by a name that stays when it is plugged in anew; the second of two alike is ``NAME #2``."""
    found: dict[str, str] = {}
    for port in names:
        if LOOPS.search(port):
            continue
        client, colon, own = NUMBERS.sub("", port).partition(":")
        name = own if colon and own.startswith(client) else f"{client} {own}" if colon else client
        number = 1 + sum(other.partition(" #")[0] == name for other in found)
        found[name if number == 1 else f"{name} #{number}"] = port
    return found


class SystemDevice:
    """A device of the system: its input, and the output of the same name where it has one."""

    def __init__(self, backend: Backend, name: str, port: str, output: str | None, heard: Heard) -> None:
        self.name, self.closed = name, False
        self._input = backend.open_input(port, callback=lambda message: heard(name, message))
        try:
            self._output = backend.open_output(output) if output is not None else None
        except OSError as err:  # another program holds it; the knobs work all the same
            log.info("%s takes no feedback: %s", name, err)
            self._output = None

    def send(self, message: Any) -> None:
        if self._output is not None and not self.closed:
            self._output.send(message)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._input.close()
            if self._output is not None:
                self._output.close()


class SocketDevice:
    """A device across TCP: bytes of MIDI, either way. Raises OSError where nobody listens there."""

    def __init__(self, name: str, host: str, port: int, heard: Heard) -> None:
        self.name, self.closed, self._heard = name, False, heard
        self._socket = socket.create_connection((host, port), timeout=CONNECT)
        self._socket.settimeout(PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._read, name="midi socket", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        from mido import Parser

        parser, cleaned = Parser(), WithoutExclusive()
        while not self.closed:
            try:
                data = self._socket.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            parser.feed(cleaned(data))
            while (message := parser.get_message()) is not None:
                self._heard(self.name, message)
            if len(data) == CHUNK:
                time.sleep(REST)
        self.closed = True

    def send(self, message: Any) -> None:
        if self.closed:
            return
        try:
            self._socket.sendall(message.bin())
        except OSError:  # half a message may be on its way: what would follow it is noise
            self.closed = True

    def close(self) -> None:
        self.closed = True
        self._socket.close()
        if self._thread is not threading.current_thread():
            self._thread.join()
