"""Reads ``.npz``: a zip archive of arrays. Arrays of objects, which would be unpickled, are refused."""

import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.stored_tensors import Shape, Stored, in_plain_type

SUFFIX = ".npy"
MAX_MEMBERS = 16_384
VERSIONS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class Member:
    """An array of the archive that was not read yet."""

    path: Path
    name: str
    shape: Shape

    def read(self) -> Tensor:
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.name) as file:
                values = np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError) as err:
            raise CheckpointError(f"{self.path}: {self.name} cannot be read ({err}); fetch the file again") from err
        return in_plain_type(torch.from_numpy(np.array(values, values.dtype.newbyteorder("="))))


@dataclass(frozen=True, eq=False)
class NumpyArchive:
    """What an ``.npz`` holds. See ``model_file.ModelFile``."""

    path: Path
    root: Mapping[str, Member]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def holds(self, value: object) -> bool:
        return isinstance(value, Member)

    def stored(self, value: object, name: str) -> Stored:
        if not isinstance(value, Member):
            raise CheckpointError(f"{self.path}: {name} is no array of numbers")
        return value


def read_numpy(path: Path) -> NumpyArchive:
    """The arrays of an archive, checked against what the archive claims; no number is read. Raises CheckpointError."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS:
                raise ValueError(f"it has {len(infos):,} members")
            members = {info.filename.removesuffix(SUFFIX): _member(path, archive, info) for info in infos if info.filename.endswith(SUFFIX)}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as err:
        raise CheckpointError(f"{path}: not a readable archive of arrays ({err}); is it cut off? Fetch it again") from err
    return NumpyArchive(path, {name: member for name, member in members.items() if member is not None})


def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member | None:
    """None for what holds no plain numbers, such as a word beside the arrays. Raises ValueError."""
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in VERSIONS:
            raise ValueError(f"{info.filename} is of the unknown version {version}")
        shape, _, dtype = VERSIONS[version](file)
        if dtype.kind not in "fiub" or dtype.itemsize > 8:
            return None
        if math.prod(shape) * dtype.itemsize != info.file_size - file.tell():
            raise ValueError(f"{info.filename} claims {list(shape)} numbers, which its {info.file_size:,} bytes do not hold")
    return Member(path, info.filename, tuple(int(side) for side in shape))
