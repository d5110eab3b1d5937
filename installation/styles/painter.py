"""The networks of one size, built beside the show, and how large they may be on this machine."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from installation.engines.style_models import BANK, TRANSFORM, StyleEngineSettings, StyleNetwork, fitting_size
from installation.errors import FacetsError
from installation.messages import Image
from installation.styles.blend import Blend

# Longer side of a whole picture, and side of a face's square, from the smallest step to the largest.
STEPS: Final = ((256, 128), (384, 192), (512, 256), (640, 256), (768, 384))
STEADY_STEP: Final = 2  # where nothing is left to a measurement
MOST_MILLISECONDS: Final = 45.0  # that a whole picture may take alone: beside the mirror's own networks it takes about twice that
PROBE_PX: Final = 256  # side of the square that is measured
SLOW_SECONDS, SLOW_FOR = 0.1, 1.5  # s of a turn beyond which the pictures get smaller, once that has lasted so long
QUICK_SECONDS, QUICK_FOR = 0.05, 20.0  # s that a turn at the next size would take, for it to be tried again
LEFT_SECONDS: Final = 30.0  # that a Python which goes on without the show waits for a build, when it ends
EASE: Final = 0.15  # of the newest turn in the mean that is watched


class NetworkHand:
    """Both networks at one size, each made when it is needed first, or by ``prepare``."""

    def __init__(self, size: tuple[int, int], settings: StyleEngineSettings) -> None:
        """size: width and height, px. Drawing and preparing raise WeightsError."""
        self.size, self._settings = size, settings
        self._networks: dict[str, StyleNetwork] = {}
        self._mixed = np.empty((size[1], size[0], 3), np.uint8)

    def draw(self, picture: Image, blend: Blend) -> Image:
        """[height, width, 3] of this size; the next call overwrites the result."""
        if blend.share <= 0.0:
            return self._network(TRANSFORM)(picture, blend.vector)
        if blend.share >= 1.0:
            return self._network(BANK)(picture, blend.bank)
        learned, painted = self._network(BANK)(picture, blend.bank), self._network(TRANSFORM)(picture, blend.vector)
        cv2.addWeighted(learned, blend.share, painted, 1.0 - blend.share, 0.0, dst=self._mixed)
        return self._mixed

    def milliseconds(self) -> float:
        """Of one picture by the slower of the two."""
        return max(self._network(file).milliseconds() for file in (BANK, TRANSFORM))

    def prepare(self) -> NetworkHand:
        """Make both now: a second or two that no picture then waits for."""
        for file in (BANK, TRANSFORM):
            self._network(file)
        return self

    def _network(self, file: str) -> StyleNetwork:
        if file not in self._networks:
            self._networks[file] = StyleNetwork(file, self.size, self._settings)
        return self._networks[file]


@dataclass(frozen=True, slots=True)
class PainterSettings:
    """width, height: px of the pictures. long_side: px, 0 is measured. engine: what runs the networks. background: whether they are
    built beside whoever asks for them."""

    width: int
    height: int
    engine: StyleEngineSettings
    long_side: int = 0
    background: bool = True


class Painter:
    """Builds the networks when they are wanted first, and smaller or larger ones where the turns show what the machine can carry.
    The old ones draw until the new ones stand."""

    def __init__(self, settings: PainterSettings, on_fault: Callable[[str], None]) -> None:
        self._settings, self._on_fault = settings, on_fault
        self.step = -1  # of STEPS
        self._picture: NetworkHand | None = None
        self._square: NetworkHand | None = None
        self._shape = (settings.width, settings.height)
        self._builder: threading.Thread | None = None
        self._gave_up = False
        self._mean = 0.0
        self._since: float | None = None  # s, when turns became slow or quick
        self._slow = False
        self._fixed = settings.long_side > 0 or not settings.background

    @property
    def long_side(self) -> int:
        """Px, of the pictures that are painted now; 0 before the first."""
        return max(self._picture.size) if self._picture is not None else 0

    def picture(self, width: int, height: int) -> NetworkHand | None:
        """For a whole picture of that shape; None while there is none yet."""
        if self._picture is not None and (width, height) != self._shape and not self._building():
            self._shape = (width, height)
            self._build(self.step)
        return self._picture

    def square(self) -> NetworkHand | None:
        """For the square of one face."""
        return self._square

    def prepare(self) -> None:
        """Build what there is to build, once."""
        if self._picture is None and not self._gave_up and not self._building():
            self._build(-1)

    def took(self, seconds: float, now: float) -> None:
        """A turn took so long, at ``now``: where turns are slow for a while the pictures get smaller before there are fewer."""
        if self._fixed or self._picture is None or self._building():
            return
        self._mean += EASE * (seconds - self._mean) if self._mean else seconds
        slow = self._mean > SLOW_SECONDS and self.step > 0
        quick = not self._gave_up and self.step + 1 < len(STEPS) and self._mean * _growth(self.step) < QUICK_SECONDS and self._may_grow()
        if slow != self._slow or not (slow or quick):
            self._since, self._slow = None, slow
        if self._since is None:
            self._since = now if slow or quick else None
        elif now - self._since > (SLOW_FOR if slow else QUICK_FOR):
            self._since, self._mean = None, 0.0
            self._build(self.step + (-1 if slow else 1))

    def wait(self, longest: float | None = None) -> None:
        """Until what is being built stands, for ``longest`` s. The end of a show waits, too: a library whose thread is cut off ends the
        whole program."""
        if self._builder is not None:
            self._builder.join(longest)
            if self._builder.is_alive():
                atexit.register(self._builder.join, LEFT_SECONDS)

    def relieve(self) -> str:
        """Paint smaller from now on, or not at all, for there is no memory. What was given up, in a few words; "" where nothing is
        painted any more."""
        if self._picture is None:
            return ""
        self._picture = self._square = None
        self.step -= 1
        if self.step < 0 or self._settings.long_side:
            self._gave_up = True
            return "nothing is painted in styles any more"
        self._build(self.step)
        return f"pictures are painted at {STEPS[self.step][0]} px"

    def _may_grow(self) -> bool:
        return STEPS[self.step + 1][0] <= max(self._settings.width, self._settings.height)

    def _building(self) -> bool:
        return self._builder is not None and self._builder.is_alive()

    def _build(self, step: int) -> None:
        if not self._settings.background:
            self._make(step)
            return
        self._builder = threading.Thread(target=self._make, args=(step,), name="build-style", daemon=True)
        self._builder.start()

    def _make(self, step: int) -> None:
        try:
            square = self._square
            if step < 0:
                step, square = self._first()
            engine = self._settings.engine
            long_side, side = STEPS[step]
            if square is None or square.size[0] != side:
                square = NetworkHand((side, side), engine).prepare()
            picture = NetworkHand(fitting_size(self._settings.long_side or long_side, *self._shape), engine).prepare()
            self._picture, self._square, self.step = picture, square, step
        except (FacetsError, RuntimeError, OSError, MemoryError) as err:
            self._gave_up = True
            if self._picture is None:
                self._on_fault(f"no painters' styles: {err}")
            else:
                self._on_fault(f"painters' styles stay at {self.long_side} px: {err}")

    def _first(self) -> tuple[int, NetworkHand | None]:
        """The step to begin with, and the networks that it was measured with."""
        s = self._settings
        if s.long_side:
            return max(k for k, (long_side, _) in enumerate(STEPS) if k == 0 or long_side <= s.long_side), None
        if not s.background:
            return STEADY_STEP, None
        probe = NetworkHand((PROBE_PX, PROBE_PX), s.engine)
        return fitting_step(probe.milliseconds() / PROBE_PX**2, s.width, s.height), probe


def fitting_step(per_pixel: float, width: int, height: int) -> int:
    """The largest step whose picture of that shape is quick enough. per_pixel: ms."""
    most = max(width, height)
    best = 0
    for k, (long_side, _) in enumerate(STEPS):
        across, down = fitting_size(long_side, width, height)
        if long_side <= most and across * down * per_pixel <= MOST_MILLISECONDS:
            best = k
    return best


def _growth(step: int) -> float:
    """How much more work the next step is."""
    return float((STEPS[step + 1][0] / STEPS[step][0]) ** 2)
