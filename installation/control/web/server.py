"""The server and its thread: who asks is checked here, once, before anything answers."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping

from aiohttp import web

from installation.config import ControlConfig
from installation.control.observation import Observation
from installation.control.state import ControlState
from installation.control.web.announce import Announcement, addresses
from installation.control.web.desk_view import Midi, Presets, Show
from installation.control.web.guard import COOKIE, Guard
from installation.control.web.hub import Hub
from installation.control.web.listening import listening_socket
from installation.control.web.metrics import CONTENT_TYPE, WebCounts, metrics
from installation.control.web.oscquery import OscPlace, OscQuery
from installation.control.web.outputs import Output, outputs
from installation.control.web.panel import Panel
from installation.control.web.preview import Preview
from installation.control.web.sockets import Sockets

log = logging.getLogger(__name__)

STOP_SECONDS = 8.0
COOKIE_SECONDS = 7 * 86_400
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
UNKNOWN_HOST = "This name is not one of this machine; ask for it by its address.\n"
OTHER_ORIGIN = "A page of another origin may not connect.\n"
NO_LEAVE = "Open the panel with the QR code on the operator's HUD, or send the token (control.web.token).\n"
NO_READING = "This sender is not in control.osc.allow.\n"


class WebPanel:
    """OSCQuery at ``/``, the panel at ``/panel``, figures at ``/metrics``. ``observe`` is called in the web thread.
    ``osc_port``: the UDP port of OSC, once it listens; None where it does not. ``phases``: of the oscillators, in cycles."""

    def __init__(
        self,
        state: ControlState,
        settings: ControlConfig,
        observe: Callable[[], Observation],
        preview: Preview,
        presets: Presets | None = None,
        midi: Midi | None = None,
        osc_port: Callable[[], int | None] | None = None,
        phases: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._state, self._settings, self._observe = state, settings, observe
        self._guard = Guard.of(settings.web.host, settings.web.token, settings.osc.allow)
        self._hub, self._sockets = Hub(state), Sockets()
        self._osc_port = osc_port or (lambda: settings.osc.port or None)

        def place() -> OscPlace:
            return OscPlace(settings.osc.host, self._osc_port())

        def sent() -> Iterator[Output]:
            return outputs(observe(), presets.current if presets else "")

        self._oscquery = OscQuery(state, self._hub, self._sockets, self._guard, place, sent, settings.web.origins)
        self._show = Show(state, observe, presets, midi, phases)
        self._panel = Panel(self._show, self._hub, self._sockets, preview)
        self._refused = 0
        self._socket: socket.socket | None = None
        self._port = settings.web.port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._up = threading.Event()
        self._stop: asyncio.Event | None = None

    @property
    def port(self) -> int:
        """The TCP port it listens on, once started."""
        return self._port

    @property
    def public(self) -> bool:
        """Whether it is reached from beyond this machine, and so asks for the token."""
        return self._guard.public

    @property
    def panel_url(self) -> str:
        """Where a browser opens the panel, with the token where one is needed: for the operator's eyes, not for logs."""
        host = next(iter(addresses(self._settings.web.host)), self._settings.web.host)
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        return f"http://{_bracketed(host)}:{self.port}/panel" + (f"?token={self._guard.token}" if self._guard.public else "")

    @property
    def notice(self) -> str:
        """Where the panel is, for the terminal: without the token."""
        return f"the panel is at {self.panel_url.partition('?')[0]}" + ("; the QR code on the HUD opens it" if self._guard.public else "")

    def start(self) -> None:
        """Listen. Raises ConfigError for a port that is taken, or an address that this machine does not have."""
        web_settings = self._settings.web
        self._socket = listening_socket(web_settings.host, web_settings.port)
        self._port = int(self._socket.getsockname()[1])
        self._thread.start()
        self._up.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Say goodbye to every client and close the port."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._stop.set() if self._stop is not None else None)
            self._thread.join(STOP_SECONDS)
        elif not self._loop.is_closed():
            self._loop.close()
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception:  # the show goes on without a panel
            log.exception("the web server ended")
        finally:
            self._up.set()
            self._loop.close()

    async def _serve(self) -> None:
        assert self._socket is not None
        self._stop = asyncio.Event()
        app = web.Application(middlewares=[self._check], client_max_size=1 << 16)
        app.add_routes([web.get("/metrics", self._metrics), *self._panel.routes(), *self._oscquery.routes()])
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=30.0, max_line_size=4096, max_field_size=4096, shutdown_timeout=1.0)
        await runner.setup()
        self._hub.start(self._loop)
        watching = asyncio.ensure_future(self._panel.watch())
        announcement = Announcement(addresses(self._settings.web.host), self.port)
        try:
            await web.SockSite(runner, self._socket).start()
            self._up.set()
            await announcement.begin()
            await self._stop.wait()
        finally:
            watching.cancel()
            self._hub.stop()
            await self._sockets.close()
            await announcement.end()
            await runner.cleanup()

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        guard = self._guard
        upgrade = "Upgrade" in request.headers
        panel = request.path == "/panel" or request.path.startswith("/panel/")
        if not guard.knows_host(request):
            return self._refuse(421, UNKNOWN_HOST)
        another = not guard.same_origin(request) and not self._oscquery.welcomes(request)
        if (upgrade or request.method not in ("GET", "HEAD")) and another:
            return self._refuse(403, OTHER_ORIGIN)
        if panel and not guard.may_steer(request):
            return self._refuse(401, NO_LEAVE)
        if not guard.may_read(request):
            return self._refuse(403, NO_READING)
        if panel and guard.public and not upgrade and "token" in request.query:
            return self._remembered(request)
        response = await handler(request)
        if not response.prepared:
            response.headers.update({
                "Cache-Control": "no-store",
                "Cross-Origin-Resource-Policy": "same-origin",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            })  # fmt: skip
        return response

    def _refuse(self, status: int, why: str) -> web.Response:
        self._refused += 1
        return web.Response(status=status, text=why, headers={"Cache-Control": "no-store"})

    def _remembered(self, request: web.Request) -> web.Response:
        """The token moves from the address, which people share, to a cookie."""
        response = web.Response(status=303, headers={"Location": "/panel", "Cache-Control": "no-store"})
        response.set_cookie(COOKIE, self._guard.token, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", path="/")
        return response

    async def _metrics(self, request: web.Request) -> web.Response:
        counts = WebCounts(len(self._sockets), self._sockets.dropped, self._refused)
        text = metrics(self._observe(), self._state.counts(), counts)
        return web.Response(text=text, headers={"Content-Type": CONTENT_TYPE})


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
