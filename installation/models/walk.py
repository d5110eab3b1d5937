"""A face that is nobody's, walking from one stored face to the next: what hangs on the wall while nobody stands before the mirror."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from installation.latents.own_changes import between
from installation.latents.residuals import crossed
from installation.messages import EncodedFace, Expression, Face
from installation.models.guests import Guest

NOBODY = -1  # the number of a face that is no visitor's
NAMES = ("guest-1", "guest-2", "guest-3", "guest-4")
SECONDS = 8.0  # from one face to the next
STAY = 0.35  # of that time, in which a face stays what it is


@dataclass(frozen=True, eq=False)
class Walk:
    """guests: gives a stored face by its name, None where it is not there (yet)."""

    guests: Callable[[str], Guest | None]
    names: Sequence[str] = NAMES

    def at(self, now: float) -> EncodedFace | None:
        """The face at ``now``, s; None while there is none to show."""
        place = max(now, 0.0) / SECONDS
        turn, way = int(place), place % 1.0
        there = [self.guests(self.names[(turn + k) % len(self.names)]) for k in (0, 1)]
        one, other = there[0] or there[1], there[1] or there[0]
        if one is None or other is None:
            return None
        share = _eased(max(way - STAY, 0.0) / (1.0 - STAY))
        if one is other or share == 0.0:
            return EncodedFace(_face(), one.ws, one.detail, changes=one.changes)
        changes = between(one.changes, other.changes, share)
        return EncodedFace(_face(), torch.lerp(one.ws, other.ws, share), crossed(one.detail, other.detail, share), changes=changes)


def _eased(share: float) -> float:
    return share * share * (3.0 - 2.0 * share)


def _face() -> Face:
    return Face(NOBODY, np.zeros((468, 2), np.float32), (0.0, 0.0, 0.0, 0.0), Expression(), 1.0, True, 1.0)
