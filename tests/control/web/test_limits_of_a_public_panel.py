"""A panel that is reached from beyond this machine, at its limits: who is let in, who waits and for how long, how many may talk at once."""

import json
import time
from urllib.parse import quote

import pytest

from installation.config import ControlConfig, OscConfig, WebConfig, is_loopback
from installation.control.web import guard, secret, senders, sockets
from installation.control.web.guard import Guard
from installation.control.web.passes import LONGEST, SESSION_SECONDS
from installation.control.web.senders import FREE_GUESSES, Bucket
from tests.control.web.conftest import Stage, control_config
from tests.control.web.stranger import Line, encode
from tests.control.web.test_guard import TOKEN, ask

KEY = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer wrong-token"}


@pytest.fixture(scope="module")
def house():
    """A server that takes itself for one off the loopback, though nobody else can reach it: the rules are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "is_loopback", lambda host: False)
        with Stage(ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(port=0, token=TOKEN))) as running:
            yield running


@pytest.fixture
def public(house, monkeypatch):
    """The same, by a clock that the test sets, and nothing known of anybody."""
    house.now = 1000.0
    monkeypatch.setattr(house.panel._guard, "_clock", lambda: house.now)
    monkeypatch.setattr(house.panel._guard, "_guesses", Bucket(guard.GUESSES_A_SECOND, guard.GUESSES_AT_ONCE))
    house.panel._senders._known.clear()
    return house


def test_after_a_few_wrong_tokens_the_next_one_waits_and_the_right_one_ends_that(public):
    port = public.panel.port
    before = public.panel._reception.refused
    assert [ask(port, "/panel", **WRONG)[0] for _ in range(FREE_GUESSES)] == [401] * FREE_GUESSES
    status, headers, body = ask(port, "/panel", **KEY)  # not even looked at
    assert (status, headers["retry-after"]) == (429, "1") and b"wait for 1 s" in body and headers["connection"] == "close"
    assert ask(port, "/facets/look/grain?VALUE", **WRONG)[0] == 429
    assert ask(port, "/facets/look/grain?VALUE")[0] == 200  # whoever sends none is no guesser
    assert ask(port, f"/panel?{public.panel.panel_url.partition('?')[2]}")[0] == 303  # and a ticket is no guess
    assert public.panel._reception.refused == before + FREE_GUESSES + 2
    public.now += 0.99
    status, headers, _ = ask(port, "/panel", **KEY)
    assert (status, headers["retry-after"]) == (429, "1")  # who waits as long as that is heard
    public.now += 0.01
    assert ask(port, "/panel", **WRONG)[0] == 401
    assert ask(port, "/panel", **WRONG)[1]["retry-after"] == "2"
    public.now += 2.0
    assert ask(port, "/panel", **KEY)[0] == 200
    assert [ask(port, "/panel", **WRONG)[0] for _ in range(FREE_GUESSES)] == [401] * FREE_GUESSES  # what was wrong before is forgiven


def test_guesses_of_all_addresses_count_together_but_not_for_who_has_shown_the_token(public, monkeypatch):
    monkeypatch.setattr(public.panel._guard, "_guesses", Bucket(1e-6, 2))
    port = public.panel.port
    assert [ask(port, "/panel", **WRONG)[0] for _ in range(3)] == [401, 401, 429]
    assert ask(port, "/panel", **KEY)[0] == 429
    public.panel._senders.of("127.0.0.1").proven = True
    assert ask(port, "/panel", **KEY)[0] == 200 and ask(port, "/panel", **WRONG)[0] == 401


def test_a_session_that_has_ended_is_no_guess(public):
    port = public.panel.port
    for cookie in ("s1.AAAA", "s1." + "A" * LONGEST):
        for _ in range(FREE_GUESSES + 1):
            assert ask(port, "/panel", Cookie=f"facets_token={cookie}")[0] == 401
    assert ask(port, "/panel", **KEY)[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/panel", 401), ("/panel/", 401), ("/panel/grids", 401), ("/studio", 401), ("/studio/desk", 401), ("/operator", 401),
        ("/operator/desk", 401), ("/panels", 404), ("/studios", 404), ("/operators/desk", 404), ("/metrics", 200), ("/", 200),
    ],
)  # fmt: skip
def test_what_asks_for_the_token_is_a_page_and_all_below_it(public, path, status):
    assert ask(public.panel.port, path)[0] == status


@pytest.mark.parametrize("page", ["/panel", "/panel/grids", "/studio", "/operator/operator.js"])
def test_a_token_moves_from_the_address_into_a_cookie(public, page):
    port = public.panel.port
    status, headers, _ = ask(port, f"{page}?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/" + page.split("/")[1])
    cookie, *rest = (part.strip() for part in headers["set-cookie"].split(";"))
    assert {"HttpOnly", f"Max-Age={SESSION_SECONDS}", "Path=/", "SameSite=Lax"} <= set(rest)
    assert headers["cache-control"] == "no-store" and headers["referrer-policy"] == "no-referrer"
    assert ask(port, "/panel", Cookie=cookie)[0] == 200
    assert ask(port, f"/facets/look/grain?VALUE&token={TOKEN}")[0] == 200  # what is no page is answered as it was asked


def test_what_is_answered_is_kept_by_nobody_and_for_no_other_page(public):
    for path in ("/panel", "/", "/metrics"):
        headers = ask(public.panel.port, path, **KEY)[1]
        assert (headers["cache-control"], headers["cross-origin-resource-policy"]) == ("no-store", "same-origin")
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_a_page_over_tls_before_a_proxy_is_of_the_same_origin_and_another_port_is_not(public):
    port = public.panel.port
    for origin, status in ((f"https://127.0.0.1:{port}", 101), (f"HTTP://127.0.0.1:{port}", 101), (f"http://127.0.0.1:{port + 1}", 403),
                           (f"ftp://127.0.0.1:{port}", 403), ("http://[::1", 403)):  # fmt: skip
        line = Line(port, "/panel/socket", {**KEY, "Origin": origin})
        assert line.status == status, origin
        line.close()


def test_the_longest_token_may_be_written_with_percent_signs_everywhere(monkeypatch):
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    token = "".join(chr(0x61 + (k * 7 + k // 26) % 26) for k in range(secret.LONGEST - 4)) + "?/+&"
    with Stage(control_config(token=token)) as running:
        every = "".join(f"%{byte:02x}" for byte in token.encode())
        assert ask(running.panel.port, f"/panel?token={quote(token, safe='')}")[0] == 303
        assert ask(running.panel.port, f"/panel?token={every}")[0] == 303
        assert ask(running.panel.port, "/panel", Authorization=f"Bearer {every}")[0] == 200


def test_a_house_knows_its_names_however_they_are_written(monkeypatch):
    monkeypatch.setattr(guard.socket, "gethostname", lambda: "Mirror.Example.ORG.")
    monkeypatch.setattr(guard, "is_loopback", is_loopback)
    names = Guard.of("10.1.2.3", TOKEN, [], ["Proxy.example."])._names
    assert names == {"localhost", "mirror.example.org", "mirror", "mirror.local", "10.1.2.3", "proxy.example"}
    assert Guard.of("127.0.0.1", "", [])._names == {"localhost"} and not Guard.of("127.0.0.1", "", []).public
    assert Guard.of("127.0.0.1", TOKEN, [], ["proxy.example"]).public and Guard.of("10.1.2.3", "", []).public


def test_only_so_many_may_talk_at_once(public, monkeypatch):
    monkeypatch.setattr(sockets, "MOST", 5)
    monkeypatch.setattr(sockets, "MOST_READERS", 3)
    port, dropped = public.panel.port, public.panel._sockets.dropped
    readers = [Line(port) for _ in range(4)]
    assert [line.status for line in readers] == [101, 101, 101, 503]
    panels = [Line(port, path, KEY) for path in ("/panel/socket", "/panel/preview", "/")]
    assert [line.status for line in panels] == [101, 101, 503] and public.panel._sockets.dropped == dropped + 2
    panels[0].close()
    until(lambda: len(public.panel._sockets) == 4)
    assert Line(port).status == 503  # that place is not a reader's
    again = Line(port, "/", KEY)
    assert again.status == 101
    for line in (*readers, *panels, again):
        line.close()
    until(lambda: len(public.panel._sockets) == 0)


def test_readers_of_one_address_leave_places_to_others(public, monkeypatch):
    monkeypatch.setattr(sockets, "MOST_READERS_OF_ONE", 1)
    lines = [Line(public.panel.port) for _ in range(senders.HOME_SHARE + 1)]  # this machine counts for a few
    assert [line.status for line in lines] == [101] * senders.HOME_SHARE + [503]
    for line in lines:
        line.close()
    until(lambda: len(public.panel._sockets) == 0)


def test_nonsense_is_forgiven_so_many_times(public, monkeypatch):
    monkeypatch.setattr(sockets, "MOST_NONSENSE", 3)
    line, dropped = Line(public.panel.port, "/", KEY), public.panel._sockets.dropped
    for _ in range(3):
        line.send("{")
    line.send(encode("/facets/look/grain", "f", 0.625))
    until(lambda: public.state.target("look/grain") == 0.625)
    assert public.panel._sockets.dropped == dropped
    line.send("{")
    assert line.receive() is None
    until(lambda: public.panel._sockets.dropped == dropped + 1)
    line.close()


def test_a_message_may_be_so_long(public):
    line = Line(public.panel.port, "/panel/socket", KEY)
    wish = '{"set": {"look/grain": 0.375}, "n": 9}'
    line.send(wish + " " * (sockets.LONGEST_MESSAGE - len(wish) - 1))
    until(lambda: public.state.target("look/grain") == 0.375)
    dropped = public.panel._sockets.dropped
    line.send(wish + " " * (sockets.LONGEST_MESSAGE - len(wish)))
    until(lambda: public.panel._sockets.dropped == dropped + 1)
    line.close()


def test_a_client_that_pings_is_answered_and_what_it_answers_is_heard(public):
    line = Line(public.panel.port)
    line.raw(Line.PING, b"there?")
    line.raw(Line.PONG, b"unasked")
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/out/faces"})
    assert line._take(8) == b"\x8a\x06there?" and line.message() == {"/facets/out/faces": 2}
    line.close()


def test_where_an_address_asks_too_often_it_is_told_to_wait(public, monkeypatch):
    from installation.control.web import reception

    monkeypatch.setattr(reception, "TOO_BUSY_SECONDS", 0.0)
    sender = public.panel._senders.of("127.0.0.1")
    monkeypatch.setattr(sender, "requests", Bucket(1e-6, 2))
    port = public.panel.port
    assert [ask(port, "/?HOST_INFO")[0] for _ in range(2)] == [200, 200]
    status, headers, body = ask(port, "/?HOST_INFO")
    assert (status, headers["retry-after"]) == (429, "3") and b"wait for 3 s" in body
    assert json.loads(ask(port, "/?HOST_INFO", **KEY)[2])["NAME"] == "Facets"  # with the token it costs nobody's share


def until(holds, seconds=60.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
