"""The bot over real HTTP: what people get for what they send and press."""

from __future__ import annotations

import gc
import io
import re
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from PIL import ImageCms

from installation.bot.keys import AMOUNT, DRAWN, FACE, KEEP
from installation.bot.order import FoundCode
from installation.darkroom import nearer
from installation.darkroom.nearer import CodeFinder
from installation.inversion.best import best_code as true_best_code
from installation.sources.stills import read_picture
from tests.bot.api_server import BLOCKED, PATIENCE, TOO_BIG, Person, Shown
from tests.bot.conftest import closed

FACES = Path(__file__).resolve().parents[2] / "installation" / "demo" / "faces"
EDITED, SAME = 1.0, 1.2  # grey levels by which an edited face differs, and those by which a JPEG does from another


def face(name: str, side: int = 256) -> np.ndarray:
    return cv2.resize(read_picture(FACES / f"{name}.webp"), (side, side), interpolation=cv2.INTER_AREA)


def wall(width: int, height: int, *faces: tuple[str, int, int, int]) -> np.ndarray:
    """A grey wall, and on it faces: name, left, top, side."""
    picture = np.full((height, width, 3), 120, np.uint8)
    for name, x, y, side in faces:
        picture[y : y + side, x : x + side] = face(name, side)
    return picture


def file(picture: np.ndarray, kind: str = "PNG", **more: object) -> bytes:
    held = io.BytesIO()
    Pillow.fromarray(picture).save(held, kind, **more)
    return held.getvalue()


def seen(jpeg: bytes) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)


def differ(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def half() -> np.ndarray:
    """A face that the picture cuts off."""
    picture = wall(600, 340)
    picture[40:296, :156] = face("05015")[:, 100:]
    return picture


ONE = wall(300, 300, ("05015", 22, 22, 256))
PLACES = [("05015", 10), ("09460", 250), ("03992", 490), ("01620", 730), ("05015", 970)]
TWO = wall(520, 300, ("05015", 15, 30, 230), ("09460", 275, 30, 230))
FIVE = wall(1220, 260, *((name, x, 10, 230) for name, x in PLACES))


def changed(somebody: Person, shown: Shown, data: str) -> Shown:
    """Press what gives another picture, and wait for it."""
    before = len(shown.pictures)
    somebody.press(shown, data)
    somebody.server.wait(lambda: len(shown.pictures) > before)
    return shown


def test_a_photograph_is_changed_by_buttons_and_back_again(server, start):
    start()
    ada = server.person(7)
    shown = ada.answer(ada.photo(file(ONE)))
    assert shown.text == "One face. Choose what to change."
    assert differ(seen(shown.pictures[0]), ONE) < SAME  # it came as it was
    assert "answered" not in ada.pressed(shown, shown.button("Age"))
    server.wait(lambda: "+1" in shown.labels)
    changed(ada, shown, shown.button("+1"))
    assert shown.text == "One face. Age +1" and "Age +1" in shown.labels
    assert differ(seen(shown.pictures[1])[60:260, 60:260], ONE[60:260, 60:260]) > EDITED
    changed(ada, shown, shown.button("Smile").replace("a:", f"{AMOUNT}:") + ":2")
    assert shown.text == "One face. Age +1 · Smile +2"  # amounts add up
    changed(ada, shown, shown.button("Undo all"))
    assert shown.text == "One face. Choose what to change." and differ(seen(shown.pictures[-1]), ONE) < SAME


def test_five_faces_and_one_of_them_changed(server, start):
    start()
    ada = server.person(7)
    shown = ada.answer(ada.photo(file(FIVE)))
    assert shown.text == "5 faces. Choose what to change." and "Face: all" in shown.labels
    assert ada.pressed(shown, shown.button("Keep the rest"))["text"].startswith("The rest can be kept for one face")
    ada.press(shown, shown.button("Face"))
    server.wait(lambda: "5" in shown.labels)
    changed(ada, shown, shown.button("4"))
    changed(ada, shown, f"{AMOUNT}:age:2")
    assert shown.text == "5 faces. face 4 · Age +2"
    after = seen(shown.pictures[-1])
    moved = [differ(after[10:240, x : x + 230], FIVE[10:240, x : x + 230]) for _, x in PLACES]
    assert moved[3] > EDITED and max(moved[:3] + moved[4:]) < SAME


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (file(ONE)[:3000], "I cannot read this as a picture"),
        (b"", "I cannot read this as a picture"),
        (b"%PDF-1.7 and so on", "I cannot read this as a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\nshowpage\n", "I cannot read this as a picture"),
        (file(wall(500, 400)), "I see no face in this picture"),
        ((Path(__file__).resolve().parents[1] / "data" / "ramp.heic").read_bytes(), "I see no face in this picture"),
        (file(half()), "turned away, covered or cut off"),
    ],
    ids=["broken", "empty", "no-picture", "program", "no-face", "heic", "cut-off"],
)
def test_pictures_that_cannot_be_edited_are_named(server, start, data, words):
    start()
    ada = server.person(7)
    assert words in ada.answer(ada.document(data, "image/jpeg")).text
    assert ada.answer(ada.photo(file(ONE))).pictures  # and the next one is


