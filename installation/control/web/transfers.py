"""What takes a while over HTTP: large files that come and go, and answers that are still being made. Each part that gets through gives
the connection its time anew (``door``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import TypeVar

from aiohttp import web

from installation.control.web.studio_desk import StudioError

T = TypeVar("T")
PRIVATE: Mapping[str, str] = MappingProxyType({
    "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
})  # fmt: skip
JOB_SECONDS = 5.0  # after which a request that waits for its job has its time anew
CHUNK = 1 << 16  # bytes of an answer at a time
MOST_HELD = 256_000_000  # bytes of all files that are on their way or wait to be looked at: four of the largest
CROWDED = "So many pictures are on their way here that there is no room for another; try again in a moment."
TOO_LARGE = "This file has more than {} MB; scale the picture down first."


class Transfers:
    """prolong: told of each part of a long request or answer that has come through. Belongs to the web thread."""

    def __init__(self, prolong: Callable[[asyncio.BaseTransport | None], None], most_held: int = MOST_HELD) -> None:
        self._prolong, self._most_held = prolong, most_held
        self._held = 0  # bytes, see MOST_HELD

    async def upload(self, request: web.Request, most: int, take: Callable[[bytes], Future[T]]) -> T:
        """What comes of a file of at most ``most`` bytes, once ``take`` has looked at it. Raises StudioError also where all files that are
        on their way would be more than the machine has room for."""
        mine = 0

        def more(count: int) -> None:
            nonlocal mine
            if self._held + count > self._most_held:
                raise StudioError(503, CROWDED)
            mine += count
            self._held += count

        try:
            return await self.outcome(request, take(await self.body(request, most, more)))
        finally:
            self._held -= mine

    async def body(self, request: web.Request, most: int, more: Callable[[int], None] = lambda count: None) -> bytes:
        """All that a request holds. Raises StudioError where it is longer than ``most`` bytes; what is too long is not waited for. more: is
        told how many bytes have come, and may raise."""
        too_large = StudioError(413, TOO_LARGE.format(most // 1_000_000))
        if (request.content_length or 0) > most:
            raise too_large
        body = bytearray()
        async for part in request.content.iter_chunked(CHUNK):
            more(len(part))
            body += part
            if len(body) > most:
                raise too_large
            self._prolong(request.transport)
        return bytes(body)

    async def outcome(self, request: web.Request, coming: Future[T]) -> T:
        """What comes of a job, however many are before it. Raises what the job raises."""
        future = asyncio.wrap_future(coming)
        while not (await asyncio.wait({future}, timeout=JOB_SECONDS))[0]:
            self._prolong(request.transport)
        return future.result()

    async def sent(self, request: web.Request, data: bytes, kind: str) -> web.StreamResponse:
        """A long answer, which may take a slow network a while. kind: its media type."""
        response = web.StreamResponse(headers={**PRIVATE, "Content-Type": kind, "Content-Length": str(len(data))})
        await response.prepare(request)
        for start in range(0, len(data), CHUNK):
            await response.write(data[start : start + CHUNK])
            self._prolong(request.transport)
        await response.write_eof()
        return response
