"""Longer looks at faces: in a process of their own, one at a time, for whoever waits, and with nothing left of them."""

import os
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.control.web.studio_desk import StudioError
from installation.faces.ffhq import crop_to_original, quad_from_landmarks
from installation.stages.align import align_image
from installation.studio.atelier import Atelier
from installation.studio.code_file import read_code
from installation.studio.search_process import searched
from installation.studio.search_talk import Messages, Request, message, read_request
from installation.studio.searching import MOST_WAITING, Search, Searcher
from tests.control.web.small_show import until
from tests.studio.conftest import change, decoded, encoded, two

FAR = 300.0  # s that a process may take on a busy machine


def request(seconds=1.0, side=64):
    square = np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)
    return Request(Path("g"), "k", None, Path("n"), seconds, square, np.ones((2, 3), np.float32), None)


BEGIN = """
import sys, time
from installation.studio.search_talk import message, read_request
read_request(sys.stdin.buffer)
line = sys.stdin.buffer.readline
def said(words, data=b""):
    sys.stdout.buffer.write(message(words, data))
    sys.stdout.buffer.flush()
"""


def script(*lines):
    """A process that speaks as the real one does. said(words, data): a message; line(): what it is told next."""
    return (sys.executable, "-c", BEGIN + "\n".join(lines))


LOOKS = "said({'share': 0.25}, b'picture')"
FINDS = "said({'found': {'before': 2.0, 'after': 1.0, 'steps': 3, 'settled': True}}, b'code')"


def search(visit="a", wanted=lambda: True, kept=None, seconds=1.0):
    return Search(visit, 1, request(seconds), wanted, (lambda code: 1) if kept is None else lambda code: kept.append(code) or len(kept))


@pytest.fixture
def searching():
    made = []

    def of(*lines, **options):
        made.append(Searcher(script(*lines), **options))
        return made[-1]

    yield of
    for one in made:
        one.close()


def state(searcher, visit="a"):
    return searcher.look(visit)["state"]


def test_a_request_arrives_as_it_was_sent_and_half_of_one_is_none():
    sent = request()
    got = read_request(BytesIO(sent.packed()))
    assert (got.generator, got.key, got.encoder, got.nets, got.seconds) == (Path("g"), "k", None, Path("n"), 1.0)
    assert np.array_equal(got.square, sent.square) and np.array_equal(got.start, sent.start) and got.detail is None
    with pytest.raises(EOFError):
        read_request(BytesIO(sent.packed()[:-1]))


def test_messages_come_whole_in_whatever_parts():
    data = message({"a": 1}, b"xyz") + message({"b": 2})
    messages, got = Messages(), []
    for k in range(len(data)):
        got += messages.take(data[k : k + 1])
    assert got == [({"a": 1}, b"xyz"), ({"b": 2}, b"")]


def test_what_was_found_is_kept_and_told(searching):
    kept = []
    searcher = searching(LOOKS, "time.sleep(0.5)", FINDS)
    assert searcher.put(search(kept=kept))["state"] == "waiting"
    until(lambda: state(searcher) == "looking", FAR)
    assert searcher.look("a")["share"] == 0.25 and searcher.picture("a") == b"picture"
    until(lambda: state(searcher) == "found", FAR)
    told = searcher.look("a")
    assert kept == [b"code"] and told["code"] == 1 and told["gain"] == 0.5 and told["settled"]


def test_a_code_that_gains_nothing_is_not_taken(searching):
    kept = []
    searcher = searching("said({'found': {'before': 2.0, 'after': 1.999, 'steps': 3, 'settled': True}}, b'code')")
    searcher.put(search(kept=kept))
    until(lambda: state(searcher) == "nothing", FAR)
    assert kept == [] and searcher.look("a")["code"] is None


def test_one_at_a_time_and_the_others_know_their_place(searching):
    searcher = searching(LOOKS, "line()", FINDS)
    for name in "abc":
        searcher.put(search(name))
    until(lambda: state(searcher) == "looking", FAR)
    assert [searcher.look(name)["before"] for name in "abc"] == [0, 1, 2]
    assert state(searcher, "b") == state(searcher, "c") == "waiting"
    searcher.cancel("b")
    assert searcher.look("c")["before"] == 1 and state(searcher, "b") == "cancelled"
    searcher.enough("a")
    until(lambda: state(searcher) == "found", FAR)
    until(lambda: state(searcher, "c") == "looking", FAR)


def test_a_visit_has_one_at_a_time_and_not_everybody_can_wait(searching):
    searcher = searching(LOOKS, "line()")
    searcher.put(search("a"))
    with pytest.raises(StudioError) as told:
        searcher.put(search("a"))
    assert told.value.status == 409
    for k in range(MOST_WAITING):
        searcher.put(search(f"b{k}"))
    with pytest.raises(StudioError) as told:
        searcher.put(search("c"))
    assert told.value.status == 503


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def running(searcher):
    until(lambda: searcher._process is not None, FAR)
    return searcher._process.pid


