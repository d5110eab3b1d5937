"""The server and its thread: who asks is checked here, once, before anything answers."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from installation.config import ControlConfig
from installation.control.osc.readings import Reading, readings
from installation.control.state import ControlState
from installation.control.web import secret
from installation.control.web.announce import Announcement, addresses
from installation.control.web.desk_view import Midi, Presets, Show
from installation.control.web.door import Door
from installation.control.web.grids import GuestDoor
from installation.control.web.guard import Guard
from installation.control.web.hub import Hub
from installation.control.web.listening import listening_socket
from installation.control.web.metrics import CONTENT_TYPE, WebCounts, metrics
from installation.control.web.operator_desk import OperatorDesk
from installation.control.web.operator_page import OperatorPage
from installation.control.web.oscquery import OscPlace, OscQuery
from installation.control.web.panel import Panel
from installation.control.web.preview import Preview
from installation.control.web.reception import Reception
from installation.control.web.senders import Senders
from installation.control.web.sketches import SketchBoard
from installation.control.web.sockets import Sockets
from installation.control.web.studio import StudioPage
from installation.control.web.studio_desk import Studio
from installation.control.web.take_desk import Gallery, TakeDesk, told
from installation.control.web.take_pages import TakePages
from installation.control.web.transfers import Transfers
from installation.control.zone_book import ZoneBook
from installation.observation import Measures, Observation
from installation.operation.folded_log import FoldedLog
from installation.places import kept
from installation.takeaways.office import Office

log = logging.getLogger(__name__)
request_log = logging.getLogger(f"{__name__}.requests")  # what the HTTP library complains of

STOP_SECONDS = 8.0
MOST_HEADERS = 64
FOLDED = ("installation.control.web", "aiohttp.server", "aiohttp.web", "aiohttp.websocket", "aiohttp.internal", "asyncio")
FOLDER = Path(__file__).resolve().parents[3]  # the program's own: where a relative control.web.token_file starts


class WebPanel:
    """OSCQuery at ``/``, the panel at ``/panel``, figures at ``/metrics``, visitors' pages under ``/take`` and ``/gallery`` where
    there are ``takeaways``, the photo page at ``/studio`` where there is a ``studio``, the operator's at ``/operator`` where there is an
    ``operator``. ``observe`` is called in the web thread. ``osc_port``: the UDP port of OSC, once it listens; None where it does not.
    ``phases``: of the oscillators, in cycles. ``measure``: what costs some milliseconds, for ``/metrics``; called beside the web
    thread."""

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
        sketches: SketchBoard | None = None,
        takeaways: Office | None = None,
        measure: Callable[[], Measures] | None = None,
        guests: GuestDoor | None = None,
        zones: ZoneBook | None = None,
        camera: Preview | None = None,
        studio: Studio | None = None,
        operator: OperatorDesk | None = None,
    ) -> None:
        self._state, self._settings, self._observe, self._measure = state, settings, observe, measure
        token = secret.configured(settings.web, kept("."))
        self._takeaways = takeaways
        links = urlsplit(takeaways.url).hostname if takeaways is not None and takeaways.url else None
        hosts = (*settings.web.hosts, *((links,) if links else ()))
        self._guard = Guard.of(settings.web.host, token, settings.osc.allow, hosts)
        self._given = bool(token)
        self._senders = Senders()
        self._door = Door(self._senders)
        self._hub, self._sockets = Hub(state), Sockets(self._door)
        self._osc_port = osc_port or (lambda: settings.osc.port or None)

        def place() -> OscPlace:
            return OscPlace(settings.osc.host, self._osc_port())

        def readable() -> Iterator[Reading]:
            return readings(observe(), presets.current if presets else "")

        self._oscquery = OscQuery(state, self._hub, self._sockets, self._guard, place, readable, settings.web.origins)
        given = None if takeaways is None else partial(told, takeaways)
        self._show = Show(
            state, observe, presets, midi, phases, sketches, given, guests, lambda: preview.allowed, zones, camera, studio is not None,
            operator is not None,
        )  # fmt: skip
        self._panel = Panel(self._show, self._hub, self._sockets, preview)
        self._studio = (
            None if studio is None else StudioPage(studio, Transfers(self._door.prolong), None if takeaways is None else Gallery(takeaways))
        )
        self._operator = None if operator is None else OperatorPage(operator, self._sockets)
        self._reception = Reception(self._guard, self._door, self._senders, self._oscquery.welcomes)
        self._socket: socket.socket | None = None
        self._port = settings.web.port
        self._loop: asyncio.AbstractEventLoop | None = None  # it holds files: none before the start
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
        """Where a browser opens the panel, where one is needed with a ticket that is good once and for a short time, another each
        time: for the operator's eyes, not for logs."""
        return self._address + (f"?token={self._guard.invite()}" if self._guard.public else "")

    @property
    def studio_url(self) -> str:
        """The same for the photo page."""
        return self.panel_url.replace("/panel", "/studio", 1)

    @property
    def operator_url(self) -> str:
        """The same for the operator's page."""
        return self.panel_url.replace("/panel", "/operator", 1)

    @property
    def _address(self) -> str:
        return f"{self._root}/panel"

    @property
    def links(self) -> str:
        """Where the links of visitors begin, without a slash at the end."""
        return (self._takeaways.url if self._takeaways is not None else "") or self._root

    @property
    def _root(self) -> str:
        host = next(iter(addresses(self._settings.web.host)), self._settings.web.host)
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        return f"http://{_bracketed(host)}:{self.port}"

    def unused(self, url: str) -> bool:
        """Whether the ticket in such an address still waits for somebody."""
        return self._guard.tickets.waits(url.partition("?token=")[2])

    @property
    def notice(self) -> str:
        """Where the panel is, for the terminal: without what opens it."""
        if not self._guard.public:
            return f"the panel is at {self._address}"
        ways = "the key I on the canvas shows a QR code that opens it"
        return f"the panel is at {self._address}; {ways}" + (", and so does the token" if self._given else "")

    def start(self) -> None:
        """Listen. Raises ConfigError for a port that is taken, or an address that this machine does not have."""
        web_settings = self._settings.web
        self._socket = listening_socket(web_settings.host, web_settings.port)
        self._port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._up.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Say goodbye to every client and close the port."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._stop.set() if self._stop is not None else None)
            self._thread.join(STOP_SECONDS)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        """All of the thread. At the end the runner cancels what is still under way and waits for it: a request of somebody who was
        let go sleeps until its turn, and the HTTP library cancels its own tasks without waiting."""
        loop = self._loop
        assert loop is not None
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._serve())
        except Exception:  # the show goes on without a panel
            log.exception("the web server ended")
        finally:
            self._up.set()

    async def _serve(self) -> None:
        assert self._socket is not None
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_mishap)
        app = web.Application(middlewares=[self._reception.check], client_max_size=1 << 16)
        visitors = [*TakeDesk(self._takeaways).routes(), *TakePages(self._takeaways).routes()]
        photographs = [] if self._studio is None else self._studio.routes()
        pages = [*photographs, *([] if self._operator is None else self._operator.routes()), *self._panel.routes()]
        app.add_routes([web.get("/metrics", self._metrics), *visitors, *pages, *self._oscquery.routes()])
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=request_log,
            keepalive_timeout=20.0,
            lingering_time=1.0,
            max_line_size=4096,
            max_field_size=4096,
            max_headers=MOST_HEADERS,
            shutdown_timeout=1.0,
        )
        await runner.setup()
        assert runner.server is not None
        self._hub.start(loop)
        watching = asyncio.ensure_future(self._panel.watch())
        announcement = Announcement(addresses(self._settings.web.host), self.port)
        with folded(FOLDED):
            try:
                self._door.open(self._socket, runner.server)
                self._up.set()
                announcing = asyncio.ensure_future(announcement.begin())
                await self._stop.wait()
                announcing.cancel()  # it takes two seconds, for which nobody who ends at once should wait
            finally:
                self._door.close()
                watching.cancel()
                self._hub.stop()
                await self._sockets.close()
                await announcement.end()
                await runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        counts = WebCounts(len(self._sockets), self._sockets.dropped, self._reception.refused, len(self._door), self._door.turned_away)
        measures = None if self._measure is None else await asyncio.to_thread(self._measure)
        text = metrics(self._observe(), self._state.counts(), counts, measures)
        return web.Response(text=text, headers={"Content-Type": CONTENT_TYPE})


def _mishap(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """What went wrong in the web thread outside of a request, in a line."""
    err = context.get("exception")
    log.warning("%s%s", context.get("message", "the web thread"), f": {type(err).__name__}" if err is not None else "")


@contextlib.contextmanager
def folded(names: Sequence[str]) -> Iterator[None]:
    """What these loggers and those below them say, a line a minute for each kind of it."""
    fold = FoldedLog()
    loggers = [logging.getLogger(one) for one in logging.root.manager.loggerDict if one.startswith(tuple(names))]
    for one in loggers:
        one.addFilter(fold)
    try:
        yield
    finally:
        for one in loggers:
            one.removeFilter(fold)


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
