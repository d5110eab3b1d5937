"""Measure which engine is fastest on this very machine, and remember it."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from installation.engines.base import Array, Choice, Engine, Network
from installation.engines.fingerprint import machine_key
from installation.errors import ConfigError, FaultError

LEAST_PSNR = 36.0  # dB against float32, for a reduced precision to be taken
TRIALS = 7


@dataclass(frozen=True)
class Measurement:
    """What one choice took: median milliseconds, and its PSNR in dB against eager float32."""

    choice: Choice
    milliseconds: float
    psnr: float


@dataclass(frozen=True)
class EngineSettings:
    """What the configuration asks for; ``auto`` and 0 leave it to the measurement. cache: folder for engines and choices."""

    backend: str = "auto"
    precision: str = "auto"
    threads: int = 0
    device: str = "auto"
    cache: Path | None = None


def build(network: Network, choice: Choice, cache: Path | None) -> Engine:
    """An engine of this choice. Backends import late: a machine need not have them all."""
    if choice.backend == "openvino":
        from installation.engines.openvino_engine import OpenVINOEngine

        return OpenVINOEngine(network, choice, cache)
    from installation.engines.torch_engines import CudaGraphEngine, TorchEngine

    return CudaGraphEngine(network, choice) if choice.backend == "cudagraph" else TorchEngine(network, choice)


def candidates(settings: EngineSettings, thorough: bool) -> list[Choice]:
    """Choices worth measuring here; ``thorough`` adds the ones that take a minute to build (``torch.compile``)."""
    cpus = len(os.sched_getaffinity(0))
    if settings.device != "cpu" and torch.cuda.is_available():
        pairs = [("cudagraph", "fp16"), ("cudagraph", "bf16"), ("cudagraph", "float32")]
    else:
        pairs = [("openvino", "float32"), ("openvino", "bf16"), ("eager", "float32")]
        if thorough or settings.backend == "compile":
            pairs.append(("compile", "float32"))
    if settings.backend != "auto":
        pairs = [pair for pair in pairs if pair[0] == settings.backend] or [(settings.backend, "float32")]
    if settings.precision != "auto":
        pairs = [(backend, settings.precision) for backend in dict.fromkeys(backend for backend, _ in pairs)]
    threads = [settings.threads] if settings.threads else sorted({cpus, max(1, cpus // 2)}, reverse=True)
    return [Choice(backend, precision, count) for backend, precision in pairs for count in threads]


def choose(network: Network, settings: EngineSettings, thorough: bool = False) -> Engine:
    """The fastest engine for ``network`` here: the remembered choice, otherwise a fresh measurement.

    Raises ConfigError where what the configuration asks for does not run on this machine, FaultError where nothing does.
    """
    options = candidates(settings, thorough)
    remembered = _remembered(network, settings)
    if remembered in options or (remembered is not None and settings.backend == "auto"):
        return build(network, remembered, settings.cache)
    results = list(measure(network, options, settings.cache))
    good = [m for m in results if m.psnr >= LEAST_PSNR] or results
    if not good and (settings.backend, settings.precision) != ("auto", "auto"):
        asked = f"engine.backend {settings.backend} with engine.precision {settings.precision}"
        raise ConfigError(f"{asked}: does not run on this machine; auto takes what does")
    if not good:
        raise FaultError(f"no engine runs {network.name} on this machine; is the set-up complete? Run `make setup` again")
    best = min(good, key=lambda m: m.milliseconds)
    _remember(network, settings, best)
    return build(network, best.choice, settings.cache)


def measure(network: Network, options: Sequence[Choice], cache: Path | None) -> Iterator[Measurement]:
    """Time each choice that can be built; a backend that fails here is no candidate."""
    inputs: list[Array] = [value.numpy() for value in network.example]
    with torch.inference_mode():
        reference = network.module(*network.example)
    expected = (reference if isinstance(reference, torch.Tensor) else reference[0]).float().numpy()
    for choice in options:
        try:
            engine = build(network, choice, cache)
            got = np.array(engine(*inputs)[0], dtype=np.float32)
            times = []
            for _ in range(TRIALS):
                start = time.perf_counter()
                engine(*inputs)
                times.append(time.perf_counter() - start)
        except (RuntimeError, AssertionError, ImportError, KeyError, OSError):  # torch asserts that it was built with CUDA
            continue
        yield Measurement(choice, float(np.median(times)) * 1e3, psnr(expected, got))


def psnr(expected: Array, got: Array) -> float:
    """Peak signal-to-noise ratio in dB; the peak is the range of ``expected``."""
    error = float(np.mean((expected.astype(np.float64) - got.astype(np.float64)) ** 2))
    peak = float(expected.max() - expected.min()) or 1.0
    return float("inf") if error == 0 else 10 * float(np.log10(peak**2 / error))


def _path(network: Network, settings: EngineSettings) -> Path | None:
    if settings.cache is None:
        return None
    asked = f"{settings.backend}-{settings.precision}-{settings.threads}-{settings.device}"
    return settings.cache / f"choice-{network.name}-{network.digest}-{machine_key()}-{asked}.json"


def _remembered(network: Network, settings: EngineSettings) -> Choice | None:
    path = _path(network, settings)
    try:
        return None if path is None else Choice(**json.loads(path.read_text())["choice"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(network: Network, settings: EngineSettings, best: Measurement) -> None:
    path = _path(network, settings)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".tmp")
        fresh.write_text(json.dumps(asdict(best)))
        fresh.replace(path)
    except OSError:  # measured again at the next start
        return
