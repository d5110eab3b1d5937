"""MIDI ports that come and go: the system's, through rtmidi, and others across TCP, as mido's socket server opens them.

A machine without MIDI is none that anything is wrong with: it has no ports, and nothing is said of it.
"""

from __future__ import annotations

import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from installation.errors import ConfigError

log = logging.getLogger(__name__)

LOOK = 1.0  # s between two looks at what is plugged in
SOCKET = "socket:"  # a port across TCP: socket:HOST:PORT
SEQUENCER = Path("/dev/snd/seq")  # Linux' MIDI; without it ALSA complains on the terminal at every look
# Ports that give back what they are sent, and those that this program itself opens, would be a loop.
LOOPS = re.compile(r"^midi through|:RtMidi (input|output)", re.IGNORECASE)
NUMBERS = re.compile(r" \d+:\d+$")  # ALSA's, behind a port's name; another each time it is plugged in
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
    """The system's MIDI, as mido sees it."""

    def get_input_names(self) -> list[str]: ...
    def get_output_names(self) -> list[str]: ...
    def open_input(self, name: str, *, callback: Callable[[Any], None]) -> Any: ...
    def open_output(self, name: str) -> Any: ...


def system_backend() -> Backend | None:
    """rtmidi where it works, otherwise None."""
    if sys.platform.startswith("linux") and not SEQUENCER.exists():
        return None
    try:
        import mido

        backend: Backend = mido.Backend("mido.backends.rtmidi", load=True)
        backend.get_input_names()
    except (ImportError, OSError) as err:
        log.debug("no MIDI: %s", err)
        return None
    return backend


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
        self._socket = socket.create_connection((host, port), timeout=LOOK)
        self._socket.settimeout(PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._read, name="midi socket", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        from mido import Parser

        parser = Parser()
        while not self.closed:
            try:
                data = self._socket.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            parser.feed(data)
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``control.midi.ports`` asks for. names: parts of names, none for every port; sockets: host and port."""

    names: tuple[str, ...]
    sockets: tuple[tuple[str, int], ...]
    system: bool  # whether the system's ports are asked for

    @staticmethod
    def of(ports: Sequence[str]) -> Wanted:
        """Raises ConfigError for a socket that is none."""
        sockets = []
        for text in (text for text in ports if text.startswith(SOCKET)):
            host, colon, port = text.removeprefix(SOCKET).rpartition(":")
            if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ConfigError(f"control.midi.ports: {text!r}: must be socket:HOST:PORT, as in socket:127.0.0.1:9080")
            sockets.append((host.strip("[]"), int(port)))
        names = tuple(text.lower() for text in ports if not text.startswith(SOCKET))
        return Wanted(names, tuple(sockets), bool(names) or not sockets)

    def takes(self, name: str) -> bool:
        """Whether a device of the system is meant."""
        return self.system and (not self.names or any(part in name.lower() for part in self.names))


class Ports:
    """Looks every second, in its own thread, at what is plugged in. heard: told every message; changed: the devices are others
    now. Any thread may send."""

    def __init__(
        self,
        wanted: Wanted,
        heard: Heard,
        changed: Callable[[], None],
        find_backend: Callable[[], Backend | None] = system_backend,
    ) -> None:
        self._wanted, self._heard, self._changed, self._find_backend = wanted, heard, changed, find_backend
        self._backend: Backend | None = None
        self._open: dict[str, Connection] = {}
        self._refused: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi ports", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Close everything."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for connection in self._open.values():
            connection.close()
        self._open = {}

    def names(self) -> tuple[str, ...]:
        """The devices that are open."""
        return tuple(name for name, connection in self._open.items() if not connection.closed)

    def send(self, device: str, message: Any) -> bool:
        """Whether the device is there to take it."""
        connection = self._open.get(device)
        if connection is None or connection.closed:
            return False
        try:
            connection.send(message)
        except OSError as err:
            log.debug("%s: %s", device, err)
            return False
        return True

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except Exception:  # a driver that is being torn out; the next look finds it gone
                log.debug("MIDI ports could not be looked at", exc_info=True)
            if self._stop.wait(LOOK):
                return

    def _look(self) -> None:
        before = self.names()
        inputs, outputs = self._plugged()
        kept = {name for name, connection in self._open.items() if not connection.closed and (name in inputs or name.startswith(SOCKET))}
        for name in set(self._open) - kept:
            self._open[name].close()
            log.info("MIDI: %s is gone", name)
        now = {name: self._open[name] for name in self._open if name in kept}
        for name, port in inputs.items():
            if name not in now:
                self._try(now, name, partial(self._system, name, port, outputs.get(name)))
        for host, number in self._wanted.sockets:
            name = f"{SOCKET}{host}:{number}"
            if name not in now:
                self._try(now, name, partial(SocketDevice, name, host, number, self._heard))
        self._open = now
        if self.names() != before:
            self._changed()

    def _plugged(self) -> tuple[dict[str, str], dict[str, str]]:
        """Ports in and out by their device."""
        if not self._wanted.system:
            return {}, {}
        self._backend = self._backend or self._find_backend()
        if self._backend is None:
            return {}, {}
        inputs = {name: port for name, port in devices(self._backend.get_input_names()).items() if self._wanted.takes(name)}
        return inputs, devices(self._backend.get_output_names())

    def _system(self, name: str, port: str, output: str | None) -> Connection:
        assert self._backend is not None
        return SystemDevice(self._backend, name, port, output, self._heard)

    def _try(self, opened: dict[str, Connection], name: str, connect: Callable[[], Connection]) -> None:
        try:
            opened[name] = connect()
        except OSError as err:  # said once; somebody may plug it in later
            if name not in self._refused:
                self._refused.add(name)
                log.info("MIDI: %s cannot be opened: %s", name, err)
            return
        self._refused.discard(name)
        log.info("MIDI: %s", name)
