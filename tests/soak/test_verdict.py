"""What a soak says of what it saw, and the page that it writes."""

import re
from dataclasses import replace
from xml.dom.minidom import parseString

import pytest

from installation.soak.page import as_csv, page
from installation.soak.plot import Line, plot
from installation.soak.samples import Sample, process_of
from installation.soak.soak import kept_value, whole
from installation.soak.troubles import Trouble
from installation.soak.verdict import Revival, Seen, verdict


def samples(hours=1.0, growth=0.0, **more):
    """A steady show; growth: MB an hour."""
    count = int(hours * 720)
    one = Sample(0.0, 77, 800.0, 30, 40, 30.0, 0.0333, 0.036, 0.041, 0.045, 0.0, 2, 0, 180.0)
    memory = [800 + growth * n / 720 for n in range(count)]
    return [replace(one, seconds=5.0 * n, memory_mb=memory[n], presented=150.0 * n, first=n < 12, **more) for n in range(count)]


GOOD = Seen(samples(), [Trouble("preset", 20.0, 0.2), Trouble("packets", 40.0, 1.5)], report={"first_portrait_s": 8.1})


def row(seen, what):
    (found,) = [one for one in verdict(seen) if one.what.startswith(what)]
    return found


def test_a_good_hour_holds_everything():
    assert {one.holds for one in verdict(GOOD)} == {True}
    assert row(GOOD, "the canvas stands").measured == "0.04 s" and row(GOOD, "the canvas is").measured.startswith("at 0 of 708 looks")


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (replace(GOOD, ended=-11), "the process ends"),
        (replace(GOOD, code=4), "its end"),
        (replace(GOOD, samples=[*samples(), replace(samples()[-1], gap=1.2)]), "the canvas stands"),
        (replace(GOOD, samples=[*samples(), replace(samples()[-1], brightest=3.0)]), "the canvas is"),
        (replace(GOOD, samples=samples(p99=0.08)), "time between"),
        (replace(GOOD, samples=samples(growth=12.0)), "growth"),
        (replace(GOOD, samples=[*samples(), *samples(threads=34)[:180]]), "threads"),
        (replace(GOOD, samples=[*samples(), *samples(files=60)[:180]]), "open files"),
        (replace(GOOD, troubles=[*GOOD.troubles, Trouble("requests", 60.0, None, "no pictures")]), "troubles"),
        (replace(GOOD, report={"first_portrait_s": 12.0}), "start to"),
        (replace(GOOD, report={"rehearsal": {"injected": 9, "recovered": 7, "longest_s": 3.0, "waiting": ""}}), "faults of the camera"),
        (replace(GOOD, report={"rehearsal": {"injected": 9, "recovered": 9, "longest_s": 30.0, "waiting": ""}}), "faults of the camera"),
        (replace(GOOD, revivals=[Revival(1.0, 9.0, True, True), Revival(2.0, None, False, True)]), "kill -9"),
        (replace(GOOD, revivals=[Revival(1.0, 9.0, False, True)]), "kill -9"),
        (replace(GOOD, revivals=[Revival(1.0, 9.0, True, True), Revival(2.0, None, False, False, in_start=True)]), "kill -9"),
        (replace(GOOD, samples=[]), "samples"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_one_thing_that_does_not_hold_is_said_and_nothing_else(seen, what):
    assert row(seen, what).holds is False
    assert [one.what for one in verdict(seen) if one.holds is False] == [row(seen, what).what]


def test_what_cannot_be_told_is_not_judged():
    short = replace(GOOD, samples=samples(0.2, growth=50.0))
    assert row(short, "growth").holds is None and "too short to judge" in row(short, "growth").measured
    assert row(replace(GOOD, troubles=[]), "troubles").holds is None
    going_on = {"injected": 9, "recovered": 8, "longest_s": 3.0, "waiting": "black"}
    assert row(replace(GOOD, report={"rehearsal": going_on}), "faults of").holds
    assert row(replace(GOOD, revivals=[Revival(1.0, 9.0, True, True), Revival(2.0, None, False, True, in_start=True)]), "kill").holds
    young = replace(GOOD, samples=[replace(samples()[0], gap=9.0), *samples()])  # its first minute
    assert row(young, "the canvas stands").holds
    assert row(replace(GOOD, samples=samples(brightest=None)), "the canvas is").holds is None  # closed, or a live camera


def test_memory_that_grows_and_stays_is_warm_up_and_no_leak():
    warming = [replace(one, memory_mb=800 + min(one.seconds, 400.0)) for one in samples()]
    assert row(replace(GOOD, samples=warming), "growth").holds


def test_the_page_says_it_all_in_one_file():
    seen = replace(GOOD, troubles=[*GOOD.troubles, Trouble("requests", 60.0, None, "no <pictures>")])
    text = page("A soak", "about & more", verdict(seen), seen)
    assert "DOES NOT HOLD" in text and "no &lt;pictures&gt;" in text and "about &amp; more" in text
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) == 6
    for drawing in drawings:
        parseString(drawing)
    assert not re.search(r"(?:src|href)=", text)


def test_a_plot_lies_within_its_frame():
    lines = [Line("a", [(0.0, -5.0), (50.0, 1e6), (100.0, 3.0)]), Line("b", [(0.0, 1.0)])]
    drawing = parseString(plot("<b>", "ms", lines, [30.0, 900.0], False))
    (line, other) = drawing.getElementsByTagName("polyline")
    points = [tuple(map(float, point.split(","))) for point in line.getAttribute("points").split()]
    assert all(0 <= x <= 720 and 0 <= y <= 200 for x, y in points) and points[1][1] < points[0][1]
    labels = [node.firstChild.data for node in drawing.getElementsByTagName("text")]
    assert labels[0] == "<b>" and "1:40" not in labels[1] and "a" in labels and "0:30" in labels
    parseString(plot("empty", "", [Line("nothing", [])]))
    parseString(plot("flat", "MB", [Line("flat", [(0.0, 812.0), (9.0, 812.0)])], from_zero=False))
    assert other.getAttribute("points")


def test_samples_as_a_table():
    lines = as_csv(samples(0.1)).splitlines()
    assert len(lines) == 73 and lines[0].startswith("seconds,pid,memory_mb,") and lines[1].startswith("0.0,77,800.0,30,40,30.0,")


def test_a_process_from_outside(tmp_path):
    import os

    memory, threads, files = process_of(os.getpid())
    assert memory > 10 and threads >= 1 and files >= 3
    assert process_of(1, tmp_path) is None


def test_files_of_a_show_that_was_killed(tmp_path):
    (tmp_path / "state.json").write_text('{"controls": {"look/grain": [0.3000001, 0.0]}}')
    assert whole(tmp_path) and kept_value(tmp_path / "state.json", "look/grain") == 0.3
    assert kept_value(tmp_path / "state.json", "look/zoom") is None and kept_value(tmp_path / "none", "look/zoom") is None
    (tmp_path / "state.json.broken").touch()
    assert not whole(tmp_path)
    (tmp_path / "state.json.broken").unlink()
    (tmp_path / "starts.json").write_text('{"early"')
    assert not whole(tmp_path)
