"""Files that come and go over real HTTP, in pieces, and answers that are still being made."""

import asyncio
import threading
from concurrent.futures import Future

import aiohttp
import pytest
from aiohttp import web

from installation.control.web import transfers
from installation.control.web.studio_desk import StudioError
from installation.control.web.transfers import CHUNK, Transfers

MOST = 3 * CHUNK
LONG = bytes(range(256)) * (5 * CHUNK // 512)  # two pieces and a half


def over_http(handle, ask):
    """What ``ask(session, url)`` comes to, and how often a connection had its time anew while ``handle(transfers, request)`` answered."""
    prolonged = []

    async def run():
        used = Transfers(prolonged.append)

        async def handler(request):
            try:
                return await handle(used, request)
            except StudioError as err:
                return web.Response(status=err.status, text=str(err))

        app = web.Application()
        app.add_routes([web.route("*", "/", handler)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        try:
            async with aiohttp.ClientSession() as session:
                return await ask(session, f"http://127.0.0.1:{port}/")
        finally:
            await runner.cleanup()

    return asyncio.run(run()), prolonged


async def taken(used, request):
    return web.Response(body=await used.body(request, MOST))


async def post(session, url, data):
    async with session.post(url, data=data) as reply:
        return reply.status, await reply.read()


async def in_pieces(pieces):
    """A body whose length nobody says before."""
    for _ in range(pieces):
        yield bytes(CHUNK)


def test_a_body_comes_whole_and_each_piece_of_it_counts():
    (status, body), prolonged = over_http(taken, lambda session, url: post(session, url, LONG))
    assert status == 200 and body == LONG
    assert len(prolonged) >= 3 and None not in prolonged


@pytest.mark.parametrize(("data", "heard"), [(lambda: bytes(MOST + 1), 0), (lambda: in_pieces(4), 4)], ids=["said before", "found out"])
def test_one_that_is_too_long_is_told_so_in_a_sentence(data, heard):
    (status, body), prolonged = over_http(taken, lambda session, url: post(session, url, data()))
    assert status == 413 and body == b"This file has more than 0 MB; scale the picture down first."
    assert len(prolonged) <= heard


def test_a_body_of_just_the_length_is_taken():
    (status, body), _ = over_http(taken, lambda session, url: post(session, url, bytes(MOST)))
    assert status == 200 and len(body) == MOST


def test_whoever_waits_for_a_job_keeps_their_connection(monkeypatch):
    monkeypatch.setattr(transfers, "JOB_SECONDS", 0.02)
    coming = Future()

    async def waits(used, request):
        threading.Timer(0.5, coming.set_result, ("done",)).start()
        return web.Response(text=await used.outcome(request, coming))

    (status, body), prolonged = over_http(waits, lambda session, url: post(session, url, b""))
    assert (status, body) == (200, b"done") and prolonged and None not in prolonged


def test_what_a_job_raises_is_raised():
    coming = Future()
    coming.set_exception(StudioError(410, "gone"))

    async def fails(used, request):
        return web.Response(text=await used.outcome(request, coming))

    assert over_http(fails, lambda session, url: post(session, url, b""))[0] == (410, b"gone")


def test_a_long_answer_goes_in_pieces_and_is_nobody_elses():
    async def gives(used, request):
        return await used.sent(request, LONG, "image/png")

    async def ask(session, url):
        async with session.get(url) as reply:
            return reply.headers.copy(), await reply.read()

    (headers, body), prolonged = over_http(gives, ask)
    assert body == LONG and headers["Content-Length"] == str(len(LONG)) and headers["Content-Type"] == "image/png"
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    assert len(prolonged) == 3
