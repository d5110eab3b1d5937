"""The panel's ends: its files, a WebSocket for the controls, and one each for the preview and for the camera's picture.

On the first, the browser sends ``{"set": {name: value}, "n": 7}``, ``{"learn": name}`` and ``{"unlearn": name}``; it hears
``{"rows", "values", "presets"}`` at the start and when the table changes, then ``{"values", "fired", "heard", …}`` thirty times
a second at most: ``heard`` is the number of its last message whose effect is in there, so that its own hand on a slider wins
until then. What it set is among ``values`` with it, so that a value that was not taken goes back. ``beat`` comes four times a
second whatever happens: a panel that does not hear it has lost the show.

What wants an answer, ``{"save": title, "over": false, "n": 8}``, ``{"recall": text}``, ``{"backups": name}``, ``{"restore": name,
"key": key}`` and ``{"zones": [[left, top, right, bottom], …]}``, gets it as one of ``answers``: ``{"n": 8, "done": false, "text": …,
"asks": true}``.

On the second it asks for a picture by any message and gets one JPEG for it: what it does not ask for is not made. A third, like it,
gives the camera's own picture, over which zones are drawn.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from functools import partial
from importlib import resources
from types import MappingProxyType

from aiohttp import web

from installation.control.state import Controls
from installation.control.web.desk_view import Show
from installation.control.web.grids import GridPages
from installation.control.web.hub import Hub, Outbox
from installation.control.web.panel_talk import PanelTalk
from installation.control.web.preview import Preview
from installation.control.web.sockets import NonsenseError, Sockets

log = logging.getLogger(__name__)

PULSE = 0.25  # s between two looks at the show's health
HELD = 1.0  # s that a picture is there for those who asked
MOTION = 0.05  # s between two looks at where glides and fades are
SCRIPTS = ("panel", "parts", "controls", "slider", "presets", "health", "takeaways", "place", "link", "waves", "grids", "zones")
FILES: Mapping[str, str] = MappingProxyType({
    "panel.html": "text/html", "panel.css": "text/css", **{f"{name}.js": "text/javascript" for name in SCRIPTS},
    "icon.svg": "image/svg+xml", "chevron.svg": "image/svg+xml", "grids.html": "text/html", "grids.css": "text/css",
})  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self' ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Panel:
    """The panel of one show."""

    def __init__(self, show: Show, hub: Hub, sockets: Sockets, preview: Preview) -> None:
        self._show, self._hub, self._sockets = show, hub, sockets
        self._looks = NewestPreview(preview)
        self._grids = GridPages(show.state, show.guests)
        self._camera = None if show.camera is None else NewestPreview(show.camera)
        self._outboxes: set[Outbox] = set()
        self._seen: Controls | None = None
        self._beat = 0
        folder = resources.files(__package__) / "static"
        self._files = {name: (folder / name).read_bytes() for name in FILES}

    def routes(self) -> list[web.RouteDef]:
        """Under ``/panel``."""
        return [
            web.get("/panel", self._file),
            web.get("/panel/", self._home),
            web.get("/panel/socket", self._talk),
            web.get("/panel/preview", partial(self._look, self._looks)),
            *([] if self._camera is None else [web.get("/panel/camera", partial(self._look, self._camera))]),
            web.get("/panel/styles/{name}", self._sketch),
            web.get("/panel/grids", self._grids_page),
            *self._grids.routes(),
            web.get("/panel/{name}", self._file),
        ]

    async def _home(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/panel")

    async def _grids_page(self, request: web.Request) -> web.Response:
        return self._sent("grids.html", request)

    async def _file(self, request: web.Request) -> web.Response:
        return self._sent(request.match_info.get("name", "panel.html"), request)

    def _sent(self, name: str, request: web.Request) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound(text="no such file\n")
        policy = POLICY.format(host=request.headers.get("Host", ""))
        response = web.Response(body=self._files[name], content_type=FILES[name], charset="utf-8")
        response.headers["Content-Security-Policy"] = policy
        return response

    async def _sketch(self, request: web.Request) -> web.Response:
        """The live face in a style. A picture of a visitor: it is kept nowhere."""
        board = self._show.sketches
        jpeg = None if board is None else board.jpeg(request.match_info["name"])
        if jpeg is None:
            raise web.HTTPNotFound(text="no such picture\n")
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        async with self._sockets.accepted(request) as socket:
            talk = PanelTalk(self._show, self._hub)
            self._hub.outboxes.add(talk.outbox)
            self._outboxes.add(talk.outbox)
            try:
                await self._sockets.exchange(request, socket, talk.read, talk.write)
            finally:
                self._hub.outboxes.discard(talk.outbox)
                self._outboxes.discard(talk.outbox)
            return socket

    async def _look(self, looks: NewestPreview, request: web.Request) -> web.StreamResponse:
        async with self._sockets.accepted(request) as socket:
            look = PreviewWatcher(looks)
            await self._sockets.exchange(request, socket, look.read, look.write)
            return socket

    async def watch(self) -> None:
        """Tell the panels how the show fares, as long as there are any."""
        loop = asyncio.get_running_loop()
        pulse = loop.time()
        while True:
            await asyncio.sleep(MOTION if self._outboxes else PULSE)
            if not self._outboxes:
                continue
            self._tell_motion()
            if loop.time() >= pulse:
                pulse = loop.time() + PULSE
                self._tell_pulse()

    def _tell_pulse(self) -> None:
        self._beat += 1
        for outbox in self._outboxes:
            outbox.note("beat", self._beat)
        try:
            told = self._show.pulse()
        except Exception:  # the panel must not go blind for one wrong figure
            log.debug("the show's health could not be told", exc_info=True)
            return
        for outbox in self._outboxes:
            for kind, what in told.items():
                outbox.note(kind, what)

    def _tell_motion(self) -> None:
        """Where glides and fades are, and once that they have arrived."""
        shown = self._show.state.shown()
        if shown is self._seen:
            return
        self._seen = shown
        moving = self._show.under_way()
        for outbox in self._outboxes:
            outbox.note("moving", moving)


class NewestPreview:
    """The newest JPEG for all who look."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        self._changed = asyncio.Condition()
        self._jpeg = b""
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def newer(self, than: int) -> tuple[int, bytes]:
        """Number and JPEG of the first picture after number ``than``."""
        loop = asyncio.get_running_loop()
        async with self._changed:
            while self._number <= than or not self._jpeg:
                self._preview.ask(lambda: self._call(loop))
                await self._changed.wait()
            return self._number, self._jpeg

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the display's thread."""
        with contextlib.suppress(RuntimeError):  # the server is gone, and who looked with it
            loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        task = asyncio.ensure_future(self._make())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(self) -> None:
        jpeg = self._preview.jpeg()
        if jpeg is None:
            return
        async with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()
        asyncio.get_running_loop().call_later(HELD, self._forget, self._number)

    def _forget(self, number: int) -> None:
        """Who looks next gets a new picture, and not that of whoever stood there before."""
        if number == self._number:
            self._jpeg = b""

    @property
    def number(self) -> int:
        """Of the newest picture."""
        return self._number


class PreviewWatcher:
    """One who looks: a picture for each message, never more than one on its way."""

    def __init__(self, looks: NewestPreview) -> None:
        self._looks = looks
        self._number = looks.number
        self._asked = asyncio.Event()

    async def read(self, data: str | bytes) -> None:
        """Asks for a picture. Raises NonsenseError for what is no short word."""
        if not isinstance(data, str) or len(data) > 16:
            raise NonsenseError
        self._asked.set()

    async def write(self) -> list[str | bytes]:
        """The next picture."""
        await self._asked.wait()
        self._asked.clear()
        self._number, jpeg = await self._looks.newer(self._number)
        return [jpeg]
