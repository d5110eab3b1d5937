"""OSCQuery (the OSCQuery Proposal, Vidvox): the address space over HTTP, and values both ways over a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import commonpath

from aiohttp import web

from installation.control.parameters import PREFIX, ParameterTable, Scalar
from installation.control.state import ControlState
from installation.control.web.address_space import ATTRIBUTES, EXTENSIONS, AddressSpace, Node
from installation.control.web.guard import Guard
from installation.control.web.hub import Batch, Hub, Outbox
from installation.control.web.osc_stream import apply_packet, message
from installation.control.web.outputs import OUT, Output, below, out_node
from installation.control.web.sockets import NonsenseError, Sockets

EVERYWHERE = ("0.0.0.0", "::")  # hosts that stand for every address of this machine
ROOT = PREFIX.rstrip("/")
LOOK = 0.1  # s between looks at what the show sends
MOST_OUTPUTS, LONGEST_OUTPUT = 256, 64  # addresses that one client listens to; characters of one
TIME_OF_BUNDLE = b"\0\0\0\0\0\0\0\1"  # at once


@dataclass(frozen=True, slots=True)
class OscPlace:
    """Where OSC over UDP is heard. port: None where it is not."""

    host: str
    port: int | None


class OscQuery:
    """Answers for the table of ``state``, whichever it has at the time. outputs: what the show sends, as it is now."""

    def __init__(
        self,
        state: ControlState,
        hub: Hub,
        sockets: Sockets,
        guard: Guard,
        osc: Callable[[], OscPlace],
        outputs: Callable[[], Iterator[Output]],
    ) -> None:
        self._state, self._hub, self._sockets, self._guard, self._osc = state, hub, sockets, guard, osc
        self._outputs = outputs
        self._space = AddressSpace(state.table)

    def routes(self) -> list[web.RouteDef]:
        """Every path that nothing else has."""
        return [web.get("/{path:.*}", self.answer)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A node, one attribute of it, HOST_INFO, or the WebSocket."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        asked = [name for name in request.query if name != "token"]
        if asked == ["HOST_INFO"]:
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
        return web.json_response(found) if found else web.Response(status=204)

    def _node(self, path: str) -> Node | None:
        """What is at a path: controls, and beside them what the show sends."""
        if path == OUT or path.startswith(f"{OUT}/"):
            return below(out_node(self._outputs()), path)
        node = self._current().node(path, self._state.targets())
        facets = None if node is None or path not in ("/", ROOT) else below(node, ROOT if path == "/" else path)
        if facets is not None:
            contents = facets["CONTENTS"]
            assert isinstance(contents, dict)
            contents["out"] = out_node(self._outputs())
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
        async with self._sockets.accepted(request) as socket:
            talk = Talk(self._state, self._outputs, self._guard.may_steer(request), f"osc {request.remote}")
            self._hub.outboxes.add(talk.outbox)
            try:
                await self._sockets.exchange(request, socket, talk.read, talk.write)
            finally:
                self._hub.outboxes.discard(talk.outbox)
                talk.close()
            return socket


class Talk:
    """One client's WebSocket: what it listens to, and what it may set."""

    def __init__(self, state: ControlState, outputs: Callable[[], Iterator[Output]], may_write: bool, source: str) -> None:
        self.outbox = Outbox()
        self._state, self._outputs, self._may_write, self._source = state, outputs, may_write, source
        self._heard: set[str] = set()  # names of controls
        self._seen: dict[str, Scalar | None] = {}  # paths of what the show sends, with the value that was told last
        self._looking: asyncio.Task[None] | None = None

    def close(self) -> None:
        """The client is gone."""
        if self._looking is not None:
            self._looking.cancel()

    async def read(self, data: str | bytes) -> None:
        """A frame: text is a command, binary an OSC packet. Raises NonsenseError."""
        if isinstance(data, bytes):
            if not self._may_write:
                self._state.ignore("OSC over WebSocket: beyond this machine a write needs the token")
                raise NonsenseError
            apply_packet(self._state, data, self._source)
            return
        command, path = _command(data)
        name = path.removeprefix(PREFIX)
        if command == "LISTEN" and path.startswith(PREFIX) and name in self._state.table:
            self._heard.add(name)
        elif command == "LISTEN" and path.startswith(f"{OUT}/") and len(path) <= LONGEST_OUTPUT:
            if len(self._seen) < MOST_OUTPUTS:  # of what the show never sends, anybody can name without end
                self._seen.setdefault(path, None)
            self._looking = self._looking or asyncio.create_task(self._look())
        elif command == "IGNORE":
            self._heard.discard(name)
            self._seen.pop(path, None)
        else:
            raise NonsenseError

    async def write(self) -> list[str | bytes]:
        """The next frames: how the table changed, then all values that it listens to."""
        batch = await self.outbox.take()
        self._heard -= {name for name, there in batch.paths.items() if not there}
        packet = self._packet(batch)
        told: list[str | bytes] = [*news(batch.paths, self._state.table)] if batch.paths else []
        return [*told, packet] if packet else told

    async def _look(self) -> None:
        """Nothing says when what the show sends has changed: it is looked at, as often as for OSC over UDP."""
        while True:
            self.outbox.note(OUT, True)
            await asyncio.sleep(LOOK)

    def _changed(self) -> Iterator[bytes]:
        """Messages of what the show sends, where it is not what was told last. Who left smiles no more, and nobody gets their
        number again."""
        shown = {f"{OUT}/{one.name}": one.value for one in self._outputs()} if self._seen else {}
        for path, told in tuple(self._seen.items()):
            if path in shown and shown[path] != told:
                self._seen[path] = shown[path]
                yield message(path, shown[path])
            elif path not in shown and told is not None:
                del self._seen[path]
                yield message(path, 0.0)

    def _packet(self, batch: Batch) -> bytes:
        """One message, or a bundle of several."""
        table = self._state.table
        rows = [(table[name], value) for name, value in batch.values.items() if name in self._heard and name in table]
        rows += [(table[name], value) for name, value in batch.fired.items() if name in self._heard and name in table]
        messages = [message(row.address, None if row.kind == "trigger" else value) for row, value in rows]
        messages += self._changed() if OUT in batch.notes else ()
        if len(messages) < 2:
            return messages[0] if messages else b""
        return b"#bundle\0" + TIME_OF_BUNDLE + b"".join(len(one).to_bytes(4, "big") + one for one in messages)


def _command(text: str) -> tuple[str, str]:
    """COMMAND and DATA of a text frame. Raises NonsenseError."""
    try:
        given = json.loads(text)
        command, path = given["COMMAND"], given["DATA"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NonsenseError from None
    if not isinstance(command, str) or not isinstance(path, str):
        raise NonsenseError
    return command, path


def news(paths: Mapping[str, bool], table: ParameterTable) -> list[str]:
    """Text frames that tell of controls which came (True) or went: each by itself, then the nearest node around them all
    that there still is."""
    told = [{"COMMAND": "PATH_ADDED" if there else "PATH_REMOVED", "DATA": PREFIX + name} for name, there in paths.items()]
    around = commonpath([(PREFIX + name).rpartition("/")[0] for name in paths])
    nodes = AddressSpace(table)
    while nodes.node(around, {}) is None:
        around = around.rpartition("/")[0] or "/"
    return [json.dumps(one) for one in (*told, {"COMMAND": "PATH_CHANGED", "DATA": around})]
