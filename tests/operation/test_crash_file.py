"""A crash of a library leaves word of where it was, and an orderly end leaves nothing."""

import signal
import subprocess
import sys
from pathlib import Path

from installation.operation.crash_file import KEPT, NAME, CrashFile

ROOT = Path(__file__).resolve().parents[2]
DIES = """
import ctypes, sys
from pathlib import Path
from installation.operation.crash_file import CrashFile
crash = CrashFile(Path(sys.argv[1]))
crash.open()
def a_driver_at_work():
    ctypes.string_at(0)
a_driver_at_work()
"""


def test_a_crash_is_written_down_and_kept(tmp_path):
    done = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in (tmp_path / NAME).read_text() and "a_driver_at_work" in (tmp_path / NAME).read_text()
    crash = CrashFile(tmp_path)
    assert crash.crashed
    crash.open()
    assert "a_driver_at_work" in (tmp_path / KEPT).read_text() and (tmp_path / NAME).read_bytes() == b""
    assert not CrashFile(tmp_path).crashed
    crash.close()
    crash.close()
    assert not (tmp_path / NAME).exists() and (tmp_path / KEPT).exists()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    crash = CrashFile(tmp_path / "file" / "folder")
    crash.open()
    assert not crash.crashed
    crash.close()
