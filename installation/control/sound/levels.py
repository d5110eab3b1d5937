"""From sound to four numbers: loudness and three bands, each followed by an envelope and scaled to what was loud lately."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from installation.latents.oscillators import SILENCE, Levels

BLOCKS_A_SECOND = 40
LOWEST = 30.0  # Hz; below it are draughts and steps
EDGES = (250.0, 2000.0)  # Hz between low, middle and high
ATTACK = 0.01  # s, time constants of the envelopes
RELEASE = 0.15
QUIET = 0.003  # of full scale (-50 dB): what is never loud is not made loud
SHARE = 0.05  # of the whole's: a band's share that counts as loud at least, so that a band with nothing in it stays low
GAIN_ATTACK = 0.05  # s, in which the gain gives way to what is louder
GAIN_RELEASE = 15.0  # s, in which it comes back
SILENT = 1e-4  # of a level; less is nothing


def block_size(rate: float) -> int:
    """Samples that are looked at together: 1024 at 44.1 and 48 kHz, 30 to 60 blocks a second at any rate."""
    return int(2 ** max(4, min(16, round(math.log2(rate / BLOCKS_A_SECOND)))))


class Analyser:
    """Of one input. rate: Hz, samples a second.

    A Blackman window (so that a bass drum stays out of the middle band) and a Fourier transform give the power of each band,
    by Parseval's theorem as the root mean square it has in the signal. Works in arrays of its own.
    """

    def __init__(self, rate: float) -> None:
        self.size = block_size(rate)
        self._window = np.blackman(self.size)
        self._weight = float(self._window.sum())
        self._mono = np.zeros(self.size)
        self._spectrum = np.zeros(self.size // 2 + 1, np.complex128)
        self._power, self._squares = np.zeros(self.size // 2 + 1), np.zeros(self.size // 2 + 1)
        bins = np.fft.rfftfreq(self.size, 1 / rate)
        low, middle, high = (int(np.searchsorted(bins, edge)) for edge in (LOWEST, *EDGES))
        self._bands = (slice(low, None), slice(low, middle), slice(middle, high), slice(high, None))
        self._scale = 2 / (self.size * float(np.square(self._window).sum()))  # of a sum of powers, to a mean square
        seconds = self.size / rate
        self._up, self._down = 1 - math.exp(-seconds / ATTACK), 1 - math.exp(-seconds / RELEASE)
        self._gain_up, self._gain_down = 1 - math.exp(-seconds / GAIN_ATTACK), math.exp(-seconds / GAIN_RELEASE)
        self._envelopes = [0.0] * 4
        self._loud = [QUIET, *[QUIET * SHARE] * 3]  # what counts as 1

    def feed(self, block: NDArray[np.float32]) -> Levels:
        """The levels after these samples: [size] or [size, channels], -1…1. A block that is not finite is silence. Raises
        ValueError for another number of samples."""
        if len(block) != self.size:
            raise ValueError(f"wrong size for dimension 0: got {len(block)}, expected {self.size}")
        if block.ndim > 1:
            np.mean(block, axis=1, out=self._mono)
        else:
            self._mono[:] = block
        np.clip(self._mono, -1, 1, out=self._mono)
        offset = float(self._mono @ self._window) / self._weight
        if math.isfinite(offset):
            self._mono -= offset  # of a cheap input: it would be a bass
            self._mono *= self._window
        else:
            self._mono.fill(0)
        np.fft.rfft(self._mono, out=self._spectrum)
        np.square(self._spectrum.real, out=self._power)
        np.square(self._spectrum.imag, out=self._squares)
        self._power += self._squares
        values = [self._follow(k, self._strength(band)) for k, band in enumerate(self._bands)]
        return Levels(*values) if any(values) else SILENCE

    def _strength(self, band: slice) -> float:
        """Root mean square of a band."""
        return math.sqrt(float(self._power[band].sum()) * self._scale)

    def _follow(self, k: int, strength: float) -> float:
        """Envelope and gain of the whole (0) or a band (1…3)."""
        was = self._envelopes[k]
        now = self._envelopes[k] = was + (strength - was) * (self._up if strength > was else self._down)
        loud = self._loud[k]
        loud = loud + (now - loud) * self._gain_up if now > loud else loud * self._gain_down
        self._loud[k] = loud = max(loud, QUIET if k == 0 else SHARE * self._loud[0])
        level = min(1.0, now / loud)
        return level if level > SILENT else 0.0
