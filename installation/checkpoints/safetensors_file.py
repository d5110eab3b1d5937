"""Reads the ``.safetensors`` format: a JSON header of names, types, shapes and places, then the numbers."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.stored_tensors import RecordTensor, Stored

MAX_HEADER = 8 << 20
TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True, eq=False)
class SafetensorsFile:
    """Tensors that have not been read yet, and the card. See ``model_file.ModelFile``."""

    path: Path
    tensors: dict[str, Stored]
    metadata: dict[str, str]

    @property
    def root(self) -> dict[str, Stored]:
        return self.tensors

    def holds(self, value: object) -> bool:
        return isinstance(value, RecordTensor)

    def stored(self, value: object, name: str) -> Stored:
        if not isinstance(value, RecordTensor):
            raise CheckpointError(f"{self.path}: {name} is no tensor")
        return value


def looks_like_safetensors(head: bytes) -> bool:
    """Whether the first nine bytes of a file are a header's length and its opening brace."""
    return len(head) >= 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 40


def read_safetensors(path: Path) -> SafetensorsFile:
    """The header of a file, checked against the file's size. Raises CheckpointError."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(MAX_HEADER, size - 8):
                raise ValueError(f"its header claims {length:,} bytes")
            header = json.loads(file.read(length))
        metadata = {str(key): str(value) for key, value in dict(header.pop("__metadata__", {})).items()}
        tensors = {name: _place(path, name, entry, 8 + length, size) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as err:
        raise CheckpointError(f"{path}: not a readable model file ({err}); is it cut off? Fetch or export it again") from err
    return SafetensorsFile(path, tensors, metadata)


def _place(path: Path, name: str, entry: dict[str, object], base: int, size: int) -> Stored:
    dtype, shape, place = TYPES[str(entry["dtype"])], entry["shape"], entry["data_offsets"]
    if not isinstance(shape, list) or not isinstance(place, list) or not all(isinstance(n, int) and n >= 0 for n in (*shape, *place)):
        raise ValueError(f"{name}: its shape or place is no list of numbers")
    start, end = place
    if end - start != math.prod(shape) * dtype.itemsize or base + end > size:
        raise ValueError(f"{name}: {shape} of {dtype} at {start:,} to {end:,} does not lie in a file of {size:,} bytes")
    stride = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return RecordTensor(path, base + start, dtype, tuple(shape), tuple(stride))
