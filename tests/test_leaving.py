"""How the process ends while threads are still at work."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUSY = """
import sys, threading, time
sys.path.insert(0, {root!r})
from run_installation import leave
if {busy}:
    threading.Thread(target=time.sleep, args=(600,), daemon={daemon}).start()
print("written", end="")
leave(3)
"""


@pytest.mark.parametrize(("busy", "daemon"), [(False, True), (True, True), (True, False)])
def test_the_exit_code_and_the_last_words_arrive(busy: bool, daemon: bool) -> None:
    script = BUSY.format(root=str(ROOT), busy=busy, daemon=daemon)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "written", "")