def test_enormous_files_are_refused_before_they_are_fetched(server, start):
    start()
    ada = server.person(7)
    assert "20 MB is the most" in ada.answer(ada.document(b"", size=20_000_001)).text
    assert not server.count("getFile")
    server.faults["getFile"] = [TOO_BIG]
    assert "20 MB is the most" in ada.answer(ada.document(b"x", size=1000)).text
    said = ada.document(b"x", size=1000)
    server.sizes[f"file-{len(server.files) - 1}"] = 60_000_000
    assert "20 MB is the most" in ada.answer(said).text


def test_a_picture_that_unpacks_to_far_too_many_pixels_is_refused(server, start):
    start()
    ada = server.person(7)
    bomb = io.BytesIO()
    Pillow.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 1_000_000
    assert "I cannot read this as a picture" in ada.answer(ada.document(bomb.getvalue())).text


def test_what_is_no_photograph_is_answered(server, start):
    start()
    ada = server.person(7)
    for said in (ada.sticker(), ada.write("make me young"), ada.document(b"x", "application/pdf")):
        assert "I work on photographs alone" in ada.answer(said).text


def test_a_photograph_in_full_quality_has_its_colours_and_no_metadata(server, start):
    start()
    ada = server.person(7)
    exif = Pillow.Exif()
    exif[0x010F], exif[0x0112] = "somebody's phone", 6  # to be turned clockwise
    turned = np.rot90(ONE)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = file(np.ascontiguousarray(turned), "JPEG", quality=95, exif=exif, icc_profile=profile)
    shown = ada.answer(ada.document(turned, "image/jpeg"))
    ada.press(shown, shown.button("As a file"))
    sent = server.wait(lambda: [one for one in ada.shown if one.documents])[0]
    assert differ(seen(sent.documents[0]), ONE) < 3 and b"somebody" not in sent.documents[0]
    with Pillow.open(io.BytesIO(sent.documents[0])) as picture:
        assert picture.info["icc_profile"] == profile  # without which its colours would be others
    assert sent.reply == shown.id


def test_a_face_that_nobody_has_and_another(server, start):
    start()
    ada = server.person(7)
    shown = ada.answer(ada.write("/generate"))
    assert shown.text == "A face that nobody has. Choose what to change." and not server.count("getFile")
    first = seen(shown.pictures[0])
    changed(ada, shown, f"{AMOUNT}:gender:2")
    assert differ(seen(shown.pictures[1]), first) > EDITED
    changed(ada, shown, shown.button("Undo all"))
    assert differ(seen(shown.pictures[2]), first) == 0.0  # it is the same face again
    ada.press(shown, shown.button("Another face"))
    other = server.wait(lambda: [one for one in ada.shown if one.pictures and one is not shown])[0]
    assert differ(seen(other.pictures[0]), first) > EDITED
    assert "code already" in ada.answer(ada.write("/invert")).text


