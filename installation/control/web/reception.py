"""Who is answered at all: every request is checked here, once, before anything answers it."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from installation.control.web.door import Door
from installation.control.web.guard import COOKIE, LEAVE, Guard, Leave
from installation.control.web.passes import SESSION_SECONDS
from installation.control.web.senders import LONGEST_DELAY, Sender, Senders
from installation.control.web.take_pages import open_to_all

log = logging.getLogger(__name__)

STEERING = ("/panel", "/studio", "/operator")  # pages, with all that lies under them, for those who may steer
TOO_BUSY_SECONDS = 1.0  # that an answer is kept back where an address asks too often: it costs less than the answer
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
UNKNOWN_HOST = "This name is not one of this machine; ask for it by its address.\n"
OTHER_ORIGIN = "A page of another origin may not connect.\n"
NO_LEAVE = "Open the panel with the QR code on the operator's HUD, or send the token (control.web.token).\n"
NO_READING = "This sender is not in control.osc.allow.\n"
WAIT = "Too many wrong tokens, or too many requests; wait for {} s.\n"
GONE = "The connection is gone.\n"
PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
MISHAP = "Something went wrong here; the log of the program says what.\n"


class Reception:
    """The middleware of the server. welcomes: whether a page of another origin may read what a request asks for. refused: requests
    that were not answered."""

    def __init__(self, guard: Guard, door: Door, senders: Senders, welcomes: Callable[[web.Request], bool]) -> None:
        self.refused = 0
        self._guard, self._door, self._senders, self._welcomes = guard, door, senders, welcomes

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whether this request is answered at all, and by whom."""
        if not self._guard.knows_host(request):
            return self._refuse(421, UNKNOWN_HOST)
        another = not self._guard.same_origin(request) and not self._welcomes(request)
        if ("Upgrade" in request.headers or request.method not in ("GET", "HEAD")) and another:
            return self._refuse(403, OTHER_ORIGIN)
        connection = self._door.connection(request.transport)
        if connection is None:  # gone already
            return self._refuse(503, GONE)
        leave = request[LEAVE] = self._guard.leave(request, connection.sender)
        self._door.asked(connection, leave.steer)
        try:
            return await self._paid(request, handler, leave, connection.sender)
        finally:
            connection.answered()

    async def _paid(self, request: web.Request, handler: Handler, leave: Leave, sender: Sender) -> web.StreamResponse:
        """The answer to a request whose sender has not spent all that it may cost."""
        if leave.wait > 0:
            return self._refuse(429, WAIT, leave.wait)
        if leave.steer:
            return await self._answer(request, handler, leave)
        delay = self._senders.delay(sender, asyncio.get_running_loop().time())
        if delay is None:
            await asyncio.sleep(TOO_BUSY_SECONDS)
            return self._refuse(429, WAIT, LONGEST_DELAY)
        if delay > 0:
            await asyncio.sleep(delay)
        began = time.thread_time()
        response = await self._answer(request, handler, leave)
        if not isinstance(response, web.WebSocketResponse):  # while that was open others had their turn
            self._senders.charge(sender, time.thread_time() - began)
        return response

    async def _answer(self, request: web.Request, handler: Handler, leave: Leave) -> web.StreamResponse:
        private = next((page for page in STEERING if request.path == page or request.path.startswith(f"{page}/")), "")
        if private and not leave.steer:
            return self._refuse(401, NO_LEAVE)
        if not (leave.steer or leave.read or open_to_all(request.path)):
            return self._refuse(403, NO_READING)
        if private and self._guard.public and "Upgrade" not in request.headers and "token" in request.query:
            return self._remembered(private)
        try:
            response = await handler(request)
        except web.HTTPException:
            raise
        except Exception as err:  # one request's mishap is nobody else's
            log.warning("a request could not be answered: %s", type(err).__name__)
            log.debug("it went wrong here", exc_info=True)
            response = web.Response(status=500, text=MISHAP)
        if not response.prepared:
            response.headers.update(PRIVATE)
            response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    def _refuse(self, status: int, why: str, wait: float = 0.0) -> web.Response:
        """Nobody who is refused keeps the connection: it is somebody else's place."""
        self.refused += 1
        seconds = math.ceil(wait)
        headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(seconds)} if wait else {})
        response = web.Response(status=status, text=why.format(seconds), headers=headers)
        response.force_close()
        return response

    def _remembered(self, page: str) -> web.Response:
        """The token moves from the address, which people share, to a cookie."""
        response = web.Response(status=303, headers={"Location": page, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        response.set_cookie(COOKIE, self._guard.session(), max_age=SESSION_SECONDS, httponly=True, samesite="Lax", path="/")
        return response
