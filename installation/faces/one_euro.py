"""The One Euro filter (Casiez, Roussel and Vogel, "1€ Filter", CHI 2012), over many points at once.

A low-pass whose cutoff rises with speed: a face at rest does not tremble, a moving one is not late.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

DERIVATIVE_CUTOFF = 1.0  # Hz, the authors' choice
RESET_SECONDS = 0.5  # after a gap this long the past says nothing


class OneEuro:
    """Smooths an array [N, D], each row with the speed of its own.

    ``min_cutoff``: Hz, the cutoff at rest; lower is calmer. ``beta``: Hz of cutoff for each face size a second of speed;
    higher is less late.
    """

    def __init__(self, min_cutoff: float, beta: float) -> None:
        if not min_cutoff > 0 or not beta >= 0:
            raise ValueError(f"min_cutoff above 0 and beta from 0 are needed, got {min_cutoff} and {beta}")
        self.min_cutoff = min_cutoff
        self.beta = beta
        self._time = -math.inf
        self._value: Array | None = None
        self._derivative: Array | None = None

    def __call__(self, value: Array, now: float, scale: float) -> Array:
        """The smoothed ``value`` [N, D]. ``scale``: the face's size in the same unit, by which speed is measured."""
        step = now - self._time
        if self._value is None or self._derivative is None or step > RESET_SECONDS or self._value.shape != value.shape:
            self._time, self._value, self._derivative = now, value.astype(np.float32), np.zeros(value.shape, np.float32)
            return self._value.copy()
        if step <= 0:
            return self._value.copy()
        change = (value - self._value) / np.float32(step * max(scale, 1e-6))
        self._derivative += np.float32(_share(DERIVATIVE_CUTOFF, step)) * (change - self._derivative)
        speed = np.sqrt(np.einsum("nd,nd->n", self._derivative, self._derivative))
        share = 1.0 / (1.0 + 1.0 / (2 * math.pi * step * (self.min_cutoff + self.beta * speed)))
        self._value += share[:, None].astype(np.float32) * (value - self._value)
        self._time = now
        return self._value.copy()


def _share(cutoff: float, step: float) -> float:
    """How much of a new sample a low-pass of ``cutoff`` Hz takes after ``step`` seconds, 0…1."""
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff * step))
