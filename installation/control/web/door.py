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

from installation.control.web.senders import Bucket, Sender, Senders
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


class HttpConnection(asyncio.Protocol):
    """One connection, with the HTTP protocol behind it. trusted: it has asked with the token; lasting: it is a WebSocket.

    Without the token it is heard one request at a time: what it sends beyond that waits, and is not even read as HTTP.
    """

    __slots__ = ("_asking", "_door", "_inner", "_paused", "_waiting", "arrived", "lasting", "sender", "transport", "trusted", "until")

    def __init__(self, door: Door, sender: Sender, now: float) -> None:
        self.sender, self.arrived, self.until = sender, now, now + ASK_SECONDS
        self.trusted = self.lasting = False
        self.transport: asyncio.Transport | None = None
        self._door = door
        self._inner: asyncio.Protocol | None = None
        self._asking = self._paused = False
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
        self._hear()
        if len(self._waiting) <= LONGEST_REQUEST or self.trusted or self.lasting or self.transport is None:
            return
        if self._asking:  # the rest of a picture, say: it waits in the kernel until it is known who sends it
            self._paused = True
            self.transport.pause_reading()
        else:
            self._door.let_go(self, "sent too much")

    def known(self) -> None:
        """Who asks is known now, or that it is a WebSocket: what has come behind the request is heard where it may."""
        if (self.trusted or self.lasting) and self._inner is not None:
            self._read_on()
            waiting, self._waiting = self._waiting, b""
            if waiting:
                self._inner.data_received(waiting)

    def _read_on(self) -> None:
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()

    def answered(self) -> None:
        """It has an answer, and may hear the next request."""
        self._asking = False
        self._read_on()
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

    def __init__(self, senders: Senders) -> None:
        self.turned_away = 0
        self.most = max(8, min(MOST, open_limit() // SHARE_OF_FILES))
        self._senders = senders
        self._connections: dict[HttpConnection, None] = {}  # in the order in which they came
        self._by_transport: dict[asyncio.BaseTransport, HttpConnection] = {}
        self._arrivals = Bucket(ARRIVALS_A_SECOND, ARRIVALS_AT_ONCE)
        self._tasks: set[asyncio.Task[object]] = set()
        self._spare: int | None = None
        self._waking: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._connections)

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

    def connection(self, transport: asyncio.BaseTransport | None) -> HttpConnection | None:
        """The connection that a request came on; None once it is gone."""
        return None if transport is None else self._by_transport.get(transport)

    def asked(self, connection: HttpConnection, trusted: bool) -> None:
        """A whole request has come on it."""
        connection.trusted = trusted
        connection.arrived = self._loop.time()
        connection.until = connection.arrived + REQUEST_SECONDS
        self._connections[connection] = self._connections.pop(connection, None)  # it is the newest now
        connection.known()

    def prolong(self, transport: asyncio.BaseTransport | None) -> None:
        """A request that is long, or has a long answer, comes along: it has its time anew."""
        connection = self.connection(transport)
        if connection is not None and connection.trusted:
            connection.until = self._loop.time() + REQUEST_SECONDS

    def lasts(self, connection: HttpConnection, lasting: bool) -> None:
        """It has become a WebSocket, or is none any more and soon to go."""
        connection.lasting, connection.until = lasting, self._loop.time() + LEAVE_SECONDS
        connection.known()

    def greet(self, connection: HttpConnection) -> asyncio.Protocol:
        """What answers on a connection that has just been made."""
        assert connection.transport is not None
        self._by_transport[connection.transport] = connection
        if connection not in self._connections:  # pushed out before it was there
            connection.transport.abort()
        return self._behind()

    def listens(self, connection: HttpConnection, size: int) -> bool:
        """Whether so many bytes of it may cost anything; who sends without end is let go."""
        if connection.trusted or connection.sender.bytes.take(self._loop.time(), size):
            return True
        self.let_go(connection, "sent too much")
        return False

    def farewell(self, connection: HttpConnection) -> None:
        """It is gone."""
        if connection.transport is not None:
            self._by_transport.pop(connection.transport, None)
        self._forget(connection)

    def _forget(self, connection: HttpConnection) -> None:
        if connection in self._connections:
            del self._connections[connection]
            connection.sender.connections -= 1

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
        sender = self._senders.of(remote)
        if not sender.arrivals.take(now) or not self._room_for(sender):
            made.close()
            self._arrivals.take(now, TURNED_AWAY_COST)
            self._turn_away("too many connections")
            return
        self._arrivals.take(now)
        made.setblocking(False)
        connection = HttpConnection(self, sender, now)
        self._connections[connection] = None
        sender.connections += 1
        task: asyncio.Task[object] = self._loop.create_task(self._welcome(connection, made))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _welcome(self, connection: HttpConnection, made: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, made)
        except Exception as err:  # gone already, or the system is at its end
            log.warning("a connection could not be taken: %s", type(err).__name__)
            made.close()
            self._forget(connection)

    def _room_for(self, sender: Sender) -> bool:
        """Whether one more may come, after somebody idle has gone for it."""
        if sender.connections >= sender.most:
            return self._push_out(sender)
        if len(self._connections) < self.most:
            return True
        holders: dict[Sender, int] = {}
        for connection in self._connections:
            if not connection.lasting:
                holders[connection.sender] = holders.get(connection.sender, 0) + 1
        return bool(holders) and self._push_out(max(holders, key=lambda one: holders[one]))

    def _push_out(self, sender: Sender) -> bool:
        """Let go the connection of an address that has asked for nothing for the longest time; last the token's holders."""
        idle = [connection for connection in self._connections if connection.sender is sender and not connection.lasting]
        gone = next((connection for connection in idle if not connection.trusted), idle[0] if idle else None)
        if gone is None:
            return False
        self.let_go(gone, "idle where others ask")
        return True

    def let_go(self, connection: HttpConnection, why: str, level: int = logging.WARNING) -> None:
        """End a connection at once."""
        self._turn_away(why, level)
        self._forget(connection)
        if connection.transport is not None:
            connection.transport.abort()

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
            for connection in [connection for connection in self._connections if not connection.lasting and connection.until <= now]:
                self.let_go(connection, "asked for nothing, or took too long", logging.INFO)  # browsers leave some, too
