"""Where the networks run, decided in this one place."""

from __future__ import annotations

from typing import Literal

import torch

from installation.errors import ConfigError

Device = Literal["cpu", "cuda"]
ON_CPU = ("eager", "compile", "openvino")  # backends that know no GPU


def device_of(device: str, backend: str = "auto") -> Device:
    """The device that ``engine.device`` and ``engine.backend`` come to on this machine: a GPU where there is one and neither of the
    two says otherwise. Raises ConfigError where a GPU is asked for and there is none."""
    if device == "cpu" or backend in ON_CPU:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda" or backend == "cudagraph":
        asked = "engine.device cuda" if device == "cuda" else "engine.backend cudagraph"
        raise ConfigError(f"{asked}: does not run on this machine, torch finds no GPU with CUDA here; auto takes the CPU")
    return "cpu"
