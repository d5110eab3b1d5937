"""The models and the networks of a show: files read, engines measured for this machine."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from installation.checkpoints.loading import EncoderReading
from installation.config import Config
from installation.control.installed import Installed
from installation.control.parameters import ParameterTable
from installation.engines.select import EngineSettings, steady
from installation.engines.store import open_store
from installation.engines.style_models import StyleEngineSettings
from installation.latents.cache import CachePolicy
from installation.models.bundle import EVERYTHING, Models, load_models
from installation.models.occlusion import load_occlusion
from installation.operation.patience import told
from installation.operation.saying import say
from installation.places import cache, shipped
from installation.portraits.engines import GenerateSettings
from installation.stages.encode import Encode
from installation.stages.generate import Generate
from installation.stages.occlusion import Occlusion, occlusion_engine
from installation.styles.library import Palette
from installation.styles.painter import PainterSettings

ENGINE_CACHE = cache() / "engines"
DEFAULT_SIZE = (1280, 720)  # px, of a canvas whose display is not known yet
OCCLUSION = shipped("weights") / "occlusion.safetensors"


def _say(line: str) -> None:
    say(f"facets: {line}")


def models_of(config: Config) -> Models:
    """Load the model files that the configuration names. Raises WeightsError."""
    m = config.models
    named = frozenset(key for key in EVERYTHING if config.named(f"models.{key}"))
    reading = EncoderReading(m.encoder_kind, m.encoder_codes)
    with told(f"reading {m.generator.name} and {m.encoder.name}", _say):
        models = load_models(m.generator, m.encoder, m.children, m.directions, named, reading, m.editor)
    for notice in models.notices:
        say(f"facets: {notice}")
    return models


def table_of(models: Models, palette: Palette | None = None) -> ParameterTable:
    """The live controls that these models and styles give. palette: None takes the styles that ship."""
    return Installed.of(models, palette).table()


def engine_settings(config: Config) -> EngineSettings:
    """Engine part of the configuration, with the cache in the project's own folder, or in one that lasts for this start."""
    e = config.engine
    return EngineSettings(e.backend, e.precision, e.threads, e.device, open_store(ENGINE_CACHE).folder)


@dataclass(frozen=True, eq=False)
class NetworkStages:
    """The stages that hold networks of ours."""

    occlusion: Occlusion
    encode: Encode
    generate: Generate


def build_networks(
    config: Config, models: Models, thorough: bool = False, background: bool = False, lockstep: bool = False, finest: bool = False
) -> NetworkStages:
    """The stages that hold networks, on the engines measured for this machine. background: encode beside tracking. lockstep:
    engine and size of the portraits are the same every time, whatever a measurement would say. finest: where nobody waits, edits are
    drawn as finely as the generator can."""
    store = open_store(ENGINE_CACHE)
    if store.notice:
        _say(store.notice)
    fitted = "is being fitted to this machine" + (", which the next start need not do" if store.lasting else "")
    engines = steady(engine_settings(config)) if lockstep else engine_settings(config)
    c, e = config.encode, config.engine
    policy = CachePolicy(
        c.refresh_seconds, c.pose_degrees, c.expression_change, c.smoothing_seconds, forget_seconds=config.privacy.forget_seconds
    )
    buckets = (1, 4) if config.faces.max >= 3 else (1,)
    # Perception runs beside synthesis: half of the cores for the encoder gives the steadier delay.
    beside = replace(engines, threads=engines.threads or max(1, len(os.sched_getaffinity(0)) // 2))
    with told(f"the encoder {fitted}", _say):
        occlusion = Occlusion(occlusion_engine(load_occlusion(OCCLUSION), replace(engines, threads=1)))
        encode = Encode(models, policy, beside, buckets, thorough, background)
    with told(f"the generator {fitted}", _say):
        fps = 0.0 if lockstep else e.min_portrait_fps
        generate = Generate(models, engines, GenerateSettings(e.portrait_px, fps, buckets, finest=finest), thorough)
    if e.portrait_px > generate.portrait_px:
        say(f"facets: engine.portrait_px {e.portrait_px}: the generator draws {generate.portrait_px} px and no more")
    return NetworkStages(occlusion, encode, generate)


def painter_settings(config: Config, lockstep: bool = False, size: tuple[int, int] | None = None) -> PainterSettings:
    """How styles are painted: beside the mirror's own networks, on half of the cores. size: px of the canvas, the configured one
    where it is not known yet."""
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    engine = StyleEngineSettings(open_store(ENGINE_CACHE).folder, threads, "f32" if lockstep else "")
    width, height = size or (config.canvas.width or DEFAULT_SIZE[0], config.canvas.height or DEFAULT_SIZE[1])
    return PainterSettings(width, height, engine, config.engine.style_px, background=not lockstep)


def device_name() -> str:
    """The GPU in use, otherwise the CPU, by its own name."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
