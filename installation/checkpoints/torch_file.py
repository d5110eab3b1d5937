"""Reads what ``torch.save`` wrote, zip or older, without executing anything and without more memory than the file fills."""

import argparse
import io
import pathlib
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.pickle_scan import ForeignPickleError, UnknownNameError, scan
from installation.checkpoints.stored_tensors import HeldTensor, RecordTensor, Stored, span_of

ZIP_START = b"PK\x03\x04"
# The older format opens with torch's magic number as a pickle of its own.
LEGACY_START = b"\x80\x02\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
LEGACY_PICKLES = 5  # magic number, protocol, system, contents, keys of the storages
MAX_PICKLE = 4 << 20
MAX_DIRECTORY = 4 << 20
TYPES = (
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)
TORCHSCRIPT = re.compile(r"code/__torch__|constants\.pkl$")
MEMBER = re.compile(r"(data\.pkl|data/\d{1,20}|version|byteorder|\.data/serialization_id|\.format_version|\.storage_alignment)")
HARMLESS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    argparse.Namespace,
    pathlib.PosixPath,
]  # what the options of a training run consist of


@dataclass(frozen=True)
class Record:
    """A member of the archive: where its bytes begin in the file, and how many they are."""

    offset: int
    size: int


@dataclass(frozen=True, eq=False)
class TorchFile:
    """What a file holds: its pickled contents, whose tensors have no memory yet where the file is an archive. See
    ``model_file.ModelFile``."""

    path: Path
    root: object
    records: dict[int, Record]  # by offset; empty for the older format
    metadata: Mapping[str, str] = field(default_factory=dict)

    def holds(self, value: object) -> bool:
        return isinstance(value, Tensor)

    def stored(self, value: object, name: str) -> Stored:
        if not isinstance(value, Tensor):
            raise CheckpointError(f"{self.path}: {name} is no tensor")
        tensor = value
        if tensor.layout != torch.strided or tensor.dtype not in TYPES:
            raise CheckpointError(f"{self.path}: {name} is a {tensor.layout} tensor of {tensor.dtype}, plain numbers are needed")
        shape, stride = tuple(tensor.shape), tuple(tensor.stride())
        span = span_of(shape, stride)
        if tensor.numel() > span:
            raise CheckpointError(f"{self.path}: {name} claims {tensor.numel():,} numbers and stores {span:,}")
        if not tensor.is_meta:
            return HeldTensor(tensor.detach())
        record = self.records.get(getattr(tensor.untyped_storage(), "_checkpoint_offset", -1))
        start, size = int(tensor.storage_offset()) * tensor.itemsize, span * tensor.itemsize
        if record is None or start + size > record.size:
            raise CheckpointError(f"{self.path}: {name} claims {size:,} bytes, which the file does not hold")
        return RecordTensor(self.path, record.offset + start, tensor.dtype, shape, stride)


def read_zip(path: Path) -> TorchFile:
    """A checkpoint in today's format; no number of it is read. Raises CheckpointError."""
    try:
        records = _records(path)
        _check_pickle(path, records)
    except (ValueError, OSError, RuntimeError, zipfile.BadZipFile, zipfile.LargeZipFile, struct.error) as err:
        raise _refused(path, err) from err
    return TorchFile(path, _load(path, "meta"), {record.offset: record for record in records.values()})


def read_legacy(path: Path) -> TorchFile:
    """A checkpoint from before PyTorch 1.6; its tensors are in memory. Raises CheckpointError."""
    sizes: dict[str, int] = {}
    try:
        with path.open("rb") as file:
            head = io.BytesIO(file.read(MAX_PICKLE))
        for _ in range(LEGACY_PICKLES):
            for claim in scan(head):
                sizes[claim.key] = max(claim.size, sizes.get(claim.key, 0))
        if sum(sizes.values()) > path.stat().st_size:
            raise ValueError(f"it claims {sum(sizes.values()):,} bytes of numbers in a file of {path.stat().st_size:,}")
    except (ValueError, OSError) as err:
        raise _refused(path, err) from err
    return TorchFile(path, _load(path, "cpu"), {})


def read_contents(path: Path) -> object:
    """What a small file holds, whatever its format, its tensors in memory. Raises ValueError, which does not name the file."""
    with path.open("rb") as file:
        start = file.read(len(ZIP_START))
    try:
        if start != ZIP_START:
            return read_legacy(path).root
        read_zip(path)
        return _load(path, "cpu")
    except CheckpointError as err:
        raise ValueError(str(err).removeprefix(f"{path}: ")) from err


