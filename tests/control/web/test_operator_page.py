"""The operator's page over HTTP and WebSocket, before a show that captures."""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from types import SimpleNamespace

import aiohttp
import cv2
import numpy as np
import pytest

from installation.assembly.options import RunOptions
from installation.control.state import ControlState
from installation.control.web.operator_page import FILES, MOST_BODY, MOST_SURE, SURE_SECONDS, Asked
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.control.web.tracker_view import SEEN
from installation.operation.ending import Wish
from installation.sources.cameras import stand_ins
from tests.control.web.conftest import SEEN as CONTROLLED
from tests.control.web.conftest import control_config, table
from tests.control.web.operated_show import BOX, OperatedShow

LEFT, RIGHT = "stand-in:left", "stand-in:right"


@pytest.fixture
def show(tmp_path):
    running = OperatedShow(tmp_path)
    yield running
    running.end()


def chosen(told):
    return [one["source"] for one in told["cameras"] if one["chosen"]]


def test_a_camera_is_chosen_and_the_show_changes_over_and_it_is_kept(show):
    told = show.desk()
    assert [(one["source"], one["note"]) for one in told["cameras"]] == [(LEFT, "configured"), (RIGHT, "")]
    assert chosen(told) == [LEFT]
    assert show.ask("camera", {"source": RIGHT}) == (200, {"done": True})
    told = show.until(lambda told: "In use" in told["camera"] and "right" in told["camera"])
    assert chosen(told) == [RIGHT] and json.loads((show.folder / "camera.json").read_text())["source"] == RIGHT
    show.ask("camera", {"source": LEFT})
    show.until(lambda told: "In use" in told["camera"] and "left" in told["camera"])
    assert json.loads((show.folder / "camera.json").read_text())["source"] == ""


@pytest.mark.parametrize("source", ["/dev/video97", "5", "", "../../etc/passwd", "http://elsewhere/stream", "demo"])
def test_what_is_no_camera_that_is_here_is_refused_with_words(show, source):
    status, told = show.ask("camera", {"source": source})
    assert status == 400 and "not there" in told["error"]
    assert chosen(show.desk()) == [LEFT] and not (show.folder / "camera.json").exists()


def test_a_camera_that_vanishes_as_it_is_chosen_is_waited_for_and_another_can_be_chosen(show):
    show.lost = "/dev/video3: there is no such camera"
    assert show.ask("camera", {"source": RIGHT})[0] == 200
    told = show.until(lambda told: told["camera"].startswith("No picture"))
    assert "there is no such camera" in told["camera"] and chosen(told) == [RIGHT]
    show.lost = ""
    show.ask("camera", {"source": LEFT})
    show.until(lambda told: "In use" in told["camera"] and "left" in told["camera"])


def test_what_is_set_at_a_camera_shows_and_is_set_again_when_it_comes_back(show):
    values = {one["name"]: one for one in show.desk()["controls"]}
    assert values["exposure"]["idle"] and values["exposure-mode"]["choices"][0] == [1, "Manual Mode"]
    status, told = show.ask("control", {"name": "exposure", "value": 200})
    assert status == 400 and "automatic" in told["error"]
    assert show.ask("control", {"name": "exposure-mode", "value": 1})[0] == 200
    assert show.ask("control", {"name": "exposure", "value": 200})[0] == 200
    show.until(lambda told: {one["name"]: one["value"] for one in told["controls"]}["exposure"] == 200)
    show.ask("camera", {"source": RIGHT})
    show.until(lambda told: "right" in told["camera"] and {one["name"]: one["value"] for one in told["controls"]}["exposure"] == 100)
    show.ask("camera", {"source": LEFT})
    show.until(lambda told: "left" in told["camera"] and {one["name"]: one["value"] for one in told["controls"]}["exposure"] == 200)
    for wrong in ({"name": "exposure", "value": 9999}, {"name": "exposure", "value": "x"}, {"name": "volume", "value": 1}, {"value": 1}):
        status, told = show.ask("control", wrong)
        assert status == 400 and told["error"]


