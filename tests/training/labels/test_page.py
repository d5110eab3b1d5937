"""The page on which a person corrects labels, in a real browser and from outside."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from installation.commands.drawings import main as draw
from installation.training.labels.command import main
from installation.training.labels.table import PERSON, read_labels
from tests.control.web.small_show import chromium, needs_chromium, screen, wait

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A folder of three drawings, their labels, and the address of a page that runs."""
    folder = tmp_path_factory.mktemp("page")
    draw(["--out", str(folder / "d"), "--count", "3"])
    out = folder / "labels.csv"
    main([str(folder / "d"), "--out", str(out)])
    command = [sys.executable, "-m", "installation", "labels", str(folder / "d"), "--out", str(out), "--page", "--port", "0"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = next(line for line in running.stdout if "http://" in line)
    yield out, next(word for word in line.split() if word.startswith("http://"))
    running.terminate()
    running.wait(60)


def asked(url: str, data: object = None, **headers: str) -> bytes:
    body = None if data is None else json.dumps(data).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json", **headers}), timeout=60) as answer:
        return answer.read()


def refused(*arguments, **headers: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as said:
        asked(*arguments, **headers)
    return said.value.code


def test_nobody_else_gets_in_and_nothing_wrong_is_kept(labelled):
    out, url = labelled
    before = out.read_text()
    assert refused(url.replace(url.rstrip("/").rpartition("/")[2], "guess")) == 404
    assert refused(url, None, Host="attacker.example") == 403
    assert refused(f"{url}picture/99/plain") == 404
    one = read_labels(out)[0]
    for wrong in (
        {"file": "../x.png", "names": list(one.names)},
        {"file": one.file, "names": ["a", "b", "c"]},
        {"file": one.file, "names": []},
        [1],
    ):
        assert refused(f"{url}label", wrong) == 400
    assert out.read_text() == before


@needs_chromium
def test_a_person_corrects_with_keys(labelled, tmp_path):
    out, url = labelled
    with chromium(tmp_path) as browser:
        screen(browser, 1280, 800, False)
        browser.get(url)
        first = wait(browser, "return document.querySelector('#where').textContent").split(": ")[1]
        wait(browser, "return document.querySelector('#picture').naturalWidth === 512")
        keys = browser.switch_to.active_element.send_keys
        keys("9")  # pink
        wait(browser, "return document.querySelector('#done').textContent.startsWith('1 ')")
        keys("2")  # the next row is marked: medium
        wait(browser, "return document.querySelectorAll('fieldset')[1].querySelector('[aria-pressed=true]').dataset.word === 'medium'")
        keys("u")
        keys("m")
        wait(browser, "return document.querySelector('#picture').src.endsWith('mask')")
        keys("\ue007")  # Enter
        second = wait(browser, "const t = document.querySelector('#where').textContent; return t.startsWith('2 of 3') && t").split(": ")[1]
        for width, height, touch in ((1280, 800, False), (390, 844, True), (844, 390, True), (360, 740, True)):
            screen(browser, width, height, touch)
            assert not browser.execute_script("return document.documentElement.scrollWidth > innerWidth")
        browser.save_screenshot(str(tmp_path / "page.png"))
        severe = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
        assert not severe
    rows = {one.file: one for one in read_labels(out)}
    assert rows[first].by == PERSON and rows[first].names[0] == "pink" and rows[second].by != PERSON
