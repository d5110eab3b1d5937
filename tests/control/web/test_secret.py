"""The panel's token: where it comes from, how it may be written, and what is given in its place."""

import math
import os
import string
import unicodedata
from urllib.parse import quote, quote_plus

import pytest

from installation.config import ControlConfig, OscConfig, WebConfig, load_config
from installation.control.web import guard, secret
from installation.control.web.passes import SESSION_SECONDS, TICKET_SECONDS, Sessions, Tickets
from installation.control.web.server import WebPanel
from installation.errors import ConfigError
from tests.control.web.conftest import SEEN, Stage, control_config
from tests.control.web.test_guard import ask

ODD = [
    "日本語の合言葉です",
    "a&b#c%d+e",
    "two words, and more",
    "Süßer Grüß & 1%+2#",
    "100%25 pure+good",
    "пароль-зима-снег",
    "q=w;e,r\"t'y",
    "%41%42-is-not-AB",
]


@pytest.fixture(params=ODD)
def odd(request, monkeypatch):
    """A public server whose token has signs that an address, a header or a cookie treats in its own way."""
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    with Stage(ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(port=0, token=request.param))) as running:
        yield running.panel.port, request.param


def test_any_token_works_in_an_address_a_header_and_a_cookie(odd):
    port, token = odd
    for written in {quote(token, safe=""), quote_plus(token, safe=""), quote(unicodedata.normalize("NFD", token), safe="")}:
        status, headers, _ = ask(port, f"/panel?token={written}")
        assert status == 303, written
        assert ask(port, "/panel", Cookie=headers["set-cookie"].partition(";")[0])[0] == 200
    assert ask(port, "/panel", Authorization=f"Bearer {token}".encode())[0] == 200
    assert ask(port, "/panel", Authorization=f"bearer {quote(token)}")[0] == 200
    assert ask(port, "/panel", Cookie=f"facets_token={quote(token, safe='')}")[0] == 200
    assert ask(port, "/panel", Authorization=f"Bearer {token[:-1]}".encode())[0] == 401


def test_an_address_is_decoded_once(odd):
    port, token = odd
    if quote(token, safe="") != token:
        assert ask(port, f"/panel?token={quote(quote(token, safe=''), safe='')}")[0] == 401


def test_a_header_may_be_latin_1(monkeypatch):
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    with Stage(control_config(token="Süßer Grüß 77")) as running:
        assert ask(running.panel.port, "/panel", Authorization="Bearer Süßer Grüß 77".encode("latin-1"))[0] == 200


def test_a_plus_in_an_address_may_be_a_plus(monkeypatch):
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    with Stage(control_config(token="one+two+three+4")) as running:
        assert ask(running.panel.port, "/panel?token=one+two+three+4")[0] == 303


@pytest.mark.parametrize(
    "weak",
    [
        *("aaaaaaaa", "12345678", "87654321", "abcdefgh", "abababababab", "password", "Passwort", "facets-panel", "qwertyui"),
        *("passwordpassword", "99999999", "token123", "asdfghjkl", "P4ssw0rd!", "xyxxyyxyxxyx", "20241231"),
    ],
)
def test_a_token_that_anybody_guesses_is_refused_with_one_sentence_and_a_better_one(weak):
    with pytest.raises(ConfigError) as refused:
        WebPanel(None, control_config(host="0.0.0.0", token=weak), lambda: SEEN, None)  # type: ignore[arg-type]
    said = str(refused.value)
    assert said.startswith("control.web.token: ") and "\n" not in said and weak not in said
    secret.strong(said.rpartition(" ")[2], "the better one")


