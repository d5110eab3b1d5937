"""The doctor's page while a show runs: looked over in a process of its own, behind everything else, and read when it is done."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LONGEST_SECONDS = 1200.0  # that it may take
NICE = 10  # of the process that looks; the show's loops have 0 and less
MOST_BYTES = 1 << 20  # of its answer


@dataclass(frozen=True, slots=True)
class Examined:
    """How it stands. running: a look is under way; thorough: and it takes sums and speeds too; finished: s since 1970, of the last whole
    look, None before the first; findings: its rows, each with subject, state (good, note or hand), text and todo; fault: why there are
    none, "" for nothing."""

    running: bool = False
    thorough: bool = False
    finished: float | None = None
    findings: tuple[Mapping[str, str], ...] = ()
    fault: str = ""


class Examination:
    """One look at a time; who asks meanwhile is shown that one. arguments: of ``doctor``, so that it sees this show's configuration, asked
    for at each look."""

    def __init__(self, arguments: Callable[[], Sequence[str]]) -> None:
        self._arguments = arguments
        self._lock = threading.Lock()
        self._seen = Examined()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def seen(self) -> Examined:
        """How it stands. Any thread."""
        return self._seen

    def begin(self, thorough: bool = False) -> bool:
        """Look the machine over; False where that is under way already. thorough: sums of the files and the speed of the engines too, which
        take memory and minutes."""
        with self._lock:
            if self._seen.running or self._closed:
                return False
            self._seen = Examined(True, thorough, self._seen.finished, self._seen.findings)
        threading.Thread(target=self._run, args=(thorough,), name="doctor", daemon=True).start()
        return True

    def close(self) -> None:
        """End a look that is under way."""
        with self._lock:
            self._closed, process = True, self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)  # the processes that it started for single looks too

    def _run(self, thorough: bool) -> None:
        try:
            findings, fault = self._asked(thorough), ""
        except (OSError, ValueError, subprocess.SubprocessError) as err:
            findings, fault = (), f"the machine could not be looked over: {err}"
        finished = time.time() if not fault else self._seen.finished
        self._seen = Examined(False, thorough, finished, findings or self._seen.findings, fault)

    def _asked(self, thorough: bool) -> tuple[Mapping[str, str], ...]:
        """Raises OSError, ValueError, SubprocessError."""
        words = [sys.executable, "-m", "installation", "doctor", "--json", *([] if thorough else ["--quick"]), *self._arguments()]
        with self._lock:
            if self._closed:
                raise ValueError("the show ends")
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            environment.pop("NOTIFY_SOCKET", None)  # it is no part of the show for whoever watches over that
            self._process = process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, env=environment
            )
        _put_behind(process.pid)
        try:
            answer, _ = process.communicate(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        if len(answer) > MOST_BYTES:
            raise ValueError("it says too much")
        return _rows(answer)


def _put_behind(process: int) -> None:
    """It goes behind the show, and so does everything that it starts; not so far that its looks take longer than they may."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, NICE)


def _rows(answer: bytes) -> tuple[Mapping[str, str], ...]:
    """Raises ValueError."""
    told = json.loads(answer or b"null")
    if not isinstance(told, dict) or not isinstance(told.get("findings"), list):
        raise ValueError("it ended without an answer")
    return tuple({name: str(row.get(name, "")) for name in ("subject", "state", "text", "todo")} for row in told["findings"])
