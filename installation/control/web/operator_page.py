"""The operator's page: its files, and what it asks of the show, over HTTP. Under ``/operator``, for those who may steer.

``GET desk`` how everything stands; ``POST doctor`` ``{"thorough": false}``, ``camera`` ``{"source": …}``, ``control`` ``{"name": …,
"value": …}``, ``crop`` ``{"crop": [left, top, right, bottom]}`` or null. What ends the show is asked for twice: ``POST end`` ``{"wish":
"restart"}`` gives ``{"sure": word}``, and the same with that word, within half a minute, does it. What is not done is ``{"error": a
sentence}``. The WebSocket ``tracker`` gives a picture for each message, as the panel's preview does.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from types import MappingProxyType

from aiohttp import web

from installation.control.web.operator_desk import OperatorDesk
from installation.control.web.panel import POLICY, NewestPreview, PreviewWatcher
from installation.control.web.sockets import Sockets
from installation.operation.ending import Wish

SCRIPTS = ("operator", "operator_room", "operator_camera", "operator_look")
FILES: Mapping[str, str] = MappingProxyType({
    "operator.html": "text/html", "operator.css": "text/css", **{f"{name}.js": "text/javascript" for name in SCRIPTS},
})  # fmt: skip
SURE_SECONDS = 30.0  # in which the second word must come
MOST_SURE = 16  # words that wait: as many pages may ask at once
MOST_BODY = 1 << 12  # bytes
Given = dict[str, object]


class Asked:
    """The words with which somebody says that they are sure. now: s, a clock."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._words: dict[str, tuple[Wish, float]] = {}

    def word(self, wish: Wish) -> str:
        """A new one."""
        while len(self._words) >= MOST_SURE:
            del self._words[next(iter(self._words))]
        word = secrets.token_urlsafe(9)
        self._words[word] = (wish, self._now() + SURE_SECONDS)
        return word

    def sure(self, wish: Wish, word: str) -> bool:
        """Whether this word was given for this wish, not long ago. It counts once."""
        asked, until = self._words.pop(word, (Wish.NONE, 0.0))
        return asked is wish and self._now() < until


class OperatorPage:
    """desk: the show behind it."""

    def __init__(self, desk: OperatorDesk, sockets: Sockets) -> None:
        self._desk, self._sockets = desk, sockets
        self._asked = Asked()
        self._tracker = NewestPreview(desk.tracker)
        folder = resources.files(__package__) / "static"
        self._files = {name: (folder / name).read_bytes() for name in FILES}

    def routes(self) -> list[web.RouteDef]:
        """Under ``/operator``."""
        return [
            web.get("/operator", self._file),
            web.get("/operator/", self._home),
            web.get("/operator/desk", self._stands),
            web.get("/operator/tracker", self._look),
            web.post("/operator/doctor", _worded(self._examine)),
            web.post("/operator/camera", _worded(self._choose)),
            web.post("/operator/control", _worded(self._set)),
            web.post("/operator/crop", _worded(self._crop)),
            web.post("/operator/end", self._end),
            web.get("/operator/{name}", self._file),
        ]

    async def _home(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/operator")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "operator.html")
        if name not in self._files:
            raise web.HTTPNotFound(text="no such file\n")
        response = web.Response(body=self._files[name], content_type=FILES[name], charset="utf-8")
        response.headers["Content-Security-Policy"] = POLICY.format(host=request.headers.get("Host", ""))
        return response

    async def _stands(self, request: web.Request) -> web.Response:
        return web.json_response(dict(await asyncio.to_thread(self._desk.desk)))

    async def _look(self, request: web.Request) -> web.StreamResponse:
        async with self._sockets.accepted(request) as socket:
            look = PreviewWatcher(self._tracker)
            await self._sockets.exchange(request, socket, look.read, look.write)
            return socket

    async def _examine(self, given: Given) -> str:
        return await asyncio.to_thread(self._desk.examine, given.get("thorough") is True)

    async def _choose(self, given: Given) -> str:
        source = given.get("source")
        if not isinstance(source, str):
            return "name the camera: {\"source\": …}"
        return await asyncio.to_thread(self._desk.choose, source)

    async def _set(self, given: Given) -> str:
        name = given.get("name")
        if not isinstance(name, str):
            return "name what is to be set: {\"name\": …, \"value\": …}"
        return await asyncio.to_thread(self._desk.set_control, name, given.get("value"))

    async def _crop(self, given: Given) -> str:
        if "crop" not in given:
            return "give the crop: {\"crop\": [left, top, right, bottom]}, or null for the whole picture"
        return await asyncio.to_thread(self._desk.crop, given["crop"])

    async def _end(self, request: web.Request) -> web.Response:
        given = await _given(request)
        try:
            wish = Wish(given.get("wish") if given is not None else None)
        except ValueError:
            wish = Wish.NONE
        if given is None or wish is Wish.NONE:
            return _refused("say how it is to end: {\"wish\": \"restart\"} or \"shut-down\"")
        if self._desk.under_way() is wish:  # pressed once more: it is under way
            return web.json_response({"done": True})
        sure = given.get("sure")
        if not isinstance(sure, str):
            return web.json_response({"sure": self._asked.word(wish), "seconds": SURE_SECONDS})
        if not self._asked.sure(wish, sure):
            return _refused("that was asked too long ago; ask once more")
        fault = await asyncio.to_thread(self._desk.end, wish)
        return _refused(fault) if fault else web.json_response({"done": True})


def _worded(act: Callable[[Given], Awaitable[str]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What is not done is told in a sentence."""

    async def handled(request: web.Request) -> web.Response:
        given = await _given(request)
        if given is None:
            return _refused("this is no wish that can be understood")
        fault = await act(given)
        return _refused(fault) if fault else web.json_response({"done": True})

    return handled


async def _given(request: web.Request) -> Given | None:
    """The wish in a request; None for what is none."""
    if (request.content_length or 0) > MOST_BODY:
        return None
    body = bytearray()
    async for part in request.content.iter_any():  # it may come in pieces
        body += part
        if len(body) > MOST_BODY:
            return None
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _refused(why: str) -> web.Response:
    return web.json_response({"error": why}, status=400)
