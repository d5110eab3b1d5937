"""How the bot bears with its server, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from installation.bot import service
from installation.bot.keys import AMOUNT
from installation.bot.manners import TRIES
from installation.commands.bot import main
from installation.errors import ConfigError, FaultError
from tests.bot.api_server import (
    BAD_GATEWAY,
    CONFLICT,
    FILE,
    NO_DOCUMENT,
    NO_MESSAGE,
    NO_PHOTO,
    SLOW,
    TOKEN,
    TOO_MANY,
    UNAUTHORIZED,
    UNCHANGED,
)
from tests.bot.conftest import STEADY, closed
from tests.bot.test_bot import ONE, changed, file, wall

ROOT = Path(__file__).resolve().parents[2]


def test_the_server_is_waited_for_as_long_as_it_says(server, start):
    start()
    ada = server.person(1)
    server.faults["sendPhoto"], server.faults["getFile"] = [TOO_MANY, BAD_GATEWAY, BAD_GATEWAY], [BAD_GATEWAY]
    began = time.monotonic()
    assert len(ada.answer(ada.photo(file(ONE))).pictures) == 1
    assert server.count("sendPhoto") == 4 and server.count("getFile") == 2
    assert time.monotonic() - began > 1.0  # as it was asked to


FAILED = "Something went wrong here"


@pytest.mark.parametrize(("method", "times"), [(FILE, 1), ("getFile", TRIES)])
def test_whose_picture_cannot_be_fetched_is_told_and_it_does_not_count(server, start, method, times):
    start(each=1)
    ada = server.person(1)
    server.faults[method] = [BAD_GATEWAY] * times
    assert FAILED in ada.answer(ada.photo(file(ONE))).text
    assert ada.answer(ada.photo(file(ONE))).pictures


def test_what_is_no_photo_to_telegram_is_sent_as_a_file_and_changed_as_one(server, start):
    start()
    ada = server.person(1)
    server.faults["sendPhoto"] = [NO_PHOTO]
    shown = ada.answer(ada.photo(file(ONE)))
    assert len(shown.documents) == 1 and not shown.pictures and shown.text.startswith("One face.")
    server.faults["editMessageMedia"] = [NO_PHOTO]
    ada.press(shown, f"{AMOUNT}:age:2")
    server.wait(lambda: len(shown.documents) == 2)
    assert shown.text == "One face. Age +2" and shown.documents[0] != shown.documents[1]
    assert not any(FAILED in one.text for one in ada.shown)


def test_a_picture_longer_than_photos_may_be_comes_as_a_file(server, start):
    start()
    ada = server.person(1)
    shown = ada.answer(ada.document(file(wall(3200, 150, ("05015", 1500, 5, 140)))))
    assert len(shown.documents) == 1 and not shown.pictures, shown.text
    ada.press(shown, f"{AMOUNT}:age:2")
    server.wait(lambda: len(shown.documents) == 2)


def test_whose_answer_is_refused_is_told(server, start):
    start(each=2)
    ada = server.person(1)
    server.faults["sendPhoto"], server.faults["sendDocument"] = [NO_PHOTO], [NO_DOCUMENT]
    assert FAILED in ada.answer(ada.photo(file(ONE))).text
    shown = ada.answer(ada.photo(file(ONE)))
    server.faults["editMessageMedia"] = [NO_MESSAGE, NO_MESSAGE]
    ada.press(shown, f"{AMOUNT}:age:2")
    server.wait(lambda: [one for one in ada.shown if FAILED in one.text and one.reply == shown.id])
    changed(ada, shown, f"{AMOUNT}:age:2")  # neither of the two was counted


def test_the_same_picture_again_is_no_fault(server, start):
    start()
    ada = server.person(1)
    shown = ada.answer(ada.photo(file(ONE)))
    server.faults["editMessageMedia"] = [UNCHANGED]
    ada.press(shown, f"{AMOUNT}:age:2")
    server.wait(lambda: server.count("editMessageMedia") == 1)
    changed(ada, shown, f"{AMOUNT}:age:1")
    assert not shown.documents and not any(FAILED in one.text for one in ada.shown)


def test_an_answer_that_may_have_come_through_is_not_said_to_have_failed(server, start, monkeypatch):
    monkeypatch.setattr(service, "READ_SECONDS", 1.5)
    start()
    ada = server.person(1)
    server.faults["sendPhoto"] = [SLOW]
    assert ada.answer(ada.photo(file(ONE))).pictures
    assert ada.answer(ada.photo(file(ONE))).pictures
    assert server.count("sendPhoto") == 2 and not any(FAILED in one.text for one in ada.shown)


def test_questions_that_fail_are_asked_again(server, start):
    server.faults["getMe"] = [BAD_GATEWAY, TOO_MANY]
    server.faults["getUpdates"] = [BAD_GATEWAY, TOO_MANY, CONFLICT, CONFLICT]  # for a while the last bot is still heard
    running = start()
    ada = server.person(1)
    assert ada.answer(ada.photo(file(ONE))).pictures and running.fault is None


def test_two_bots_with_one_token_are_one_too_many(server, start):
    server.faults["getUpdates"] = [CONFLICT] * 1000
    running = start(rival_seconds=0.3)
    running.thread.join(60)
    assert isinstance(running.fault, FaultError) and "another program asks" in str(running.fault)


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
def test_a_token_that_nobody_knows_ends_it(server, start, method):
    server.faults[method] = [UNAUTHORIZED]
    running = start()
    running.thread.join(60)
    assert isinstance(running.fault, ConfigError) and "FACETS_BOT_TOKEN" in str(running.fault)
    assert TOKEN not in str(running.fault)


def test_those_who_wait_are_told_when_it_ends(server, start):
    running = start()
    ada, ben = server.person(1), server.person(2)
    with closed(running):
        ada.photo(file(ONE))
        server.wait(lambda: running.gate.orders)
        ben.photo(file(ONE))
        server.wait(lambda: ben.shown)
        running._loop.call_soon_threadsafe(running._stop.set)
        server.wait(lambda: all(any("switched off" in one.text for one in person.shown) for person in (ada, ben)))


def test_what_was_answered_is_not_asked_for_again(server, start):
    running = start()
    ada = server.person(1)
    ada.write("/start")
    server.wait(lambda: ada.shown)
    running.end()
    assert not server._updates


@pytest.mark.parametrize(
    ("token", "why"), [("", "is not set"), ("   ", "is not set"), ("secret", "is no token"), (f"{TOKEN} x", "is no token")]
)
def test_a_token_has_to_be_there(monkeypatch, token, why):
    monkeypatch.setenv("FACETS_BOT_TOKEN", token)
    with pytest.raises(ConfigError, match=why) as said:
        main([])
    assert "secret" not in str(said.value)


def test_without_its_package_the_command_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "telegram", None)
    with pytest.raises(ConfigError, match="pip install python-telegram-bot"):
        main([])


def test_the_command_from_start_to_end(server, tmp_path):
    """A process of its own: it says who it is, answers, writes nothing to the disk, keeps its token to itself, and ends when asked to."""
    folder, config = tmp_path / "empty", tmp_path / "steady.yaml"
    folder.mkdir()
    config.write_text("engine: {backend: eager, precision: float32, device: cpu, threads: 1}\nmodels: {children: []}\n")
    assert len(STEADY) == 5
    env = os.environ | {
        "FACETS_BOT_TOKEN": TOKEN,
        "FACETS_LOG": "DEBUG",
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "installation", "bot", "--api", server.url, "--config", str(config)]
    with open(tmp_path / "out", "wb") as out:
        bot = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT)
        try:
            ada = server.person(1)
            assert ada.answer(ada.photo(file(ONE))).pictures
            assert TOKEN.encode() not in Path(f"/proc/{bot.pid}/cmdline").read_bytes()
            bot.send_signal(signal.SIGTERM)
            assert bot.wait(60) == 0
        finally:
            bot.kill()
    said = (tmp_path / "out").read_text()
    assert "https://t.me/facets_bot" in said and "getUpdates" in said
    assert TOKEN not in said and TOKEN.split(":")[1] not in said
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert service.TOKEN.fullmatch(TOKEN)
