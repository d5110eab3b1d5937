"""Places for the visitors that keep their names: ids never come again, so a patch can only bind to a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from installation.observation import Visitor


@dataclass(slots=True)
class Known:
    """A visitor, and when they were seen last, in s."""

    visitor: Visitor
    seen: float


class VisitorSlots:
    """``count`` slots. A free one is taken by the visitor who has been longest without; they keep it for as long as they stay,
    and ``keep`` seconds more: a hand before a face is no leaving."""

    def __init__(self, count: int, keep: float) -> None:
        self._keep = keep
        self._held: list[Known | None] = [None] * count
        self._waiting: dict[int, Known] = {}  # by id, the longest first

    def update(self, smiles: Sequence[tuple[int, float]], now: float) -> tuple[Visitor | None, ...]:
        """Who holds each slot at ``now``, s of a clock. smiles: id and smile 0…1 of everybody who is seen."""
        seen = {id: Known(Visitor(id, smile), now) for id, smile in smiles}
        self._held = [self._still(one, seen, now) for one in self._held]
        waiting = {id: seen.get(id) or one for id, one in self._waiting.items()} | {
            id: one for id, one in seen.items() if id not in self._waiting
        }
        held = {one.visitor.id for one in self._held if one is not None}
        self._waiting = {id: one for id, one in waiting.items() if id not in held and self._stays(one, now)}
        for number, one in enumerate(self._held):
            if one is None and self._waiting:
                self._held[number] = self._waiting.pop(next(iter(self._waiting)))
        return tuple(None if one is None else one.visitor for one in self._held)

    def _still(self, one: Known | None, seen: dict[int, Known], now: float) -> Known | None:
        if one is None:
            return None
        newest = seen.get(one.visitor.id) or one
        return newest if self._stays(newest, now) else None

    def _stays(self, one: Known, now: float) -> bool:
        """Whether they are seen, or were just now. A clock that was set back tells nothing."""
        return 0 <= now - one.seen <= self._keep
