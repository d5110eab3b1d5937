"""WebSockets that nobody can make a burden: few, small messages in, one message out at a time, and a client that does not
read or sends nonsense is let go and counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiohttp import WSCloseCode, WSMsgType, web

MOST = 64  # connections at once
LONGEST_MESSAGE = 1 << 16  # bytes
SEND_SECONDS = 10.0  # a client that takes longer to read is let go
HEARTBEAT_SECONDS = 20.0
MOST_NONSENSE = 50  # messages that mean nothing, until the client is let go
Reader = Callable[[str | bytes], Awaitable[None]]
Writer = Callable[[], Awaitable[Sequence[str | bytes]]]
BREATH = 32  # messages of one client in a row, until others have their turn


class NonsenseError(Exception):
    """A message that means nothing."""


class Sockets:
    """All that are open. ``dropped`` counts clients that were let go or turned away."""

    def __init__(self) -> None:
        self.dropped = 0
        self._open: set[web.WebSocketResponse] = set()

    def __len__(self) -> int:
        return len(self._open)

    @contextlib.asynccontextmanager
    async def accepted(self, request: web.Request) -> AsyncIterator[web.WebSocketResponse]:
        """The connection, open for as long as the body runs. Raises HTTPUpgradeRequired for a request that asks for no WebSocket,
        HTTPBadRequest for one that asks in a way that is none (RFC 6455, 4.2), HTTPServiceUnavailable where there are too many."""
        _check_handshake(request)
        if len(self._open) >= MOST:
            self.dropped += 1
            raise web.HTTPServiceUnavailable(text="too many connections; close a panel that nobody needs\n")
        socket = web.WebSocketResponse(
            max_msg_size=LONGEST_MESSAGE, heartbeat=HEARTBEAT_SECONDS, compress=False, timeout=1.0, writer_limit=LONGEST_MESSAGE
        )
        self._open.add(socket)
        try:
            await socket.prepare(request)
            yield socket
        finally:
            self._open.discard(socket)
            if socket.prepared:  # a handshake that was refused left nothing to close
                with contextlib.suppress(TimeoutError, ConnectionError):
                    await asyncio.wait_for(socket.close(), 2.0)

    async def exchange(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        read: Reader,
        write: Writer,
    ) -> None:
        """Give each message to ``read``, which raises NonsenseError for what it does not understand, and send what ``write``
        has ready, until either side ends."""
        tasks = [asyncio.ensure_future(self._send(request, socket, write)), asyncio.ensure_future(self._receive(socket, read))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(
        self, request: web.Request, socket: web.WebSocketResponse, write: Callable[[], Awaitable[Sequence[str | bytes]]]
    ) -> None:
        while not socket.closed:
            messages = await write()
            try:
                for message in messages:
                    sending = socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message)
                    await asyncio.wait_for(sending, SEND_SECONDS)
            except TimeoutError:
                self.dropped += 1
                if request.transport is not None:
                    request.transport.abort()
                return
            except ConnectionError:
                return

    async def _receive(self, socket: web.WebSocketResponse, read: Reader) -> None:
        nonsense = turns = 0
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.dropped += message.type is WSMsgType.ERROR  # too big, no frame at all, or no answer to a heartbeat
                return
            try:
                await read(message.data)
            except NonsenseError:
                nonsense += 1
                if nonsense > MOST_NONSENSE:
                    self.dropped += 1
                    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not understood")
                    return
            turns += 1
            if turns % BREATH == 0:
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Say goodbye to all."""
        going = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"the show ends") for socket in tuple(self._open)]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*going, return_exceptions=True), 2.0)


def _check_handshake(request: web.Request) -> None:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise web.HTTPUpgradeRequired(text="this address speaks WebSocket\n", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    words = [word.strip().lower() for word in request.headers.get("Connection", "").split(",")]
    if "upgrade" not in words or request.method != "GET":
        raise web.HTTPBadRequest(text="a WebSocket is asked for by GET, with Connection: Upgrade\n")
    if not request.headers.get("Sec-WebSocket-Key", "").isascii():
        raise web.HTTPBadRequest(text="Sec-WebSocket-Key is not Base64\n")
