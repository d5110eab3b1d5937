"""WebSockets that nobody can make a burden: few, small messages in and only so many a second, one message out at a time, and a
client that does not read or sends nonsense is let go and counted. Most places are kept for those who have the token."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiohttp import WSCloseCode, WSMsgType, web

from installation.control.web.door import Door, HttpConnection
from installation.control.web.senders import HOME, HOME_SHARE, Bucket, Sender

MOST = 64  # connections at once
MOST_READERS = 24  # of them without the token
MOST_READERS_OF_ONE = 6  # of one address
LONGEST_MESSAGE = 1 << 16  # bytes
SEND_SECONDS = 10.0  # a client that takes longer to read is let go
HEARTBEAT_SECONDS = 20.0
MOST_NONSENSE = 50  # messages that mean nothing, until the client is let go
Reader = Callable[[str | bytes], Awaitable[None]]
Writer = Callable[[], Awaitable[Sequence[str | bytes]]]
BREATH = 32  # messages of one client in a row, until others have their turn
# Frames of any kind, pings too: a client beyond that waits. A reader listens to every control at once, then now and then.
FRAMES_A_SECOND, FRAMES_AT_ONCE = 3000.0, 3000.0
READ_FRAMES_A_SECOND, READ_FRAMES_AT_ONCE = 100.0, 1000.0


class NonsenseError(Exception):
    """A message that means nothing."""


class Sockets:
    """All that are open. ``dropped`` counts clients that were let go or turned away."""

    def __init__(self, door: Door) -> None:
        self.dropped = 0
        self._door = door
        self._open: dict[web.WebSocketResponse, HttpConnection] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextlib.asynccontextmanager
    async def accepted(self, request: web.Request) -> AsyncIterator[web.WebSocketResponse]:
        """The connection, open for as long as the body runs. Raises HTTPUpgradeRequired for a request that asks for no WebSocket,
        HTTPBadRequest for one that asks in a way that is none (RFC 6455, 4.2), HTTPServiceUnavailable where there are too many."""
        _check_handshake(request)
        connection = self._door.connection(request.transport)
        if connection is None or not self._room_for(connection):
            self.dropped += 1
            raise web.HTTPServiceUnavailable(text="too many connections; close a panel that nobody needs\n")
        socket = web.WebSocketResponse(
            max_msg_size=LONGEST_MESSAGE,
            heartbeat=HEARTBEAT_SECONDS,
            compress=False,
            timeout=1.0,
            writer_limit=LONGEST_MESSAGE,
            autoping=False,  # answered in ``_receive``, where they cost what any frame costs
        )
        self._open[socket] = connection
        self._door.lasts(connection, True)
        try:
            await socket.prepare(request)
            yield socket
        finally:
            del self._open[socket]
            self._door.lasts(connection, False)
            if socket.prepared:  # a handshake that was refused left nothing to close
                with contextlib.suppress(TimeoutError, ConnectionError):
                    await asyncio.wait_for(socket.close(), 2.0)

    def _room_for(self, connection: HttpConnection) -> bool:
        if len(self._open) >= MOST:
            return False
        if connection.trusted:
            return True
        readers = [one.sender for one in self._open.values() if not one.trusted]
        return len(readers) < MOST_READERS and readers.count(connection.sender) < _most_of(connection.sender)

    async def exchange(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        read: Reader,
        write: Writer,
    ) -> None:
        """Give each message to ``read``, which raises NonsenseError for what it does not understand, and send what ``write``
        has ready, until either side ends."""
        tasks = [asyncio.ensure_future(self._send(request, socket, write)), asyncio.ensure_future(self._receive(request, socket, read))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, request: web.Request, socket: web.WebSocketResponse, write: Writer) -> None:
        while not socket.closed:
            for message in await write():
                if not await self._sent(request, socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message)):
                    return

    async def _sent(self, request: web.Request, sending: Awaitable[None]) -> bool:
        """Whether the client took it in time; otherwise it is let go."""
        try:
            await asyncio.wait_for(sending, SEND_SECONDS)
        except TimeoutError:
            self.dropped += 1
            if request.transport is not None:
                request.transport.abort()
            return False
        except ConnectionError:
            return False
        return True

    async def _receive(self, request: web.Request, socket: web.WebSocketResponse, read: Reader) -> None:
        loop = asyncio.get_running_loop()
        frames = _frames(self._open[socket])
        nonsense = turns = 0
        async for message in socket:
            if (wait := frames.short(loop.time())) > 0:
                await asyncio.sleep(wait)
            frames.take(loop.time())
            if message.type is WSMsgType.PING:
                await self._sent(request, socket.pong(message.data))
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                try:
                    await read(message.data)
                except NonsenseError:
                    nonsense += 1
                    if nonsense > MOST_NONSENSE:
                        self.dropped += 1
                        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not understood")
                        return
            elif message.type is not WSMsgType.PONG:
                self.dropped += message.type is WSMsgType.ERROR  # too big, no frame at all, or no answer to a heartbeat
                return
            turns += 1
            if turns % BREATH == 0:
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Say goodbye to all."""
        going = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"the show ends") for socket in tuple(self._open)]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*going, return_exceptions=True), 2.0)


def _most_of(sender: Sender) -> int:
    return MOST_READERS_OF_ONE * (HOME_SHARE if sender.key == HOME else 1)


def _frames(connection: HttpConnection) -> Bucket:
    return Bucket(FRAMES_A_SECOND, FRAMES_AT_ONCE) if connection.trusted else Bucket(READ_FRAMES_A_SECOND, READ_FRAMES_AT_ONCE)


def _check_handshake(request: web.Request) -> None:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise web.HTTPUpgradeRequired(text="this address speaks WebSocket\n", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    words = [word.strip().lower() for word in request.headers.get("Connection", "").split(",")]
    if "upgrade" not in words or request.method != "GET":
        raise web.HTTPBadRequest(text="a WebSocket is asked for by GET, with Connection: Upgrade\n")
    if not request.headers.get("Sec-WebSocket-Key", "").isascii():
        raise web.HTTPBadRequest(text="Sec-WebSocket-Key is not Base64\n")
