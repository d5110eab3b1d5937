"""The page on which a person corrects labels: this machine alone, every correction on the disk at once."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from aiohttp import web
from PIL import Image as Pillow

from installation.errors import ConfigError
from installation.training.data.datasets import Picture
from installation.training.labels.found import FaceFinder
from installation.training.labels.reading import Reader
from installation.training.labels.sheet import outlined
from installation.training.labels.table import ATTRIBUTES, PERSON, VALUES, Label, write_labels

HOST = "127.0.0.1"
SHOWN = 512  # px
MOST_BYTES = 4096  # that a correction may have


class Page:
    """key: the first part of every address, which no other page or user of the machine can guess."""

    def __init__(self, out: Path, pictures: Mapping[str, Picture], labels: dict[str, Label]) -> None:
        self.key = secrets.token_urlsafe(12)
        self._out, self._pictures, self._labels = out, pictures, labels
        # The least sure come first; what a person has said comes last.
        self._order = sorted(
            (name for name in labels if name in pictures), key=lambda name: (labels[name].by == PERSON, min(labels[name].sure))
        )
        self._finder, self._reader = FaceFinder(SHOWN), Reader()
        self._drawn = lru_cache(64)(self._draw)

    def app(self) -> web.Application:
        """The addresses below the key."""
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[self._own_host])
        app.router.add_get(f"/{self.key}/", self._page)
        app.router.add_get(f"/{self.key}/labels", self._list)
        app.router.add_get(f"/{self.key}/picture/{{number:[0-9]{{1,7}}}}/{{kind:plain|mask}}", self._picture)
        app.router.add_post(f"/{self.key}/label", self._correct)
        return app

    @web.middleware
    async def _own_host(self, request: web.Request, handler: web.Handler) -> web.StreamResponse:  # type: ignore[name-defined]
        """Whoever comes by another name was sent by a page of somebody else's."""
        if request.host.partition(":")[0] not in (HOST, "localhost"):
            raise web.HTTPForbidden
        answer: web.StreamResponse = await handler(request)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    async def _page(self, request: web.Request) -> web.Response:
        text = (files("installation.training.labels") / "page.html").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/html")

    async def _list(self, request: web.Request) -> web.Response:
        rows = [self._row(name) for name in self._order]
        return web.json_response({"values": {name: list(values) for name, values in VALUES.items()}, "rows": rows, "file": str(self._out)})

    def _row(self, name: str) -> dict[str, object]:
        one = self._labels[name]
        return {"file": name, "names": list(one.names), "sure": list(one.sure), "person": one.by == PERSON}

    async def _picture(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if number >= len(self._order):
            raise web.HTTPNotFound
        data = self._drawn(self._order[number], request.match_info["kind"] == "mask")
        return web.Response(body=data, content_type="image/jpeg")

    def _draw(self, name: str, mask: bool) -> bytes:
        face = self._finder.open(self._pictures[name])
        picture = face.crop
        if mask and not face.skipped:
            reading = self._reader.read(face.crop, face.points)
            mask_of = cv2.resize(reading.mask, (SHOWN, SHOWN), interpolation=cv2.INTER_LINEAR)
            picture = outlined(picture, np.asarray(mask_of, np.uint8))
        held = io.BytesIO()
        Pillow.fromarray(np.ascontiguousarray(picture)).save(held, "JPEG", quality=92)
        return held.getvalue()

    async def _correct(self, request: web.Request) -> web.Response:
        """``{"file": …, "names": [a value of each attribute, or ""]}``"""
        try:
            asked = await request.json()
            name, names = str(asked["file"]), [str(one) for one in asked["names"]]
        except (ValueError, KeyError, TypeError) as err:
            raise web.HTTPBadRequest(text="a file and its names are wanted") from err
        fits = len(names) == len(ATTRIBUTES) and all(not one or one in VALUES[kind] for kind, one in zip(ATTRIBUTES, names, strict=True))
        if name not in self._labels or not fits:
            raise web.HTTPBadRequest(text="there is no such picture or value")
        before = self._labels[name]
        self._labels[name] = before.corrected(names)
        try:
            write_labels(self._out, self._labels.values())
        except ConfigError as err:
            self._labels[name] = before
            raise web.HTTPInternalServerError(text=str(err)) from err
        return web.json_response(self._row(name))


def serve(out: Path, pictures: Mapping[str, Picture], labels: dict[str, Label], port: int) -> None:
    """Until Ctrl-C. Raises ConfigError where the port is taken."""
    try:
        asyncio.run(_serve(Page(out, pictures, labels), port))
    except KeyboardInterrupt:
        print(f"\n{out}: {sum(one.by == PERSON for one in labels.values())} of {len(labels)} as a person says")


async def _serve(page: Page, port: int) -> None:
    runner = web.AppRunner(page.app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as err:
        raise ConfigError(f"--port {port}: cannot be listened at ({err.strerror or err}); name another, or 0 for any") from err
    try:
        print(f"Open http://{HOST}:{runner.addresses[0][1]}/{page.key}/ in a browser on this machine; Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