def test_whoever_cancels_leaves_or_stops_asking_ends_the_process(searching):
    for end in (lambda s: s.cancel("a"), lambda s: s.forget("a"), lambda s: s.close()):
        searcher = searching(LOOKS, "line()")
        searcher.put(search())
        pid = running(searcher)
        end(searcher)
        until(lambda pid=pid: gone(pid), FAR)
    searcher = searching(LOOKS, "line()", unwatched=1.0)
    searcher.put(search())
    pid = running(searcher)
    until(lambda: gone(pid), FAR)
    until(lambda: searcher._thread is None, FAR)
    assert not searcher._queue


def test_a_visit_that_is_not_kept_any_more_is_not_looked_at(searching):
    there = [True]
    searcher = searching(LOOKS, "line()", unwatched=600.0)
    searcher.put(search(wanted=lambda: there[0]))
    pid = running(searcher)
    there[0] = False
    until(lambda: gone(pid), FAR)


def test_what_goes_wrong_is_told(searching):
    for lines, word in ((["said({'fault': 'it is broken.'})"], "broken"), (["said({'mishap': 'X'})"], "log"), (["sys.exit(1)"], "memory")):
        searcher = searching(*lines)
        searcher.put(search())
        until(lambda searcher=searcher: state(searcher) == "failed", FAR)
        assert word in searcher.look("a")["why"]
    searcher = Searcher(("/nowhere/at/all",))
    searcher.put(search())
    until(lambda: state(searcher) == "failed", FAR)
    searcher.put(search())  # and it may be asked for again
    searcher.close()


def test_it_goes_behind_everything(searching):
    searcher = searching("import os", "said({'fault': str(os.nice(0)) + os.environ['OMP_NUM_THREADS']})")
    searcher.put(search())
    until(lambda: state(searcher) == "failed", FAR)
    assert searcher.look("a")["why"] == "191"


# ---- the real one --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def visit(atelier):
    return atelier.take_photograph(encoded(two()), "two.png").result(FAR)


def settled(atelier, id):
    until(lambda: atelier.search_seen(id)["state"] not in ("waiting", "starting", "looking"), FAR)
    return atelier.search_seen(id)


def wish(code=0, **more):
    return {"faces": {"1": {"identity/glass": 0.0}}, "portrait": 1, **({"codes": {"1": code}} if code else {}), **more}


@pytest.fixture(scope="module")
def found(atelier, visit):
    atelier.search(visit["id"], 1, 10, {}).result(FAR)
    return settled(atelier, visit["id"])


def square(atelier, visit, side=128):
    face = atelier._visits.get(visit["id"]).people[0].face
    return align_image(two(), crop_to_original(quad_from_landmarks(face.landmarks), side), side)


def test_a_longer_look_finds_a_code_that_is_nearer_and_undo_has_the_old_one(atelier, visit, found):
    assert found["state"] == "found", found
    assert found["code"] == 1 and 0.005 < found["gain"] < 1 and found["pictures"] >= 1 and found["share"] == 1.0
    id = visit["id"]
    before, after = (decoded(atelier.code_seen(id, 1, code).result(FAR)) for code in (0, 1))
    target = square(atelier, visit, before.shape[0])
    assert change(before, target) - change(after, target) > 0.2
    first, second = decoded(atelier.drawn(id, wish()).result(FAR)), decoded(atelier.drawn(id, wish(1)).result(FAR))
    assert change(first, second) > 0.5  # what is edited is drawn from it, too
    assert change(first, decoded(atelier.drawn(id, wish()).result(FAR))) == 0
    with pytest.raises(StudioError):
        atelier.drawn(id, wish(9)).result(FAR)


def test_the_file_of_code_and_edits_holds_what_was_found_and_gives_it_back(atelier, visit, found, workshop):
    data = atelier.code_file(visit["id"], 1, wish(1)).result(FAR)
    plain = atelier.code_file(visit["id"], 1, wish()).result(FAR)
    models, key = workshop[1].models, workshop[1].generator
    code, encoders = read_code(data, "a", models, key), read_code(plain, "a", models, key)
    kept = atelier._visits.get(visit["id"])
    assert code.searched and not encoders.searched
    assert torch.equal(code.encoded.ws, kept.found[1][0]) and torch.equal(encoders.encoded.ws, kept.met[1].ws)
    alone = atelier.take_code(data, "a.npz").result(FAR)
    assert alone["searched"] and change(
        decoded(atelier.code_seen(alone["id"], 1).result(FAR)), decoded(atelier.code_seen(visit["id"], 1, 1).result(FAR))
    ) < 1
    with pytest.raises(StudioError, match="bring the photograph"):
        atelier.search(alone["id"], 1, 2, {}).result(FAR)
    again = atelier.take_photograph(encoded(two()), "two.png").result(FAR)
    assert atelier.adopt(again["id"], alone["id"], 1).result(FAR)["codes"] == {"1": [1]}
    assert torch.equal(atelier._visits.get(again["id"]).found[1][0], code.encoded.ws)
    assert atelier.adopt(again["id"], visit["id"], 1).result(FAR)["codes"] == {"1": [2]}
    other = atelier.take_sample(1).result(FAR)
    with pytest.raises(StudioError):
        atelier.adopt(other["id"], visit["id"], 1).result(FAR)
    for one in (alone, again, other):
        atelier.forget(one["id"])


