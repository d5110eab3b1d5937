"""MIDI ports that come and go: what is plugged in, and what of it is wanted.

A machine without MIDI is none that anything is wrong with: it has no ports, and nothing is said of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from installation.control.midi.devices import Backend, Connection, Heard, SocketDevice, SystemDevice, devices, system_backend
from installation.errors import ConfigError
from installation.operation.rounds import Rounds

log = logging.getLogger(__name__)

LOOK = 1.0  # s between two looks at what is plugged in
SOCKET = "socket:"  # a port across TCP: socket:HOST:PORT


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
        self._rounds = Rounds("midi ports", LOOK, self._look, self._miss, at_once=True)

    def start(self) -> None:
        """Begin to look."""
        self._rounds.start()

    def stop(self) -> None:
        """Close everything."""
        self._rounds.stop()
        for connection in self._open.values():
            connection.close()
        self._open = {}

    def names(self) -> tuple[str, ...]:
        """The devices that are open."""
        return tuple(name for name, connection in self._open.items() if not connection.closed)

    def send(self, device: str, message: object) -> bool:
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

    def _miss(self, err: Exception) -> None:
        """A driver that is being torn out; the next look finds it gone."""
        log.debug("MIDI ports could not be looked at", exc_info=err)

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
