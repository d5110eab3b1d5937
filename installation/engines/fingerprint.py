"""What tells machines and models apart in caches: a CPU's kind and features, a model's weights."""

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import nn

NETWORKS = Path(__file__).resolve().parents[1] / "networks"


@cache
def machine_key() -> str:
    """Short digest of this CPU's model, features and count, of the versions that compile for it, and of the networks' code."""
    parts = [platform.machine(), str(os.cpu_count())]
    try:
        fields = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines() if ":" in line)
        parts += [value.strip() for name, value in fields.items() if name.strip() in ("model name", "model", "stepping", "flags")]
    except (OSError, ValueError):
        parts.append(platform.processor())
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    for package in ("torch", "openvino"):
        try:
            parts.append(version(package))
        except PackageNotFoundError:
            parts.append("")
    # A converted network is made of the code that it was traced from: after an update it is made anew.
    parts += [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(NETWORKS.glob("*.py"))]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def digest(*modules: nn.Module, also: str = "") -> str:
    """Short digest of the weights of ``modules`` and of ``also``."""
    sha = hashlib.sha256(also.encode())
    for module in modules:
        for name, value in module.state_dict().items():
            sha.update(name.encode())
            sha.update(str(tuple(value.shape)).encode())
            sha.update(value.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()[:12]
