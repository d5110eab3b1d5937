"""Generate: draw each visitor's edited code with the generators as they are mixed now."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.engines.base import Array, Network
from installation.engines.batched import BatchedEngine
from installation.engines.device import device_of
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings, is_ready
from installation.errors import FacetsError
from installation.latents.warps import Warper, larger_eyes
from installation.messages import Drawing, DrawnFrame, EditedFace, EditedFrame, Image, Portrait, Portraits
from installation.models.bundle import Models
from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX
from installation.networks.mixed_generator import MixedCodes, MixedGenerator, Pair, WholePicture
from installation.networks.stylegan2 import Generator

SMALL_PX = 128  # portraits step down to it and no further
HEAVY = 8e9  # multiplications of a portrait from which a CPU draws one by one: a batch would only fill the memory
PROBE_RUNS = 9
PROBE_PATIENCE = 1.0  # s
ENGINE_SHARE = 0.65  # of the time between two portraits that the engine may take; tracking and the canvas have the rest
Flow = NDArray[np.float32]
Mix = Sequence[tuple[str, Sequence[float]]]  # of each child that takes part, its share of each resolution
ENOUGH = 2.0  # times its own size may a change be enlarged: it is smooth, and what is sharp is the camera's
PAIR_MILLISECONDS = 14.0  # that both drawings of a change may take: 25 a second beside tracking and the canvas on two cores
LARGE_GAIN = 2.0  # at most so much more work a second does an engine do at a larger size


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


class Generate:
    """Two engines: one of the base alone, and, where there are children, one that mixes. That one is built while the show already
    runs, unless it has to be converted and measured first: that holds up every other thread of the program for many seconds.

    A skip generator has a picture at every resolution, so a smaller portrait is a shorter network; any other generator
    draws its own size.
    """

    def __init__(self, models: Models, engine: EngineSettings, settings: GenerateSettings, thorough: bool = False) -> None:
        self._models, self._engine_settings, self._settings, self._thorough = models, engine, settings, thorough
        expand = [] if models.detail is None else [models.detail.expand]
        self._key = digest(models.base, *(c.generator for c in models.children), *expand)
        self.portrait_px, self._plain = self._fitting()
        self._twice: float | None = None  # ms of two portraits, where a change has no engine of its own; None: not measured yet
        self._pairs = self._fitting_pairs()  # the smaller first
        self._mixing: BatchedEngine | None = None
        self._builder: threading.Thread | None = None
        self._warper = Warper()
        self._eyes = {c.name: c.eyes for c in models.children if c.eyes}
        self.fault: str | None = None  # why the mixing engine could not be built
        if models.children:
            ready = is_ready(network_name(self.portrait_px, 1, mixing=True), self._key, engine)
            self._builder = threading.Thread(target=self._build_mixing, args=(not ready,), name="build-mixing", daemon=True)
            self._builder.start()
            if not ready:
                self.wait()

    @property
    def choice(self) -> str:
        """Backend, precision and threads of the engine in use."""
        return str(self._plain.choice)

    @property
    def backend(self) -> str:
        return self._plain.choice.backend

    @property
    def precision(self) -> str:
        return self._plain.choice.precision

    def milliseconds(self) -> float:
        """Time of one portrait on the engine alone: the lower quartile, so that a neighbour's burst does not count."""
        return self._milliseconds(self._plain)

    def wait(self) -> None:
        """Until the mixing engine stands: lockstep runs must not depend on when it does."""
        if self._builder is not None:
            self._builder.join()

    def generate(self, edited: EditedFrame) -> Portraits:
        """Portraits uint8 [S, S, 3] of every visitor, sorted by id."""
        faces = [self._inputs(f.ws, f.ws_edited, f.detail, f.detail_gain) for f in edited.faces]
        results = self._mixing(faces, [self._layers(edited.mix)]) if edited.mix and self._mixing is not None else self._plain(faces)
        mixed = edited.mix if self._mixing is not None else ()
        portraits = [self._portrait(face, result[0], mixed) for face, result in zip(edited.faces, results, strict=True)]
        return Portraits(edited.frame, tuple(portraits))

    def draw(self, edited: EditedFrame) -> DrawnFrame:
        """What each face's edits change: drawn twice where the camera's pixels stay, once where they do not, and not at all where
        nothing is edited."""
        return DrawnFrame(edited, tuple(self._drawing(face, edited.mix if face.mix is None else face.mix) for face in edited.faces))

    @property
    def change_px(self) -> int:
        """Side of the largest drawings of a change."""
        return self._pairs[-1].size if self._pairs else self.portrait_px

    def turn_milliseconds(self, pixels: int = 0) -> float:
        """Time of one face's drawings where the camera's pixels stay and the face fills a square of so many px; 0: a large one."""
        pairs = self._pairs_for(pixels)
        if pairs is not None:
            return pairs.milliseconds
        if self._twice is None:
            self._twice = 2 * self.milliseconds()
        return self._twice

    def _pairs_for(self, pixels: int) -> Pairs | None:
        """The smallest that will do."""
        enough = (pairs for pairs in self._pairs if 0 < pixels <= ENOUGH * pairs.size)
        return next(enough, self._pairs[-1] if self._pairs else None)

    def _drawing(self, face: EditedFace, mix: Mix) -> Drawing:
        own = face.own
        if not face.edited or own is None:
            return Drawing(None, None, None, face.glass)
        if self._mixing is None:
            mix = ()
        pairs = self._pairs_for(face.pixels)
        if not mix and face.glass >= 1.0 and pairs is not None:
            inputs = self._pair_inputs(face.ws, face.ws_edited, own.detail, face.detail, face.detail_gain)
            pair = pairs.engine([inputs])[0]
            return Drawing(_picture(pair[0]), _picture(pair[1]), face.warp, face.glass)
        alone = self._inputs(face.ws, face.ws_edited, face.detail, face.detail_gain)
        drawn = self._mixing([alone], [self._layers(mix)]) if mix and self._mixing is not None else self._plain([alone])
        plain = self._plain([self._inputs(own.ws, own.ws, own.detail, 1.0)])[0][0] if face.glass > 0.0 else None
        warp = self._warp(face.warp, mix)
        return Drawing(_picture(drawn[0][0]), None if plain is None else _picture(plain), warp, face.glass)

    def _pair_inputs(self, ws: Tensor, edited: Tensor, detail: Tensor | None, carried: Tensor | None, gain: float) -> Sequence[Array]:
        ws_, edited_, residual, gain_ = self._inputs(ws, edited, detail, gain)
        return ws_, edited_, residual, residual if carried is None else carried.numpy(), gain_

    def _warp(self, warp: Flow | None, mix: Mix) -> Flow | None:
        """A portrait's warp, with the larger eyes of the children that take part."""
        for name, shares in mix:
            if name in self._eyes:
                eyes = larger_eyes(self._eyes[name]) if warp is None else larger_eyes(self._eyes[name], warp.shape[-1])
                warp = max(shares) * eyes if warp is None else warp + max(shares) * eyes
        return warp

    def _portrait(self, edited: EditedFace, drawn: Array, mix: Mix) -> Portrait:
        image, warp = _picture(drawn), self._warp(edited.warp, mix)
        if warp is not None:
            image = self._warper(image, warp)
        return Portrait(edited.face, image, edited.face.presence * edited.face.drawable)

    def _fitting(self) -> tuple[int, BatchedEngine]:
        """The largest size that is quick enough here, at least 128 px, or the one that was asked for."""
        base, wanted = self._models.base.layered, self._settings.portrait_px
        size = self._models.base.size
        if wanted or base is None or self._settings.min_portrait_fps <= 0 or size <= SMALL_PX:
            size = min(wanted or size, size)
            return size, self._build(size, mixing=False)
        most = ENGINE_SHARE * 1000 / self._settings.min_portrait_fps
        small: BatchedEngine | None = None
        if work(base, size) > HEAVY:  # a size far too slow is not built at all: the smallest one tells
            small = self._build(SMALL_PX, mixing=False)
            per_work = self._milliseconds(small) / work(base, SMALL_PX) / LARGE_GAIN
            while size > SMALL_PX and per_work * work(base, size) > most:
                size //= 2
        while size > SMALL_PX:
            engine = self._build(size, mixing=False)
            if self._milliseconds(engine) <= most:
                return size, engine
            size //= 2
        return SMALL_PX, small or self._build(SMALL_PX, mixing=False)

    def _milliseconds(self, engine: BatchedEngine) -> float:
        mean = self._models.latent_avg
        face = self._inputs(mean, mean, None, 0.0)
        return self._timed(lambda: engine([face]))

    @staticmethod
    def _timed(run: Callable[[], object]) -> float:
        times: list[float] = []
        while len(times) < PROBE_RUNS and (len(times) < 2 or sum(times) < PROBE_PATIENCE):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return float(np.quantile(times, 0.25)) * 1e3

    def _fitting_pairs(self) -> tuple[Pairs, ...]:
        """Engines for a change's two drawings: small ones for faces that are seen small, and, where that is quick, some as large as
        portraits are. None where a face is drawn by any other network, twice."""
        models = self._models
        base = models.base.layered
        if models.detail is None or base is None or not self._settings.changes:
            return ()
        if self._settings.finest:
            return (self._build_pairs(self.portrait_px),)
        small = self._build_pairs(min(base.size, SMALL_PX))
        if self._settings.min_portrait_fps <= 0 or self.portrait_px <= small.size:  # nothing is left to a measurement
            return (small,)
        grown = work(base, self.portrait_px) / work(base, small.size)
        if small.milliseconds * grown > LARGE_GAIN * PAIR_MILLISECONDS:  # far too slow, so it is not built at all
            return (small,)
        large = self._build_pairs(self.portrait_px)
        return (small, large) if large.milliseconds <= PAIR_MILLISECONDS else (small,)

    def _build_pairs(self, size: int) -> Pairs:
        models = self._models
        assert models.detail is not None and models.base.layered is not None
        module = Pair(MixedGenerator(models.base.layered, (), models.detail.expand.weight, size).eval()).eval()
        sample = models.sample()

        def make(batch: int) -> Network:
            ws = sample.repeat(batch, 1, 1)
            detail = torch.zeros(batch, DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX)
            example = (ws, ws.clone(), detail, detail.clone(), torch.ones(batch))
            return Network(f"generator-pair-{size}-{batch}", module, example, self._key)

        engine = BatchedEngine(make, 5, self._engine_settings, (1,), self._thorough)
        mean = models.latent_avg
        inputs = self._pair_inputs(mean, mean, None, None, 0.0)
        return Pairs(size, engine, self._timed(lambda: engine([inputs])))

    def _layers(self, mix: Mix) -> NDArray[np.float32]:
        """[children, resolutions]: the share of each child, of all there are, in each layer."""
        levels = len([r for r in self._models.resolutions if r <= self.portrait_px])
        rows = {name: shares[:levels] for name, shares in mix}
        nothing = (0.0,) * levels
        return np.array([rows.get(child.name, nothing) for child in self._models.children], dtype=np.float32)

    def _inputs(self, ws: Tensor, edited: Tensor, detail: Tensor | None, gain: float) -> Sequence[Array]:
        if self._models.detail is None:
            return (edited.numpy(),)
        residual = np.zeros((DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX), np.float32) if detail is None else detail.numpy()
        return (ws.numpy(), edited.numpy(), residual, np.asarray(gain, np.float32))

    def _build_mixing(self, again: bool) -> None:
        try:
            self._mixing = self._build(self.portrait_px, mixing=True, again=again)
        except (FacetsError, RuntimeError, OSError, MemoryError) as err:  # the base goes on alone
            self.fault = f"generators cannot be mixed on this machine: {err}"

    def _build(self, size: int, mixing: bool, again: bool = True) -> BatchedEngine:
        models = self._models
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
        on_cpu = device_of(self._engine_settings.device, self._engine_settings.backend) == "cpu"
        heavy = models.base.layered is None or work(models.base.layered, size) > HEAVY
        buckets = (1,) if mixing or (on_cpu and heavy) else self._settings.buckets
        return BatchedEngine(make, 1 if models.detail is None else 4, self._engine_settings, buckets, self._thorough, again)

    def _module(self, size: int, children: Sequence[Generator]) -> tuple[nn.Module, int]:
        """The network to run and the number of resolutions that a mix has."""
        models = self._models
        if models.base.layered is None:
            return WholePicture(models.base, size).eval(), 0
        expand = None if models.detail is None else models.detail.expand.weight
        mixed = MixedGenerator(models.base.layered, children, expand, size).eval()
        return (mixed if models.detail is not None else MixedCodes(mixed).eval()), len(mixed.resolutions)


def _picture(drawn: Array) -> Image:
    return np.asarray(drawn, dtype=np.uint8)


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
