"""Generate: draw each visitor's edited code with the generators as they are mixed now."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from installation.engines.base import Network
from installation.engines.batched import BatchedEngine
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings
from installation.errors import FacetsError
from installation.messages import EditedFrame, Portrait, Portraits
from installation.networks.bundle import Models
from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX
from installation.networks.mixed_generator import MixedGenerator

SMALL_PX = 128
PROBE_RUNS = 9
ENGINE_SHARE = 0.65  # of the time between two portraits that the engine may take; tracking and the canvas have the rest


@dataclass(frozen=True)
class GenerateSettings:
    """portrait_px: 0 lets the machine's speed decide; min_portrait_fps: below it a portrait steps down to 128 px."""

    portrait_px: int = 0
    min_portrait_fps: float = 12.0
    buckets: tuple[int, ...] = (1, 4)


class Generate:
    """Two engines: one of the base alone, and, where there are children, one that mixes, built while the show already runs."""

    def __init__(self, models: Models, engine: EngineSettings, settings: GenerateSettings, thorough: bool = False) -> None:
        self._models, self._engine_settings, self._settings, self._thorough = models, engine, settings, thorough
        self._key = digest(models.base, *(c.generator for c in models.children), models.encoder.expand)
        self.portrait_px = min(settings.portrait_px or models.base.size, models.base.size)
        self._plain = self._build(self.portrait_px, mixing=False)
        slow = settings.min_portrait_fps > 0 and self.milliseconds() > ENGINE_SHARE * 1000 / settings.min_portrait_fps
        if settings.portrait_px == 0 and slow and self.portrait_px > SMALL_PX:
            self.portrait_px = SMALL_PX
            self._plain = self._build(SMALL_PX, mixing=False)
        self._mixing: BatchedEngine | None = None
        self._builder: threading.Thread | None = None
        self.fault: str | None = None  # why the mixing engine could not be built
        if models.children:
            self._builder = threading.Thread(target=self._build_mixing, name="build-mixing", daemon=True)
            self._builder.start()

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
        face = self._inputs(self._models.latent_avg, self._models.latent_avg, None, 0.0)
        times = []
        for _ in range(PROBE_RUNS):
            start = time.perf_counter()
            self._plain([face])
            times.append(time.perf_counter() - start)
        return float(np.quantile(times, 0.25)) * 1e3

    def wait(self) -> None:
        """Until the mixing engine stands: lockstep runs must not depend on when it does."""
        if self._builder is not None:
            self._builder.join()

    def generate(self, edited: EditedFrame) -> Portraits:
        """Portraits uint8 [S, S, 3] of every visitor, sorted by id."""
        faces = [self._inputs(f.ws, f.ws_edited, f.detail, f.detail_gain) for f in edited.faces]
        results = self._mixing(faces, [self._mix(edited)]) if edited.mix and self._mixing is not None else self._plain(faces)
        portraits = [
            Portrait(f.face, np.asarray(result[0], dtype=np.uint8), f.face.presence * f.face.drawable)
            for f, result in zip(edited.faces, results, strict=True)
        ]
        return Portraits(edited.frame, tuple(portraits))

    def _mix(self, edited: EditedFrame) -> NDArray[np.float32]:
        levels = len([r for r in self._models.base.resolutions if r <= self.portrait_px])
        return np.array([shares[:levels] for _, shares in edited.mix], dtype=np.float32)

    @staticmethod
    def _inputs(ws: torch.Tensor, edited: torch.Tensor, detail: torch.Tensor | None, gain: float) -> Sequence[NDArray[np.float32]]:
        residual = np.zeros((DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX), np.float32) if detail is None else detail.numpy()
        return (ws.numpy(), edited.numpy(), residual, np.float32(gain))  # type: ignore[return-value]

    def _build_mixing(self) -> None:
        try:
            self._mixing = self._build(self.portrait_px, mixing=True)
        except (FacetsError, RuntimeError, OSError, MemoryError) as err:  # the base goes on alone
            self.fault = f"generators cannot be mixed on this machine: {err}"

    def _build(self, size: int, mixing: bool) -> BatchedEngine:
        models = self._models
        children = [c.generator for c in models.children] if mixing else []
        module = MixedGenerator(models.base, children, models.encoder.expand.weight, size).eval()

        def make(batch: int) -> Network:
            ws = models.latent_avg.repeat(batch, 1, 1)
            detail = torch.zeros(batch, DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX)
            example: tuple[torch.Tensor, ...] = (ws, ws.clone(), detail, torch.ones(batch))
            if mixing:
                example += (torch.full((len(children), len(module.resolutions)), 0.5 / len(children)),)
            return Network(f"generator-{'mix' if mixing else 'base'}-{size}-{batch}", module, example, self._key)

        # Mixed weights are computed for each call: a larger batch would hold them twice and gain little.
        buckets = (1,) if mixing else self._settings.buckets
        return BatchedEngine(make, 4, self._engine_settings, buckets, self._thorough)
