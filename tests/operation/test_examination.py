"""The doctor beside a show: the real command, in a process of its own."""

import os
import time

import pytest

from installation.operation import examination
from installation.operation.examination import NICE, Examination


def waited(one: Examination, seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while one.seen.running:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_looks_behind_the_show_and_says_what_it_found(tmp_path, monkeypatch):
    """With a few looks alone: all of them open devices and take a minute."""
    put_behind, nice = examination._put_behind, []

    def look(process: int) -> None:
        put_behind(process)
        nice.append(os.getpriority(os.PRIO_PROCESS, process))

    monkeypatch.setattr(examination, "_put_behind", look)
    one = Examination(lambda: ["--set", "faces.max=3", "--only", "packages", "clock"])
    assert one.seen.finished is None and one.begin() and not one.begin()  # one look at a time
    waited(one)
    assert one.seen.fault == "" and one.seen.finished == pytest.approx(time.time(), abs=240)
    assert {row["subject"] for row in one.seen.findings} == {"configuration", "packages", "clock"}
    assert all(row["state"] in ("good", "note", "hand") for row in one.seen.findings)
    assert nice == [max(NICE, os.getpriority(os.PRIO_PROCESS, 0))]


def test_what_goes_wrong_is_said_and_the_last_findings_stay():
    words = [["--set", "faces.max=3", "--only", "packages"], ["--no-such-argument"]]
    one = Examination(lambda: words.pop(0))
    one.begin()
    waited(one)
    findings, finished = one.seen.findings, one.seen.finished
    assert findings
    one.begin()
    waited(one)
    assert "without an answer" in one.seen.fault and one.seen.findings == findings and one.seen.finished == finished


def test_the_end_of_the_show_ends_it():
    one = Examination(lambda: ["--quick"])
    one.begin()
    end = time.monotonic() + 60
    while one._process is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    one.close()
    waited(one, 60)
    assert one._process.poll() is not None and not one.begin()
