"""A soak of seconds, with the real program."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_safe_show import LONG, SMALL

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_short_soak_with_trouble_and_kills(tmp_path):
    words = ["--hours", "0.012", "--every", "6", "--look", "1", "--kills", "2", "--patience", str(LONG), "--out", str(tmp_path / "soak")]
    command = [sys.executable, "-m", "installation", "soak", *words, "--", *SMALL]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=6 * LONG, check=False)
    assert done.returncode in (0, 1), done.stderr
    text = (tmp_path / "soak" / "report.html").read_text()
    rows = {row[0]: row[3] for row in re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td><td class=\"(\w+)\">", text)}
    for what in ("the process ends", "its end, when it was asked to", "troubles from outside that it went on after", "kill -9, 2 times"):
        assert rows[what] == "yes", (what, done.stdout)  # how fast it was is another matter on a machine that is busy
    assert len((tmp_path / "soak" / "samples.csv").read_text().splitlines()) > 3
    assert json.loads((tmp_path / "soak" / "show" / "report.json").read_text())["frames_presented"] > 0
    again = subprocess.run([*command[:4], "--hours", "0"], cwd=ROOT, capture_output=True, text=True, timeout=LONG, check=False)
    assert again.returncode == 2 and "must be above 0" in again.stderr
