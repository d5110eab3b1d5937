"""Faults that starting a loop again does not cure: memory that is not there, and a GPU that has failed.

Libraries say so in words of their own and in classes that differ from version to version, so that both are looked at.
"""

from __future__ import annotations

from enum import Enum

NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "failed to allocate", "alloc_failed", "bad_alloc")
NO_DEVICE = (
    "cuda error", "cuda failure", "cudnn_status", "cublas_status", "cufft", "cusolver", "device-side assert", "illegal memory access",
    "unspecified launch failure", "no cuda gpus are available", "cuda driver",
)  # fmt: skip


class Trouble(Enum):
    """What kind of machine trouble a fault is."""

    MEMORY = "out of memory"
    DEVICE = "the GPU failed"  # nothing more can be asked of it in this process


def trouble_of(err: BaseException) -> Trouble | None:
    """None for every other fault."""
    names = {kind.__name__ for kind in type(err).__mro__}
    text = str(err).lower()
    if isinstance(err, MemoryError) or "OutOfMemoryError" in names or any(words in text for words in NO_MEMORY):
        return Trouble.MEMORY
    if "AcceleratorError" in names or any(words in text for words in NO_DEVICE):
        return Trouble.DEVICE
    return None
