"""The photo page: its files, and what it asks of the studio, over HTTP. Under ``/studio``, for those who may steer.

``GET desk`` the controls; ``POST pictures?name=`` a photograph's file, ``POST pictures?sample=`` one that comes with the program, ``POST
pictures?takeaway=`` a still that the gallery shows, ``POST codes?name=`` a file of code and edits; then under ``pictures/ID``: ``POST
before``, ``drawn`` and ``file.png`` with a wish, ``POST file.npz?face=``, ``POST paintings?name=``, ``GET codes/FACE`` and ``GET
styles/FACE/NAME``; ``GET`` it to learn how long it is kept, and ``POST forget``. ``POST search?face=&seconds=`` with a wish begins a longer
look at a face, which ``GET search`` and ``GET search/picture`` tell of, and ``POST search/keep`` or ``search/cancel`` ends; ``POST
adopt?of=ID&face=`` takes over what was found and brought. What goes wrong is ``{"error": a sentence}``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import resources
from types import MappingProxyType

from aiohttp import web

from installation.control.web.studio_desk import MOST_BYTES, MOST_CODE_BYTES, Json, Studio, StudioError
from installation.control.web.take_desk import Gallery
from installation.control.web.transfers import Transfers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SCRIPTS = ("studio", "studio_picture", "studio_edits", "studio_bring", "studio_tools", "studio_search")
FILES: Mapping[str, str] = MappingProxyType({
    "studio.html": "text/html", "studio.css": "text/css", **{f"{name}.js": "text/javascript" for name in SCRIPTS},
})  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MOST_WISH = 1 << 16  # bytes
LENT = "from the gallery.jpg"  # what a visitor's still is called
NOT_SHOWN = "The gallery does not show this picture any more."


class StudioPage:
    """What each address asks of the studio. gallery: None where visitors take nothing home."""

    def __init__(self, studio: Studio, transfers: Transfers, gallery: Gallery | None = None) -> None:
        self._studio, self._transfers, self._gallery = studio, transfers, gallery
        folder = resources.files(__package__) / "static"
        self._files = {name: (folder / name).read_bytes() for name in FILES}

    def routes(self) -> list[web.RouteDef]:
        """Under ``/studio``."""
        one = "/studio/pictures/{id}"
        return [
            web.get("/studio", self._file),
            web.get("/studio/", self._home),
            web.get("/studio/desk", _plainly(self._desk)),
            web.get("/studio/samples/{number}", _plainly(self._sample)),
            web.post("/studio/pictures", _plainly(self._bring)),
            web.post("/studio/codes", _plainly(self._bring_code)),
            web.get(one, _plainly(self._seen)),
            web.post(f"{one}/forget", _plainly(self._forget)),
            web.post(f"{one}/before", _plainly(self._before)),
            web.post(f"{one}/drawn", _plainly(self._drawn)),
            web.post(f"{one}/file.png", _plainly(self._picture_file)),
            web.post(f"{one}/file.npz", _plainly(self._code_file)),
            web.post(f"{one}/paintings", _plainly(self._bring_painting)),
            web.get(f"{one}/codes/{{face}}", _plainly(self._code_seen)),
            web.post(f"{one}/adopt", _plainly(self._adopt)),
            web.get(f"{one}/search", _plainly(self._search_seen)),
            web.post(f"{one}/search", _plainly(self._search)),
            web.get(f"{one}/search/picture", _plainly(self._search_picture)),
            web.post(f"{one}/search/{{act:keep|cancel}}", _plainly(self._end_search)),
            web.get(f"{one}/styles/{{face}}/{{style}}", _plainly(self._sketch)),
            web.get("/studio/{name}", self._file),
        ]

    async def _home(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/studio")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "studio.html")
        if name not in self._files:
            raise web.HTTPNotFound(text="no such file\n")
        response = web.Response(body=self._files[name], content_type=FILES[name], charset="utf-8")
        response.headers["Content-Security-Policy"] = POLICY
        return response

    async def _desk(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self._studio.desk()))

    async def _sample(self, request: web.Request) -> web.Response:
        return web.Response(body=self._studio.sample(_number(request.match_info["number"])), content_type="image/webp")

    async def _bring(self, request: web.Request) -> web.Response:
        if "sample" in request.query:
            return web.json_response(await self._transfers.outcome(request, self._studio.take_sample(_number(request.query["sample"]))))
        if "takeaway" in request.query:
            return web.json_response(await self._lend(request, request.query["takeaway"]))
        told = await self._transfers.upload(request, MOST_BYTES, lambda data: self._studio.take_photograph(data, _name(request)))
        return web.json_response(told)

    async def _lend(self, request: web.Request, id: str) -> Json:
        """A still of the gallery. Raises StudioError."""
        data = None if self._gallery is None else await asyncio.to_thread(self._gallery.still, id)
        if self._gallery is None or data is None:
            raise StudioError(404, NOT_SHOWN)
        return await self._transfers.outcome(request, self._studio.take_lent(data, LENT, partial(self._gallery.shows, id)))

    async def _bring_code(self, request: web.Request) -> web.Response:
        told = await self._transfers.upload(request, MOST_CODE_BYTES, lambda data: self._studio.take_code(data, _name(request)))
        return web.json_response(told)

    async def _bring_painting(self, request: web.Request) -> web.Response:
        id, name = _id(request), _name(request)
        told = await self._transfers.upload(request, MOST_BYTES, lambda data: self._studio.take_painting(id, data, name))
        return web.json_response(told)

    async def _seen(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self._studio.seen(_id(request))))

    async def _forget(self, request: web.Request) -> web.Response:
        self._studio.forget(_id(request))
        return web.Response(status=204)

    async def _before(self, request: web.Request) -> web.Response:
        return _jpeg(await self._transfers.outcome(request, self._studio.before(_id(request), await self._wish(request))))

    async def _drawn(self, request: web.Request) -> web.Response:
        return _jpeg(await self._transfers.outcome(request, self._studio.drawn(_id(request), await self._wish(request))))

    async def _code_seen(self, request: web.Request) -> web.Response:
        face, code = _number(request.match_info["face"]), _number(request.query.get("found", "0"))
        return _jpeg(await self._transfers.outcome(request, self._studio.code_seen(_id(request), face, code)))

    async def _adopt(self, request: web.Request) -> web.Response:
        face = _number(request.query.get("face", "1"))
        told = await self._transfers.outcome(request, self._studio.adopt(_id(request), request.query.get("of", ""), face))
        return web.json_response(dict(told))

    async def _search(self, request: web.Request) -> web.Response:
        face, seconds = _number(request.query.get("face", "")), _number(request.query.get("seconds", ""))
        told = await self._transfers.outcome(request, self._studio.search(_id(request), face, seconds, await self._wish(request)))
        return web.json_response(dict(told))

    async def _search_seen(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self._studio.search_seen(_id(request))))

    async def _search_picture(self, request: web.Request) -> web.Response:
        return _jpeg(self._studio.search_picture(_id(request)))

    async def _end_search(self, request: web.Request) -> web.Response:
        self._studio.end_search(_id(request), request.match_info["act"] == "keep")
        return web.Response(status=204)

    async def _sketch(self, request: web.Request) -> web.Response:
        face, style = _number(request.match_info["face"]), request.match_info["style"]
        return _jpeg(await self._transfers.outcome(request, self._studio.sketch(_id(request), face, style)))

    async def _picture_file(self, request: web.Request) -> web.StreamResponse:
        data = await self._transfers.outcome(request, self._studio.picture_file(_id(request), await self._wish(request)))
        return await self._transfers.sent(request, data, "image/png")

    async def _code_file(self, request: web.Request) -> web.StreamResponse:
        face = _number(request.query.get("face", ""))
        data = await self._transfers.outcome(request, self._studio.code_file(_id(request), face, await self._wish(request)))
        return await self._transfers.sent(request, data, "application/octet-stream")

    async def _wish(self, request: web.Request) -> object:
        """Raises StudioError."""
        try:
            return json.loads(await self._transfers.body(request, MOST_WISH))
        except (ValueError, RecursionError):
            raise StudioError(400, "This is no wish that can be understood.") from None


def _plainly(handler: Handler) -> Handler:
    """What cannot be done is told in a sentence."""

    async def handled(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StudioError as err:
            response = web.json_response({"error": str(err)}, status=err.status)
            if err.status in (413, 503):  # the rest of what is on its way is not waited for
                response.force_close()
            return response

    return handled


def _jpeg(data: bytes) -> web.Response:
    return web.Response(body=data, content_type="image/jpeg")


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _name(request: web.Request) -> str:
    return request.query.get("name", "")


def _number(text: str) -> int:
    """Raises StudioError."""
    if not text.isascii() or not text.isdecimal() or len(text) > 3:
        raise StudioError(404, "There is no such face or sample.")
    return int(text)
