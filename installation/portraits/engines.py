"""The engines that draw portraits with a family of generators, and how long they take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from installation.engines.base import Array, Network
from installation.engines.batched import BatchedEngine
from installation.engines.device import device_of
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings, is_ready
from installation.models.bundle import Models
from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX
from installation.networks.mixed_generator import MixedCodes, MixedGenerator, Pair, WholePicture
from installation.networks.stylegan2 import Generator

HEAVY: Final = 8e9  # multiplications of a portrait from which a CPU draws one by one: a batch would only fill the memory
PROBE_RUNS: Final = 9
PROBE_PATIENCE: Final = 1.0  # s


@dataclass(frozen=True)
class GenerateSettings:
    """portrait_px: 0 lets the machine's speed decide; min_portrait_fps: below it portraits get smaller, down to 128 px; 0 leaves
    them at the generator's own size, whatever the speed. changes: whether pairs are drawn, an edited and an unedited portrait;
    finest: those as large as portraits are, too, whatever time that takes."""

    portrait_px: int = 0
    min_portrait_fps: float = 12.0
    buckets: tuple[int, ...] = (1, 4)
    changes: bool = True
    finest: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Draws both portraits of a change. size: their side, px; milliseconds: for one face, here."""

    size: int
    engine: BatchedEngine
    milliseconds: float


class PortraitEngines:
    """Builds the engines of one family of models and measures them."""

    def __init__(self, models: Models, engine: EngineSettings, settings: GenerateSettings, thorough: bool = False) -> None:
        self.models, self.settings = models, settings
        self.one_by_one = False  # whether no engine takes several faces at once from now on, for there is little memory
        self._engine, self._thorough = engine, thorough
        expand = [] if models.detail is None else [models.detail.expand]
        self._key = digest(models.base, *(c.generator for c in models.children), *expand)

    def milliseconds(self, engine: BatchedEngine) -> float:
        """Time of one portrait on the engine alone: the lower quartile, so that a neighbour's burst does not count."""
        mean = self.models.latent_avg
        face = self.inputs(mean, mean, None, 0.0)
        return _timed(lambda: engine([face]))

    def can_mix_at_once(self, size: int) -> bool:
        """Whether the engine that mixes children was converted and measured before."""
        return is_ready(network_name(size, 1, mixing=True), self._key, self._engine)

    def inputs(self, ws: Tensor, edited: Tensor, detail: Tensor | None, gain: float) -> Sequence[Array]:
        """Of one face: code and edited code [styles, w_dim], residual and how much of it is drawn."""
        if self.models.detail is None:
            return (edited.numpy(),)
        residual = np.zeros((DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX), np.float32) if detail is None else detail.numpy()
        return (ws.numpy(), edited.numpy(), residual, np.asarray(gain, np.float32))

    def pair_inputs(self, ws: Tensor, edited: Tensor, detail: Tensor | None, carried: Tensor | None, gain: float) -> Sequence[Array]:
        """The same for both portraits of a change. carried: the edited one's residual."""
        ws_, edited_, residual, gain_ = self.inputs(ws, edited, detail, gain)
        return ws_, edited_, residual, residual if carried is None else carried.numpy(), gain_

    def pairs(self, size: int) -> Pairs:
        """Draws an unedited and an edited portrait of ``size`` px in one go."""
        models = self.models
        assert models.detail is not None and models.base.layered is not None
        module = Pair(MixedGenerator(models.base.layered, (), models.detail.expand.weight, size).eval()).eval()
        sample = models.sample()

        def make(batch: int) -> Network:
            ws = sample.repeat(batch, 1, 1)
            detail = torch.zeros(batch, DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX)
            example = (ws, ws.clone(), detail, detail.clone(), torch.ones(batch))
            return Network(f"generator-pair-{size}-{batch}", module, example, self._key)

        engine = BatchedEngine(make, 5, self._engine, (1,), self._thorough)
        mean = models.latent_avg
        inputs = self.pair_inputs(mean, mean, None, None, 0.0)
        return Pairs(size, engine, _timed(lambda: engine([inputs])))

    def portraits(self, size: int, mixing: bool, again: bool = True) -> BatchedEngine:
        """Draws portraits of ``size`` px. mixing: of all children as well; again: it may be measured anew."""
        models = self.models
        children = [c.generator for c in models.children] if mixing else []
        module, levels = self._module(size, children)
        sample = models.sample()

        def make(batch: int) -> Network:
            ws = sample.repeat(batch, 1, 1)
            example: tuple[Tensor, ...] = (ws,)
            if models.detail is not None:
                detail = torch.zeros(batch, DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX)
                example = (ws, ws.clone(), detail, torch.ones(batch))
            if mixing:
                example += (torch.full((len(children), levels), 0.5 / len(children)),)
            return Network(network_name(size, batch, mixing), module, example, self._key)

        # Mixed weights are computed for each call: a larger batch would hold them twice and gain little.
        on_cpu = device_of(self._engine.device, self._engine.backend) == "cpu"
        heavy = models.base.layered is None or work(models.base.layered, size) > HEAVY
        alone = mixing or (on_cpu and heavy) or self.one_by_one
        buckets = (1,) if alone else self.settings.buckets
        return BatchedEngine(make, 1 if models.detail is None else 4, self._engine, buckets, self._thorough, again)

    def _module(self, size: int, children: Sequence[Generator]) -> tuple[nn.Module, int]:
        """The network to run and the number of resolutions that a mix has."""
        models = self.models
        if models.base.layered is None:
            return WholePicture(models.base, size).eval(), 0
        expand = None if models.detail is None else models.detail.expand.weight
        mixed = MixedGenerator(models.base.layered, children, expand, size).eval()
        return (mixed if models.detail is not None else MixedCodes(mixed).eval()), len(mixed.resolutions)


def _timed(run: Callable[[], object]) -> float:
    times: list[float] = []
    while len(times) < PROBE_RUNS and (len(times) < 2 or sum(times) < PROBE_PATIENCE):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.quantile(times, 0.25)) * 1e3


def network_name(size: int, batch: int, mixing: bool) -> str:
    """What the generator for portraits of ``size`` px is called in caches."""
    return f"generator-{'mix' if mixing else 'base'}-{size}-{batch}"


def work(base: Generator, size: int) -> int:
    """Multiplications of the 3x3 convolutions up to ``size`` px; an up-sampling one reads the smaller picture."""
    channels, total = base.channels, 9 * base.channels[4] ** 2 * 16
    for r in base.resolutions[1:]:
        if r <= size:
            total += 9 * r * r * (channels[r // 2] * channels[r] // 4 + channels[r] ** 2)
    return total