@pytest.mark.parametrize(
    "bad", ["tab\tbetween-two", "line\nbetween-two", " begins-with-a-space", "ends-with-a-space ", "x1y2" * 60, "nul\0between"]
)
def test_a_token_that_no_header_could_carry_is_refused(bad):
    with pytest.raises(ConfigError, match=r"^control\.web\.token: [^\n]*$"):
        WebPanel(None, control_config(host="0.0.0.0", token=bad), lambda: SEEN, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("good", ["correct-horse-battery", "kW3-p9x!", "gbqzuvkan", *ODD])
def test_a_token_of_one_s_own_is_taken(good):
    assert secret.strong(good, "here") == good
    assert all(secret.strong(secret.made(), "made") for _ in range(200))


@pytest.mark.parametrize(
    ("token", "characters", "alphabet"),
    [
        ("xk7", 3, 36), ("xK7", 3, 62), ("xK-", 3, 84), ("xk", 2, 26), ("日曜", 2, 50), ("x-", 2, 58), ("83", 2, 10),
        ("abcd", 2, 26), ("4321", 2, 10), ("asdf", 2, 26), ("fdsa", 2, 26), ("aaaa", 1, 26), ("abxy", 4, 26), ("aceg", 4, 26),
        ("abcpqr", 4, 26),
        ("ytrewq", 2, 26), ("7890", 2, 10),
        ("abcabcabc", 2, 26), ("xkxkxk", 2, 26), ("xkxkx", 2, 26), ("xkxkxkq", 7, 3), ("password", 1, 26), ("P4ssw0rd", 1, 62),
        ("xkpanel", 3, 26),
    ],
)  # fmt: skip
def test_what_repeats_runs_on_or_is_everybody_s_word_is_one_character_to_guess(token, characters, alphabet):
    assert secret.bits(token) == pytest.approx(characters * math.log2(alphabet))


def test_a_token_is_just_long_enough_and_just_short_enough():
    for token in ("xK7-qZ2+", "gbqzuvkmx"):
        assert secret.strong(token, "here") == token
    with pytest.raises(ConfigError, match="needs at least 8 characters"):
        secret.strong("xK7-qZ2", "here")
    longest = "xK7-qZ2+vB" * (secret.LONGEST // 10 - 1) + "mR4=wT9?hL"
    assert len(longest) == secret.LONGEST and secret.strong(longest, "here") == longest
    with pytest.raises(ConfigError, match="longer than 200 characters"):
        secret.strong(longest + "x", "here")
    assert secret.bits("83057192640") > secret.LEAST_BITS > secret.bits("8305719264")
    assert secret.strong("83057192640", "here")
    with pytest.raises(ConfigError, match="is too easy to guess"):
        secret.strong("8305719264", "here")


def test_a_file_holds_the_longest_token_however_many_bytes_it_takes(tmp_path):
    path = tmp_path / "token"
    path.touch(0o600)
    longest = "".join(chr(0x4E00 + 37 * k) for k in range(secret.LONGEST))
    path.write_text(longest + "\r\n", encoding="utf-8-sig")
    assert secret.configured(WebConfig(token_file="token"), tmp_path, {}) == longest
    path.write_text("  correct-horse-battery\n")
    with pytest.raises(ConfigError, match="neither begins nor ends with a space"):
        secret.configured(WebConfig(token_file="token"), tmp_path, {})


def test_a_token_may_lie_in_a_file_that_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "token"
    settings = WebConfig(token_file=str(path))
    token = secret.configured(settings, tmp_path, {})
    assert path.stat().st_mode & 0o777 == 0o600 and len(token) >= 20
    assert secret.configured(settings, tmp_path, {}) == token
    path.write_text("Süßer Grüß 77\n", encoding="utf-8")
    assert secret.configured(WebConfig(token_file="token"), tmp_path, {}) == "Süßer Grüß 77"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: (path.write_text("correct-horse"), path.chmod(0o644)), "chmod 600"),
        (lambda path: (path.write_text("correct-horse"), path.chmod(0o620)), "chmod 600"),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: os.mkfifo(path, 0o600), "not a plain file"),
        (lambda path: (path.write_bytes(b"\xff\xfe\xfa"), path.chmod(0o600)), "UTF-8"),
        (lambda path: (path.write_text("\n"), path.chmod(0o600)), "empty"),
        (lambda path: (path.write_text("aaaaaaaa"), path.chmod(0o600)), "too easy to guess"),
        (lambda path: (path.write_text("a1b2" * 100_000), path.chmod(0o600)), "longer than"),
        (lambda path: path.symlink_to(path.parent / "no" / "where"), "cannot be read or made"),
    ],
)
def test_a_file_that_will_not_do_is_a_sentence(tmp_path, make, why):
    path = tmp_path / "token"
    make(path)
    with pytest.raises(ConfigError, match=r"^control\.web\.token_file: [^\n]*$") as refused:
        secret.configured(WebConfig(token_file=str(path)), tmp_path, {})
    assert why in str(refused.value) and "correct-horse" not in str(refused.value)


