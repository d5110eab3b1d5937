"""The models and what runs them: weights, GPU, how fast portraits are drawn. In a process of its own: torch and drivers are large."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import torch

from installation.assembly.networks import ENGINE_CACHE, build_networks, models_of
from installation.assembly.soundness import PLAIN_SHOW, check_controls, controls_of
from installation.doctor.finding import Finding, Patient, broken
from installation.errors import FacetsError
from installation.models.bundle import Models
from installation.registry.manifest import check_file, read_manifest

DRIVER = Path("/proc/driver/nvidia/version")
GPU_HOT = 88.0  # degrees Celsius
GPU_FREE_MB = 2048


def gpu(patient: Patient) -> Iterator[Finding]:
    """Whether a graphics card computes, where there is one."""
    wanted = patient.config.engine.device == "cuda"
    card = DRIVER.exists() or shutil.which("nvidia-smi") is not None
    if torch.cuda.is_available():
        free, total = (value / 2**20 for value in torch.cuda.mem_get_info())
        told = f"{torch.cuda.get_device_name()}, {free / 1024:.1f} of {total / 1024:.1f} GB free, CUDA {torch.version.cuda}"
        degrees = _gpu_celsius()
        if degrees is not None and degrees >= GPU_HOT:
            yield Finding("GPU", "hand", f"{told}, {degrees:.0f} °C", "dust, the fan, the air around it")
        elif free < GPU_FREE_MB:
            yield Finding("GPU", "hand", told, "another program fills its memory: nvidia-smi names it")
        else:
            yield Finding("GPU", "good", told)
    elif wanted:
        todo = "the NVIDIA driver, then make setup; or engine.device: auto"
        yield Finding("GPU", "hand", "engine.device is cuda, and no card computes", todo)
    elif card:
        why = f"this build of PyTorch ({torch.__version__}) has no CUDA" if torch.version.cuda is None else "its driver does not answer"
        todo = "make setup brings the build for it; nvidia-smi must answer"
        yield Finding("GPU", "note", f"an NVIDIA card is here and not used: {why}", todo)
    else:
        yield Finding("GPU", "good", "none: the processor draws")


def _gpu_celsius() -> float | None:
    try:
        asked = ["nvidia-smi", "--query-gpu=temperature.gpu", "--format=csv,noheader"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
        return max(float(line) for line in done.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def weights(patient: Patient) -> Iterator[Finding]:
    """The model files: as they were published, and readable as a whole. Then how fast they are run here."""
    try:
        faults, count = _listed(thorough=not patient.quick)
    except FacetsError as err:
        faults, count = [str(err)], 0
    if faults:
        yield Finding("weights", "hand", "; ".join(faults), "restore them: git checkout -- weights, or install the package anew")
    try:
        models = models_of(patient.config)
    except FacetsError as err:
        yield Finding("weights", "hand", str(err), "models: in the configuration, or the file; python -m installation weights info FILE")
        return
    try:
        check_controls(patient.config, PLAIN_SHOW, lambda: controls_of(patient.config, models))
    except FacetsError as err:
        yield broken(err)
    if not faults:
        yield Finding("weights", "good", f"{models.name}; {count} files as listed{' by size' if patient.quick else ''}")
    yield from _speed(patient, models)


def _listed(thorough: bool) -> tuple[list[str], int]:
    manifest = read_manifest()
    faults, count = [], 0
    for model in manifest.models.values():
        for state in (check_file(manifest, file, thorough) for file in model.files):
            count += state.there
            if state.fault or (model.shipped and not state.there):
                faults.append(f"{state.path.name}: {state.fault or 'is missing'}")
    return faults, count


def _speed(patient: Patient, models: Models) -> Iterator[Finding]:
    known = any(ENGINE_CACHE.glob("*")) if ENGINE_CACHE.is_dir() else False
    if patient.quick:
        told = "measured before" if known else "not measured yet: the first start takes minutes"
        yield Finding("engine", "good" if known else "note", told, "" if known else "python -m installation setup-engines")
        return
    try:
        stages = build_networks(patient.config, models)
        stages.generate.wait()
        milliseconds = stages.generate.milliseconds()
        stages.encode.close()
    except FacetsError as err:
        yield Finding("engine", "hand", str(err), "engine: in the configuration; auto measures what runs here")
        return
    generate, least = stages.generate, patient.config.engine.min_portrait_fps
    fps = 1000 / max(0.1, milliseconds)
    told = f"{fps:.0f} changes of a face a second, {generate.choice}, {generate.portrait_px} px; encoder {stages.encode.choice}"
    if generate.fault:
        yield Finding("engine", "note", generate.fault)
    if fps < least:
        todo = f"engine.portrait_px: 128, faces.max: 1, other programs closed; engine.min_portrait_fps asks for {least:g}"
        yield Finding("engine", "hand", told, todo)
    else:
        yield Finding("engine", "good", told)
