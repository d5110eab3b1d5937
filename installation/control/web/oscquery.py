"""OSCQuery (the OSCQuery Proposal, Vidvox): the address space over HTTP, and values both ways over a WebSocket.

A page of another origin, such as a web client that is served elsewhere, may read it where ``control.web.origins`` names that
origin, on the loopback alone, and sets nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from installation.control.osc.dispatch import Dispatcher
from installation.control.osc.readings import OUT, Reading
from installation.control.parameters import PREFIX
from installation.control.state import ControlState
from installation.control.web.address_space import ATTRIBUTES, EXTENSIONS, AddressSpace, Node
from installation.control.web.guard import Guard
from installation.control.web.hub import Hub
from installation.control.web.out_nodes import below, out_node
from installation.control.web.sockets import Sockets
from installation.control.web.talk import SHOWN, Talk

log = logging.getLogger(__name__)

EVERYWHERE = ("0.0.0.0", "::")  # hosts that stand for every address of this machine
ROOT = PREFIX.rstrip("/")
HOST_INFO = "HOST_INFO"
LOOK = 0.1  # s between looks at what the show sends


@dataclass(frozen=True, slots=True)
class OscPlace:
    """Where OSC over UDP is heard. port: None where it is not."""

    host: str
    port: int | None


class OscQuery:
    """Answers for the table of ``state``, whichever it has at the time. readings: what the show tells, as it is now."""

    def __init__(
        self,
        state: ControlState,
        hub: Hub,
        sockets: Sockets,
        guard: Guard,
        osc: Callable[[], OscPlace],
        readings: Callable[[], Iterator[Reading]],
        origins: Sequence[str] = (),
    ) -> None:
        self._state, self._hub, self._sockets, self._guard, self._osc = state, hub, sockets, guard, osc
        self._readings, self._origins = readings, frozenset(origins)
        self._dispatcher = Dispatcher(state)
        self._space = AddressSpace(state.table)
        self._talks: set[Talk] = set()
        self._looking: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Every path that nothing else has."""
        return [web.get("/{path:.*}", self.answer)]

    def welcomes(self, request: web.Request) -> bool:
        """Whether a page of another origin may read what this request asks for."""
        origin = request.headers.get("Origin", "").lower()
        named = bool(origin) and not self._origins.isdisjoint((origin, "*"))
        return named and not self._guard.public and request.method in ("GET", "HEAD") and request.match_info.handler == self.answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A node, some attributes of it, HOST_INFO, or the WebSocket."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        answer = self._described(request)
        if self._origins:
            answer.headers["Vary"] = "Origin"
        if self.welcomes(request):
            answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        return answer

    def _described(self, request: web.Request) -> web.Response:
        asked = [name for name in dict.fromkeys(request.query) if name != "token"]
        if HOST_INFO in asked:
            return web.json_response(self._host_info(request))
        unknown = [name for name in asked if name not in ATTRIBUTES]
        if unknown:
            return web.json_response({"ERROR": f"{unknown[0][:40]}: no such attribute"}, status=400)
        node = self._node("/" + request.match_info["path"].strip("/"))
        if node is None:
            return web.json_response({"ERROR": f"{request.path[:200]}: no such node"}, status=404)
        if not asked:
            return web.json_response(node)
        found = {name: node[name] for name in asked if name in node}
        # The proposal: no content for what a method does not have, and for a value where there is none; of a container that is
        # asked for what only methods have, an empty object.
        return web.json_response(found) if found or ("TYPE" not in node and asked != ["VALUE"]) else web.Response(status=204)

    def _node(self, path: str) -> Node | None:
        """What is at a path: controls, and beside them what the show tells."""
        if path == OUT or path.startswith(f"{OUT}/"):
            return below(out_node(self._safe_readings()), path)
        node = self._current().node(path, self._state.targets())
        facets = None if node is None or path not in ("/", ROOT) else below(node, ROOT if path == "/" else path)
        if facets is not None:
            contents = facets["CONTENTS"]
            assert isinstance(contents, dict)
            contents["out"] = out_node(self._safe_readings())
        return node

    def _current(self) -> AddressSpace:
        if self._space.table is not self._state.table:
            self._space = AddressSpace(self._state.table)
        return self._space

    def _host_info(self, request: web.Request) -> dict[str, object]:
        """Where OSC is heard at every address, its address is the one that was asked for."""
        osc = self._osc()
        here: tuple[str, int] | None = request.transport.get_extra_info("sockname") if request.transport is not None else None
        info: dict[str, object] = {"NAME": "Facets", "EXTENSIONS": dict(EXTENSIONS), "OSC_TRANSPORT": "UDP"}
        if here is not None:
            info |= {"WS_IP": here[0], "WS_PORT": here[1]}
        if osc.port is not None:
            info["OSC_PORT"] = osc.port
            if osc.host not in EVERYWHERE:
                info["OSC_IP"] = "127.0.0.1" if osc.host == "localhost" else osc.host
            elif here is not None:
                info["OSC_IP"] = here[0]
        return info

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        async with self._sockets.accepted(request) as socket, self._told(request) as talk:
            await self._sockets.exchange(request, socket, talk.read, talk.write)
            return socket

    @contextlib.asynccontextmanager
    async def _told(self, request: web.Request) -> AsyncIterator[Talk]:
        """A client that is told of changes for as long as the body runs."""
        may_write = self._guard.may_steer(request) and self._guard.same_origin(request)
        talk = Talk(self._state, self._dispatcher, self._safe_readings, may_write, f"osc {request.remote}")
        self._talks.add(talk)
        self._hub.outboxes.add(talk.outbox)
        self._looking = self._looking or asyncio.create_task(self._look())
        try:
            yield talk
        finally:
            self._hub.outboxes.discard(talk.outbox)
            self._talks.discard(talk)
            if not self._talks and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        """Nothing says when what the show sends has changed: it is looked at, as often as for OSC over UDP."""
        before: tuple[Reading, ...] | None = None
        while True:
            await asyncio.sleep(LOOK)
            shown = self._safe_readings()
            if shown != before:
                before = shown
                for talk in self._talks:
                    talk.outbox.note(SHOWN, shown)

    def _safe_readings(self) -> tuple[Reading, ...]:
        """What the show sends; nothing while it cannot be told."""
        try:
            return tuple(self._readings())
        except Exception:  # a part of the show that is not there yet, or no more: the clients stay
            log.debug("what the show sends could not be told", exc_info=True)
            return ()
