"""Grids in the panel: a click takes a face into the mirror, and nothing but faces of grids is given out."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from installation.__main__ import main
from installation.assembly.guests import taker
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.grids import FACE, FORMAT, MOST_BYTES, MOST_NAMES, GridPages, GuestDoor, description
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.models.guests import GuestBook
from tests.control.web.conftest import SEEN, control_config
from tests.control.web.small_show import chromium, needs_chromium, until, wait

SMALL = Path(__file__).resolve().parents[2] / "data" / "parity" / "nvlabs_64_small.pkl"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("show") / "grids"
    place.mkdir()
    words = ["--rows", "1-2", "--columns", "3-5", "--psi", "1", "--generator", SMALL, "--page", place / "two <worlds>"]
    assert main(["grid", *map(str, words)]) == 0
    return place


@pytest.fixture
def show(folder):
    state, book = ControlState(parameter_table([], [])), GuestBook(torch.zeros(10, 64), lambda picture: None, background=False)
    models = SimpleNamespace(latent_avg=torch.zeros(10, 64), detail=None)
    panel = WebPanel(state, control_config(), lambda: SEEN, Preview(), guests=GuestDoor(folder, taker(models, book)))
    panel.start()
    yield SimpleNamespace(state=state, book=book, panel=panel, folder=folder)
    panel.stop()


def ask(show, path, method="GET", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{show.panel.port}/panel/grids{path}", method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


NAME = "two%20%3Cworlds%3E"


def test_a_click_makes_a_guest(show):
    assert json.loads(ask(show, "/list")) == ["two <worlds>"]
    assert json.loads(ask(show, f"/{NAME}/grid.json"))["columns"] == ["seed 3", "seed 4", "seed 5"]
    assert ask(show, f"/{NAME}/r2-c3.jpg").startswith(b"\xff\xd8")
    assert json.loads(ask(show, f"/{NAME}/r2-c3", "POST")) == {"guest": "taken-1"}
    assert show.state.target("identity/guest") == "taken-1" and show.state.target("identity/morph") == 1.0
    first = show.book("taken-1").ws
    show.state.set("identity/morph", 0.4)
    assert json.loads(ask(show, f"/{NAME}/row-1", "POST")) == {"guest": "taken-2"}  # another name: the one melts into the other
    assert show.state.target("identity/guest") == "taken-2" and show.state.target("identity/morph") == 0.4
    assert not torch.equal(first, show.book("taken-2").ws)
    ask(show, "/none", "DELETE")
    assert show.state.target("identity/guest") == "none" and show.state.target("identity/morph") == 0.0


@pytest.mark.parametrize(
    "path", ["/none-such/grid.json", f"/{NAME}/grid.jpg", f"/{NAME}/..%2F..%2Fx.jpg", "/..%2Fgrids/grid.json", f"/{NAME}/r9-c9.jpg"]
)
def test_what_is_no_face_is_not_given(show, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(show, path)
    assert refused.value.code in (400, 404)


def test_a_code_that_does_not_fit_is_told(show):
    np.savez(show.folder / "two <worlds>" / "r1-c3.npz", ws=np.zeros((18, 512), np.float32))
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(show, f"/{NAME}/r1-c3", "POST")
    assert refused.value.code == 409 and "18x512" in json.loads(refused.value.read())["fault"]
    assert show.state.target("identity/guest") == "none"


def described(place, **told):
    """What is read of a grid that says this of itself, beside what every one says."""
    place.mkdir(exist_ok=True)
    (place / "grid.json").write_text(json.dumps({"format": FORMAT, "rows": ["a"], "columns": ["b", "c"], **told}))
    return description(place / "grid.json")


def test_what_a_grid_says_of_itself_is_shown_in_short(tmp_path):
    told = described(tmp_path / "one", title="t" * 300, weights=3, rows=["r" * 150, 7], other="secret")
    assert told == {"title": "t" * 200, "weights": "3", "space": "", "generator": "", "rows": ["r" * 100, "7"], "columns": ["b", "c"]}
    assert described(tmp_path / "one", rows=["a"] * MOST_NAMES)["rows"] == ["a"] * MOST_NAMES
    for wrong in ({"rows": ["a"] * (MOST_NAMES + 1)}, {"columns": []}, {"rows": "abc"}, {"columns": None}, {"format": "other"}):
        assert described(tmp_path / "one", **wrong) is None
    text = json.dumps({"format": FORMAT, "rows": ["a"], "columns": ["b"]})
    (tmp_path / "one" / "grid.json").write_text(text + " " * (MOST_BYTES - len(text)))
    assert description(tmp_path / "one" / "grid.json") is not None
    (tmp_path / "one" / "grid.json").write_text(text + " " * (MOST_BYTES - len(text) + 1))
    assert description(tmp_path / "one" / "grid.json") is None and description(tmp_path / "none" / "grid.json") is None


def test_the_newest_grids_come_first_and_those_that_cannot_be_named_do_not_come(tmp_path, monkeypatch):
    monkeypatch.setattr("installation.control.web.grids.MOST_GRIDS", 3)
    for age, name in enumerate(("n" * 101, "new", "middle", "n" * 100, ".hidden", "old")):
        described(tmp_path / name)
        os.utime(tmp_path / name / "grid.json", (1e9 - age, 1e9 - age))
    pages = GridPages(ControlState(parameter_table([], [])), GuestDoor(tmp_path, pytest.fail))
    assert pages._names() == ["new", "middle", "n" * 100]
    (tmp_path / "middle" / "grid.json").write_text("{}")
    os.utime(tmp_path / "middle" / "grid.json", (2e9, 2e9))
    assert pages._names() == ["new", "n" * 100]
    assert GridPages(ControlState(parameter_table([], [])), None)._names() == []
    assert GridPages(ControlState(parameter_table([], [])), GuestDoor(tmp_path / "none", pytest.fail))._names() == []


@pytest.mark.parametrize("face", ["row-1", "column-9999", "r1-c1", "r9999-c9999"])
def test_a_face_is_named_by_its_place(face):
    assert FACE.fullmatch(face) and not FACE.fullmatch(face + "0" * 4) and not FACE.fullmatch(face.replace("r", "x", 1) + "x")


def test_another_page_takes_nobody(show):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(show, f"/{NAME}/row-1", "POST", Origin="http://elsewhere.example")
    assert refused.value.code == 403 and show.state.target("identity/guest") == "none"


def test_a_description_that_is_none_is_left_alone(show):
    broken = show.folder / "broken"
    broken.mkdir()
    for text in ("", "[]", '{"format": "facets-grid", "rows": [], "columns": [1]}', "{" * 5000):
        (broken / "grid.json").write_text(text)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(show, "/broken/grid.json")
        assert json.loads(ask(show, "/list")) == ["two <worlds>"]


@needs_chromium
def test_in_a_browser_a_face_is_taken(show, tmp_path):
    with chromium(tmp_path / "profile") as browser:
        browser.get(f"http://127.0.0.1:{show.panel.port}/panel/grids")
        wait(browser, "return document.body.classList.contains('ready')")
        wait(browser, "return document.querySelectorAll('.face').length === 11")
        browser.execute_script("document.querySelectorAll('tbody .face')[2].click()")
        wait(browser, "return document.querySelector('#said').textContent.includes('is in the mirror')")
        until(lambda: show.state.target("identity/guest") == "taken-1")
        browser.execute_script("document.querySelector('#home').click()")
        until(lambda: show.state.target("identity/guest") == "none")
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
