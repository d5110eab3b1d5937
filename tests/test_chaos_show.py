"""A rehearsal as a person starts it: everything happens to the camera, and the show goes on."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.show_aside import show_aside
from installation.assembly.options import RunOptions
from installation.config import load_config
from tests.test_waiting_show import PLAIN, ROOT, program

pytestmark = pytest.mark.slow
SCRIPT = "unplug@1+3, freeze@8+5, black@18+5, corrupt@28+2, resize@32+2, slow@36+3, busy@42+2, asleep@48+4"
LONG = 600.0  # s; a machine that has nothing else to do takes one minute
KINDS = ("asleep", "black", "busy", "corrupt", "freeze", "resize", "slow", "unplug")


def test_everything_happens_to_the_camera_and_the_picture_comes_back() -> None:
    config = load_config(None, [*PLAIN, "canvas.mode=headless", "control.resume=false"])
    with show_aside(config, RunOptions(chaos=SCRIPT)) as show:
        deadline = time.monotonic() + LONG
        while (seen := show.report().rehearsal) is not None and seen.recovered < len(KINDS):
            assert time.monotonic() < deadline, f"after {LONG:.0f} s: {seen}"
            time.sleep(0.2)
    found = show.report()
    assert found.rehearsal is not None and found.rehearsal.by_fault == dict.fromkeys(KINDS, 1)
    assert found.rehearsal.waiting == "" and set(found.rehearsal.longest_by_fault) == set(KINDS)
    assert found.frames_skipped > 0 and found.frames_adapted > 0 and found.size_changes >= 2
    assert not [fault for fault in found.faults if re.match(r"(capture|perception|synthesis|style): \w+:", fault)]  # over no picture


def test_the_last_line_and_the_report_say_how_it_went(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = program("--duration", "6", "--chaos", "unplug@1+1", "--report", str(report))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "a rehearsal: the camera fails on purpose" in done.stdout
    seen = json.loads(report.read_text())["rehearsal"]
    assert f"rehearsal: {seen['injected']} faults, {seen['recovered']} recovered, the longest in {seen['longest_s']:.1f} s" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--chaos", "fire@3+1"), "'fire' is no fault of a camera; there is unplug,"),
        (("--chaos", "--as-fast-as-possible"), "a rehearsal measures seconds"),
    ],
)
def test_what_cannot_be_rehearsed_is_said_at_once(arguments: tuple[str, ...], said: str) -> None:
    command = [sys.executable, "run_installation.py", "--headless", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and said in done.stderr