def test_a_crop_is_kept_and_every_page_sees_it(show):
    assert show.desk()["crop"] is None and show.desk()["zones"] == [[0.0, 0.0, 0.1, 0.2]]
    assert show.ask("crop", {"crop": [0.2, 0.1, 0.8, 0.9]})[0] == 200
    assert show.desk()["crop"] == [0.2, 0.1, 0.8, 0.9] == json.loads((show.folder / "room.json").read_text())["room"]
    assert show.operating.room().numbers() == [0.2, 0.1, 0.8, 0.9]
    nothing, little, outside = [0.5, 0.5, 0.5, 0.5], [0.4, 0.4, 0.5, 0.5], [2, 2, 3, 3]
    for crop, why in ((nothing, "less than"), (little, "at least 0.2"), (outside, "less than"), ("all", "four numbers")):
        status, told = show.ask("crop", {"crop": crop})
        assert status == 400 and why in told["error"]
    assert show.ask("crop", {})[0] == 400 and show.desk()["crop"] == [0.2, 0.1, 0.8, 0.9]
    assert show.ask("crop", {"crop": None})[0] == 200 and show.desk()["crop"] is None


def test_the_end_is_asked_for_twice_and_pressed_twice_is_one_end(show):
    status, told = show.ask("end", {"wish": "restart"})
    assert status == 200 and show.quits == 0
    assert show.ask("end", {"wish": "restart", "sure": "a guess"})[0] == 400
    assert show.ask("end", {"wish": "shut-down", "sure": told["sure"]})[0] == 400 and show.quits == 0  # a word is for one wish, once
    assert show.ask("end", {"wish": "restart", "sure": told["sure"]})[0] == 400
    word = show.ask("end", {"wish": "restart"})[1]["sure"]
    other = show.ask("end", {"wish": "shut-down"})[1]["sure"]  # of another page
    assert show.ask("end", {"wish": "restart", "sure": word}) == (200, {"done": True}) and show.quits == 1
    assert show.ask("end", {"wish": "restart", "sure": word}) == (200, {"done": True}) and show.quits == 1
    status, told = show.ask("end", {"wish": "shut-down", "sure": other})
    assert status == 400 and "under way already: restart" in told["error"] and show.quits == 1
    assert show.desk()["ending"] == "restart" and show.operating.ending.wish is Wish.RESTART


def test_the_machine_is_shut_down_only_where_that_is_configured(show):
    assert show.desk()["offered"] == ["restart", "shut-down"]
    word = show.ask("end", {"wish": "power-off"})[1]["sure"]
    status, told = show.ask("end", {"wish": "power-off", "sure": word})
    assert status == 400 and "operator.power_off" in told["error"] and show.quits == 0
    for nothing in ({"wish": "dance"}, {"wish": ""}, {}, {"wish": None}):
        assert show.ask("end", nothing)[0] == 400


def test_words_of_who_is_sure_grow_old_and_few():
    now = [0.0]
    asked = Asked(lambda: now[0])
    word = asked.word(Wish.RESTART)
    now[0] = SURE_SECONDS + 1
    assert not asked.sure(Wish.RESTART, word)
    first = asked.word(Wish.RESTART)
    for _ in range(MOST_SURE):
        last = asked.word(Wish.RESTART)
    assert not asked.sure(Wish.RESTART, first) and asked.sure(Wish.RESTART, last)


def test_a_word_is_good_to_the_last_second_once_and_as_many_wait_as_there_may_be():
    now = [100.0]
    asked = Asked(lambda: now[0])
    word, other = asked.word(Wish.RESTART), asked.word(Wish.RESTART)
    now[0] += SURE_SECONDS - 0.01
    assert asked.sure(Wish.RESTART, word) and not asked.sure(Wish.RESTART, word)
    now[0] += 0.01
    assert not asked.sure(Wish.RESTART, other) and not asked.sure(Wish.NONE, "a guess")
    first = asked.word(Wish.SHUT_DOWN)
    for _ in range(MOST_SURE - 1):
        asked.word(Wish.RESTART)
    assert asked.sure(Wish.SHUT_DOWN, first)


