"""What a panel and the program say to each other of zones, over a real socket."""

import asyncio
import json

import numpy as np
import pytest

from installation.control.state import ControlState
from installation.control.web.desk_view import Show
from installation.control.web.hub import Hub
from installation.control.web.panel_talk import PanelTalk
from installation.control.web.preview import Preview
from installation.control.web.sockets import NonsenseError
from installation.control.zone_book import ZoneBook
from installation.zones import Zone
from tests.control.web.conftest import SEEN, table

ZONE = [0.1, 0.2, 0.5, 0.6]


def show(book: ZoneBook | None, camera: Preview | None = None) -> Show:
    return Show(ControlState(table()), lambda: SEEN, zones=book, camera=camera)


async def told(book: ZoneBook | None, message: object) -> dict[str, object]:
    """The answer to one message."""
    one = show(book)
    talk = PanelTalk(one, Hub(one.state))
    await talk.read(json.dumps(message))
    while True:
        for line in await talk.write():
            answers = json.loads(line).get("answers")
            if answers:
                return answers[0]  # type: ignore[no-any-return]


def run(book: ZoneBook | None, message: object) -> dict[str, object]:

    return asyncio.run(asyncio.wait_for(told(book, message), 20))


def test_zones_are_drawn_and_answered() -> None:
    book = ZoneBook((Zone(0, 0, 0.1, 0.1),))
    assert run(book, {"zones": [ZONE], "n": 5}) == {"n": 5, "done": True, "text": ""}
    assert book.drawn == (Zone(*ZONE),) and len(book.zones()) == 2


@pytest.mark.parametrize("zones", [[[0, 0, 1]], [[0.5, 0, 0.1, 1]], [ZONE] * 33])
def test_what_is_no_zone_is_answered_in_words_and_changes_nothing(zones: object) -> None:
    book = ZoneBook()
    answer = run(book, {"zones": zones, "n": 6})
    assert answer["done"] is False and answer["text"] and book.zones() == ()


def test_what_means_nothing_is_counted_as_nonsense() -> None:
    with pytest.raises(NonsenseError):
        run(ZoneBook(), {"zones": "all", "n": 7})
    with pytest.raises(NonsenseError):
        run(None, {"zones": [ZONE], "n": 8})


def test_the_pulse_tells_them_and_the_size_of_the_picture() -> None:
    camera = Preview(True)
    one = show(ZoneBook((Zone(*ZONE),)), camera)
    assert one.pulse()["zones"] == {"fixed": [ZONE], "drawn": [], "size": None}

    camera.offer(np.zeros((48, 64, 3), np.uint8), 0.0)
    assert one.pulse()["zones"]["size"] == [64, 48]  # type: ignore[index]
    assert camera.jpeg() is None  # nobody asked for it
    assert show(None).pulse()["zones"] is None
