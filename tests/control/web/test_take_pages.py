"""Visitors' pages over a real server: who sees what, until when, and how that looks on a phone."""

import http.client
import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.control.web.take_desk import told
from installation.takeaways.ageing import moment
from installation.takeaways.films import make_films
from installation.takeaways.kept import FILMS, SMALL, STILL, new_secret
from installation.takeaways.maker import write_still
from installation.takeaways.office import Office
from installation.takeaways.printing import SHEETS, Printer
from installation.takeaways.reel import PICTURES
from installation.takeaways.shelf import Limits, Shelf
from installation.takeaways.texts import clock_of
from tests.control.web.conftest import SEEN, control_config
from tests.control.web.small_show import chromium, complaints, needs_chromium, screen, until
from tests.dying_disk import DELETES, DyingDisk

TOKEN = "correct-horse-battery-42"
LIMITS = Limits(3600.0, 7200.0, 40, 1 << 30)


class House:
    """A server that is reached from everywhere, with a token, and visitors' pictures on it."""

    def __init__(self, folder, has_gallery=True, printer=None, on_fault=pytest.fail, limits=LIMITS, **web):
        self.late = 0.0
        self.shelf = Shelf(folder, limits, on_fault, self.now)
        self.office = Office(self.shelf, printer(self.shelf) if printer else None, has_gallery, UTC)
        config = control_config(**{"host": "0.0.0.0", "token": TOKEN, **web})
        state = ControlState(parameter_table((), ()))
        self.panel = WebPanel(state, config, lambda: SEEN, Preview(), takeaways=self.office)
        self.panel.start()

    def now(self):
        here = moment()
        return replace(here, uptime=here.uptime + self.late)

    def take(self, films=False, portrait=False):
        secret = new_secret()
        size = (720, 480) if portrait else (480, 854)
        y, x = np.mgrid[: size[0], : size[1]]
        picture = np.stack([x % 256, y % 256, (x + y) % 256], axis=2).astype(np.uint8)
        kept = self.shelf.add(secret, lambda place: write_still(picture, place))
        if films:
            made = self.shelf.folder / ".making-films"
            made.mkdir(exist_ok=True)
            pictures = np.stack([np.roll(picture[::4, ::4], 3 * i, axis=1) for i in range(PICTURES)])
            for name in make_films(np.ascontiguousarray(pictures), made):
                self.shelf.put(kept.id, made / name)
            self.shelf.finish(kept.id)
        return secret, kept

    def ask(self, path, method="GET", host="127.0.0.1", **headers):
        connection = http.client.HTTPConnection(host, self.panel.port, timeout=20)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def close(self):
        self.panel.stop()
        self.shelf.close()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path / "shelf")
    yield made
    made.close()


def test_a_link_opens_its_page_without_a_token_and_shows_what_there_is(house):
    secret, kept = house.take()
    status, headers, body = house.ask(f"/take/{secret}")
    assert status == 200 and headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"] and "script" not in headers["content-security-policy"]
    text = body.decode()
    assert f"/take/{secret}/{STILL}" in text and "still being made" in text and "http-equiv" in text
    status, headers, body = house.ask(f"/take/{secret}/{STILL}")
    assert status == 200 and headers["content-type"] == "image/jpeg" and body == house.shelf.path(kept, STILL).read_bytes()
    _, headers, _ = house.ask(f"/take/{secret}/{STILL}?save")
    assert headers["content-disposition"] == "attachment"


def test_films_play_on_phones_which_ask_for_parts_of_them(house):
    secret, kept = house.take(films=True)
    text = house.ask(f"/take/{secret}")[2].decode()
    assert all(f"/take/{secret}/{name}?save" in text for name in FILMS) and "http-equiv" not in text
    status, headers, body = house.ask(f"/take/{secret}/loop.mp4", Range="bytes=0-99")
    assert status == 206 and headers["content-type"] == "video/mp4" and len(body) == 100
    assert body == house.shelf.path(house.shelf.of(kept.id), "loop.mp4").read_bytes()[:100]


@pytest.mark.parametrize("path", [
    "/take/", "/take/x", "/take/" + "A" * 32, "/take/{id}", "/take/{secret}x", "/take/{secret}/takeaway.json", "/take/{secret}/loop.mp4",
    "/take/{secret}/%2e%2e%2f.lock", "/take/{secret}/picture.jpg/x", "/gallery/{id}/small.jpg", "/gallery/{id}/picture.jpg", "/gallery/x",
])  # fmt: skip
def test_what_was_guessed_leads_nowhere_and_tells_nothing(house, path):
    secret, kept = house.take()
    status, _, body = house.ask(path.format(secret=secret, id=kept.id))
    nothing = house.ask("/take/" + "B" * 32)[2]
    assert status == 404 and body == nothing


