"""What visitors reach without the operator's token: the page under their own link, and the gallery where there is one.

Every other address under ``/take`` and ``/gallery`` looks the same, whatever was asked for: who guesses learns nothing.
"""

from __future__ import annotations

import asyncio
import os
from importlib import resources

from aiohttp import web

from installation.control.web import take_html
from installation.takeaways.kept import BOOMERANG, SMALL, Kept
from installation.takeaways.office import Office
from installation.takeaways.shelf import GoneError
from installation.takeaways.texts import wanted

PLACES = ("/take/", "/gallery/")  # and /gallery: what everybody may ask for
KINDS = {"jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4"}
HUNG = (SMALL, f"{BOOMERANG}.mp4")  # what the gallery shows of a takeaway
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def open_to_all(path: str) -> bool:
    """Whether an address is answered without a token."""
    return path == "/gallery" or path.startswith(PLACES)


class TakePages:
    """office: None where there are no takeaways; then every address says that there is nothing."""

    def __init__(self, office: Office | None) -> None:
        self._office = office
        self._css = (resources.files(__package__) / "static" / "take.css").read_bytes()

    def routes(self) -> list[web.RouteDef]:
        """Under ``/take`` and ``/gallery``."""
        return [
            web.get("/take/page.css", self._style),
            web.get("/take/{secret}", self._page),
            web.get("/take/{secret}/{name}", self._file),
            web.post("/take/{secret}/{act}", self._act),
            web.get("/gallery", self._gallery),
            web.get("/gallery/{id}/{name}", self._hung),
            web.route("*", "/take/{rest:.*}", self._nothing),
            web.route("*", "/gallery/{rest:.*}", self._nothing),
        ]

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(body=self._css, content_type="text/css", charset="utf-8")

    async def _page(self, request: web.Request) -> web.Response:
        office, kept = self._found(request)
        text = take_html.page(office, kept, request.match_info["secret"], _language(request), request.query.get("said", ""))
        return _html(200, text)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        office, kept = self._found(request)
        return self._sent(office, kept, request.match_info["name"], request)

    async def _act(self, request: web.Request) -> web.Response:
        office, kept = self._found(request)
        here = f"/take/{request.match_info['secret']}"
        match request.match_info["act"]:
            case "delete":
                gone = await asyncio.to_thread(_delete, office, kept)
                return _html(200 if gone else 202, take_html.sentence(_language(request), "deleted" if gone else "going"))
            case "offer":
                await asyncio.to_thread(office.offer, kept)
            case "withdraw":
                await asyncio.to_thread(office.withdraw, kept)
            case "print" if office.may_print(kept):
                done = await asyncio.to_thread(office.print, kept)
                here += f"?said={'printed' if done else 'print_failed'}"
            case _:
                raise self._refused(request, 404, "unknown")
        return web.Response(status=303, headers={"Location": here})

    async def _gallery(self, request: web.Request) -> web.Response:
        if self._office is None or not self._office.has_gallery:
            raise self._refused(request, 404, "unknown")
        return _html(200, take_html.gallery(self._office, _language(request)))

    async def _hung(self, request: web.Request) -> web.StreamResponse:
        office, name = self._office, request.match_info["name"]
        shown = () if office is None else office.shown()
        kept = next((one for one in shown if one.id == request.match_info["id"]), None)
        if office is None or kept is None or name not in HUNG:
            raise self._refused(request, 404, "unknown")
        return self._sent(office, kept, name, request)

    async def _nothing(self, request: web.Request) -> web.Response:
        raise self._refused(request, 404, "unknown")

    def _found(self, request: web.Request) -> tuple[Office, Kept]:
        """What lies under the link. Raises HTTPNotFound or HTTPGone."""
        try:
            kept = None if self._office is None else self._office.shelf.find(request.match_info["secret"])
        except GoneError as over:
            raise self._refused(request, 410, "gone" if over.deleted else "going") from None
        if self._office is None or kept is None:
            raise self._refused(request, 404, "unknown")
        return self._office, kept

    def _sent(self, office: Office, kept: Kept, name: str, request: web.Request) -> web.StreamResponse:
        path = office.file(kept, name)
        if path is None or not os.path.isfile(path):
            raise self._refused(request, 404, "unknown")
        headers = {"Content-Type": KINDS[path.suffix[1:]], "Content-Disposition": "attachment" if "save" in request.query else "inline"}
        return web.FileResponse(path, headers=headers)

    def _refused(self, request: web.Request, status: int, word: str) -> web.HTTPException:
        error = web.HTTPGone if status == 410 else web.HTTPNotFound
        made = error(text=take_html.sentence(_language(request), word), content_type="text/html")
        made.headers.update(HEADERS)
        return made


HEADERS = {
    "Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # a form of a page that sends no referrer has no origin either, and would be refused
    "X-Robots-Tag": "noindex",
}  # fmt: skip


def _delete(office: Office, kept: Kept) -> bool:
    """Delete it; whether nothing of it is left on the disk."""
    office.shelf.remove(kept.id)
    try:
        return office.shelf.of(kept.id) is None
    except GoneError as over:
        return over.deleted


def _html(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)


def _language(request: web.Request) -> str:
    return wanted(request.headers.get("Accept-Language", ""))
