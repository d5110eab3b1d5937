"""OSC in: a thread that reads UDP packets and sets controls, and that costs the picture nothing, whatever is sent to it."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable

from installation.config import OscConfig
from installation.control.osc.dispatch import Dispatcher
from installation.control.osc.udp import bound_socket
from installation.control.state import ControlState

log = logging.getLogger(__name__)

SHARE = 0.25  # of one core, the most that reading may take; in a flood the kernel drops what is beyond it
WINDOW = 0.1  # s over which that is kept
LOOK_UP_EVERY = 16  # packets between two looks at the clocks
LEAST_REST = 0.001  # s
BUFFER = 1 << 19  # bytes that wait in the kernel: room for a burst; more would only make a flood's answers late
SENDERS_KEPT = 1024
WAIT = 0.1  # s between looks at whether to stop


class OscServer:
    """Sets the controls of ``state``. port: what it listens on, once started."""

    def __init__(self, state: ControlState, settings: OscConfig) -> None:
        self._turned_away = 0  # packets of strangers
        self.port = settings.port
        self._state, self._settings = state, settings
        self._networks = [ipaddress.ip_network(allowed, strict=False) for allowed in settings.allow]
        self._senders: dict[str, str | None] = {}  # by address: what the state is told of it, None for a stranger
        self._dispatcher = Dispatcher(state)
        self._socket: socket.socket | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)

    @property
    def received(self) -> int:
        """Messages so far, those that were ignored too."""
        return self._dispatcher.received + self._turned_away

    def start(self) -> None:
        """Listen. Raises ConfigError for a port that is taken, or an address that this machine does not have."""
        self._socket = bound_socket(self._settings.host, self._settings.port, "control.osc")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.settimeout(WAIT)
        self.port = self._socket.getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        assert self._socket is not None
        buffer = memoryview(bytearray(1 << 16))
        throttle = Throttle(SHARE)
        while not self._stop.is_set():
            try:
                size, sender = self._socket.recvfrom_into(buffer)
            except TimeoutError:
                continue
            except OSError as err:  # an answer that a network sends back for something sent earlier
                log.debug("OSC: %s", err)
                time.sleep(0.001)
                continue
            try:
                self._read(bytes(buffer[:size]), sender[0])
            except Exception as err:  # whatever it is, the next packet must be read
                log.exception("an OSC packet could not be handled")
                self._state.ignore(f"OSC: {type(err).__name__}: {err}")
            throttle.rest()

    def _read(self, packet: bytes, sender: str) -> None:
        source = self._senders[sender] if sender in self._senders else self._met(sender)
        if source is None:
            self._turned_away += 1
            self._state.ignore(f"OSC from {sender}, which control.osc.allow does not name")
            return
        self._dispatcher.take(packet, source, f"OSC from {sender}")

    def _met(self, sender: str) -> str | None:
        """A sender's name for the state, None where it may not send. Remembered: the next packet asks again."""
        address = ipaddress.ip_address(sender.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        allowed = address.is_loopback or any(address in network for network in self._networks)
        if len(self._senders) >= SENDERS_KEPT:
            self._senders.clear()
        self._senders[sender] = f"osc {address}" if allowed else None
        return self._senders[sender]


class Throttle:
    """Keeps the thread that calls it to a share of one core. busy: seconds of the processor that the thread has had."""

    def __init__(
        self,
        share: float,
        busy: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share = share
        self._busy, self._wall, self._sleep = busy, wall, sleep
        self._left = LOOK_UP_EVERY
        self._since = busy(), wall()

    def rest(self) -> None:
        """Once a packet: sleep where the thread has had more than its share lately."""
        self._left -= 1
        if self._left:
            return
        self._left = LOOK_UP_EVERY
        busy, wall = self._busy() - self._since[0], self._wall() - self._since[1]
        due = busy / self._share - wall
        if due > LEAST_REST:
            self._sleep(due)
        if due > LEAST_REST or wall > WINDOW:
            self._since = self._busy(), self._wall()
