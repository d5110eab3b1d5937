"""What the world does to a show, from outside: hands that move everything, strangers at its ports, a person who breaks its configuration,
a power cut. What its camera does is ``--chaos``'."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installation.errors import FaultError
from installation.output_file import whole_file
from installation.places import shipped
from installation.soak.program import Program

PRESETS = tuple(sorted(path.stem for path in shipped("presets").glob("*.yaml")))
MOVED = ("look/grain", "look/vignette", "edit/smile/amount", "edit/age/amount", "edit/smile/lfo/depth")
PACKETS, REQUESTS = 3000, 40
LIVES_SECONDS = 10.0  # within which the show must have gone on


@dataclass(frozen=True, slots=True)
class Trouble:
    """One that has been made. kind: its word; at: s of the soak; recovered: s until the show went on, None where it did not."""

    kind: str
    at: float
    recovered: float | None
    told: str = ""


class World:
    """Makes trouble for one show, in an order that the seed decides. config: the file that the show was started with."""

    def __init__(self, show: Program, config: Path, seed: int) -> None:
        self._show, self._config, self._pick = show, config, random.Random(seed)
        self._kinds: list[str] = []
        self._presets: list[str] = []
        self._ways: dict[str, Callable[[], None]] = {
            "preset": self.recall,
            "hands": self._move,
            "packets": self._packets,
            "requests": self._requests,
            "half a request": self._slow,
            "configuration": self._break,
        }

    def make(self, at: float) -> Trouble:
        """The next trouble; every kind comes before one comes again."""
        if not self._kinds:
            self._kinds = self._pick.sample(sorted(self._ways), len(self._ways))
        kind = self._kinds.pop()
        began = time.monotonic()
        try:
            with contextlib.suppress(OSError):  # a line that the show cuts is what it should do
                self._ways[kind]()
            self._goes_on()
        except FaultError as err:
            return Trouble(kind, at, None, str(err))
        return Trouble(kind, at, time.monotonic() - began)

    def _goes_on(self) -> None:
        """Raises FaultError where no new picture comes."""
        before = self._show.figure("facets_presented_total")
        self._show.until(lambda: (self._show.figure("facets_presented_total") or 0) > (before or 0), "new pictures", LIVES_SECONDS)

    def recall(self) -> None:
        """The next preset; every one comes before one comes again."""
        if not self._presets:
            self._presets = self._pick.sample(PRESETS, len(PRESETS))
        self._show.set(f"preset/{self._presets.pop()}/recall", 1.0)

    def _move(self) -> None:
        for _ in range(200):
            self._show.set(self._pick.choice(MOVED), self._pick.uniform(-2.0, 2.0))

    def _packets(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            for number in range(PACKETS):
                data = self._pick.randbytes(self._pick.randrange(1, 200))
                one.sendto(b"/facets/" + data if number % 2 else data, ("127.0.0.1", self._show.osc))

    def _requests(self) -> None:
        for number in range(REQUESTS):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._show.web), 2.0) as one:
                path = self._pick.randbytes(12).hex()
                one.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() if number % 2 else self._pick.randbytes(300))

    def _slow(self) -> None:
        for _ in range(10):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._show.web), 2.0) as one:
                one.sendall(b"GET /metrics HT")
                time.sleep(0.1)

    def _break(self) -> None:
        good = self._config.read_text(encoding="utf-8")
        for text in (f"{good}\nfaces: {{max: many}}\n", good):
            with whole_file(self._config) as part:
                part.write_text(text, encoding="utf-8")
            time.sleep(3.0)  # longer than the show's own look
