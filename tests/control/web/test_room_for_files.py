"""How much of large files there may be on their way at once."""

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from installation.control.web.studio_desk import StudioError
from installation.control.web.transfers import MOST_HELD, Transfers


def sending(*sizes):
    """A request that brings parts of these sizes."""

    async def parts(_):
        for size in sizes:
            yield bytes(size)

    return SimpleNamespace(content_length=None, content=SimpleNamespace(iter_chunked=parts), transport=None)


def at_once(data):
    done = Future()
    done.set_result(len(data))
    return done


def test_files_that_wait_to_be_looked_at_leave_no_room_for_more_than_there_is():
    async def people():
        transfers, looking = Transfers(lambda transport: None, most_held=100), Future()
        first = asyncio.create_task(transfers.upload(sending(40, 30), 80, lambda data: looking))
        await asyncio.sleep(0)
        with pytest.raises(StudioError) as crowded:
            await transfers.upload(sending(20, 20), 80, at_once)
        assert crowded.value.status == 503
        assert await transfers.upload(sending(20), 80, at_once) == 20
        looking.set_result("seen")
        assert await first == "seen"
        assert await transfers.upload(sending(40, 40), 80, at_once) == 80  # all of it is there again

    asyncio.run(people())


def test_whoever_fails_gives_the_room_back():
    async def people():
        transfers, broken = Transfers(lambda transport: None, most_held=100), Future()
        broken.set_exception(StudioError(422, "No face."))
        for request, most, status in ((sending(60), 50, 413), (sending(90), 100, 422)):
            with pytest.raises(StudioError) as told:
                await transfers.upload(request, most, lambda data: broken)
            assert told.value.status == status
        assert await transfers.upload(sending(100), 100, at_once) == 100

    asyncio.run(people())


def test_a_few_of_the_largest_fit():
    assert 3 * 64_000_000 < MOST_HELD <= 300_000_000
