"""Whose face another visitor's goes to: the next visitor's, round the room, or a guest's that is nobody's.

Nothing of a visitor is kept for this: who has left serves for the half second in which their part fades.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from installation.latents.own_changes import between
from installation.latents.residuals import crossed
from installation.messages import EncodedFace, OwnChanges
from installation.models.guests import Guest

GLIDE_SECONDS = 0.5  # from one partner to another
Key = int | str  # a visitor's id, or a guest's name


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """The other face of one visitor. ws: [styles, w_dim]; detail: [C, r, r], where it has one; changes: what the editor would write
    on it, where that is known."""

    ws: Tensor
    detail: Tensor | None
    changes: OwnChanges | None = None


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
        # In the order in which they came, so that their residuals cross in the same order all the way.
        self.of = {key: has if key == goal else share * keep for key, share in {**self.of, goal: has}.items()}


@dataclass
class Partners:
    """guests: gives the guest of a name, None where there is none."""

    guests: Callable[[str], Guest | None]
    _shares: dict[int, Shares] = field(default_factory=dict)
    _faces: Mapping[int, EncodedFace] = field(default_factory=dict)

    def rest(self) -> None:
        """Nobody's other face is drawn: forget who was whose."""
        if self._shares:
            self._shares, self._faces = {}, MappingProxyType({})

    def step(self, faces: Sequence[EncodedFace], guest: str, seconds: float) -> None:
        """The visitors of a new frame, sorted by id, and the guest that was asked for or "none"."""
        ids = [face.face.id for face in faces]
        invited = self.guests(guest) is not None
        shares: dict[int, Shares] = {}
        for place, id in enumerate(ids):
            goal: Key = guest if invited else ids[(place + 1) % len(ids)]
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
        keys = iter(self._shares[id].of.items())
        key, total = next(keys)
        first = self._face(key)
        ws, detail, changes = first.ws, first.detail, first.changes
        for key, share in keys:
            total += share
            new, way = self._face(key), share / total
            ws, detail, changes = torch.lerp(ws, new.ws, way), crossed(detail, new.detail, way), between(changes, new.changes, way)
        return Other(ws, detail, changes)

    def _face(self, key: Key) -> Guest | EncodedFace:
        if isinstance(key, str):
            guest = self.guests(key)
            assert guest is not None  # who was there once stays
            return guest
        return self._faces[key]
