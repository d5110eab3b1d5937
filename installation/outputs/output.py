"""What an output is, and what it is told of the show when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from installation.messages import Image


class Output(Protocol):
    """Takes every picture that the canvas has shown, in their order, until it is closed. All of it is called in the display's thread."""

    @property
    def name(self) -> str:
        """What it is called in reports: its time is ``stage_ms[name]``."""
        ...

    @property
    def notice(self) -> str:
        """What whoever started the show should know of it, empty for nothing."""
        ...

    def write(self, picture: Image, now: float) -> None:
        """Take the picture [height, width, 3] shown at ``now``, s of the show's clock. It is overwritten by the next one: what
        is needed for longer is copied. Live, this must not wait."""
        ...

    def close(self) -> None:
        """Finish what was begun. More than once does no harm."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What is written to an output. fault: told of what goes wrong later, from any thread; the show goes on."""

    size: tuple[int, int]  # width, height in px
    fps: float  # pictures a second; in lockstep the source's
    realtime: bool  # whether pictures come by the clock; in lockstep every one counts and may be waited for
    fault: Callable[[str], None]
