"""The text of the unit, for a service of the user or of the system."""

from __future__ import annotations

import grp
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "# Made by: python -m installation service install"
GROUPS = ("video", "render", "audio", "input")  # camera, graphics, sound, MIDI: those that there are here
WATCHDOG_SECONDS, START_SECONDS, STOP_SECONDS = 20, 180, 15
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")  # of a unit


@dataclass(frozen=True, slots=True)
class Unit:
    """command: words that start the show; folder: that it is started in; user: whose it is where the system runs it, "" for a service
    of the user; display: X display that it draws on, "" for the session's own; cache: where engines are kept, "" for the usual place."""

    command: Sequence[str]
    folder: Path
    user: str = ""
    display: str = ""
    cache: str = ""

    def text(self) -> str:
        """The file."""
        return "\n".join((MARK, *self._unit(), "", *self._service(), "", *self._install())) + "\n"

    def _unit(self) -> tuple[str, ...]:
        after = "graphical.target" if self.user else "graphical-session.target"
        bound = () if self.user else ("PartOf=graphical-session.target",)
        return (
            "[Unit]",
            "Description=Facets, a live latent mirror",
            f"After={after}",
            *bound,
            "# It is started again for ever: nobody is there to reset it.",
            "StartLimitIntervalSec=0",
        )

    def _service(self) -> tuple[str, ...]:
        environment = {"PYTHONUNBUFFERED": "1"}
        if self.display:
            environment["DISPLAY"] = self.display
        if self.cache:
            environment["FACETS_CACHE"] = self.cache
        return (
            "[Service]",
            "Type=notify",
            "NotifyAccess=main",
            *((f"User={self.user}",) if self.user else ()),
            *((f"SupplementaryGroups={' '.join(groups)}",) if self.user and (groups := _groups()) else ()),
            f"WorkingDirectory={str(self.folder).replace('%', '%%')}",
            *(f"Environment={quoted(f'{name}={value}')}" for name, value in environment.items()),
            f"ExecStart={' '.join(quoted(word) for word in self.command)}",
            "# The loop that draws says that it goes on; where it hangs, the show is begun again. A start asks for more time by itself.",
            f"WatchdogSec={WATCHDOG_SECONDS}",
            f"TimeoutStartSec={START_SECONDS}",
            f"TimeoutStopSec={STOP_SECONDS}",
            "# Ended by a fault it is back in seconds; what a person has to mend first (exit code 2) is not tried again.",
            "Restart=on-failure",
            "RestartSec=2",
            "RestartPreventExitStatus=2",
            "# No image of its memory, in which visitors are, is written to the disk.",
            "WatchdogSignal=SIGKILL",
            "LimitCORE=0",
            "# The picture goes before other programs.",
            "LimitNICE=-10",
            *self._fence(),
        )

    def _fence(self) -> tuple[str, ...]:
        """What it may not do, where the system runs it."""
        if not self.user:
            return ()
        return (
            "NoNewPrivileges=yes", "ProtectSystem=full", "ProtectKernelTunables=yes", "ProtectKernelModules=yes",
            "ProtectControlGroups=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
        )  # fmt: skip

    def _install(self) -> tuple[str, ...]:
        return ("[Install]", f"WantedBy={'graphical.target' if self.user else 'graphical-session.target'}")


def quoted(word: str) -> str:
    """A word as systemd reads it back: in quotes where it needs them, and neither a specifier nor a variable."""
    plain = word.replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9_@+=:,./%-]+", plain):
        return plain
    escaped = "".join(f"\\{one}" if one in '"\\' else f"\\x{ord(one):02x}" if ord(one) < 32 else one for one in plain)
    return f'"{escaped.replace("$", "$$")}"'


def _groups() -> list[str]:
    there = []
    for name in GROUPS:
        try:
            grp.getgrnam(name)
        except KeyError:
            continue
        there.append(name)
    return there
