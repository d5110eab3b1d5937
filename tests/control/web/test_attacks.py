"""What a stranger without the token can do to a public server: cost it little, and keep nobody out."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from installation.config import ControlConfig, OscConfig, WebConfig
from installation.control.web import door, guard, senders, sockets
from tests.control.web.conftest import Stage
from tests.control.web.stranger import Line
from tests.control.web.test_guard import TOKEN, ask

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0  # s, for what takes a second on a machine that has nothing else to do
KEY = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def public(monkeypatch):
    """A server that takes itself for one off the loopback."""
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    with Stage(ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(port=0, token=TOKEN))) as running:
        yield running


def knock(port, source=None):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=source and (source, 0))


def gone(link):
    """Whether the other side ends the connection, whatever it says before that."""
    link.settimeout(PATIENCE)
    with contextlib.suppress(ConnectionError):
        while link.recv(65536):
            pass
    link.close()
    return True


def until(done):
    deadline = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
    return done()


SMALL_HOUSE = """
import os, resource, sys
sys.path.insert(0, {root!r})
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
from run_installation import begin_log
begin_log("WARNING")
from installation.control.web import guard
guard.is_loopback = lambda host: False
from tests.control.web.conftest import Stage, control_config
with Stage(control_config(token={token!r})) as stage:
    print(stage.panel.port, flush=True)
    for line in sys.stdin:
        print(len(os.listdir("/proc/self/fd")), flush=True)
"""


def test_a_thousand_idle_connections_leave_room_for_the_operator_and_for_the_show_s_own_files():
    script = SMALL_HOUSE.format(root=str(ROOT), token=TOKEN)
    house = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    links = []
    try:
        port = int(house.stdout.readline())
        for _ in range(600):
            links.append(knock(port))
        for _ in range(5):
            assert ask(port, "/panel", **KEY)[0] == 200
            assert json.loads(ask(port, "/?HOST_INFO")[2])["NAME"] == "Facets"
        house.stdin.write("how many\n")
        house.stdin.flush()
        assert int(house.stdout.readline()) < 120  # of 200
    finally:
        for link in links:
            link.close()
        said = house.communicate(timeout=PATIENCE)[1]
    assert len(said) < 4000 and "Traceback" not in said and TOKEN not in said, said


def test_no_file_left_is_a_line_and_ends_by_itself(public, monkeypatch, caplog):
    monkeypatch.setattr(door, "FULL_PAUSE", 0.2)
    listening, full = public.panel._door._listening, [True]

    class Full:
        """The server's socket, while the system has no file left."""

        def fileno(self):
            return listening.fileno()

        def accept(self):
            if full[0]:
                raise OSError(24, "Too many open files")
            return listening.accept()

    public.panel._door._listening = Full()
    link = knock(public.panel.port)
    assert until(lambda: "Too many open files" in caplog.text)
    full[0] = False
    link.close()
    assert ask(public.panel.port, "/panel", **KEY)[0] == 200
    assert "Traceback" not in caplog.text and len(caplog.records) < 10


def test_who_asks_for_nothing_or_a_byte_at_a_time_is_let_go(public, monkeypatch):
    monkeypatch.setattr(door, "ASK_SECONDS", 1.0)
    silent, slow = knock(public.panel.port), knock(public.panel.port)
    slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    deadline = time.monotonic() + PATIENCE
    with pytest.raises(ConnectionError):
        while time.monotonic() < deadline:
            slow.sendall(b"a")
            time.sleep(0.1)
    assert gone(silent)
    slow.close()
    assert until(lambda: len(public.panel._door) == 0) and public.panel._door.turned_away == 2


def test_who_asks_but_never_reads_is_let_go(public, monkeypatch):
    monkeypatch.setattr(door, "REQUEST_SECONDS", 1.0)
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    link.connect(("127.0.0.1", public.panel.port))
    link.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 40)
    assert until(lambda: len(public.panel._door) == 1)
    assert until(lambda: len(public.panel._door) == 0) and public.panel._door.turned_away == 1
    link.close()


def test_more_newcomers_than_a_show_can_bear_wait_outside(public, monkeypatch):
    monkeypatch.setattr(public.panel._door, "_arrivals", senders.Bucket(0.5, 10))
    links = [knock(public.panel.port) for _ in range(40)]
    assert until(lambda: len(public.panel._door) == 10)
    monkeypatch.setattr(public.panel._door, "_arrivals", senders.Bucket(1000.0, 10))
    assert ask(public.panel.port, "/panel", **KEY)[0] == 200  # behind them
    for link in links:
        link.close()


