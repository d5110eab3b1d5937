"""The photo page over real HTTP: who may, what is taken and given, and what is told where something cannot be."""

import json
import socket
import urllib.error
import urllib.request

import numpy as np
import pytest

from installation.config import ControlConfig, OscConfig, WebConfig
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.control.web.studio_desk import MOST_BYTES, MOST_CODE_BYTES
from tests.control.web.conftest import SEEN
from tests.control.web.small_show import until
from tests.studio.conftest import change, decoded, encoded, two

TOKEN = "kettle-lamp-orbit-29"


def serving(workshop, atelier, **web):
    config = ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(**{"port": 0, **web}))
    return WebPanel(ControlState(workshop[1].table()), config, lambda: SEEN, Preview(), osc_port=lambda: None, studio=atelier)


@pytest.fixture(scope="module")
def page(workshop, atelier):
    """On this machine alone: no token."""
    panel = serving(workshop, atelier)
    panel.start()
    yield f"http://127.0.0.1:{panel.port}/studio"
    panel.stop()


@pytest.fixture(scope="module")
def public(workshop, atelier):
    """With a token."""
    panel = serving(workshop, atelier, hosts=("mirror.example",), token=TOKEN)
    panel.start()
    yield panel
    panel.stop()


def fetch(url, body=None, **headers):
    """Status, headers and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=120) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as err:
        return err.code, err.headers, err.read()


def asked(url, wish, status=200):
    got, _, body = fetch(url, json.dumps(wish).encode())
    assert got == status, body
    return body


def refused(status, url, body=None, **headers):
    got, _, answer = fetch(url, body, **headers)
    assert got == status, answer
    text = json.loads(answer)["error"]
    assert text.endswith((".", "?"))
    return text


def test_a_picture_is_brought_edited_and_taken_home(page):
    rough = np.random.default_rng(1).integers(-40, 40, two().shape)
    picture = np.clip(two().astype(int) + rough, 0, 255).astype(np.uint8)  # a file of half a megabyte: more than comes with its head
    status, headers, body = fetch(f"{page}/pictures?name=us%20two.png", encoded(picture))
    told = json.loads(body)
    assert status == 200 and told["name"] == "us two.png" and len(told["people"]) == 2
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    one = f"{page}/pictures/{told['id']}"
    wish = {"faces": {"1": {"edit/age/amount": 2.0}}}
    before, drawn = decoded(asked(f"{one}/before", wish)), decoded(asked(f"{one}/drawn", wish))
    assert before.shape == drawn.shape == two().shape and change(before, drawn) > 0.5
    png = asked(f"{one}/file.png", wish)
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and decoded(png).shape == picture.shape and change(decoded(png), drawn) < 8  # a JPEG of noise
    code = asked(f"{one}/file.npz?face=1", wish)
    status, _, body = fetch(f"{page}/codes?name=a.npz", code)
    assert status == 200 and json.loads(body)["values"] == wish["faces"]["1"]
    assert fetch(f"{one}/codes/1")[2][:2] == fetch(f"{one}/styles/1/ink")[2][:2] == b"\xff\xd8"
    status, _, body = fetch(f"{one}/paintings?name=wall.png", encoded(picture[:, 300:]))
    assert status == 200 and json.loads(body)["name"] == "style/own-1/amount"
    assert 0 < json.loads(fetch(one)[2])["seconds"] <= 1800
    assert fetch(f"{one}/forget", b"")[0] == 204
    assert "forgotten" in refused(410, one) and "forgotten" in refused(410, f"{one}/drawn", b"{}")


def test_a_longer_look_is_asked_for_told_of_and_ended(page, atelier):
    told = json.loads(fetch(f"{page}/pictures?name=us.png", encoded(two()))[2])
    one = f"{page}/pictures/{told['id']}"
    assert json.loads(fetch(f"{page}/desk")[2])["longer"] == {"seconds": [2, 10, 60], "why": ""}
    refused(404, f"{one}/search")
    refused(404, f"{one}/search/picture")
    refused(400, f"{one}/search?face=1&seconds=7", b"{}")
    refused(400, f"{one}/search?face=9&seconds=2", b"{}")
    refused(400, f"{one}/search?face=1&seconds=2", b'{"codes": {"1": 3}}')
    refused(400, f"{one}/drawn", b'{"codes": {"1": "x"}}')
    assert json.loads(asked(f"{one}/search?face=1&seconds=60", {}))["state"] in ("waiting", "starting")
    refused(409, f"{one}/search?face=1&seconds=2", b"{}")
    until(lambda: json.loads(fetch(f"{one}/search")[2])["state"] == "looking", 300)
    assert fetch(f"{one}/search/picture")[2][:2] == b"\xff\xd8"
    assert fetch(f"{one}/search/keep", b"")[0] == 204
    until(lambda: json.loads(fetch(f"{one}/search")[2])["state"] in ("found", "nothing"), 300)
    assert fetch(f"{one}/codes/1?found=0")[2][:2] == b"\xff\xd8"
    refused(400, f"{one}/codes/1?found=30")
    asked(f"{one}/search?face=1&seconds=60", {})
    assert fetch(f"{one}/search/cancel", b"")[0] == 204
    assert json.loads(fetch(f"{one}/search")[2])["state"] == "cancelled"
    until(lambda: atelier._searcher._thread is None, 60)
    asked(f"{one}/search?face=1&seconds=60", {})
    fetch(f"{one}/forget", b"")
    until(lambda: atelier._searcher._thread is None, 60)
    refused(410, f"{one}/search")
    refused(410, f"{one}/search/cancel", b"")


def test_a_sample_can_be_tried(page):
    desk = json.loads(fetch(f"{page}/desk")[2])
    assert fetch(f"{page}/samples/{desk['samples']}")[1]["Content-Type"] == "image/webp"
    assert json.loads(fetch(f"{page}/pictures?sample=1", b"")[2])["chosen"] == 1


def test_the_page_and_its_files(page):
    status, headers, body = fetch(page)
    assert status == 200 and b"studio.js" in body and "default-src 'none'" in headers["Content-Security-Policy"]
    for name, kind in (("studio.js", "text/javascript"), ("studio.css", "text/css")):
        assert fetch(f"{page}/{name}")[1].get_content_type() == kind
    assert fetch(f"{page}/server.py")[0] == fetch(f"{page}/..%2fpanel.py")[0] == 404


def test_what_cannot_be_is_told_in_a_sentence(page):
    refused(422, f"{page}/pictures?name=a.jpg", b"no picture")
    refused(422, f"{page}/codes?name=a.npz", b"no code")
    refused(404, f"{page}/pictures?sample=99", b"")
    refused(404, f"{page}/samples/x")
    told = json.loads(fetch(f"{page}/pictures?sample=1", b"")[2])
    one = f"{page}/pictures/{told['id']}"
    refused(400, f"{one}/drawn", b"{")
    refused(400, f"{one}/drawn", b"[" * 60_000)
    refused(413, f"{one}/drawn", b" " * 70_000)
    refused(404, f"{one}/styles/1/none")


@pytest.mark.parametrize(("path", "most"), [("pictures", MOST_BYTES), ("codes", MOST_CODE_BYTES)])
def test_what_is_too_large_is_not_waited_for(page, path, most):
    host, port = page.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as link:
        link.sendall(f"POST /studio/{path}?name=a HTTP/1.1\r\nHost: {host}\r\nContent-Length: {most + 1}\r\n\r\n".encode())
        answer = b""
        while more := link.recv(65536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 413") and f"{most // 1_000_000} MB" in answer.decode()


def test_the_studio_is_for_those_who_may_steer(public):
    url = f"http://127.0.0.1:{public.port}/studio"
    host = {"Host": f"127.0.0.1:{public.port}"}
    for path, body in (("", None), ("/desk", None), ("/studio.js", None), ("/pictures?sample=1", b""), ("/pictures/x/drawn", b"{}"),
        ("/pictures?takeaway=x", b""), ("/pictures/x/search?face=1&seconds=2", b"{}"), ("/pictures/x/search", None),
    ):  # fmt: skip
        assert fetch(url + path, body, **host)[0] == 401, path
    assert fetch(f"{url}/desk", Authorization=f"Bearer {TOKEN}")[0] == 200
    large = encoded(np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8))
    assert fetch(f"{url}/pictures?name=a.png", large)[0] == 401
    assert fetch(f"{url}/pictures?name=a.png", large, Authorization=f"Bearer {TOKEN}")[0] == 422  # which means that it was looked at


def test_a_ticket_opens_the_studio_and_the_cookie_keeps_it_open(public):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    ticket = public.studio_url.partition("?token=")[2]
    url = f"http://127.0.0.1:{public.port}/studio"
    with pytest.raises(urllib.error.HTTPError) as turned:
        urllib.request.build_opener(Stay).open(f"{url}?token={ticket}")
    assert (turned.value.code, turned.value.headers["Location"]) == (303, "/studio")
    cookie = turned.value.headers["Set-Cookie"].partition(";")[0]
    assert fetch(url, Cookie=cookie)[0] == 200


def test_a_page_of_another_origin_brings_nothing(page):
    assert fetch(f"{page}/pictures?sample=1", b"", Origin="http://evil.example")[0] == 403
    assert fetch(f"{page}/desk", Host="evil.example")[0] == 421


def test_without_a_studio_there_is_none(workshop):
    panel = serving(workshop, None)
    panel.start()
    try:
        assert fetch(f"http://127.0.0.1:{panel.port}/studio")[0] == 404
    finally:
        panel.stop()
