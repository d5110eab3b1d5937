"""A pickle of plain tensors or arrays by name, as somebody saves a state dict without PyTorch's own format."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.pickle_records import Array, StoredTensor
from installation.checkpoints.stored_tensors import RecordTensor, Stored

ARRAYS: Mapping[str, torch.dtype] = {
    "f2": torch.float16,
    "f4": torch.float32,
    "f8": torch.float64,
    "i1": torch.int8,
    "i2": torch.int16,
    "i4": torch.int32,
    "i8": torch.int64,
    "u1": torch.uint8,
    "b1": torch.bool,
}


@dataclass(frozen=True, eq=False)
class PickledFile:
    """See ``model_file.ModelFile``."""

    path: Path
    root: object
    metadata: Mapping[str, str] = field(default_factory=dict)

    def holds(self, value: object) -> bool:
        return isinstance(value, StoredTensor | Array)

    def stored(self, value: object, name: str) -> Stored:
        if isinstance(value, StoredTensor):
            storage = value.storage
            offset = storage.data.start + value.offset * storage.dtype.itemsize
            return RecordTensor(self.path, offset, storage.dtype, value.shape, value.stride)
        if isinstance(value, Array) and value.kind is not None and value.data is not None:
            dtype = ARRAYS.get(_word(value.kind.dtype))
            if dtype is not None:
                return RecordTensor(self.path, value.data.start, dtype, value.shape, _stride(value))
        raise CheckpointError(f"{self.path}: {name} is no tensor of plain numbers")


def _word(dtype: np.dtype[np.generic]) -> str:
    """``f4`` for little-endian float32; "" for what another kind of machine wrote."""
    return "" if dtype.byteorder == ">" else dtype.str[1:]


def _stride(array: Array) -> tuple[int, ...]:
    axes = range(len(array.shape))
    return tuple(math.prod(array.shape[:axis] if array.columns else array.shape[axis + 1 :]) for axis in axes)
