"""Who may look and who may steer; what a hostile or a slow client costs."""

import contextlib
import http.client
import json
import logging
import os
import socket
import time
import urllib.parse
from pathlib import Path

import pytest

from installation.config import ControlConfig, OscConfig, WebConfig
from installation.control.web import guard as guard_module
from installation.control.web.announce import addresses
from installation.control.web.server import WebPanel
from installation.errors import ConfigError
from tests.control.web.conftest import SEEN, Stage, control_config
from tests.control.web.stranger import Line, Stranger, encode

TOKEN = "correct-horse-battery"


def ask(port, path="/", host=None, method="GET", **headers):
    """Status, headers and body of one request."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.putrequest(method, path, skip_host=True)
    link.putheader("Host", host if host is not None else f"127.0.0.1:{port}")
    for name, value in headers.items():
        link.putheader(name.replace("_", "-"), value)
    link.endheaders()
    reply = link.getresponse()
    body = reply.read()
    link.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, body


@pytest.fixture
def public(monkeypatch):
    """A server that takes itself for one off the loopback, though nobody else can reach it: the rules are the same."""
    monkeypatch.setattr(guard_module, "is_loopback", lambda host: False)
    config = ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(port=0, token=TOKEN))
    with Stage(config) as running:
        yield running


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "localhost", "LOCALHOST:1"])
def test_this_machine_is_known_by_its_names(stage, host):
    assert ask(stage.panel.port, host=host.format(port=stage.panel.port))[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8600", "192.168.1.5:8600", "localhost.evil.example", ""])
@pytest.mark.parametrize("path", ["/", "/panel", "/metrics", "/panel/socket"])
def test_another_name_that_points_here_gets_nothing(stage, host, path):
    assert ask(stage.panel.port, path, host=host)[0] in (400, 421)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "file://", "http://127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["/", "/panel/socket", "/panel/preview", "/panel/camera"])
def test_a_page_of_another_origin_opens_no_websocket(stage, origin, path):
    line = Line(stage.panel.port, path, {"Origin": origin})
    assert line.status == 403
    line.close()


def test_a_page_of_ours_opens_one(stage):
    line = Line(stage.panel.port, "/panel/socket", {"Origin": f"http://127.0.0.1:{stage.panel.port}"})
    assert line.status == 101
    line.close()


def test_nothing_is_written_by_a_request(stage):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert ask(stage.panel.port, "/facets/look/grain", method=method)[0] == 405


def test_off_the_loopback_the_panel_needs_the_token(public):
    port = public.panel.port
    assert ask(port, "/panel/camera")[0] == 401
    for path in ("/panel", "/panel/panel.js", "/panel/socket", "/panel/preview"):
        assert ask(port, path)[0] == 401
        assert ask(port, path, Authorization="Bearer wrong-token")[0] == 401
    status, headers, _ = ask(port, f"/panel?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/panel")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert ask(port, "/panel", Cookie=cookie.partition(";")[0])[0] == 200
    assert ask(port, "/panel", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(port, "/panel", Cookie="facets_token=wrong")[0] == 401


def test_off_the_loopback_reading_is_for_those_allowed_and_writing_for_the_token(public, monkeypatch):
    port, state = public.panel.port, public.state
    reader, writer = Line(port), Line(port, headers={"Authorization": f"Bearer {TOKEN}"})
    assert reader.status == writer.status == 101  # this machine may always read
    ignored = state.counts().ignored
    reader.send(encode("/facets/look/grain", "f", 0.9))
    deadline = time.monotonic() + 5
    while state.counts().ignored == ignored and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state.target("look/grain") != pytest.approx(0.9)
    writer.send(encode("/facets/look/grain", "f", 0.9))
    while state.target("look/grain") != pytest.approx(0.9) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state.target("look/grain") == pytest.approx(0.9)
    reader.close()
    writer.close()


def test_a_stranger_on_the_network_may_not_even_read(public, monkeypatch):
    monkeypatch.setattr(guard_module.Guard, "_allows", lambda self, remote: False)
    port = public.panel.port
    assert ask(port, "/")[0] == ask(port, "/metrics")[0] == ask(port, "/facets/look/grain?VALUE")[0] == 403
    client = Stranger(port, headers={"Authorization": f"Bearer {TOKEN}"})
    assert client.get("/facets/look/grain?ACCESS") == {"ACCESS": 3}
    client.close()


def test_the_list_of_senders_holds_networks():
    rules = guard_module.Guard.of("0.0.0.0", TOKEN, ["192.168.1.0/24", "fd00::/8"])
    seen = {one: rules._allows(one) for one in ("192.168.1.7", "::ffff:192.168.1.7", "192.168.2.7", "fd00::1", "127.0.0.1", "::1", "", "x")}
    assert [one for one, allowed in seen.items() if not allowed] == ["192.168.2.7", "", "x"]


def test_a_name_that_points_at_the_network_address_is_refused_too(public):
    assert ask(public.panel.port, "/", host="evil.example")[0] == 421
    assert ask(public.panel.port, "/", host="192.168.1.5:8600")[0] == 200
    own = socket.gethostname().partition(".")[0]
    assert [ask(public.panel.port, "/", host=name)[0] for name in (own.upper(), f"{own}.local:8600", f"{own}.local.")] == [200] * 3
    assert ask(public.panel.port, "/", host="facets.local")[0] == ask(public.panel.port, "/", host="evil.local:8600")[0] == 421


def test_a_token_is_made_and_carried_by_the_address_but_in_no_log(monkeypatch, caplog, capsys):
    monkeypatch.setattr(guard_module, "is_loopback", lambda host: False)
    caplog.set_level(logging.DEBUG)
    with Stage() as one, Stage() as other:
        tokens = [urllib.parse.parse_qs(urllib.parse.urlsplit(running.panel.panel_url).query)["token"][0] for running in (one, other)]
        assert len(tokens[0]) >= 20 and tokens[0] != tokens[1]
        assert ask(one.panel.port, f"/panel?token={tokens[0]}")[0] == 303
        assert ask(one.panel.port, f"/panel?token={tokens[1]}")[0] == 401
    said = caplog.text + "".join(capsys.readouterr())
    assert tokens[0] not in said and tokens[1] not in said


def test_on_the_loopback_no_token_is_needed_and_nothing_is_announced(stage):
    assert stage.panel.panel_url == f"http://127.0.0.1:{stage.panel.port}/panel"
    assert ask(stage.panel.port, "/panel")[0] == 200
    assert addresses("127.0.0.1") == addresses("localhost") == addresses("::1") == []


def test_a_short_token_is_refused():
    with pytest.raises(ConfigError, match=r"control\.web\.token"):
        WebPanel(None, control_config(host="0.0.0.0", token="short"), lambda: SEEN, None)  # type: ignore[arg-type]


def test_a_taken_port_is_named_with_its_key(stage):
    other = Stage(control_config(port=stage.panel.port))
    with pytest.raises(ConfigError, match=rf"control\.web\.port: {stage.panel.port}: the port is taken"):
        other.panel.start()
    other.panel.stop()


def event_loops():
    """How many are open in this process: each holds one such file."""
    files = (file for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
    return sum(os.readlink(file) == "anon_inode:[eventpoll]" for file in files)


def test_a_panel_holds_nothing_before_it_is_opened_nor_after_it_is_closed(stage):
    before = event_loops()
    never = Stage().panel
    never.stop()
    refused = Stage(control_config(port=stage.panel.port)).panel
    with pytest.raises(ConfigError, match="taken"):
        refused.start()
    assert event_loops() == before
    with Stage() as other:
        assert event_loops() == before + 1 and ask(other.panel.port, "/panel")[0] == 200
    other.panel.stop()
    assert event_loops() == before


def test_a_page_may_load_nothing_from_elsewhere(stage):
    _, headers, body = ask(stage.panel.port, "/panel")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert b"//" not in body.replace(b"<!--", b"").split(b"<body", 1)[0].replace(b"</", b"")  # no address of elsewhere in its head


def test_only_the_packaged_files_are_served(stage):
    port = stage.panel.port
    assert ask(port, "/panel/panel.css")[0] == ask(port, "/panel/panel.js")[0] == 200
    for path in (
        "/panel/../server.py",
        "/panel/%2e%2e/server.py",
        "/panel/..%2fserver.py",
        "/panel//etc/passwd",
        "/panel/panel.css%00",
        "/panel/%2e",
    ):
        assert ask(port, path)[0] in (400, 404)


@pytest.mark.parametrize("path", ["/", "/panel/socket"])
def test_nonsense_is_counted_and_its_sender_let_go(stage, path):
    line = Line(stage.panel.port, path)
    for i in range(60):
        try:
            line.send(["{", "[]", '{"set": 1}', "null", '{"COMMAND": 3, "DATA": {}}', "[" * 5000][i % 6])
        except (BrokenPipeError, ConnectionResetError):
            break
    with pytest.raises((ConnectionError, TypeError, AssertionError)):
        while True:
            assert line.receive() is not None
    line.close()
    assert b"facets_web_dropped_total 1\n" in ask(stage.panel.port, "/metrics")[2]


def test_a_huge_message_ends_the_connection(stage):
    line = Line(stage.panel.port, "/panel/socket")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        line.raw(Line.TEXT, b"x" * 300_000)
    with pytest.raises((ConnectionError, AssertionError)):
        while True:
            assert line.receive() is not None
    line.close()
    assert b"facets_web_dropped_total 1\n" in ask(stage.panel.port, "/metrics")[2]


def test_broken_frames_and_requests_harm_nobody_else(stage):
    for noise in (b"\0" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00"):
        link = socket.create_connection(("127.0.0.1", stage.panel.port), timeout=5)
        link.sendall(noise)
        link.close()
    line = Line(stage.panel.port, "/panel/socket")
    line.socket.sendall(b"\xff" * 500)
    line.close()
    assert json.loads(ask(stage.panel.port, "/?HOST_INFO")[2])["NAME"] == "Facets"


def test_a_client_that_never_reads_holds_no_more_than_the_table(stage):
    idle = [Line(stage.panel.port, "/panel/socket") for _ in range(10)]
    hub = stage.panel._hub
    deadline = time.monotonic() + 5
    while len(hub.outboxes) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(hub.outboxes) == 10
    for i in range(20_000):
        stage.state.set("look/grain", (i % 1000) / 1000)
        stage.state.set("edit/age/amount", (i % 600) / 300)
    held = max(len(outbox._batch.values) + len(outbox._batch.fired) for outbox in hub.outboxes)
    assert held <= 2
    for line in idle:
        line.close()
