"""On paper: what the page looks like, and what reaches a queue. The queue is a script that is called ``lp``."""

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.takeaways.kept import new_secret
from installation.takeaways.maker import write_still
from installation.takeaways.printing import DPI, LINE, PAPER, SHEETS, Printer, layout
from installation.takeaways.shelf import Limits, Shelf

LP = """#!{python}
import json, sys
page = sys.stdin.buffer.read()
answer = open({answer!r}).read()
if answer:
    print(answer, file=sys.stderr)
    sys.exit(1)
open({job!r}, "wb").write(page)
open({told!r}, "a").write(json.dumps(sys.argv[1:]) + "\\n")
"""


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """What the queue was told, and its folder: a sentence in ``answer`` is why it refuses."""
    folder = tmp_path / "queue"
    folder.mkdir()
    (folder / "answer").write_text("")
    script = folder / "lp"
    names = {name: str(folder / name) for name in ("answer", "job", "told")}
    script.write_text(LP.format(python=sys.executable, **names))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path / "shelf", Limits(600.0, 600.0, 40, 1 << 30), pytest.fail)
    yield made
    made.close()


def picture(width=1280, height=720):
    y, x = np.mgrid[:height, :width]
    return np.stack([x % 256, y % 256, np.full_like(x, 120)], axis=2).astype(np.uint8)


def test_a_print_goes_to_the_queue_with_its_paper_and_no_more_often_than_it_may(shelf, queue):
    faults = []
    kept = shelf.add(new_secret(), lambda folder: write_still(picture(), folder))
    printer = Printer(shelf, "photos", SHEETS["4x6"], "The house", 1, faults.append)
    assert printer.may(kept) and printer.print(kept)
    (told,) = [json.loads(line) for line in (queue / "told").read_text().splitlines()]
    assert told[told.index("-d") + 1] == "photos" and "media=na_index-4x6_4x6in" in told and told[-1] == "-"
    page = Pillow.open(io.BytesIO((queue / "job").read_bytes()))
    assert page.size == (1800, 1200) and page.info["dpi"] == (DPI, DPI)
    assert not printer.print(kept)  # a page that was left open asks with what it knew
    assert len((queue / "told").read_text().splitlines()) == 1 and faults == []


def test_a_queue_that_refuses_is_told_to_the_operator_and_counts_for_nothing(shelf, queue):
    faults = []
    (queue / "answer").write_text("lp: The printer or class does not exist.")
    kept = shelf.add(new_secret(), lambda folder: write_still(picture(), folder))
    printer = Printer(shelf, "photos", SHEETS["a6"], "", 1, faults.append)
    assert not printer.print(kept)
    assert faults == ["takeaways.printer: photos: lp: The printer or class does not exist."]
    (queue / "answer").write_text("")
    assert printer.print(kept)


def test_without_lp_it_says_what_to_install(shelf, monkeypatch):
    faults = []
    monkeypatch.setenv("PATH", "/nowhere")
    kept = shelf.add(new_secret(), lambda folder: write_still(picture(), folder))
    assert not Printer(shelf, "photos", SHEETS["a6"], "", 1, faults.append).print(kept)
    assert "cups-client" in faults[0]


def test_a_caption_is_printed_in_its_own_letters():
    one, other = (layout(Pillow.fromarray(picture(60, 40)), SHEETS["a6"], text) for text in ("\u8bf7\u8d70\u8fd1", "\u8fd1\u8d70\u8bf7"))
    assert (np.asarray(one) != np.asarray(other)).any()  # boxes would all be the same


LONG = "A very long name of a very old house beside the river, with its opening hours and its street"


@pytest.mark.parametrize(
    ("sheet", "size", "caption"),
    [("4x6", (1280, 720), LONG), ("4x6", (720, 1280), ""), ("a6", (800, 800), "Facets"), ("a5", (1280, 720), "")],
)
def test_the_picture_is_whole_in_its_frame_on_every_sheet(sheet, size, caption):
    page = layout(Pillow.fromarray(np.full((size[1], size[0], 3), 200, np.uint8)), SHEETS[sheet], caption)
    across, down = sorted((SHEETS[sheet].width, SHEETS[sheet].height), reverse=size[0] > size[1])
    assert page.size == (round(across / 25.4 * DPI), round(down / 25.4 * DPI))
    pixels = np.asarray(page).astype(int)
    inside = np.argwhere(np.abs(pixels - 200).max(axis=2) <= 2)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0)
    assert abs((right - left + 1) / (bottom - top + 1) - size[0] / size[1]) < 0.02
    framed = np.argwhere((pixels == LINE).all(axis=2))
    assert (framed.min(axis=0) < (top, left)).all() and (framed.max(axis=0) > (bottom, right)).all()
    rim = np.concatenate([one.reshape(-1, 3) for one in (pixels[:10], pixels[-10:], pixels[:, :10], pixels[:, -10:])])
    assert (rim == PAPER).all()  # printers cannot print there
    below = pixels[framed.max(axis=0)[0] + 4 :]
    assert bool((np.abs(below - PAPER).max(axis=2) > 60).any()) is bool(caption)
