"""Whose face another visitor's goes to: the next visitor's, round the room, or a guest's that is nobody's.

Nothing of a visitor is kept for this: who has left serves for the half second in which their part fades.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from installation.messages import EncodedFace

GLIDE_SECONDS = 0.5  # from one partner to another
MEAN = "mean"
Key = int | str  # a visitor's id, or a guest's name


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """The other face of one visitor. ws: [styles, w_dim]. nearest: the code that ``detail`` belongs to, and ``share`` 0…1 how
    far ``ws`` is that code: between two partners there is none that a detail residual would fit."""

    ws: Tensor
    nearest: Tensor
    detail: Tensor | None
    share: float


@dataclass(slots=True)
class Shares:
    """How much each partner has in one visitor's other face; the sum is 1."""

    of: dict[Key, float]

    def step(self, goal: Key, seconds: float) -> None:
        """Glide to ``goal``; the others give way in proportion."""
        had = self.of.get(goal, 0.0)
        has = min(1.0, had + seconds / GLIDE_SECONDS)
        if has >= 1:
            self.of = {goal: 1.0}
            return
        keep = (1 - has) / (1 - had)
        self.of = {key: share * keep for key, share in self.of.items() if key != goal} | {goal: has}


@dataclass
class Partners:
    """guests: codes [styles, w_dim] that are nobody's, by name."""

    guests: Mapping[str, Tensor]
    _shares: dict[int, Shares] = field(default_factory=dict)
    _faces: Mapping[int, EncodedFace] = field(default_factory=dict)

    def rest(self) -> None:
        """Nobody's other face is drawn: forget who was whose."""
        if self._shares:
            self._shares, self._faces = {}, MappingProxyType({})

    def step(self, faces: Sequence[EncodedFace], guest: str, seconds: float) -> None:
        """The visitors of a new frame, sorted by id, and the guest that was asked for or "none"."""
        ids = [face.face.id for face in faces]
        shares: dict[int, Shares] = {}
        for place, id in enumerate(ids):
            goal: Key = guest if guest in self.guests else ids[(place + 1) % len(ids)]
            one = self._shares.get(id)
            if one is None:
                one = Shares({goal: 1.0})
            else:
                one.step(goal, seconds)
            shares[id] = one
        needed = {key for one in shares.values() for key in one.of}
        left = {id: face for id, face in self._faces.items() if id in needed}
        self._shares, self._faces = shares, {**left, **{face.face.id: face for face in faces}}

    def other(self, id: int) -> Other:
        """The other face of a visitor of this frame. Raises KeyError for anybody else."""
        of = self._shares[id].of
        first = max(of, key=lambda key: of[key])
        nearest, detail = self._code(first)
        if len(of) == 1:
            return Other(nearest, nearest, detail, 1.0)
        ws = torch.mul(nearest, of[first])
        for key, share in of.items():
            if key != first:
                ws.add_(self._code(key)[0], alpha=share)
        return Other(ws, nearest, detail, max(0.0, 2 * of[first] - 1))

    def _code(self, key: Key) -> tuple[Tensor, Tensor | None]:
        if isinstance(key, str):
            return self.guests[key], None
        face = self._faces[key]
        return face.ws, face.detail