def test_it_ends_with_its_page_and_leaves_nothing_on_the_disk(atelier, visit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    mine = atelier.take_photograph(encoded(two()), "mine.png").result(FAR)
    atelier.search(mine["id"], 1, 60, {}).result(FAR)
    pid = running(atelier._searcher)
    until(lambda: atelier.search_seen(mine["id"])["state"] == "looking", FAR)
    files = os.listdir(f"/proc/{pid}/fd")
    held = [os.readlink(f"/proc/{pid}/fd/{one}") for one in files if os.path.exists(f"/proc/{pid}/fd/{one}")]
    assert not [one for one in held if one.startswith("/") and not one.startswith("/dev/")], held
    atelier.forget(mine["id"])
    until(lambda: gone(pid), FAR)
    with pytest.raises(StudioError):
        atelier.search_seen(mine["id"])
    assert list(tmp_path.iterdir()) == []


def test_a_show_that_is_killed_takes_it_along(workshop):
    models = workshop[1].models
    asked = Request(
        models.generator_path, workshop[1].generator, models.encoder_path, Path("none"), 60.0, np.zeros((64, 64, 3), np.uint8),
        models.latent_avg.numpy(), None,
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "installation.studio.search_process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdin.write(asked.packed())
    process.stdin.flush()
    process.stdout.read(8)  # it is at work
    process.stdin.close()  # as the system does when whoever held it is gone
    try:
        assert process.wait(FAR) == 1
    finally:
        process.kill()
        process.stdout.close()


def told(workshop, monkeypatch, **more):
    models = workshop[1].models
    picture = np.full((64, 64, 3), 90, np.uint8)
    given = {"generator": models.generator_path, "key": workshop[1].generator, "encoder": models.encoder_path, "nets": Path("none"),
             "seconds": 1.0, "square": picture, "start": models.latent_avg.numpy().copy(), "detail": None, **more}  # fmt: skip
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    return Request(**given)


def test_the_best_code_is_given_and_enough_is_enough(workshop, monkeypatch):
    asked, shares = told(workshop, monkeypatch, seconds=60.0), []
    began = time.monotonic()
    got = searched(asked, lambda share, picture: shares.append(share), lambda: len(shares) >= 2)
    assert got.after < got.before and not got.settled and len(shares) == 2 and time.monotonic() - began < 60
    assert len(got.code) == asked.start.nbytes and got.code != asked.start.tobytes()


def test_it_stops_where_it_no_longer_gains(workshop, monkeypatch):
    from installation.inversion import phase

    monkeypatch.setattr(phase, "PATIENCE", 2)
    monkeypatch.setattr(phase, "LEAST_GAIN", 0.9)  # no step gains so much
    got = searched(told(workshop, monkeypatch, seconds=600.0), lambda share, picture: None, lambda: False)
    assert got.settled and got.steps <= 4


def test_a_generator_that_was_changed_meanwhile_is_not_used(workshop, monkeypatch):
    from installation.errors import WeightsError

    with pytest.raises(WeightsError, match="start it again"):
        searched(told(workshop, monkeypatch, key="another"), lambda share, picture: None, lambda: False)


def test_networks_for_further_terms_that_are_broken_are_done_without(workshop, monkeypatch, tmp_path):
    for name in ("darknet-tiny-imagenet.safetensors", "mobilefacenet.onnx"):
        (tmp_path / name).write_bytes(b"no network")
    got = searched(told(workshop, monkeypatch, nets=tmp_path), lambda share, picture: None, lambda: True)
    assert got.steps == 1


def test_without_a_generator_that_can_be_looked_into_the_page_says_why(workshop):
    from dataclasses import replace

    config, offer, networks = workshop
    bare = replace(offer, models=replace(offer.models, generator_path=None))
    made = Atelier(config, bare)
    made.use(networks, None)
    try:
        assert "engine alone" in made.desk()["longer"]["why"] and not Atelier(config, offer).desk()["longer"]["why"]
        mine = made.take_photograph(encoded(two()), "mine.png").result(FAR)
        with pytest.raises(StudioError, match="engine alone"):
            made.search(mine["id"], 1, 2, {}).result(FAR)
        with pytest.raises(StudioError):
            made.search(mine["id"], 1, 3, {})
    finally:
        made.close()


def test_threads_do_not_come_between(searching):
    """Many at once ask, cancel and leave; in the end nothing is under way."""
    searcher = searching(LOOKS, FINDS)

    def one(name):
        for _ in range(3):
            try:
                searcher.put(search(name))
                searcher.look(name)
                searcher.cancel(name)
            except StudioError:
                continue
        searcher.forget(name)

    threads = [threading.Thread(target=one, args=(f"v{k}",)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: searcher._thread is None, FAR)
    assert not searcher._queue and searcher._process is None
