"""One show a folder, and a lock that a dead process does not hold."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from installation.operation.instance import LOCK, InstanceLock, OtherInstanceError, holder

ROOT = Path(__file__).resolve().parents[2]
HOLDS = """
import sys, time
from pathlib import Path
from installation.operation.instance import InstanceLock
InstanceLock(Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(600)
"""


def other(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_says_who_runs_and_a_killed_one_frees_it(tmp_path):
    process = other(tmp_path)
    try:
        assert holder(tmp_path) == process.pid
        with pytest.raises(OtherInstanceError, match=rf"process {process.pid} runs a show here already") as told:
            InstanceLock(tmp_path).take()
        assert (told.value.pid, told.value.exit_code) == (process.pid, 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert (tmp_path / LOCK).read_text() == f"{process.pid}\n"  # left behind, and it bars nobody
    assert holder(tmp_path) == 0
    with pytest.raises(OtherInstanceError, match=f"process {os.getpid()} "):
        lock = InstanceLock(tmp_path).take()
        assert lock.held and holder(tmp_path) == os.getpid()
        InstanceLock(tmp_path).take()
    lock.release()
    lock.release()
    InstanceLock(tmp_path).take().release()


def test_a_folder_where_no_file_can_be_made_is_locked_itself(tmp_path, monkeypatch):
    opened = os.open

    def read_only(path, how, *mode, **more):
        if how & (os.O_CREAT | os.O_RDWR):
            raise OSError(30, "Read-only file system")
        return opened(path, how, *mode, **more)

    monkeypatch.setattr(os, "open", read_only)
    lock = InstanceLock(tmp_path).take()
    assert lock.held and list(tmp_path.iterdir()) == []
    with pytest.raises(OtherInstanceError, match="another process runs a show here"):
        InstanceLock(tmp_path).take()
    lock.release()


def test_a_folder_that_is_none_stops_no_show(tmp_path):
    (tmp_path / "file").touch()
    assert not InstanceLock(tmp_path / "file" / "folder").take().held
    assert holder(tmp_path / "file") == 0


def test_garbage_in_the_lock_file_is_no_process(tmp_path):
    process = other(tmp_path)
    try:
        (tmp_path / LOCK).write_text("-1; rm\n")
        assert holder(tmp_path) == 0
        with pytest.raises(OtherInstanceError, match="another process"):
            InstanceLock(tmp_path).take()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
