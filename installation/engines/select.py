"""Measure which engine is fastest on this very machine, and remember it."""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from installation.engines.base import Array, Choice, Engine, Network
from installation.engines.device import device_of
from installation.engines.fingerprint import machine_key
from installation.errors import ConfigError, FaultError
from installation.output_file import whole_file

BUSY = 0.75  # of the cores
MOST_ERROR = 0.02  # relative error against float32, for a reduced precision to be taken
TRIALS = 7
PATIENCE = 1.5  # s of runs after which a heavy network has been measured well enough
HOPELESS = 2.0  # times the fastest so far: not worth more runs
UNFIT = (RuntimeError, AssertionError, ImportError, KeyError, OSError)  # torch asserts that it was built with CUDA
RIVALS, FINALS = 3, 2  # so many of the fastest are timed so often again, by turns


@dataclass(frozen=True)
class Measurement:
    """What one choice took: median milliseconds, and its relative error against eager float32, the worst of the outputs."""

    choice: Choice
    milliseconds: float
    error: float


@dataclass(frozen=True)
class EngineSettings:
    """What the configuration asks for; ``auto`` and 0 leave it to the measurement. cache: folder for engines and choices."""

    backend: str = "auto"
    precision: str = "auto"
    threads: int = 0
    device: str = "auto"
    cache: Path | None = None


def steady(settings: EngineSettings) -> EngineSettings:
    """What stays to be measured named by rule, for runs whose pictures must not depend on how busy the machine is."""
    cuda = settings.device != "cpu" and torch.cuda.is_available()
    here = "cudagraph" if cuda else "openvino" if find_spec("openvino") else "eager"
    return replace(
        settings,
        backend=here if settings.backend == "auto" else settings.backend,
        precision="float32" if settings.precision == "auto" else settings.precision,
        threads=settings.threads or len(os.sched_getaffinity(0)),
    )


def build(network: Network, choice: Choice, cache: Path | None) -> Engine:
    """An engine of this choice. Backends import late: a machine need not have them all."""
    if choice.backend == "openvino":
        from installation.engines.openvino_engine import OpenVINOEngine

        return OpenVINOEngine(network, choice, cache)
    from installation.engines.torch_engines import CudaGraphEngine, TorchEngine

    return CudaGraphEngine(network, choice) if choice.backend == "cudagraph" else TorchEngine(network, choice)


def candidates(settings: EngineSettings, thorough: bool) -> list[Choice]:
    """Choices worth measuring here; ``thorough`` adds the ones that take a minute to build (``torch.compile``). Raises ConfigError
    where the configuration asks for a GPU and there is none."""
    cpus = len(os.sched_getaffinity(0))
    if device_of(settings.device, settings.backend) == "cuda":
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


def choose(network: Network, settings: EngineSettings, thorough: bool = False, again: bool = True) -> Engine:
    """The fastest engine for ``network`` here: the remembered choice, otherwise a fresh measurement.

    again: a choice that was made while other programs held the cores is measured once more, if they are gone. A precision that
    is more than ``MOST_ERROR`` off float32 is not taken. Raises ConfigError where what the configuration asks for does not run
    on this machine or is further off than that, FaultError where nothing runs.
    """
    options = candidates(settings, thorough)
    remembered = _remembered(network.name, network.digest, settings, again)
    if remembered in options or (remembered is not None and settings.backend == "auto"):
        with contextlib.suppress(*UNFIT):  # an update of a library may have taken away what ran once
            return build(network, remembered, settings.cache)
    busy = machine_busy()
    results = list(measure(network, options, settings.cache))
    good = [m for m in results if m.error <= MOST_ERROR]
    if not good and (settings.backend, settings.precision) != ("auto", "auto"):
        asked = f"engine.backend {settings.backend} with engine.precision {settings.precision}"
        if not results:
            raise ConfigError(f"{asked}: does not run on this machine; auto takes what does")
        off, most = 100 * min(m.error for m in results), 100 * MOST_ERROR
        raise ConfigError(f"{asked}: {off:.1f} % off float32 for {network.name}, at most {most:.0f} % will do; auto takes what does")
    if not good:
        raise FaultError(f"no engine runs {network.name} on this machine; is the set-up complete? Run `make setup` again")
    best = final(network, sorted(good, key=lambda m: m.milliseconds), settings.cache)
    _remember(network, settings, best, busy)
    return build(network, best.choice, settings.cache)