def test_an_inversion_and_edits_of_it(server, start):
    running = start(invert_seconds=0)
    ada = server.person(7)
    assert "Send me a photograph first" in ada.answer(ada.write("/invert")).text
    shown = ada.answer(ada.photo(file(ONE)))
    inverted = ada.answer(ada.write("/invert"))
    assert inverted.text == "One face. drawn from the code"
    assert not running.gate.orders[-1].codes and not any("Looking for" in text for text in said_to(server, ada))
    code = seen(inverted.pictures[0])
    assert differ(code[60:260, 60:260], ONE[60:260, 60:260]) > 3 * EDITED and differ(code[:18], ONE[:18]) < SAME
    changed(ada, shown, shown.button("Drawn from the code"))
    assert differ(seen(shown.pictures[-1]), code) < SAME
    changed(ada, shown, f"{AMOUNT}:age:2")
    assert differ(seen(shown.pictures[-1])[60:260, 60:260], code[60:260, 60:260]) > EDITED


def said_to(server, person: Person) -> list[str]:
    """All texts that were sent to somebody, those that are gone by now as well."""
    return [call.values["text"] for call in server.calls if call.method == "sendMessage" and call.values["chat_id"] == person.id]


@pytest.fixture
def searches(monkeypatch):
    """Few steps, however long they take; the codes that searches began with."""
    begun, find = [], CodeFinder.find
    monkeypatch.setattr(nearer, "MOST_STEPS", 12)
    monkeypatch.setattr(
        CodeFinder, "find", lambda self, image, sitter, *rest: begun.append(sitter.ws.clone()) or find(self, image, sitter, *rest)
    )
    return begun


def test_a_nearer_code_is_looked_for_kept_and_forgotten(server, start, searches):
    running = start(invert_seconds=500.0)
    ada = server.person(7)
    first = ada.answer(ada.photo(file(ONE)))
    changed(ada, first, DRAWN)  # the encoder's
    encoders = seen(first.pictures[-1])[60:260, 60:260]
    shown = ada.answer(ada.write("/invert"))
    assert re.fullmatch(r"One face. drawn from a code that I looked for, \d+ % nearer", shown.text)
    assert "Looking for the numbers that draw this face. That takes about 500 s." in said_to(server, ada)
    server.wait(lambda: any("Looking for" in one.text for one in server.gone))
    nearer_one, photograph = seen(shown.pictures[0])[60:260, 60:260], ONE[60:260, 60:260]
    assert differ(nearer_one, photograph) < differ(encoders, photograph) - 0.2
    # Further presses go on from it, and nothing is looked for again.
    changed(ada, shown, f"{AMOUNT}:age:2")
    aged = seen(shown.pictures[-1])[60:260, 60:260]
    changed(ada, shown, KEEP)
    assert "% nearer" in shown.text and "the rest is kept" in shown.text
    changed(ada, shown, f"{AMOUNT}:age:0")
    assert differ(seen(shown.pictures[-1])[60:260, 60:260], nearer_one) < 0.1 < EDITED < differ(aged, nearer_one)
    assert len(searches) == 1 and not len(running.gate.lab._bench.networks.encode.cache)  # the encoder's codes are not kept
    # Asked again it goes on from there.
    again = ada.answer(ada.write("/invert"))
    (code,) = running.gate.orders[-1].codes
    assert len(searches) == 2 and torch.equal(searches[1], code.ws) and not torch.equal(searches[0], code.ws)
    percent = [int(re.search(r"(\d+) %", one.text)[1]) for one in (shown, again)]
    assert percent[0] < percent[1] < 100
    # Forgotten, it is nowhere any more.
    ws = weakref.ref(code.ws)
    running.gate.orders.clear()
    searches.clear()
    del code
    ada.answer(ada.write("/forget"))
    server.wait(lambda: not shown.buttons and not again.buttons)
    gc.collect()
    assert ws() is None
    assert "Send me a photograph first" in ada.answer(ada.write("/invert")).text


def test_of_several_faces_one_is_looked_for(server, start, searches):
    start(invert_seconds=500.0)
    ada = server.person(7)
    ada.answer(ada.photo(file(TWO)))
    shown = ada.answer(ada.write("/invert"))
    assert shown.text.startswith("2 faces. drawn from the code\nA nearer code") and not searches
    encoders = seen(shown.pictures[0])
    changed(ada, shown, f"{FACE}:2")
    found = ada.answer(ada.write("/invert"))
    assert found.text.startswith("2 faces. face 2 · drawn from a code that I looked for") and len(searches) == 1
    changed(ada, found, f"{FACE}:all")  # beside it the other is the encoder's
    both = seen(found.pictures[-1])
    assert differ(both[:, :260], encoders[:, :260]) < 0.2 < differ(both[:, 280:500], encoders[:, 280:500])
    assert len(searches) == 1


