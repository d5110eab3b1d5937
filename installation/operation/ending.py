"""How a show is to end where a hand asks for it: for good, to begin again, or with the machine."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from enum import Enum

AGAIN = 75  # exit code of a show that is to be begun again, EX_TEMPFAIL of sysexits.h
POWER_OFF_SECONDS = 20.0  # that the command may take


class Wish(Enum):
    """What was asked for."""

    NONE = ""
    RESTART = "restart"
    SHUT_DOWN = "shut-down"
    POWER_OFF = "power-off"


class Ending:
    """quit: ends the show after its picture; it may be set before anybody asks. command: what shuts the machine down, "" where nobody
    may. The first wish holds: who asks twice is told what is under way. Any thread."""

    def __init__(self, quit: Callable[[], None], command: str = "") -> None:
        self.wish = Wish.NONE
        self.command = shlex.split(command)
        self.quit, self._lock = quit, threading.Lock()

    @property
    def offered(self) -> tuple[Wish, ...]:
        """What may be asked for."""
        return (Wish.RESTART, Wish.SHUT_DOWN, *((Wish.POWER_OFF,) if self.command else ()))

    def ask(self, wish: Wish) -> str:
        """End like this. Why that is not done, "" where it is."""
        if wish not in self.offered:
            return "the machine is shut down from here only where operator.power_off names a command"
        if wish is Wish.POWER_OFF and shutil.which(self.command[0]) is None:
            return f"{self.command[0]}: there is no such command; operator.power_off names it"
        with self._lock:
            if self.wish is not Wish.NONE:
                return "" if self.wish is wish else f"something else is under way already: {self.wish.value}"
            self.wish = wish
        self.quit()
        return ""

    def code(self, say: Callable[[str], None]) -> int:
        """The exit code, once everything is closed. A machine that cannot be shut down would be left with a dark screen: the show is begun
        again there. say: told of that."""
        if self.wish is Wish.RESTART:
            return AGAIN
        if self.wish is not Wish.POWER_OFF:
            return 0
        try:
            done = subprocess.run(self.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=POWER_OFF_SECONDS, check=False)
            said = done.stderr.decode(errors="replace").strip()[:200] or f"it ended with code {done.returncode}"
            fault = said if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as err:
            fault = str(err)
        if fault:
            say(f"the machine could not be shut down: {' '.join(self.command)}: {fault}; the show is begun again")
        return AGAIN if fault else 0


def begin_again(environ: Mapping[str, str] = os.environ) -> None:
    """The program anew, in this very process, with the arguments that it was started with. Nothing where a service manager waits for the
    exit code: it starts the program again itself, with the time that a start takes."""
    if environ.get("NOTIFY_SOCKET"):
        return
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        if int(name) > 2:
            try:
                os.set_inheritable(int(name), False)
            except OSError:  # it was the list's own
                continue
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