def test_a_token_may_come_from_the_environment_and_from_one_place_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    monkeypatch.setenv(secret.ENVIRONMENT, "correct-horse-battery")
    with Stage(control_config()) as running:
        assert ask(running.panel.port, "/panel", Authorization="Bearer correct-horse-battery")[0] == 200
    with pytest.raises(ConfigError, match=r"FACETS_WEB_TOKEN and control\.web\.token both give"):
        secret.configured(WebConfig(token="another-token-7"), tmp_path, {secret.ENVIRONMENT: "correct-horse-battery"})
    with pytest.raises(ConfigError, match="keep one"):
        secret.configured(WebConfig(token="another-token-7", token_file="token"), tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_the_check_of_a_configuration_looks_at_the_token_and_makes_no_file(tmp_path, monkeypatch, capsys):
    import run_installation

    assert secret.configured(WebConfig(token_file=str(tmp_path / "token")), tmp_path, {}, make=False) == ""
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(secret.ENVIRONMENT, "aaaaaaaa")
    assert run_installation.main(["--validate-config"]) == 2
    said = capsys.readouterr().err
    assert "the environment's FACETS_WEB_TOKEN: is too easy to guess" in said and "aaaaaaaa" not in said


def test_no_message_of_the_configuration_says_a_token():
    with pytest.raises(ConfigError) as refused:
        load_config(None, ["control.web.token=[correct, horse", "control.web.port=x"])
    assert "horse" not in str(refused.value)
    with pytest.raises(ConfigError) as refused:
        load_config(None, ["control.web.token=correct-horse", "control.web.port=x", "control.web={token: {a: correct-horse}}"])
    assert "correct-horse" not in str(refused.value)


def test_a_ticket_is_good_once_and_for_a_short_time():
    now = [1000.0]
    tickets = Tickets(lambda: now[0])
    text = tickets.issue()
    assert tickets.waits(text) and not tickets.redeem("", "a") and not tickets.redeem(text[:-1], "a")
    assert tickets.redeem(text, "a") and not tickets.waits(text)
    assert tickets.redeem(text, "a")  # a browser that opens the address twice
    assert not tickets.redeem(text, "b")  # somebody who has seen it on the canvas
    late = tickets.issue()
    now[0] += TICKET_SECONDS + 1
    assert not tickets.redeem(late, "a") and not tickets.redeem(text, "a") and not tickets.waits(late)
    many = [tickets.issue() for _ in range(1000)]
    assert len(tickets._open) < 10 and tickets.redeem(many[-1], "a")


def test_a_session_ends_is_signed_and_lives_through_a_restart():
    now = [1e9]
    sessions = Sessions("correct-horse-battery", lambda: now[0])
    cookie = sessions.new()
    assert set(cookie) <= {*string.ascii_letters, *string.digits, "-", "_", "."} and cookie != sessions.new()
    assert sessions.good(cookie) and Sessions("correct-horse-battery", lambda: now[0]).good(cookie)
    assert not Sessions("correct-horse-batterx", lambda: now[0]).good(cookie)
    for i in range(3, len(cookie) - 1):
        other = "A" if cookie[i] != "A" else "B"
        assert not sessions.good(cookie[:i] + other + cookie[i + 1 :])
    for wrong in ("", "s1.", "s1.AAAA", "s1.é", "s1." + "A" * 10_000, "s1.====", cookie.removeprefix("s1.")):
        assert not sessions.good(wrong)
    now[0] += SESSION_SECONDS + 1
    assert not sessions.good(cookie)


def test_the_long_token_is_in_no_address(monkeypatch):
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    with Stage(control_config(token="correct-horse-battery")) as running:
        port, url = running.panel.port, running.panel.panel_url
        assert "horse" not in url and url != running.panel.panel_url
        assert "token" not in running.panel.notice.partition(";")[0] and "horse" not in running.panel.notice
        cookie = ask(port, "/panel?" + url.partition("?")[2])[1]["set-cookie"].partition(";")[0]
        assert "horse" not in cookie and ask(port, "/panel", Cookie=cookie)[0] == 200
        assert ask(port, "/panel", Authorization="Bearer " + url.partition("=")[2])[0] == 401  # it opens the panel, no more


def test_a_name_that_stands_for_this_machine_asks_for_the_token():
    with Stage(control_config(hosts=("Mirror.example",), token="correct-horse-battery")) as running:
        port = running.panel.port
        assert ask(port, "/panel", host="mirror.example")[0] == 401
        assert ask(port, "/panel", host="mirror.example:443", Authorization="Bearer correct-horse-battery")[0] == 200
        assert ask(port, "/panel", host="other.example", Authorization="Bearer correct-horse-battery")[0] == 421


@pytest.mark.parametrize(
    "host", ["localhost:1; script-src *", "localhost:x", "localhost:8600@evil.example", "[::1", "[::1]x", "localhost:٣"]
)
def test_a_host_that_is_no_host_is_refused(host, stage):
    assert ask(stage.panel.port, "/panel", host=host.encode())[0] in (400, 421)


def test_every_address_of_the_loopback_is_this_machine(stage):
    assert ask(stage.panel.port, host="127.0.0.7:8600")[0] == ask(stage.panel.port, host="localhost.")[0] == 200
