"""What the operator does about takeaways, in the panel: looks at what visitors offered for the gallery, and at nothing else; shows it,
refuses it; deletes everything."""

from __future__ import annotations

import asyncio
import os

from aiohttp import web

from installation.control.web.desk_view import Json
from installation.takeaways.kept import SMALL, STILL, Kept
from installation.takeaways.office import Office
from installation.takeaways.texts import clock_of


def told(office: Office) -> Json:
    """How the takeaways stand, for the panel."""
    refusal = office.shelf.refusal
    offers = [{"id": one.id, "shown": one.gallery == "shown", "until": _until(office, one)} for one in office.offered()]
    return {
        "kept": len(office.shelf.all()),
        "going": office.shelf.going,
        "refusal": "" if refusal is None else refusal.value,
        "gallery": office.has_gallery,
        "offers": offers,
    }


def _until(office: Office, kept: Kept) -> str:
    return clock_of(office.hangs_until(kept), office.now(), "en")


class Gallery:
    """Stills that the gallery shows, for the photo page: what everybody here may see by now, and nothing that was only offered. Any
    thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def shows(self, id: str) -> bool:
        """Whether it is shown still."""
        return any(one.id == id for one in self._office.shown())

    def still(self, id: str) -> bytes | None:
        """The JPEG; None where it is not shown."""
        kept = next((one for one in self._office.shown() if one.id == id), None)
        path = None if kept is None else self._office.file(kept, STILL)
        try:
            return None if path is None else path.read_bytes()
        except OSError:  # it was deleted just now
            return None


class TakeDesk:
    """Under ``/panel``, and so for whoever has the token. office: None where there are no takeaways."""

    def __init__(self, office: Office | None) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        """Before the panel's own, which take every other address."""
        return [
            web.get("/panel/takeaways/{id}.jpg", self._picture),
            web.post("/panel/takeaways/{act:delete-all}", self._clear),
            web.post("/panel/takeaways/{id}/{act}", self._decide),
        ]

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        office = self._there()
        kept = next((one for one in office.offered() if one.id == request.match_info["id"]), None)
        path = None if kept is None else office.file(kept, SMALL)
        if path is None or not os.path.isfile(path):
            raise web.HTTPNotFound(text="no such picture\n")
        return web.FileResponse(path, headers={"Content-Type": "image/jpeg"})

    async def _decide(self, request: web.Request) -> web.Response:
        act = request.match_info["act"]
        if act not in ("show", "refuse"):
            raise web.HTTPNotFound(text="no such thing to do\n")
        done = await asyncio.to_thread(self._there().decide, request.match_info["id"], act == "show")
        if not done:
            raise web.HTTPNotFound(text="it is not there any more\n")
        return web.Response(status=204)

    async def _clear(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._there().shelf.clear)
        return web.Response(status=204)

    def _there(self) -> Office:
        if self._office is None:
            raise web.HTTPNotFound(text="there are no takeaways\n")
        return self._office