class Desk:
    """A desk that says what it was asked for."""

    tracker = Preview()

    def __init__(self):
        self.asked = []

    def examine(self, thorough):
        self.asked.append(("examine", thorough))
        return ""

    def choose(self, source):
        self.asked.append(("choose", source))
        return "" if source else "there is no such camera"

    def set_control(self, name, value):
        self.asked.append(("set", name, value))
        return ""

    def crop(self, given):
        self.asked.append(("crop", given))
        return ""

    def under_way(self):
        return Wish.NONE

    def end(self, wish):
        self.asked.append(("end", wish))
        return "not now" if wish is Wish.SHUT_DOWN else ""


@pytest.fixture(scope="module")
def served():
    desk = Desk()
    panel = WebPanel(ControlState(table()), control_config(), lambda: CONTROLLED, Preview(), operator=desk)
    panel.start()
    yield SimpleNamespace(desk=desk, port=panel.port, url=panel.operator_url)
    panel.stop()


def wished(served, path, data, **headers):
    """Status, JSON of the answer."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    link = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    link.request("POST", f"/operator/{path}", body, headers)
    reply = link.getresponse()
    told = json.loads(reply.read())
    link.close()
    return reply.status, told


def test_each_wish_reaches_the_desk_as_it_was_said(served):
    served.desk.asked.clear()
    for path, wish in (
        ("doctor", {"thorough": True}), ("doctor", {"thorough": 1}), ("doctor", {}), ("camera", {"source": "5"}), ("crop", {"crop": None}),
        ("control", {"name": "focus", "value": 7}), ("control", {"name": "focus"}),
    ):  # fmt: skip
        assert wished(served, path, wish) == (200, {"done": True})
    looked = [("examine", True), ("examine", False), ("examine", False)]
    assert served.desk.asked == [*looked, ("choose", "5"), ("crop", None), ("set", "focus", 7), ("set", "focus", None)]
    served.desk.asked.clear()
    assert wished(served, "camera", {"source": ""}) == (400, {"error": "there is no such camera"})
    assert wished(served, "camera", {"source": 5})[0] == wished(served, "control", {"name": 3})[0] == wished(served, "crop", {})[0] == 400
    assert served.desk.asked == [("choose", "")]


def test_the_end_comes_with_its_word_and_what_is_in_its_way_is_told(served):
    served.desk.asked.clear()
    status, told = wished(served, "end", {"wish": "shut-down"})
    assert status == 200 and told["seconds"] == SURE_SECONDS and served.desk.asked == []
    assert wished(served, "end", {"wish": "shut-down", "sure": told["sure"]}) == (400, {"error": "not now"})
    word = wished(served, "end", {"wish": "restart"})[1]["sure"]
    assert wished(served, "end", {"wish": "restart", "sure": word}) == (200, {"done": True})
    assert served.desk.asked == [("end", Wish.SHUT_DOWN), ("end", Wish.RESTART)]


def test_a_wish_may_be_so_long(served):
    wish = b'{"thorough": false}'
    assert wished(served, "doctor", wish + b" " * (MOST_BODY - len(wish)))[0] == 200
    assert wished(served, "doctor", wish + b" " * (MOST_BODY - len(wish) + 1)) == (400, {"error": "this is no wish that can be understood"})
    assert wished(served, "doctor", b"")[0] == 200  # what says nothing wishes for the usual


@pytest.mark.parametrize("pieces", [(b'{"thorough"', b": true}"), (b"{", b'"thorough": tru', b"e}")])
def test_a_wish_that_comes_in_pieces_is_heard_to_its_end(served, pieces):
    served.desk.asked.clear()
    link = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    link.putrequest("POST", "/operator/doctor")
    link.putheader("Content-Length", str(sum(map(len, pieces))))
    link.endheaders()
    for piece in pieces:
        link.send(piece)
        for _ in range(2):
            assert wished(served, "camera", {"source": "5"})[0] == 200  # by then the piece is there, and no more of it
    reply = link.getresponse()
    assert (reply.status, json.loads(reply.read())) == (200, {"done": True}) and ("examine", True) in served.desk.asked
    link.close()


def test_every_file_of_the_page_is_served_with_its_kind(served):
    assert served.url == f"http://127.0.0.1:{served.port}/operator"
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
    for name, kind in {"": "text/html", **{f"/{name}": kinds[name.rpartition(".")[2]] for name in FILES}}.items():
        with urllib.request.urlopen(served.url + name, timeout=30) as reply:
            assert reply.headers.get_content_type() == kind and f"ws://127.0.0.1:{served.port}" in reply.headers["Content-Security-Policy"]
    with urllib.request.urlopen(f"{served.url}/", timeout=30) as reply:
        assert reply.url == served.url
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{served.url}/operator_other.js", timeout=30)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"3", b"\xff", b"[" * 3000, b'{"source": "' + b"a" * 9000 + b'"}'])
def test_what_is_no_wish_is_refused(show, data):
    for path in ("camera", "control", "crop", "end"):
        status, told = show.ask(path, data=data)
        assert status == 400 and told["error"]
    assert show.quits == 0 and show.desk()["crop"] is None


def test_beyond_this_machine_the_token_is_asked_for(tmp_path):
    public = OperatedShow(tmp_path, web={"host": "0.0.0.0", "token": "correct horse battery staple"})
    try:
        for path, wish in (("desk", None), ("operator.js", None), ("crop", {"crop": None}), ("end", {"wish": "restart"})):
            assert public.ask(path, wish)[0] == 401
        bearer = {"Authorization": "Bearer correct horse battery staple"}
        assert public.ask("desk", headers=bearer)[0] == 200
        assert public.ask("crop", {"crop": None}, headers={**bearer, "Origin": "http://elsewhere.example"})[0] == 403
    finally:
        public.end()


async def looked(address):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}/operator/tracker") as socket:
        await socket.send_str("next")
        return await asyncio.wait_for(socket.receive_bytes(), 30)


def test_the_trackers_picture_shows_the_faces_in_it(show):
    jpeg = asyncio.run(looked(show.address))
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1].astype(int)
    scale = picture.shape[1] / 1280
    top = picture[round(BOX[1] * scale), round((BOX[0] + 10) * scale) : round((BOX[2] - 10) * scale)]
    assert np.abs(top - SEEN).mean() < 40
    assert show.desk()["size"] == [1280, 720]


def test_a_live_camera_in_the_place_of_a_clip_takes_the_pictures_away_first(tmp_path):
    clip = OperatedShow(tmp_path, "source=demo")
    try:
        assert clip.ask("camera", {"source": RIGHT})[0] == 400 and clip.desk()["pictures"]
        clip.operating._found = stand_ins  # as if they were plugged in
        assert clip.ask("camera", {"source": RIGHT})[0] == 200
        told = clip.until(lambda told: "right" in told["camera"])
        assert not told["pictures"] and "privacy.allow_recording" in told["why"]
        assert clip.forbidden and "demo" in clip.forbidden[0]  # before the camera was open
        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(asyncio.wait_for(looked(clip.address), 1.0))  # nothing is made for whoever asks
    finally:
        clip.end()


def test_while_it_is_recorded_no_live_camera_takes_a_clips_place(tmp_path):
    clip = OperatedShow(tmp_path, "source=demo", options=RunOptions(outputs={"record": tmp_path / "a.mp4"}))
    try:
        clip.operating._found = stand_ins
        status, told = clip.ask("camera", {"source": RIGHT})
        assert status == 400 and "being recorded" in told["error"] and chosen(clip.desk()) == ["demo"]
    finally:
        clip.end()