def is_ready(name: str, digest: str, settings: EngineSettings) -> bool:
    """Whether ``choose`` for the network of that name and digest takes a moment: its choice stands, and what the engine runs lies
    in the cache."""
    remembered = _remembered(name, digest, settings)
    if remembered is None or settings.cache is None or remembered not in candidates(settings, thorough=False):
        return False
    if remembered.backend == "openvino":
        from installation.engines.openvino_engine import converted

        return converted(name, digest, settings.cache).is_file()
    return True


def measure(network: Network, options: Sequence[Choice], cache: Path | None) -> Iterator[Measurement]:
    """Time each choice that can be built; a backend that fails here is no candidate."""
    inputs: list[Array] = [value.numpy() for value in network.example]
    with torch.inference_mode():
        reference = network.module(*network.example)
    expected = [value.numpy() for value in ([reference] if isinstance(reference, torch.Tensor) else reference)]
    fastest = float("inf")
    for choice in options:
        try:
            engine = build(network, choice, cache)
            error = max(relative_error(e, g) for e, g in zip(expected, engine(*inputs), strict=True))
            milliseconds = _time(engine, inputs, fastest)
        except UNFIT:
            continue
        del engine  # a large network need not lie in memory twice
        fastest = min(fastest, milliseconds)
        yield Measurement(choice, milliseconds, error)


def final(network: Network, ranked: Sequence[Measurement], cache: Path | None) -> Measurement:
    """The fastest once its rivals have been timed again by turns: a neighbour on the machine may have slowed one and not another."""
    rivals = [m for m in ranked[:RIVALS] if m.milliseconds < HOPELESS * ranked[0].milliseconds]
    if len(rivals) == 1:
        return rivals[0]
    inputs: list[Array] = [value.numpy() for value in network.example]
    best = {m.choice: m.milliseconds for m in rivals}
    for choice in FINALS * [m.choice for m in rivals]:
        try:
            engine = build(network, choice, cache)
            engine(*inputs)
            best[choice] = min(best[choice], _time(engine, inputs, float("inf")))
        except UNFIT:  # no room for it beside what has come since: its first time stands
            continue
        del engine
    return min((replace(m, milliseconds=best[m.choice]) for m in rivals), key=lambda m: m.milliseconds)


def _time(engine: Engine, inputs: Sequence[Array], fastest: float) -> float:
    """Median milliseconds of a run; fewer runs where they take long or are far from the fastest so far."""
    times: list[float] = []
    while len(times) < TRIALS and not (len(times) >= 2 and (sum(times) > PATIENCE or min(times) * 1e3 > HOPELESS * fastest)):
        start = time.perf_counter()
        engine(*inputs)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def relative_error(expected: Array, got: Array) -> float:
    """‖got - expected‖ / ‖expected‖; bytes are pictures, whose zero is mid-grey. Infinite where ``got`` has a NaN."""
    zero = 127.5 if expected.dtype == np.uint8 else 0.0
    reference = expected.astype(np.float64) - zero
    difference = float(np.linalg.norm(got.astype(np.float64) - zero - reference))
    size = float(np.linalg.norm(reference))
    if not np.isfinite(difference):
        return float("inf")
    return difference / size if size else float(difference > 0)


def _path(name: str, digest: str, settings: EngineSettings) -> Path | None:
    if settings.cache is None:
        return None
    asked = f"{settings.backend}-{settings.precision}-{settings.threads}-{settings.device}"
    return settings.cache / f"choice-{name}-{digest}-{machine_key()}-{asked}.json"


def _remembered(name: str, digest: str, settings: EngineSettings, again: bool = True) -> Choice | None:
    path = _path(name, digest, settings)
    try:
        if path is None:
            return None
        record = json.loads(path.read_text())
        # Neighbours may have slowed one candidate and not another: once they are gone it is measured again.
        return None if again and record.get("busy") and not machine_busy() else Choice(**record["choice"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def machine_busy() -> bool:
    """Whether other programs held most of the cores in the last minute."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)


def _remember(network: Network, settings: EngineSettings, best: Measurement, busy: bool) -> None:
    path = _path(network.name, network.digest, settings)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as fresh:
            fresh.write_text(json.dumps(asdict(best) | {"busy": busy}))
    except (OSError, ConfigError):  # measured again at the next start
        return