def test_a_search_that_nobody_wants_any_more_ends(server, start, monkeypatch):
    running = start(invert_seconds=500.0)
    ada, ben = server.person(1), server.person(2)
    ada.answer(ada.photo(file(ONE)))
    steps, begun = [], threading.Event()

    def best_code(inversion, goes_on):
        def heard(progress):
            steps.append(progress.step)
            begun.set()
            time.sleep(0.05)
            return goes_on(progress)

        return true_best_code(inversion, heard)

    monkeypatch.setattr(nearer, "MOST_STEPS", 100_000)
    monkeypatch.setattr(nearer, "best_code", best_code)
    said = ada.write("/invert")
    assert begun.wait(PATIENCE)
    waiting = ben.photo(file(ONE))
    assert server.wait(lambda: ben.shown)[0].text == "Your picture is number 2 in the queue."
    ada.answer(ada.write("/forget"))
    assert ben.answer(waiting).pictures  # long before it is over
    assert len(steps) < 100_000 and not [one for one in ada.shown if one.reply == said]
    assert running.fault is None


def test_an_inversion_that_cannot_be_made_says_why(server, start):
    running = start(invert_seconds=500.0)
    ada = server.person(7)
    ada.answer(ada.photo(file(ONE)))
    server.files.clear()  # it is no longer there
    assert "I have forgotten that picture" in ada.answer(ada.write("/invert")).text
    shown = ada.answer(ada.photo(file(ONE)))
    # A code of another network's, as only somebody who changes the program can bring about.
    other = FoundCode(1, torch.zeros(18, 512), 0.5)
    running.gate.change = lambda order: replace(order, codes=(other,))
    ada.press(shown, DRAWN)
    server.wait(lambda: any("not one for the network" in one.text for one in ada.shown))
    running.gate.change = lambda order: order
    changed(ada, shown, DRAWN)  # the next is answered


def test_a_style_half_and_whole(server, start):
    start()
    ada = server.person(7)
    shown = ada.answer(ada.photo(file(ONE)))
    ada.press(shown, shown.button("Style"))
    server.wait(lambda: any("Great wave" in label for label in shown.labels))
    changed(ada, shown, shown.button("Great wave"))
    assert shown.text == "One face. Great wave"
    whole = differ(seen(shown.pictures[-1]), ONE)
    ada.press(shown, shown.button("Great wave"))
    server.wait(lambda: "Half" in shown.labels)
    changed(ada, shown, shown.button("Half"))
    assert shown.text == "One face. Great wave 50 %" and 5 < differ(seen(shown.pictures[-1]), ONE) < whole


def test_the_rest_is_kept(server, start):
    running = start()
    ada = server.person(7)
    shown = ada.answer(ada.photo(file(ONE)))
    changed(ada, shown, f"{AMOUNT}:smile:2")
    changed(ada, shown, KEEP)
    assert shown.text == "One face. Smile +2 · the rest is kept" and "✓ Keep the rest" in shown.labels
    assert running.gate.orders[-1].amounts == (("smile", 2.0),)
    assert differ(seen(shown.pictures[-1]), seen(shown.pictures[-2])) > 0.05  # it has been steered against


def test_people_wait_in_a_queue_and_are_told_their_places(server, start):
    running = start(queue=3)
    ada, ben, cleo, dan = (server.person(number) for number in (1, 2, 3, 4))
    with closed(running):
        first = ada.photo(file(ONE))
        server.wait(lambda: running.gate.orders)
        second, third = ben.photo(file(ONE)), None
        told = server.wait(lambda: ben.shown)[0]
        assert told.text == "Your picture is number 2 in the queue."
        third = cleo.photo(file(ONE))
        assert server.wait(lambda: cleo.shown)[0].text == "Your picture is number 3 in the queue."
        assert "Too many people are waiting" in dan.answer(dan.photo(file(ONE))).text
        assert "One at a time" in ben.answer(ben.photo(file(ONE))).text
    for person, said in ((ada, first), (ben, second), (cleo, third)):
        assert person.answer(said).pictures
    assert [one.text for one in server.wait(lambda: len(server.gone) == 2 and server.gone)] == [
        "Your picture is number 2 in the queue.",
        "Your picture is number 2 in the queue.",  # cleo's, who had moved up
    ]


