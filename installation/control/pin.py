"""The operator's PIN: where it comes from, and how often somebody may be wrong about it.

It is kept as the panel's token is: plain, in the configuration or in a file for its owner alone. Four digits are guessed from their hash in
no time, so that a hash would promise what it does not hold; what protects them is that few wrong ones may be tried.
"""

from __future__ import annotations

import hmac
import math
from pathlib import Path

from installation.config import LONGEST_PIN, OperatorConfig, pin_fault
from installation.control.owned_file import read_owned
from installation.errors import ConfigError

FREE = 3  # wrong PINs in a row, until there is a pause
PAUSE_SECONDS, LONGEST_PAUSE = 30.0, 900.0  # the first one, and the longest: each further wrong PIN doubles it


def pin_of(settings: OperatorConfig, folder: Path) -> str:
    """The PIN that the configuration or its file gives, "" for none. folder: where a relative ``operator.pin_file`` starts. Raises
    ConfigError."""
    if not settings.pin_file:
        return settings.pin
    if settings.pin:
        raise ConfigError("operator.pin and operator.pin_file both give the PIN; keep one")
    return _read(folder / settings.pin_file)


def _read(path: Path) -> str:
    where = f"operator.pin_file: {path}"
    try:
        raw = read_owned(path, where, LONGEST_PIN + 16)
    except OSError as err:
        raise ConfigError(f"{where}: cannot be read ({err.strerror or err}); write the PIN into it, and 'chmod 600' it") from err
    pin = raw.decode("ascii", errors="replace").strip()
    if fault := pin_fault(pin):
        raise ConfigError(f"{where}: {fault}")
    return pin


class PinCheck:
    """Compares what is typed with the PIN, and lets nobody try many. ``wrong``: how many wrong ones there were since the start."""

    def __init__(self, pin: str) -> None:
        self.wrong = 0
        self._pin = pin.encode()
        self._in_a_row = 0
        self._until = -math.inf

    def wait(self, now: float) -> float:
        """s until a PIN is looked at again, at ``now``, s; 0: at once."""
        return max(0.0, self._until - now)

    def fits(self, typed: str, now: float) -> bool:
        """Whether it is the PIN. While there is a pause nothing is looked at, the right one neither."""
        if self.wait(now) > 0.0:
            return False
        if hmac.compare_digest(typed.encode(), self._pin):
            self._in_a_row = 0
            return True
        self.wrong += 1
        self._in_a_row += 1
        if self._in_a_row >= FREE:
            self._until = now + min(LONGEST_PAUSE, PAUSE_SECONDS * 2.0 ** min(self._in_a_row - FREE, 16))
        return False

    def left(self) -> int:
        """How many wrong ones there may be until the next pause."""
        return max(1, FREE - self._in_a_row)
