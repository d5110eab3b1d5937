"""The operator's figures: what the HUD shows, taken from the installation's health a few times a second."""

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from installation.canvas.hud import LONGEST_VALUE, HudGroup, HudState
from installation.control.keyboard import Keyboard
from installation.control.state import ControlState
from installation.messages import Image
from installation.operation.health import Health, percentiles
from installation.slot import Slot

NOTICES = 3  # faults on the canvas
NOTICE_LINES = 5  # of each
PERIOD = 0.25  # s between new figures: text that flickers cannot be read


def nobody() -> bool:
    """Always False: without a hidden corner no operator can be logged in."""
    return False


class HudBoard:
    """Makes a new HudState four times a second while there is something to show. picture: a code for the corner, which the
    operator's key shows with the figures or without them. ``operator``: whether they are in, and see the figures whatever else is
    shown; may be set before the first picture."""

    def __init__(
        self,
        health: Health,
        controls: ControlState,
        keyboard: Keyboard,
        engine: str,
        model: str,
        slots: Sequence[Slot[Any]],
        control: Callable[[], tuple[tuple[str, str], ...]] = tuple,
        picture: Callable[[], Image | None] = lambda: None,
        held: Callable[[], int] = int,
    ) -> None:
        self._health, self._controls, self._keyboard = health, controls, keyboard
        self._engine, self._model, self._slots, self._control, self._picture = engine, model, slots, control, picture
        self._held = held  # pictures that the flash limiter has changed
        self.operator: Callable[[], bool] = nobody
        self._state: HudState | None = None
        self._made = float("-inf")
        self._shown = (False, False, False)

    def state(self, now: float) -> HudState | None:
        """The figures, the list of keys and the picture to show at ``now``; None while all are off."""
        figures, keys = self._controls.snapshot(now).flag("transport/hud") or self.operator(), self._keyboard.help
        picture = self._picture()
        wanted = (figures, keys, picture is not None)
        if not any(wanted):
            self._shown = wanted
            return None
        if self._shown != wanted or now - self._made >= PERIOD:
            rows = self._keyboard.rows() if keys else ()
            notices = self._notices() if figures else ()
            self._state = HudState(self._groups(now) if figures else (), notices, rows, picture)
            self._made, self._shown = now, wanted
        return self._state

    def _notices(self) -> tuple[str, ...]:
        """The faults that last, the newest last, each after the time for which it has lasted, in a few short lines."""
        log = self._health.fault_log
        now, lasting = log.now(), [record for record in log.records() if record.open]
        return tuple(line for record in lasting[-NOTICES:] for line in wrapped(f"{clock(record.lasts(now))}  {record.text}"))

    def _groups(self, now: float) -> tuple[HudGroup, ...]:
        h = self._health
        delay = percentiles(h.glass_to_glass)
        stages = tuple((name, f"{p.p50:5.1f} ms") for name, p in h.stage_percentiles().items())
        dropped = sum(slot.dropped for slot in self._slots[:2])
        rates = (
            ("canvas", f"{h.presented.per_second(now):5.1f} fps"),
            ("portraits", f"{h.portraits.per_second(now):5.1f} fps"),
            ("delay", f"{delay.p50:5.0f} ms"),
            ("faces", f"{h.faces}"),
            ("last frame", "none yet" if (age := h.frame_age(now)) is None else f"{age:4.1f} s ago"),
            ("dropped", f"{dropped}"),
            ("flashes held", f"{self._held()}"),
        )
        machine = (("engine", self._engine), ("model", self._model), ("portrait", f"{h.portrait_px} px"))
        control = HudGroup("Control", self._control())
        return tuple(
            group for group in (HudGroup("Show", rates), HudGroup("Stages", stages), HudGroup("Machine", machine), control) if group.rows
        )


def wrapped(text: str) -> list[str]:
    """The beginning of a notice in lines that the panel has room for."""
    lines = textwrap.wrap(text, LONGEST_VALUE, break_long_words=True, subsequent_indent="  ")
    return lines if len(lines) <= NOTICE_LINES else [*lines[: NOTICE_LINES - 1], lines[NOTICE_LINES - 1][: LONGEST_VALUE - 1] + "…"]


def clock(seconds: float) -> str:
    """A length of time as a clock shows it: 0:07, 12:30, 3:05:00."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