@pytest.mark.parametrize("path", ["/", "/panel", "/metrics", "/facets", "/panel/takeaways/{id}.jpg", "/panel/socket"])
def test_a_visitors_link_opens_nothing_else(house, path, monkeypatch):
    secret, kept = house.take()
    house.office.offer(kept)
    monkeypatch.setattr(house.panel._guard, "_allows", lambda remote: False)  # as for whoever comes from elsewhere
    assert house.ask(f"/take/{secret}")[0] == 200
    status, _, body = house.ask(path.format(id=kept.id), Referer=f"http://127.0.0.1/take/{secret}", Cookie=f"facets_token={secret}")
    assert status in (401, 403) and len(body) < 200


def test_a_page_that_is_over_says_so_and_stays_over(house):
    secret, kept = house.take()
    house.late = 3601.0
    for _ in range(2):
        status, _, body = house.ask(f"/take/{secret}")
        assert status == 410 and b"It is over" in body
    assert house.ask(f"/take/{secret}/{STILL}")[0] == 410
    assert house.ask(f"/take/{secret}/delete", "POST")[0] == 410
    assert not (house.shelf.folder / kept.id).exists()


def test_its_visitor_deletes_it_at_once(house):
    secret, kept = house.take(films=True)
    status, _, body = house.ask(f"/take/{secret}/delete", "POST", Origin=f"http://127.0.0.1:{house.panel.port}")
    assert status == 200 and b"deleted from this machine" in body
    assert not (house.shelf.folder / kept.id).exists()
    assert house.ask(f"/take/{secret}")[0] == 410


def test_a_picture_that_cannot_be_deleted_is_not_called_deleted(tmp_path, monkeypatch):
    disk, faults = DyingDisk(monkeypatch), []
    house = House(tmp_path / "shelf", on_fault=faults.append)
    secret, kept = house.take()
    disk.refuses = DELETES
    status, _, body = house.ask(f"/take/{secret}/delete", "POST", Origin=f"http://127.0.0.1:{house.panel.port}")
    assert status == 202 and b"can no longer be reached" in body and b"deleted from this machine" not in body.replace(b"being deleted", b"")
    status, _, body = house.ask(f"/take/{secret}", Accept_Language="de")
    assert status == 410 and "Es wird noch von diesem Rechner gelöscht" in body.decode()
    assert house.ask(f"/take/{secret}/{STILL}")[0] == 410 and len(faults) == 1
    assert json.loads(json.dumps(told(house.office)))["going"] == 1
    disk.refuses = ()
    house.shelf._woken.set()
    until(lambda: house.shelf.going == 0)
    assert b"It is over" in house.ask(f"/take/{secret}")[2]
    assert not (house.shelf.folder / kept.id).exists()
    house.close()


def test_a_file_that_nobody_can_look_at_is_not_served(house, monkeypatch):
    disk, (secret, kept) = DyingDisk(monkeypatch), house.take()
    house.office.offer(kept)
    disk.blind = house.shelf.folder / kept.id
    assert house.ask(f"/take/{secret}/{STILL}")[0] == 404
    assert house.ask(f"/panel/takeaways/{kept.id}.jpg", Authorization=f"Bearer {TOKEN}")[0] == 404


@pytest.mark.parametrize(("method", "act", "origin", "status"), [
    ("POST", "delete", "http://elsewhere.example", 403), ("POST", "delete", "null", 403), ("GET", "delete", "", 404),
    ("POST", "dance", "", 404), ("POST", "print", "", 404), ("PUT", "delete", "", 404),
])  # fmt: skip
def test_no_other_page_and_no_other_word_does_anything(house, method, act, origin, status):
    secret, _ = house.take()
    assert house.ask(f"/take/{secret}/{act}", method, **({"Origin": origin} if origin else {}))[0] == status
    assert house.ask(f"/take/{secret}")[0] == 200


