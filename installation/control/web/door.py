"""Takes connections, and keeps those few that a show can bear: so many at once, so many of one address, each with so much time to
ask for something.

Who comes finds room as long as somebody idle holds more of it: a newcomer takes the place of the connection that has asked for
nothing for the longest time, of its own address where that has its share, otherwise of the address that holds most. Thousands
of idle connections therefore push out each other, and never the one that asks. A WebSocket is not pushed out; ``sockets``
counts those. A proxy on this machine is one address, whose share is four times as large; a proxy elsewhere has the share of
one address, so put it here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable

from installation.control.web.visitors import Bucket, Visitor, Visitors
from installation.operation.descriptors import open_limit

log = logging.getLogger(__name__)

MOST = 256  # connections at once
SHARE_OF_FILES = 4  # of the files that the process may open, one part in so many
AT_ONCE = 16  # taken before anything else has its turn
ARRIVALS_A_SECOND, ARRIVALS_AT_ONCE = 100.0, 400.0  # taken; more wait in the kernel, which costs the show nothing
TURNED_AWAY_COST = 0.2  # of what it costs to take one
PAUSE = 0.05  # s until those that wait are looked at again
FULL_PAUSE = 1.0  # s after the system had no file left
LONGEST_REQUEST = 1 << 14  # bytes of a request without the token
END = b"\r\n\r\n"  # of its head
ASK_SECONDS = 10.0  # from the connection to a whole request, a byte at a time or not at all
REQUEST_SECONDS = 30.0  # from a request to the end of its answer, and to the next request
LEAVE_SECONDS = 3.0  # to take what was sent before the end
SWEEP = 1.0  # s between two looks at the time
NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Guest(asyncio.Protocol):
    """One connection, with the HTTP protocol behind it. trusted: it has asked with the token; lasting: it is a WebSocket.

    Without the token it is heard one request at a time: what it sends beyond that waits, and is not even read as HTTP.
    """

    __slots__ = ("_asking", "_door", "_inner", "_waiting", "arrived", "lasting", "transport", "trusted", "until", "visitor")

    def __init__(self, door: Door, visitor: Visitor, now: float) -> None:
        self.visitor, self.arrived, self.until = visitor, now, now + ASK_SECONDS
        self.trusted = self.lasting = False
        self.transport: asyncio.Transport | None = None
        self._door = door
        self._inner: asyncio.Protocol | None = None
        self._asking = False
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._inner = self._door.greet(self)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._inner is None or not self._door.listens(self, len(data)):
            return
        if self.trusted or self.lasting:
            self._inner.data_received(data)
            return
        self._waiting += data
        if len(self._waiting) > LONGEST_REQUEST:
            self._door.let_go(self, "sent too much")
        else:
            self._hear()

    def known(self) -> None:
        """Who asks is known now, or that it is a WebSocket: what has come behind the request is heard where it may."""
        if (self.trusted or self.lasting) and self._waiting and self._inner is not None:
            waiting, self._waiting = self._waiting, b""
            self._inner.data_received(waiting)

    def answered(self) -> None:
        """It has an answer, and may hear the next request."""
        self._asking = False
        if self._waiting:
            self._hear()

    def _hear(self) -> None:
        """Let one request through, once it is whole; what does not begin like one at once, so that its sender is told."""
        end = self._waiting.find(END) + len(END)
        if end < len(END) and not self._waiting[:1].isalpha():
            end = len(self._waiting)
        if self._asking or self._inner is None or end < len(END):
            return
        heard, self._waiting = self._waiting[:end], self._waiting[end:]
        self._asking = True
        self._inner.data_received(heard)

    def eof_received(self) -> bool | None:
        if self._inner is None:
            return None
        if self._waiting and not self._asking:
            self._inner.data_received(self._waiting)
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.farewell(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)


class Door:
    """``turned_away`` counts connections that were not taken, or were let go before their time. Belongs to the web thread."""

    def __init__(self, visitors: Visitors) -> None:
        self.turned_away = 0
        self.most = max(8, min(MOST, open_limit() // SHARE_OF_FILES))
        self._visitors = visitors
        self._guests: dict[Guest, None] = {}  # in the order in which they came
        self._by_transport: dict[asyncio.BaseTransport, Guest] = {}
        self._arrivals = Bucket(ARRIVALS_A_SECOND, ARRIVALS_AT_ONCE)
        self._tasks: set[asyncio.Task[object]] = set()
        self._spare: int | None = None
        self._waking: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._guests)

    def open(self, listening: socket.socket, behind: Callable[[], asyncio.Protocol]) -> None:
        """Take connections of ``listening`` from now on. behind: makes the HTTP protocol of each."""
        self._loop, self._listening, self._behind = asyncio.get_running_loop(), listening, behind
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._loop.add_reader(listening, self._answer)
        self._sweeping = asyncio.ensure_future(self._sweep())

    def close(self) -> None:
        """Take no more."""
        self._loop.remove_reader(self._listening)
        self._sweeping.cancel()
        if self._waking is not None:
            self._waking.cancel()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def guest(self, transport: asyncio.BaseTransport | None) -> Guest | None:
        """The connection that a request came on; None once it is gone."""
        return None if transport is None else self._by_transport.get(transport)

    def asked(self, guest: Guest, trusted: bool) -> None:
        """A whole request has come on it."""
        guest.trusted = trusted
        guest.arrived = self._loop.time()
        guest.until = guest.arrived + REQUEST_SECONDS
        self._guests[guest] = self._guests.pop(guest, None)  # it is the newest now
        guest.known()

    def lasts(self, guest: Guest, lasting: bool) -> None:
        """It has become a WebSocket, or is none any more and soon to go."""
        guest.lasting, guest.until = lasting, self._loop.time() + LEAVE_SECONDS
        guest.known()

    def greet(self, guest: Guest) -> asyncio.Protocol:
        """What answers on a connection that has just been made."""
        assert guest.transport is not None
        self._by_transport[guest.transport] = guest
        if guest not in self._guests:  # pushed out before it was there
            guest.transport.abort()
        return self._behind()

    def listens(self, guest: Guest, size: int) -> bool:
        """Whether so many bytes of it may cost anything; who sends without end is let go."""
        if guest.trusted or guest.visitor.bytes.take(self._loop.time(), size):
            return True
        self.let_go(guest, "sent too much")
        return False

    def farewell(self, guest: Guest) -> None:
        """It is gone."""
        if guest.transport is not None:
            self._by_transport.pop(guest.transport, None)
        self._forget(guest)

    def _forget(self, guest: Guest) -> None:
        if guest in self._guests:
            del self._guests[guest]
            guest.visitor.connections -= 1

    def _answer(self) -> None:
        """Somebody knocks."""
        now = self._loop.time()
        for _ in range(AT_ONCE):
            if self._arrivals.short(now) > 0:
                self._pause(PAUSE)
                return
            try:
                made, address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as err:
                self._no_file(err)
                return
            self._admit(made, str(address[0]), now)

    def _admit(self, made: socket.socket, remote: str, now: float) -> None:
        visitor = self._visitors.of(remote)
        if not visitor.arrivals.take(now) or not self._room_for(visitor):
            made.close()
            self._arrivals.take(now, TURNED_AWAY_COST)
            self._turn_away("too many connections")
            return
        self._arrivals.take(now)
        made.setblocking(False)
        guest = Guest(self, visitor, now)
        self._guests[guest] = None
        visitor.connections += 1
        task: asyncio.Task[object] = self._loop.create_task(self._welcome(guest, made))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _welcome(self, guest: Guest, made: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: guest, made)
        except Exception as err:  # gone already, or the system is at its end
            log.warning("a connection could not be taken: %s", type(err).__name__)
            made.close()
            self._forget(guest)

    def _room_for(self, visitor: Visitor) -> bool:
        """Whether one more may come, after somebody idle has gone for it."""
        if visitor.connections >= visitor.most:
            return self._push_out(visitor)
        if len(self._guests) < self.most:
            return True
        holders: dict[Visitor, int] = {}
        for guest in self._guests:
            if not guest.lasting:
                holders[guest.visitor] = holders.get(guest.visitor, 0) + 1
        return bool(holders) and self._push_out(max(holders, key=lambda one: holders[one]))

    def _push_out(self, visitor: Visitor) -> bool:
        """Let go the connection of an address that has asked for nothing for the longest time; last the token's holders."""
        idle = [guest for guest in self._guests if guest.visitor is visitor and not guest.lasting]
        gone = next((guest for guest in idle if not guest.trusted), idle[0] if idle else None)
        if gone is None:
            return False
        self.let_go(gone, "idle where others ask")
        return True

    def let_go(self, guest: Guest, why: str, level: int = logging.WARNING) -> None:
        """End a connection at once."""
        self._turn_away(why, level)
        self._forget(guest)
        if guest.transport is not None:
            guest.transport.abort()

    def _turn_away(self, why: str, level: int = logging.WARNING) -> None:
        self.turned_away += 1
        log.log(level, "connections were let go: %s", why)

    def _no_file(self, err: OSError) -> None:
        """The process can open nothing more, or the network failed: whoever knocks is told so with the file kept for it."""
        if err.errno in NO_FILES and self._spare is not None:
            os.close(self._spare)
            self._spare = None
            with contextlib.suppress(OSError):
                self._listening.accept()[0].close()
            with contextlib.suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._turn_away(f"{err.strerror or err}")
        self._pause(FULL_PAUSE)

    def _pause(self, seconds: float) -> None:
        """Leave those that knock to the kernel for a while."""
        self._loop.remove_reader(self._listening)
        self._waking = self._loop.call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._waking = None
        self._loop.add_reader(self._listening, self._answer)

    async def _sweep(self) -> None:
        """Let go whoever takes too long."""
        while True:
            await asyncio.sleep(SWEEP)
            now = self._loop.time()
            for guest in [guest for guest in self._guests if not guest.lasting and guest.until <= now]:
                self.let_go(guest, "asked for nothing, or took too long", logging.INFO)  # browsers leave some, too
