"""What one look at the machine found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from installation.config import Config
from installation.errors import FacetsError

CONFIGURATION = "configuration"  # a subject
State = Literal["good", "note", "hand"]


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: a word or two; state: good, note (worth knowing, the show runs) or hand (somebody has to do something); text: what was
    found; todo: what to do about it, "" for nothing."""

    subject: str
    state: State
    text: str
    todo: str = ""


def broken(err: FacetsError) -> Finding:
    """Of a configuration with which no show can begin."""
    todo = "mend the lines that are named; run_installation.py --validate-config says whether they are right"
    return Finding(CONFIGURATION, "hand", str(err).replace("\n", "; "), todo)


@dataclass(frozen=True, slots=True)
class Patient:
    """The show that is to run here. quick: whether what takes more than a few seconds is left out."""

    config: Config
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One look. seconds: how long it may take in a process of its own, because a driver may hang or crash in it; 0: it is safe and
    quick, and done in this one."""

    name: str
    look: Callable[[Patient], Iterable[Finding]]
    seconds: float = 0.0