def _refused(path: Path, err: Exception) -> CheckpointError:
    if isinstance(err, ForeignPickleError):
        return CheckpointError(f"{path}: is {err}")
    if isinstance(err, UnknownNameError):
        return CheckpointError(
            f"{path}: not a readable PyTorch checkpoint: it {err}; save its parameters alone: torch.save(model.state_dict(), 'new.pt')"
        )
    return CheckpointError(f"{path}: not a readable PyTorch checkpoint: {err}. Fetch it again from its source")


def _load(path: Path, device: str) -> object:
    try:
        with torch.serialization.safe_globals(HARMLESS):
            return torch.load(path, map_location=device, weights_only=True)
    except Exception as err:  # whatever a broken file makes the reader raise, the file is what is wrong
        reason = str(err).strip().splitlines() or [type(err).__name__]
        raise _refused(path, ValueError(reason[0])) from err


def _records(path: Path) -> dict[str, Record]:
    """The archive's members by their names without the folder. Raises ValueError for what ``torch.save`` does not write."""
    size = path.stat().st_size
    _check_directory(path, size)
    found: dict[str, Record] = {}
    end = 0
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        names = [info.filename for info in archive.infolist()]
        if not any(name.endswith("/data.pkl") for name in names):
            raise ValueError(f"it is a zip archive of something else (it holds {', '.join(map(repr, names[:3])) or 'nothing'})")
        for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
            name = info.filename.partition("/")[2]
            if TORCHSCRIPT.match(name):
                raise ForeignPickleError("a TorchScript program, which would have to be run; a file of parameters is needed here")
            if not MEMBER.fullmatch(name) or name in found:
                raise ValueError(f"its member {info.filename!r} does not belong into a checkpoint of weights")
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
                raise ValueError(f"its member {info.filename!r} is packed, which torch.save does not do")
            file.seek(info.header_offset)
            header = file.read(30)
            offset = info.header_offset + 30 + sum(struct.unpack("<HH", header[26:30]))
            if info.header_offset < end or offset + info.file_size > size:
                raise ValueError(f"its member {info.filename!r} claims {info.file_size:,} bytes, which the file of {size:,} does not hold")
            end = offset + info.file_size
            found[name] = Record(offset, info.file_size)
    return found


def _check_directory(path: Path, size: int) -> None:
    """The table of contents must be small and lie at the very end, as ``torch.save`` leaves it."""
    with path.open("rb") as file:
        file.seek(max(0, size - 42))
        tail = file.read(42)
        end = tail[-22:]
        if len(end) < 22 or not end.startswith(b"PK\x05\x06"):
            raise ValueError("its end is missing; it was cut off")
        length = int.from_bytes(end[12:16], "little")
        if tail.startswith(b"PK\x06\x07"):
            file.seek(min(int.from_bytes(tail[8:16], "little"), size))
            length = max(length & 0x7FFFFFFF, int.from_bytes(file.read(48)[40:48], "little"))
    if length > MAX_DIRECTORY:
        raise ValueError(f"its table of contents claims {length:,} bytes")


def _check_pickle(path: Path, records: dict[str, Record]) -> None:
    """Holds what the pickle asks for against the members."""
    with path.open("rb") as file:
        if "byteorder" in records and _bytes_of(file, records["byteorder"]) != b"little":
            raise ValueError("it was written on a big-endian machine")
        head = io.BytesIO(_bytes_of(file, records["data.pkl"]))
    for name, record in records.items():
        if not name.startswith("data/") and record.size > MAX_PICKLE:
            raise ValueError(f"its member {name!r} has {record.size:,} bytes, more than {MAX_PICKLE:,}")
    for claim in scan(head):
        if f"data/{claim.key}" not in records:
            raise ValueError(f"its storage {claim.key!r} is missing; it was cut off")
        held = records[f"data/{claim.key}"].size
        if claim.size > held:
            raise ValueError(f"its storage {claim.key!r} claims {claim.size:,} bytes and has {held:,}")


def _bytes_of(file: BinaryIO, record: Record) -> bytes:
    file.seek(record.offset)
    return file.read(min(record.size, MAX_PICKLE + 1))
