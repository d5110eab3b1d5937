"""The networks that the studio works with: a show's own, lent between its frames, or some that nobody else uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from installation.assembly.networks import NetworkStages
from installation.messages import AlignedFace, Drawing, EditedFrame, EncodedFace
from installation.operation.interlude import Interlude
from installation.stages.silhouette import Silhouette

T = TypeVar("T")


class Lender(Protocol):
    """Makes a call where the engines may be used, and gives what it returns."""

    def __call__(self, call: Callable[[], T]) -> T: ...


def at_once(call: Callable[[], T]) -> T:
    """For engines that nobody else uses."""
    return call()


@dataclass(frozen=True, eq=False)
class StudioNetworks:
    """perceiving, drawing: where silhouettes, covers and codes, and where portraits are made."""

    stages: NetworkStages
    silhouette: Silhouette
    perceiving: Lender = at_once
    drawing: Lender = at_once

    @staticmethod
    def lent(stages: NetworkStages, silhouette: Silhouette, perception: Interlude, synthesis: Interlude) -> StudioNetworks:
        """Those of a show, used in the threads of its loops."""
        return StudioNetworks(stages, silhouette, perception.run, synthesis.run)

    @property
    def crop_px(self) -> int:
        """Side of the crops that the encoder reads."""
        return self.stages.encode.input_px

    def encoded(self, one: AlignedFace, others: Sequence[AlignedFace], width: int, height: int) -> EncodedFace:
        """One face of a photograph [height, width] with its code, its silhouette and what covers it, each in a turn of its own."""
        silhouette = self.perceiving(lambda: self.silhouette.alone(one.crop))
        covered = self.perceiving(lambda: self.stages.occlusion.alone(one.crop))
        ready, encode = replace(one, silhouette=silhouette, covered=covered), self.stages.encode

        def coded() -> EncodedFace:
            return encode.alone(ready, others, width, height)

        return coded() if encode.anywhere else self.perceiving(coded)

    def drawn(self, edited: EditedFrame, finest: bool) -> Drawing:
        """The drawing of a frame's only face."""
        return self.drawing(lambda: self.stages.generate.draw(edited, finest)).drawings[0]