def test_nobody_gets_more_than_their_share(server, start):
    start(each=2)
    ada, ben = server.person(1), server.person(2)
    shown = ada.answer(ada.photo(file(ONE)))
    changed(ada, shown, f"{AMOUNT}:age:1")
    refused = ada.pressed(shown, f"{AMOUNT}:age:2")
    assert refused["text"].startswith("That was all for this hour: 2 answers") and refused["show_alert"] == "true"
    assert "60 minutes" in ada.answer(ada.photo(file(ONE))).text
    assert ben.answer(ben.photo(file(ONE))).pictures


def test_everybody_together_has_a_limit(server, start):
    start(all=1)
    ada, ben = server.person(1), server.person(2)
    assert ada.answer(ada.photo(file(ONE))).pictures
    assert "Everybody together" in ben.answer(ben.photo(file(ONE))).text


def test_a_chat_that_floods_is_told_once_and_others_are_served(server, start):
    start()
    ada, ben = server.person(1), server.person(2)
    for _ in range(200):
        ada.write("hello?")
    said = ben.photo(file(ONE))
    assert ben.answer(said).pictures
    server.wait(lambda: any("too fast" in one.text for one in ada.shown) and len(ada.shown) == 21)
    assert sum("too fast" in one.text for one in ada.shown) == 1


def test_made_up_presses_and_forgotten_pictures(server, start):
    start()
    ada, eve = server.person(1), server.person(2)
    shown = ada.answer(ada.photo(file(ONE)))
    for data in ("v:age:99", "v:nothing:1", "w:2", "p:../../etc", "h:7", "a:nothing", "zzz", "m:-1", "m:999999", "::::", "w:²"):
        assert not ada.pressed(shown, data).get("text")
    assert "forgotten that picture" in eve.pressed(shown, "v:age:1")["text"]  # another's message is nobody's
    ada.write("/forget")
    server.wait(lambda: not shown.buttons)
    assert "forgotten that picture" in ada.pressed(shown, "v:age:1")["text"]
    assert len(shown.pictures) == 1


def test_what_is_forgotten_while_it_is_made_is_not_sent(server, start):
    running = start()
    ada = server.person(1)
    with closed(running):
        said = ada.photo(file(ONE))
        server.wait(lambda: running.gate.orders)
        ada.answer(ada.write("/forget"))
    ben = server.person(2)
    assert ben.answer(ben.photo(file(ONE))).pictures
    assert not [one for one in ada.shown if one.reply == said]


def test_a_person_who_left_ends_nothing(server, start):
    start()
    ada, ben = server.person(1), server.person(2)
    server.faults["sendPhoto"] = [BLOCKED]
    ada.photo(file(ONE))
    assert ben.answer(ben.photo(file(ONE))).pictures


def test_words_are_the_persons_own(server, start):
    start(contact="the house")
    ada, udo, li = server.person(1), server.person(2, "de-AT"), server.person(3, "zh-hans")
    for person, word in ((ada, "Hello!"), (udo, "Hallo!"), (li, "Hello!")):
        person.write("/start")
        assert word in server.wait(lambda person=person: person.shown)[0].text
    udo.write("/privacy")
    assert "Fragen: the house" in server.wait(lambda: len(udo.shown) > 1 and udo.shown)[1].text
    shown = udo.answer(udo.photo(file(ONE)))
    assert shown.text == "Ein Gesicht. Wähl, was sich ändern soll." and "Lächeln" in shown.labels
    listed = [call.values for call in server.calls if call.method == "setMyCommands"]
    assert {one.get("language_code") for one in listed} == {None, "de"}


def test_in_a_group_nobody_is_shown(server, start):
    start()
    ada = server.person(1)
    group = {"id": -5, "type": "group", "title": "all of us"}
    ada._say({"photo": [{"file_id": "x", "file_unique_id": "x", "width": 9, "height": 9}]}, group)
    ada._say({"text": "/generate@facets_bot"}, group)
    server.wait(lambda: server.chats[-5])
    assert re.match("Write to me in a chat of our own", next(iter(server.chats[-5].values())).text)
    assert not server.count("sendPhoto")
