"""Word to the service manager that started the program (sd_notify of systemd, spoken by hand: a datagram of KEY=VALUE lines to a local
socket): that it is ready, what it is at, that its pictures go on, and that it stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

SHARE = 3.0  # the watchdog is petted so many times in the time that it allows
STATUS_SECONDS = 10.0  # between two lines on how it goes
EXTENSION = 60.0  # s that a start asks for, again and again while it is at work
LONGEST_START = 1800.0  # s for which it asks in all: a start that hangs is to be begun again too
LONGEST = 200  # characters of a status


class ServiceManager:
    """Nobody listens where no service manager started the program: then every call does nothing. Never raises, never waits.

    Called after each picture, in the thread that draws: where that hangs, so does the watchdog, and the program is started again.
    status: one line on how it goes.
    """

    def __init__(self, address: str = "", watchdog: float = 0.0, status: Callable[[], str] = str) -> None:
        self.lost = 0  # datagrams that nobody took
        self.watchdog = watchdog  # s within which it wants to be petted; 0: it does not watch
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = status
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) if address else None
        self._ready = False
        self._petted = self._told = self._asked = float("-inf")
        self._began: float | None = None

    @staticmethod
    def of(environ: Mapping[str, str] = os.environ, status: Callable[[], str] = str) -> ServiceManager:
        """The one that the environment names."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return ServiceManager()
        try:
            watched = int(environ.get("WATCHDOG_PID") or os.getpid()) == os.getpid()
            watchdog = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 if watched else 0.0
        except ValueError:
            watchdog = 0.0
        return ServiceManager(address, max(0.0, watchdog), status)

    def starting(self, now: float, what: str) -> None:
        """The program is still at its start, at ``now`` seconds; more time is asked for."""
        self._began = now if self._began is None else self._began
        if self._socket is None or now - self._asked < EXTENSION / SHARE or now - self._began > LONGEST_START:
            return
        self._asked = now
        self._send(f"EXTEND_TIMEOUT_USEC={int(EXTENSION * 1e6)}", f"STATUS={_line(what)}")

    def __call__(self, now: float) -> None:
        """A picture was shown at ``now``, in seconds."""
        if self._socket is None:
            return
        lines = []
        if not self._ready:
            self._ready = True
            lines.append("READY=1")
        if self.watchdog and now - self._petted >= self.watchdog / SHARE:
            self._petted = now
            lines.append("WATCHDOG=1")
        if now - self._told >= STATUS_SECONDS:
            self._told = now
            lines.append(f"STATUS={_line(self._status())}")
        if lines:
            self._send(*lines)

    def stopping(self, why: str = "ending") -> None:
        """The show ends in order; said once."""
        if self._socket is not None:
            self._send("STOPPING=1", f"STATUS={_line(why)}")
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except (OSError, ValueError):  # it is gone, or its queue is full: the next line says it
            self.lost += 1


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
