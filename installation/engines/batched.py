"""Run any number of faces on engines of fixed batch sizes."""

from collections.abc import Callable, Sequence

import numpy as np

from installation.engines.base import Array, Choice, Engine, Network
from installation.engines.select import EngineSettings, build, choose


class BatchedEngine:
    """Engines of a few batch sizes behind one call.

    make: gives the network for a batch size; its first ``per_face`` inputs have the batch first, the others (a mix of
    generators, say) are the same for every face. again: see ``choose``. The engine is chosen at batch 1 and the others follow it.
    """

    def __init__(
        self,
        make: Callable[[int], Network],
        per_face: int,
        settings: EngineSettings,
        buckets: Sequence[int] = (1,),
        thorough: bool = False,
        again: bool = True,
    ) -> None:
        first = choose(make(1), settings, thorough, again)
        self.choice: Choice = first.choice
        self._engines: dict[int, Engine] = {1: first}
        self._inputs: dict[int, list[Array]] = {}
        for size in buckets:
            network = make(size)
            if size != 1:
                self._engines[size] = build(network, first.choice, settings.cache)
            self._inputs[size] = [np.zeros(value.shape, value.numpy().dtype) for value in network.example[:per_face]]

    def __call__(self, faces: Sequence[Sequence[Array]], shared: Sequence[Array] = ()) -> list[list[Array]]:
        """Per-face inputs (one sequence of arrays a face) -> per-face outputs, copied out of the engines' buffers."""
        results: list[list[Array]] = []
        while len(results) < len(faces):
            part = faces[len(results) :][: self._bucket(len(faces) - len(results))]
            size = self._bucket(len(part))
            buffers = self._inputs[size]
            for row, face in enumerate(part):
                for buffer, value in zip(buffers, face, strict=True):
                    buffer[row] = value
            outputs = self._engines[size](*buffers, *shared)
            results += [[output[row].copy() for output in outputs] for row in range(len(part))]
        return results

    def shrink(self) -> bool:
        """Run one face at a time from now on, so that less memory is needed. Whether anything was given up."""
        given_up = len(self._inputs) > 1
        self._inputs = {1: self._inputs[1]}
        self._engines = {1: self._engines[1]}
        return given_up

    def _bucket(self, count: int) -> int:
        """The largest batch that ``count`` faces fill to three quarters: padding costs as much as a face."""
        return max(size for size in self._inputs if size == 1 or 3 * size <= 4 * count)
