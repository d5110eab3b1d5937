"""Grids of faces in the panel: ``/panel/grids`` shows those that lie in the show's folder ``grids``, and a click on a face takes it into
the mirror as a guest.

A grid is a folder that ``python -m installation grid --page grids/NAME`` wrote. Nothing in it is run: its names are shown, its
pictures sent, and of its codes the one that is clicked is read.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from installation.control.state import ControlState
from installation.errors import FacetsError

FORMAT = "facets-grid"
NAME = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,99}")
FACE = re.compile(r"(row-\d{1,4}|column-\d{1,4}|r\d{1,4}-c\d{1,4})")
MOST_BYTES = 1 << 20  # of a grid's description
MOST_GRIDS, MOST_NAMES = 200, 1000
GUEST, MORPH = "identity/guest", "identity/morph"
SOURCE = "web"
SHOWN_AT_ONCE = 1.0  # of identity/morph, where no guest was to be seen


@dataclass(frozen=True, slots=True)
class GuestDoor:
    """folder: of the grids. take: reads a file of a code and makes its face a guest; gives the guest's name, which is one of
    ``identity/guest``, and raises FacetsError in one sentence for a code of another generator."""

    folder: Path
    take: Callable[[Path], str]


class GridPages:
    """Of one show. door: None where it takes no guests; then there are no pages either."""

    def __init__(self, state: ControlState, door: GuestDoor | None) -> None:
        self._state, self._door = state, door

    def routes(self) -> list[web.RouteDef]:
        """Under ``/panel/grids``; the page itself is one of the panel's files."""
        return [
            web.get("/panel/grids/list", self._list),
            web.get("/panel/grids/{grid}/grid.json", self._described),
            web.get("/panel/grids/{grid}/{face}.jpg", self._picture),
            web.post("/panel/grids/{grid}/{face}", self._take),
            web.delete("/panel/grids/none", self._leave),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(self._names))

    def _names(self) -> list[str]:
        """Those that can be shown, the newest first."""
        if self._door is None or not self._door.folder.is_dir():
            return []
        found = [path for path in self._door.folder.glob("*/grid.json") if NAME.fullmatch(path.parent.name)]
        newest = sorted(found, key=lambda path: -path.stat().st_mtime)[:MOST_GRIDS]
        return [path.parent.name for path in newest if description(path) is not None]

    async def _described(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(description, self._folder(request) / "grid.json")
        if found is None:
            raise web.HTTPNotFound(text="no such grid\n")
        return web.json_response(found)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        path = self._folder(request) / f"{_face(request)}.jpg"
        if not path.is_file():
            raise web.HTTPNotFound(text="no such picture\n")
        return web.FileResponse(path)

    async def _take(self, request: web.Request) -> web.Response:
        assert self._door is not None  # or there was no folder
        path = self._folder(request) / f"{_face(request)}.npz"
        try:
            name = await asyncio.to_thread(self._door.take, path)
        except FacetsError as err:
            return web.json_response({"fault": str(err).replace(f"{path}: ", "")}, status=409)
        self._state.set(GUEST, name, SOURCE)
        if not float(self._state.target(MORPH)):
            self._state.set(MORPH, SHOWN_AT_ONCE, SOURCE)
        return web.json_response({"guest": name})

    async def _leave(self, request: web.Request) -> web.Response:
        self._state.set(GUEST, "none", SOURCE)
        self._state.set(MORPH, 0.0, SOURCE)
        return web.json_response({"guest": "none"})

    def _folder(self, request: web.Request) -> Path:
        """Of the grid that is asked for. Raises HTTPNotFound where there is none, or its name leads elsewhere."""
        name = request.match_info["grid"]
        if self._door is None or not NAME.fullmatch(name) or not (self._door.folder / name / "grid.json").is_file():
            raise web.HTTPNotFound(text="no such grid\n")
        return self._door.folder / name


def _face(request: web.Request) -> str:
    name = request.match_info["face"]
    if not FACE.fullmatch(name):
        raise web.HTTPNotFound(text="no such face\n")
    return name


def description(path: Path) -> dict[str, object] | None:
    """What a grid says of itself, only what a page shows; None where it cannot be read or is something else."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        return None
    names = {key: told.get(key) for key in ("rows", "columns")}
    if not all(isinstance(found, list) and 0 < len(found) <= MOST_NAMES for found in names.values()):
        return None
    words = {key: str(told.get(key, ""))[:200] for key in ("title", "weights", "space", "generator")}
    return words | {key: [str(one)[:100] for one in found or []] for key, found in names.items()}