def test_the_gallery_shows_what_was_offered_and_agreed_to_and_nothing_else(house):
    secret, kept = house.take()
    house.take()
    assert b"nothing here yet" in house.ask("/gallery")[2]
    assert house.ask(f"/take/{secret}/offer", "POST")[0] == 303
    assert house.ask(f"/gallery/{kept.id}/{SMALL}")[0] == 404  # it waits for the operator
    steer = {"Authorization": f"Bearer {TOKEN}"}
    assert house.ask(f"/panel/takeaways/{kept.id}.jpg")[0] == 401
    assert house.ask(f"/panel/takeaways/{kept.id}.jpg", **steer)[0] == 200
    assert house.ask(f"/panel/takeaways/{kept.id}/show", "POST")[0] == 401
    assert house.ask(f"/panel/takeaways/{kept.id}/show", "POST", **steer)[0] == 204
    assert kept.id in house.ask("/gallery")[2].decode() and secret not in house.ask("/gallery")[2].decode()
    assert house.ask(f"/gallery/{kept.id}/{SMALL}")[0] == 200
    assert house.ask(f"/gallery/{kept.id}/{STILL}")[0] == 404
    house.late = 5000.0  # it has the gallery's time now
    assert house.ask(f"/take/{secret}")[0] == 200
    assert house.ask(f"/take/{secret}/withdraw", "POST")[0] == 303
    assert house.ask(f"/gallery/{kept.id}/{SMALL}")[0] == 404
    assert house.ask(f"/take/{secret}")[0] == 410  # its own time was over


def test_the_gallery_ends_after_its_time_and_a_page_that_was_promised_more_stays(tmp_path):
    house = House(tmp_path / "shelf", limits=replace(LIMITS, lasts=7 * 86_400.0))
    (secret, kept), (other, _) = house.take(), house.take()
    house.ask(f"/take/{secret}/offer", "POST")
    assert house.office.decide(kept.id, show=True)
    (offer,) = told(house.office)["offers"]
    today = datetime.now(UTC)
    assert offer["until"] in ({clock_of(today + timedelta(hours=2, minutes=late), today, "en") for late in (-1, 0)})
    house.late = 7300.0
    assert kept.id not in house.ask("/gallery")[2].decode() and house.ask(f"/gallery/{kept.id}/{SMALL}")[0] == 404
    assert told(house.office)["offers"] == []
    status, _, body = house.ask(f"/take/{secret}")
    assert status == 200 and b"gallery" not in body
    house.ask(f"/take/{other}/offer", "POST")
    assert b"gallery" not in house.ask(f"/take/{other}")[2] and house.office.offered() == ()
    house.late = 6 * 86_400.0
    assert house.ask(f"/take/{secret}/{STILL}")[0] == 200
    house.close()


def test_the_panel_hears_of_the_day_where_it_is_not_today(tmp_path):
    house = House(tmp_path / "shelf", limits=replace(LIMITS, lasts=7 * 86_400.0, gallery=7 * 86_400.0))
    secret, _ = house.take()
    house.ask(f"/take/{secret}/offer", "POST")
    assert time.strptime(told(house.office)["offers"][0]["until"], "%d %B, %H:%M")
    house.close()


def test_what_the_operator_refuses_is_not_shown_and_not_offered_again(house):
    secret, kept = house.take()
    house.ask(f"/take/{secret}/offer", "POST")
    steer = {"Authorization": f"Bearer {TOKEN}"}
    assert house.ask(f"/panel/takeaways/{kept.id}/refuse", "POST", **steer)[0] == 204
    assert house.ask(f"/panel/takeaways/{kept.id}.jpg", **steer)[0] == 404
    assert b"was not taken" in house.ask(f"/take/{secret}")[2]
    house.ask(f"/take/{secret}/offer", "POST")
    assert house.office.offered() == ()


def test_an_operator_sees_no_picture_that_was_not_offered_and_deletes_all_of_them(house):
    secret, kept = house.take()
    steer = {"Authorization": f"Bearer {TOKEN}"}
    assert house.ask(f"/panel/takeaways/{kept.id}.jpg", **steer)[0] == 404
    assert house.ask("/panel/takeaways/delete-all", "POST")[0] == 401
    assert house.ask("/panel/takeaways/delete-all", "POST", **steer)[0] == 204
    assert house.ask(f"/take/{secret}")[0] == 410 and house.shelf.all() == ()


def test_without_a_gallery_there_is_none(tmp_path):
    house = House(tmp_path / "shelf", has_gallery=False)
    secret, kept = house.take()
    assert house.ask("/gallery")[0] == 404
    house.ask(f"/take/{secret}/offer", "POST")
    assert house.shelf.of(kept.id).gallery == "" and b"gallery" not in house.ask(f"/take/{secret}")[2]
    house.close()


