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

from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from installation.config import OscConfig, is_loopback
from installation.control.osc.udp import resolved
from installation.control.parameters import PREFIX, Scalar
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError
from installation.observation import Observation

log = logging.getLogger(__name__)

OUT = PREFIX + "out/"
TICK = 1 / 60  # s between two rounds of changes
MOST = 32  # changes in a round; others wait for the next
LOOK = 0.1  # s between looks at the show
REPEAT = 10.0  # s in which a mirror gets every control once more
SETTLED = 1.0  # s after a change before it may be repeated
SMILE_STEP = 0.01


@dataclass(slots=True)
class Destination:
    """Where packets go, from a socket of its own that never waits."""

    host: str
    address: tuple[object, ...]
    socket: socket.socket

    def send(self, address: str, value: Scalar) -> None:
        """One message. A network that is away is none of the show's business, and what OSC cannot carry keeps nothing else back."""
        try:
            self.socket.sendto(encoded(address, value), self.address)
        except (OSError, ValueError, BuildError) as err:
            log.debug("OSC to %s: %s: %s", self.host, address, err)


@dataclass(slots=True)
class Seen:
    """What was sent last of the show."""

    faces: int = -1
    preset: str = ""
    smiles: dict[int, float] = field(default_factory=dict)
    slots: dict[str, float] = field(default_factory=dict)  # by address below visitor/
    second: float = float("-inf")
    beats: int = 0
    ignored: int = 0


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
        if s.out_port == s.port and s.out_port and is_loopback(s.out_host):
            raise ConfigError(f"control.osc.out_port: {s.out_port}: the program listens on that port itself; choose another, or 0 for none")
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
        for change in changes:
            self._moved[change.name] = now
            if self._out is not None:
                self._out.send(OUT + change.name, change.value)
            row = self._state.table.get(change.name)
            if row is not None and not row.momentary:
                for mirror in self._mirrors:
                    if change.source != f"osc {mirror.address[0]}":
                        mirror.send(row.address, change.value)

    def _send_refusal(self) -> None:
        """Why the newest message that was ignored was: whoever sent it reads it here, whatever it was about."""
        counts = self._state.counts()
        if self._out is not None and counts.ignored != self._seen.ignored:
            self._out.send(OUT + "error", counts.last)
        self._seen.ignored = counts.ignored

    def _send_show(self, now: float) -> None:
        """Faces and smiles as they change; these and the rates once a second."""
        if self._out is None:
            return
        seen, show, preset = self._seen, self._observe(), self._preset()
        each_second = now - seen.second >= 1.0
        if each_second or show.faces != seen.faces:
            seen.faces = show.faces
            self._out.send(OUT + "faces", show.faces)
        if preset and (each_second or preset != seen.preset):
            self._out.send(OUT + "preset", preset)
        seen.preset = preset
        smiles = {id: 0.0 for id in seen.smiles} | dict(show.smiles)  # who left smiles no more
        for id, smile in smiles.items():
            if id not in seen.smiles or abs(smile - seen.smiles[id]) >= SMILE_STEP:
                seen.smiles[id] = smile
                self._out.send(f"{OUT}smile/{id}", smile)
        self._send_slots(self._out, show, each_second)
        present = {id for id, _ in show.smiles}
        seen.smiles = {id: smile for id, smile in seen.smiles.items() if id in present}
        if each_second:
            seen.second = now
            seen.beats += 1
            self._out.send(OUT + "fps", float(show.presented_fps))
            self._out.send(OUT + "delay", float(show.delay_ms))
            self._out.send(OUT + "heartbeat", seen.beats)

    def _send_slots(self, out: Destination, show: Observation, all: bool) -> None:
        """The visitors' places as they change, and ``all`` of them for a patch that was opened late."""
        for number, visitor in enumerate(show.slots, start=1):
            values: dict[str, float] = {"present": int(visitor is not None), "id": -1, "smile": 0.0}
            if visitor is not None:
                values |= {"id": visitor.id, "smile": visitor.smile}
            for name, value in values.items():
                address = f"{number}/{name}"
                told = self._seen.slots.get(address, math.inf)
                if all or abs(value - told) >= (SMILE_STEP if name == "smile" and value else 1e-9):
                    self._seen.slots[address] = value
                    out.send(f"{OUT}visitor/{address}", value)

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


def encoded(address: str, value: Scalar) -> bytes:
    """One OSC message: T or F for a switch, i, f or s. Of a text, what OSC can carry: up to the first NUL, and valid UTF-8; of a
    whole number, what fits 32 bits. Raises BuildError or ValueError for what cannot be written."""
    builder = OscMessageBuilder(address)
    if isinstance(value, str):
        builder.add_arg(value.partition("\0")[0].encode("utf-8", "replace").decode())
    elif isinstance(value, int) and not isinstance(value, bool):
        builder.add_arg(max(-(2**31), min(value, 2**31 - 1)), OscMessageBuilder.ARG_TYPE_INT)
    else:
        builder.add_arg(value)
    return bytes(builder.build().dgram)


def _destination(host: str, port: int, key: str) -> Destination:
    family, address = resolved(host, port, key)
    sending = socket.socket(family, socket.SOCK_DGRAM)
    sending.setblocking(False)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return Destination(host, address, sending)