def test_a_crowd_of_one_address_pushes_out_itself_alone(public, monkeypatch):
    monkeypatch.setattr(senders, "key_of", lambda remote: remote)
    monkeypatch.setattr(public.panel._door, "most", 40)
    port = public.panel.port
    quiet = [knock(port, "127.0.0.2") for _ in range(5)]
    assert until(lambda: len(public.panel._door) == 5)
    crowd = [knock(port, "127.0.0.3") for _ in range(80)]
    assert until(lambda: public.panel._door.turned_away >= 45)
    assert len(public.panel._door) <= 40
    for link in quiet:
        link.sendall(b"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert link.recv(15) == b"HTTP/1.1 200 OK"
    for link in (*quiet, *crowd):
        link.close()


def test_readers_do_not_keep_the_operator_out(public):
    port = public.panel.port
    readers = [Line(port) for _ in range(30)]
    assert [line.status for line in readers].count(101) == sockets.MOST_READERS
    panels = [Line(port, path, KEY) for path in ("/panel/socket", "/panel/preview", "/")]
    assert [line.status for line in panels] == [101, 101, 101]
    for line in (*readers, *panels):
        line.close()
    assert until(lambda: len(public.panel._sockets) == 0)
    again = Line(port)
    assert again.status == 101  # it ends by itself
    again.close()


def test_a_reader_of_one_address_leaves_places_to_others(public, monkeypatch):
    monkeypatch.setattr(senders, "key_of", lambda remote: remote)
    readers = [Line(public.panel.port) for _ in range(sockets.MOST_READERS_OF_ONE + 2)]
    assert [line.status for line in readers].count(101) == sockets.MOST_READERS_OF_ONE
    for line in readers:
        line.close()


def test_after_a_few_wrong_tokens_the_next_has_to_wait_and_cookies_have_not(public, monkeypatch):
    port = public.panel.port
    cookie = ask(port, f"/panel?token={TOKEN}")[1]["set-cookie"].partition(";")[0]
    wrong = [ask(port, "/panel", Authorization=f"Bearer wrong-token-{i}") for i in range(senders.FREE_GUESSES + 20)]
    assert [status for status, _, _ in wrong].count(401) < senders.FREE_GUESSES + 5
    assert wrong[-1][0] == 429 and int(wrong[-1][1]["retry-after"]) >= 1
    monkeypatch.setattr(senders, "LONGEST_WAIT", 3600.0)
    for i in range(3):
        public.panel._senders.of("127.0.0.1").guesses.wrong(public.panel._loop.time() + i)
    assert ask(port, "/panel", **KEY)[0] == 429  # not even the right one is looked at: or guessing would go on
    assert ask(port, "/?HOST_INFO")[0] == 200  # but who sends none is as welcome as before
    assert ask(port, "/panel", Cookie=cookie)[0] == 200
    ticket = public.panel.panel_url.partition("?")[2]
    assert ask(port, f"/panel?{ticket}")[0] == 303


def test_the_wait_grows_and_ends(public):
    now = 100.0
    guesses = senders.Guesses()
    waits = []
    for _ in range(14):
        assert guesses.wait(now) == 0
        guesses.wrong(now)
        waits.append(guesses.wait(now))
        now += waits[-1]
    assert waits[: senders.FREE_GUESSES - 1] == [0] * (senders.FREE_GUESSES - 1)
    assert waits[senders.FREE_GUESSES - 1 :][:4] == [1, 2, 4, 8] and waits[-1] == senders.LONGEST_WAIT
    assert guesses.wait(now + senders.FORGOTTEN + 1) == 0
    port = public.panel.port
    for _ in range(senders.FREE_GUESSES):
        ask(port, "/panel", Authorization="Bearer wrong-token")
    assert ask(port, "/panel", **KEY)[0] == 429
    assert until(lambda: ask(port, "/panel", **KEY)[0] == 200)


def test_guesses_from_many_addresses_wait_for_each_other_and_the_operator_s_does_not(public, monkeypatch):
    monkeypatch.setattr(senders, "key_of", lambda remote: remote)
    monkeypatch.setattr(guard, "key_of", lambda remote: remote)
    port = public.panel.port

    def try_from(source, token):
        link = knock(port, source)
        link.sendall(f"GET /panel HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        status = int(link.recv(12).split()[1])
        link.close()
        return status

    assert try_from("127.1.0.1", TOKEN) == 200
    seen = [try_from(f"127.0.{i // 200}.{2 + i % 200}", "wrong-token") for i in range(3 * int(guard.GUESSES_AT_ONCE))]
    assert seen[0] == 401 and seen.count(429) > len(seen) // 3
    assert try_from("127.1.0.1", TOKEN) == 200


def test_a_million_addresses_are_not_remembered():
    known = senders.Senders()
    friend = known.of("198.51.100.7")
    friend.proven = True
    for i in range(5000):
        known.of(f"2001:db8:{i:x}::1")
    assert len(known) == senders.MOST_KNOWN and known.of("198.51.100.7") is friend
    same = {senders.key_of(f"2001:db8:1:2:{i:x}::1") for i in range(100)}
    assert same == {"2001:db8:1:2::/64"}
    assert senders.key_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert senders.key_of("::1") == senders.key_of("127.0.0.9") == senders.HOME


def test_who_asks_without_end_waits(public, monkeypatch):
    sender = public.panel._senders.of("127.0.0.1")
    monkeypatch.setattr(sender, "requests", senders.Bucket(1e-6, 3))
    port = public.panel.port
    assert [ask(port, "/?HOST_INFO")[0] for _ in range(4)] == [200, 200, 200, 429]
    assert ask(port, "/?HOST_INFO", **KEY)[0] == 200
    monkeypatch.setattr(sender, "requests", senders.Bucket(10.0, 1))
    assert [ask(port, "/?HOST_INFO")[0] for _ in range(12)] == [200] * 12  # one after the other: each waits for its turn


def test_requests_in_a_row_are_answered_one_by_one_and_frames_behind_a_handshake_are_heard(public):
    link = knock(public.panel.port)
    link.sendall(b"GET /facets/look/grain?ACCESS HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5)
    answers = b""
    while answers.count(b'"ACCESS": 3') < 5:
        answers += link.recv(65536)
    assert answers.count(b"HTTP/1.1 200") == 5
    link.sendall(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x89\x80\0\0\0\0"  # and a ping
    )
    answers = b""
    while b"\r\n\r\n\x8a\0" not in answers:
        answers += link.recv(65536)
    link.close()


def test_what_comes_behind_a_request_without_the_token_is_not_even_read(public, monkeypatch):
    seen = []
    monkeypatch.setattr("installation.control.web.oscquery.OscQuery._host_info", lambda self, request: seen.append(1) or {})
    monkeypatch.setattr(public.panel._senders.of("127.0.0.1"), "requests", senders.Bucket(1e-6, 1))
    link = knock(public.panel.port)
    link.sendall(b"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 250)
    assert gone(link)  # the second is refused, and that is the end of it
    assert len(seen) == 1


def test_what_a_request_costs_is_paid_and_all_addresses_pay_together(public, monkeypatch):
    monkeypatch.setattr(senders, "key_of", lambda remote: remote)
    now, known = 100.0, senders.Senders()
    assert known.delay(known.of("192.0.2.1"), now) == 0
    known.charge(known.of("192.0.2.1"), 2 * senders.REQUESTS_AT_ONCE * senders.REQUEST_SECONDS)
    assert known.delay(known.of("192.0.2.1"), now) is None and known.delay(known.of("192.0.2.2"), now) == 0
    assert known.delay(known.of("192.0.2.1"), now + 60) == 0
    for i in range(5):
        known.charge(known.of(f"192.0.3.{i}"), senders.REQUESTS_AT_ONCE * senders.REQUEST_SECONDS)
    assert known.delay(known.of("192.0.2.9"), now + 60) > 0
    spent = []
    monkeypatch.setattr(public.panel._senders, "charge", lambda sender, seconds: spent.append(seconds))
    assert ask(public.panel.port, "/")[0] == ask(public.panel.port, "/", **KEY)[0] == 200
    assert len(spent) == 1 and spent[0] > 0


def test_a_message_that_never_ends_costs_a_budget(public, monkeypatch):
    sender = public.panel._senders.of("127.0.0.1")
    monkeypatch.setattr(sender, "bytes", senders.Bucket(1.0, 100_000))
    line = Line(public.panel.port)
    line.socket.settimeout(PATIENCE)
    with pytest.raises(ConnectionError):
        line.socket.sendall(b"\x02\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 2_000_000)  # empty parts of a message, never the last one
    line.close()
    assert ask(public.panel.port, "/panel", **KEY)[0] == 200


@pytest.mark.parametrize("kind", [Line.PING, Line.TEXT])
def test_frames_without_end_wait_in_the_network(public, monkeypatch, kind):
    """The client is held up, instead of the server being busy."""
    monkeypatch.setattr(sockets, "READ_FRAMES_A_SECOND", 0.1)
    monkeypatch.setattr(sockets, "READ_FRAMES_AT_ONCE", 20.0)
    heard = []
    monkeypatch.setattr("installation.control.web.oscquery.Talk.read", lambda self, data: heard.append(data) or nothing())
    line = Line(public.panel.port)
    for _ in range(200):
        line.raw(kind, b'{"COMMAND": "LISTEN", "DATA": "/facets/look/grain"}')
    answered = 0
    line.socket.settimeout(2.0)
    with contextlib.suppress(TimeoutError):
        while line.socket.recv(53):
            answered += 1
    assert 1 <= max(answered, len(heard)) < 60
    line.close()


async def nothing():
    return None


BROKEN = [
    b"\0" * 1000,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /panel?token=%s HTTP/7.1\r\n\r\n" % TOKEN.encode(),
    b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(500)) + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 10_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX : 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: a, b\r\n\r\n",
]


@pytest.mark.parametrize("noise", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_request_makes_one_line_a_minute_with_no_traceback_and_no_token(public, caplog, noise):
    for _ in range(20):
        link = knock(public.panel.port)
        link.sendall(noise)
        link.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            assert not link.recv(12).startswith(b"HTTP/1.1 200")
        link.close()
    assert ask(public.panel.port, "/panel", **KEY)[0] == 200
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) <= 2, [record.getMessage() for record in lines]
    assert "Traceback" not in caplog.text and TOKEN not in caplog.text and not any(record.exc_info for record in lines)


SMUGGLED = [
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /panel HTTP/1.1\r\n",
    b"Content-Length: 4\r\nContent-Length: 60\r\n\r\nabcd",
    b"Content-Length: +4\r\n\r\nabcd",
    b"Content-Length: 0x4\r\n\r\nabcd",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("rest", SMUGGLED, ids=range(len(SMUGGLED)))
def test_a_request_whose_end_two_programs_could_see_differently_is_refused(public, rest):
    link = knock(public.panel.port)
    link.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + rest)
    link.settimeout(PATIENCE)
    answer = b""
    with contextlib.suppress(ConnectionError):
        while more := link.recv(4096):
            answer += more
    link.close()
    assert answer.count(b"HTTP/1.") == 1 and answer.split()[1] == b"400", answer


def test_a_body_that_never_ends_is_not_waited_for(public, monkeypatch):
    monkeypatch.setattr(door, "REQUEST_SECONDS", 1.0)
    link = knock(public.panel.port)
    link.sendall(b"POST /facets HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            link.sendall(b"3e8\r\n" + b"a" * 1000 + b"\r\n")
            time.sleep(0.05)
    assert gone(link)
    assert until(lambda: len(public.panel._door) == 0)


def ask_forever(port):
    """A request with a body that never ends."""
    link = knock(port)
    link.sendall(b"POST /facets HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n")
    return link


def talk_too_much(port):
    """A WebSocket that has to wait for hours until it is heard again."""
    line = Line(port)
    for _ in range(50):
        line.raw(Line.PING, b"")
    return line


def serve_one_who_leaves(bother):
    """A whole life of a server, whose only guest is gone before it ends."""
    panel = Stage(ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(port=0))).panel
    panel.start()
    link = bother(panel.port)
    assert until(lambda: len(panel._door) == 1)
    assert ask(panel.port, "/?HOST_INFO")[0] == 200  # and what came before that was heard
    link.close()
    assert until(lambda: len(panel._door) == 0)
    panel.stop()
    assert panel._loop.is_closed() and not asyncio.all_tasks(panel._loop)


@pytest.mark.parametrize("bother", [ask_forever, talk_too_much])
def test_a_server_that_ends_leaves_no_task_that_speaks_later(monkeypatch, caplog, bother):
    monkeypatch.setattr(sockets, "READ_FRAMES_A_SECOND", 0.001)
    monkeypatch.setattr(sockets, "READ_FRAMES_AT_ONCE", 20.0)
    serve_one_who_leaves(bother)
    gc.collect()
    assert "destroyed" not in caplog.text


def test_a_request_that_goes_wrong_is_a_line(public, monkeypatch, caplog):
    monkeypatch.setattr("installation.control.web.oscquery.OscQuery._host_info", lambda self, request: 1 / 0)
    for _ in range(20):
        status, _, body = ask(public.panel.port, f"/?HOST_INFO&token={TOKEN}")
        assert status == 500 and b"ZeroDivision" not in body and b"Traceback" not in body
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    assert "ZeroDivisionError" in caplog.text and "Traceback" not in caplog.text and TOKEN not in caplog.text


def test_an_attack_leaves_no_task_and_no_file_behind(public):
    port = public.panel.port
    ask(port, "/panel", **KEY)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        links = [knock(port) for _ in range(60)]
        for i, link in enumerate(links):
            link.sendall((b"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET / HT", b"\x16\x03\x01", b"")[i % 4])
        for link in links:
            link.close()
    assert until(lambda: len(public.panel._door) == 0 and not public.panel._door._tasks)
    assert until(lambda: len(os.listdir("/proc/self/fd")) <= before)
    assert all(sender.connections == 0 for sender in public.panel._senders._known.values())
