"""A rehearsal as a person starts it: everything happens to the camera, and the show goes on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_waiting_show import ROOT, program

pytestmark = pytest.mark.slow
SCRIPT = "unplug@1+3, freeze@8+5, black@18+5, corrupt@28+2, resize@32+2, slow@36+3, busy@42+2, asleep@48+4"
KINDS = ("asleep", "black", "busy", "corrupt", "freeze", "resize", "slow", "unplug")


def test_everything_happens_to_the_camera_and_the_picture_comes_back(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = program("--duration", "70", "--chaos", SCRIPT, "--report", str(report))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "a rehearsal: the camera fails on purpose" in done.stdout
    found = json.loads(report.read_text())
    seen = found["rehearsal"]
    assert (seen["injected"], seen["recovered"], seen["waiting"]) == (8, 8, "")
    assert seen["by_fault"] == dict.fromkeys(KINDS, 1)
    assert seen["longest_s"] <= 10.0
    assert f"rehearsal: 8 faults, 8 recovered, the longest in {seen['longest_s']:.1f} s" in done.stdout
    assert found["frames_skipped"] > 0 and found["frames_adapted"] > 0 and found["size_changes"] >= 2
    assert not [fault for fault in found["faults"] if ":" in fault and "rehearsal" not in fault]  # no worker stumbled over a picture


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
