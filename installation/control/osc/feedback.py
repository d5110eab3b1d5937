"""OSC out: what was changed by whichever hand, and what the installation sees.

A change goes out as ``/facets/out/<control>``, the latest value of each control at most sixty times a second, so that a flood
that comes in is none going out. Panels that were named as mirrors get the control's own address, which moves their faders:
not what they sent themselves, or a fader would fight the finger on it; and each control again every ten seconds, so that a
panel that was opened late, or lost a packet, comes right.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from installation.config import OscConfig, is_loopback
from installation.control.osc.encoding import message
from installation.control.osc.readings import OUT, readings
from installation.control.osc.udp import resolved
from installation.control.parameters import PREFIX, Scalar
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError
from installation.observation import Observation

log = logging.getLogger(__name__)

TICK = 1 / 60  # s between two rounds of changes
MOST = 32  # changes in a round; others wait for the next
LOOK = 0.1  # s between looks at the show
REPEAT = 10.0  # s in which a mirror gets every control once more
SETTLED = 1.0  # s after a change before it may be repeated


@dataclass(slots=True)
class Destination:
    """Where packets go, from a socket of its own that never waits."""

    host: str
    address: tuple[object, ...]
    socket: socket.socket

    def send(self, address: str, value: Scalar) -> None:
        """One message. A network that is away, or a message too long for it, is none of the show's business."""
        try:
            self.socket.sendto(message(address, value), self.address)
        except OSError as err:
            log.debug("OSC to %s: %s: %s", self.host, address, err)


@dataclass(slots=True)
class Seen:
    """What was sent last of the show."""

    told: dict[str, float | int | str] = field(default_factory=dict)  # by address
    second: float = float("-inf")  # when all that is told once a second was
    ignored: int = 0


def check_out(settings: OscConfig) -> None:
    """Raise ConfigError where it would send to itself."""
    if settings.out_port == settings.port and settings.out_port and is_loopback(settings.out_host):
        text = f"control.osc.out_port: {settings.out_port}: the program listens on that port itself; choose another, or 0 for none"
        raise ConfigError(text)


class OscFeedback:
    """Sends in a thread of its own. observe: the show as it is; preset: name of the one recalled last, empty for none."""

    def __init__(
        self, state: ControlState, settings: OscConfig, observe: Callable[[], Observation], preset: Callable[[], str] = str
    ) -> None:
        self._state, self._settings = state, settings
        self._observe, self._preset = observe, preset
        self._out: Destination | None = None
        self._mirrors: list[Destination] = []
        self._lock = threading.Lock()
        self._pending: dict[str, Change] = {}
        self._moved: dict[str, float] = {}  # when a control was sent last
        self._next = 0  # of the table's rows, to be repeated
        self._seen = Seen()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc out", daemon=True)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to send. Raises ConfigError for a host that is not known, or where it would send to itself."""
        s = self._settings
        check_out(s)
        if s.out_port:
            self._out = _destination(s.out_host, s.out_port, "control.osc.out_host")
        for text in s.mirrors:
            host, _, port = text.rpartition(":")
            self._mirrors.append(_destination(host.strip("[]"), int(port), "control.osc.mirrors"))
        if self._out or self._mirrors:
            self._unsubscribe = self._state.subscribe(self._on_change)
            self._thread.start()

    def stop(self) -> None:
        """End, and close the sockets."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for destination in (*self._mirrors, *([self._out] if self._out else [])):
            destination.socket.close()

    def _on_change(self, change: Change | TableChange) -> None:
        if isinstance(change, Change):
            with self._lock:
                self._pending[change.name] = change

    def _run(self) -> None:
        looked = float("-inf")
        while not self._stop.wait(TICK):
            try:
                now = time.monotonic()
                self._send_changes(now)
                if now - looked >= LOOK:
                    looked = now
                    self._send_refusal()
                    self._send_show(now)
                    self._repeat(now)
            except Exception:  # a part of the show that is not there yet or no more; the next round tries again
                log.exception("OSC feedback could not be sent")
                self._stop.wait(1.0)

    def _send_changes(self, now: float) -> None:
        if not self._pending:
            return
        with self._lock:
            names = [name for name, _ in zip(self._pending, range(MOST), strict=False)]
            changes = [self._pending.pop(name) for name in names]
        targets = self._state.targets()
        for change in changes:
            # Two hands on one control may be heard of in another order than that in which they set it.
            value = targets.get(change.name, change.value)
            self._moved[change.name] = now
            if self._out is not None:
                self._out.send(f"{OUT}/{change.name}", value)
            row = self._state.table.get(change.name)
            if row is not None and not row.momentary:
                for mirror in self._mirrors:
                    if change.source != f"osc {mirror.address[0]}":
                        mirror.send(row.address, value)

    def _send_refusal(self) -> None:
        """Why the newest message that was ignored was: whoever sent it reads it here, whatever it was about."""
        counts = self._state.counts()
        if self._out is not None and counts.ignored != self._seen.ignored:
            self._out.send(f"{OUT}/error", counts.last)
        self._seen.ignored = counts.ignored

    def _send_show(self, now: float) -> None:
        """What the show tells of itself: some of it as it changes, some once a second."""
        if self._out is None:
            return
        seen = self._seen
        each_second = now - seen.second >= 1.0
        shown = {one.path: one for one in readings(self._observe(), self._preset())}
        for path in [path for path in seen.told if path not in shown]:  # who left smiles no more
            del seen.told[path]
            self._out.send(path, 0.0)
        for path, one in shown.items():
            if (each_second and one.each_second) or one.differs(seen.told.get(path)):
                seen.told[path] = one.value
                if one.value != "":  # such as a preset that nobody has recalled
                    self._out.send(path, one.value)
        if each_second:
            seen.second = now

    def _repeat(self, now: float) -> None:
        if not self._mirrors:
            return
        targets = list(self._state.targets().items())
        for _ in range(math.ceil(len(targets) * LOOK / REPEAT)):
            name, value = targets[self._next % len(targets)]
            self._next += 1
            if now - self._moved.get(name, float("-inf")) >= SETTLED:
                for mirror in self._mirrors:
                    mirror.send(PREFIX + name, value)


def _destination(host: str, port: int, key: str) -> Destination:
    family, address = resolved(host, port, key)
    sending = socket.socket(family, socket.SOCK_DGRAM)
    sending.setblocking(False)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return Destination(host, address, sending)
