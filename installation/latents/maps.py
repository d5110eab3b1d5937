"""What a direction moves besides the code, as maps over the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Maps:
    """Per unit of a direction; None for what it leaves alone. r: cells along a side."""

    flow: Tensor | None = None  # [2, r, r] x and y, fractions of the picture's side that a feature of the residual moves
    shift: Tensor | None = None  # [C, r, r] what the residual gains
    warp: Tensor | None = None  # [2, r, r] x and y, fractions of the side that what is drawn moves

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        """Name and map of each that there is."""
        return ((name, part) for name in PARTS if (part := self.part(name)) is not None)

    def part(self, name: str) -> Tensor | None:
        """The map of that name."""
        found: Tensor | None = getattr(self, name)
        return found

    def each(self, change: Callable[[str, Tensor], Tensor]) -> Maps:
        """These maps, each as ``change(name, map)`` gives it."""
        return Maps(**{name: change(name, part) for name, part in self})


PARTS = tuple(field.name for field in fields(Maps))
NO_MAPS = Maps()