def test_without_takeaways_every_address_says_that_there_is_nothing(stage):
    connection = http.client.HTTPConnection("127.0.0.1", stage.panel.port, timeout=20)
    for path in ("/take/" + "A" * 32, "/gallery"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 404


def test_a_print_is_asked_for_once(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "lp").write_text(f'#!/bin/sh\ncat > /dev/null\necho "$@" >> {folder}/jobs\n')
    (folder / "lp").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    house = House(tmp_path / "shelf", printer=lambda shelf: Printer(shelf, "photos", SHEETS["4x6"], "", 1, pytest.fail))
    secret, _ = house.take()
    assert b"Print it" in house.ask(f"/take/{secret}")[2]
    status, headers, _ = house.ask(f"/take/{secret}/print", "POST")
    assert status == 303 and headers["location"] == f"/take/{secret}?said=printed"
    assert b"It is being printed" in house.ask(headers["location"])[2]
    assert b"Print it" not in house.ask(f"/take/{secret}")[2]
    assert house.ask(f"/take/{secret}/print", "POST")[0] == 404
    assert len((folder / "jobs").read_text().splitlines()) == 1
    house.close()


def test_a_print_that_fails_is_told(tmp_path, monkeypatch):
    folder, faults = tmp_path / "bin", []
    folder.mkdir()
    (folder / "lp").write_text("#!/bin/sh\ncat > /dev/null\nexit 1\n")
    (folder / "lp").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    house = House(tmp_path / "shelf", printer=lambda shelf: Printer(shelf, "photos", SHEETS["4x6"], "", 2, faults.append))
    secret, _ = house.take()
    status, headers, _ = house.ask(f"/take/{secret}/print", "POST")
    assert status == 303 and headers["location"] == f"/take/{secret}?said=print_failed"
    failed, said = house.ask(headers["location"])[2], house.ask(f"/take/{secret}")[2]
    assert failed != said and b"It is being printed" not in failed and len(faults) == 1
    house.close()


def test_a_film_of_the_gallery_plays_there_and_nothing_is_kept_by_whoever_looks(house, tmp_path):
    secret, kept = house.take()
    for name in ("boomerang.mp4", "loop.mp4"):
        (tmp_path / name).write_bytes(b"a film")
        house.shelf.put(kept.id, tmp_path / name)
    house.ask(f"/take/{secret}/offer", "POST")
    house.office.decide(kept.id, show=True)
    status, headers, body = house.ask(f"/gallery/{kept.id}/boomerang.mp4")
    assert (status, headers["content-type"], headers["content-disposition"]) == (200, "video/mp4", "inline") and body == b"a film"
    assert house.ask(f"/gallery/{kept.id}/loop.mp4")[0] == house.ask(f"/gallery/{'0' * len(kept.id)}/boomerang.mp4")[0] == 404
    status, headers, _ = house.ask("/take/page.css")
    assert status == 200 and headers["content-type"] == "text/css; charset=utf-8"
    for path in (f"/take/{secret}", "/gallery", "/take/none"):
        headers = house.ask(path)[1]
        assert (headers["cache-control"], headers["x-robots-tag"], headers["referrer-policy"]) == ("no-store", "noindex", "same-origin")
        assert headers["content-type"] == "text/html; charset=utf-8"
    assert house.ask(f"/take/{secret}/{STILL}")[1]["content-disposition"] == "inline"


@pytest.mark.parametrize("path", ["/taken", "/galleryx", "/gallery2/x"])
def test_what_only_begins_like_a_visitors_page_is_none(house, monkeypatch, path):
    monkeypatch.setattr(house.panel._guard, "_allows", lambda remote: False)
    assert house.ask(path)[0] == 403 and house.ask("/gallery")[0] == 200


@pytest.mark.parametrize(("accepts", "word"), [
    ("de-CH,de;q=0.9,en;q=0.5", "Ihr Bild"), ("xx, it;q=0.3, fr;q=0.8", "Votre image"), ("zh-CN", "您的照片"), ("", "Your picture"),
    (";;,q=", "Your picture"),
])  # fmt: skip
def test_a_page_speaks_the_language_of_the_phone(house, accepts, word):
    secret, _ = house.take()
    assert word in house.ask(f"/take/{secret}", Accept_Language=accepts)[2].decode()


def test_words_of_an_address_are_never_on_a_page(house):
    secret, _ = house.take()
    body = house.ask(f"/take/{secret}?said=%3Cscript%3Ealert(1)%3C/script%3E")[2].decode()
    assert "script" not in body


def test_the_links_begin_where_phones_reach_the_machine(tmp_path):
    house = House(tmp_path / "shelf")
    assert house.panel.links.startswith("http://") and "127.0.0.1" not in house.panel.links and not house.panel.links.endswith("/panel")
    house.close()


def test_many_phones_at_once_are_all_served(house):
    secret, kept = house.take(films=True)
    wanted = house.shelf.path(house.shelf.of(kept.id), "loop.mp4").read_bytes()
    got = []

    def phone():
        got.append(house.ask(f"/take/{secret}/loop.mp4")[2] == wanted)

    phones = [threading.Thread(target=phone) for _ in range(20)]
    for one in phones:
        one.start()
    for one in phones:
        one.join()
    assert got == [True] * 20


@needs_chromium
def test_a_visitor_with_a_phone(house, tmp_path):
    """Everything fits, the films play, and the buttons do what they say: with the form's own origin, which a browser decides."""
    secret, kept = house.take(films=True)
    address = f"http://127.0.0.1:{house.panel.port}"
    with chromium(tmp_path / "profile") as browser:
        for width, height in ((360, 740), (390, 844), (844, 390), (1280, 800)):
            screen(browser, width, height, touch=width < 1000)
            browser.get(f"{address}/take/{secret}")
            assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth"), width
            small = "return [...document.querySelectorAll('a.button,button,summary')].filter(b => b.offsetParent && b.offsetHeight < 44)"
            assert browser.execute_script(small) == []
            for number in range(2):  # a film plays while it is seen
                browser.execute_script(f"document.querySelectorAll('video')[{number}].scrollIntoView({{block: 'center'}})")
                until(lambda number=number: browser.execute_script(f"return document.querySelectorAll('video')[{number}].currentTime > 0"))
        find = browser.find_element
        find("css selector", 'form[action$="/offer"] button').click()
        until(lambda: house.shelf.of(kept.id).gallery == "offered")
        house.office.decide(kept.id, show=True)
        browser.get(f"{address}/gallery")
        until(lambda: browser.execute_script("return document.querySelector('.gallery video').currentTime > 0"))
        browser.get(f"{address}/take/{secret}")
        find("css selector", "summary").click()
        find("css selector", "button.danger").click()
        until(lambda: "Deleted" in browser.page_source)
        assert house.shelf.all() == ()
        browser.get(f"{address}/take/{secret}")
        assert "It is over" in browser.page_source
        assert [line for line in complaints(browser) if "410" not in line] == []


@needs_chromium
def test_an_operator_in_the_panel(house, tmp_path):
    secret, kept = house.take()
    house.ask(f"/take/{secret}/offer", "POST")
    with chromium(tmp_path / "profile") as browser:
        screen(browser, 390, 844, touch=True)
        browser.get(f"http://127.0.0.1:{house.panel.port}/panel?token={TOKEN}")
        shown = "return document.querySelector('#group-takeaway:not([hidden]) .offers img')?.naturalWidth > 0"
        until(lambda: browser.execute_script(shown))
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        press = "[...document.querySelectorAll('.takeaways button')].find(b => b.textContent == arguments[0] && b.offsetParent).click()"
        browser.execute_script(press, "show")
        until(lambda: house.shelf.of(kept.id).gallery == "shown")
        until(lambda: "in the gallery until" in browser.page_source)
        browser.execute_script(press, "delete all of them now")
        assert house.shelf.all()  # it asks first
        browser.execute_script(press, "delete")
        until(lambda: not house.shelf.all())
        until(lambda: "0 pictures are kept" in browser.page_source)
        assert complaints(browser) == []


def test_the_panel_hears_how_they_stand(house):
    secret, kept = house.take()
    house.take()
    house.ask(f"/take/{secret}/offer", "POST")
    said = json.loads(json.dumps(told(house.office)))
    assert said["kept"] == 2 and [one["id"] for one in said["offers"]] == [kept.id] and said["refusal"] == ""
    assert secret not in json.dumps(said)
    assert time.strptime(said["offers"][0]["until"].split(", ")[-1], "%H:%M")  # an hour from now is tomorrow before midnight
