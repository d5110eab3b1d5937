"""Reads a network pickle as data: the names of ``pickle_records.KNOWN`` and tensors' storages, which are pickles themselves."""

from collections.abc import Mapping
from functools import partial
from typing import BinaryIO

import torch

from installation.checkpoints.pickle_machine import Budget, PickleMachine
from installation.checkpoints.pickle_records import KNOWN, STORAGE_TYPES, Name, RefusedPickleError, Span, Storage

LOAD_STORAGE = "torch.storage._load_from_bytes"
STORAGE_MAGIC = 0x1950A86A20F9469CFC6C  # torch.save's first word before its zip format
WORDS: Mapping[str, None] = {f"{place}.{kind}": None for place in ("torch", "torch.cuda") for kind in STORAGE_TYPES}


def unpickle(file: BinaryIO, size: int) -> object:
    """The records of a file of ``size`` bytes. Raises RefusedPickleError."""
    budget = Budget()
    return PickleMachine(Span(file, 0, size), {**KNOWN, LOAD_STORAGE: partial(read_storage, budget)}, budget).load()


def read_storage(budget: Budget, *arguments: object) -> Storage:
    """Find the numbers of a storage that ``torch.save`` wrote into a byte string (its layout before the zip files).

    Four pickles (magic, version, machine, the storage's kind and count), the list of keys, the count again, the numbers.
    """
    match arguments:
        case (Span() as data,):
            pass
        case _:
            raise RefusedPickleError("a storage that is no byte string")
    at = 0
    parts: list[object] = []
    for _ in range(5):
        machine = PickleMachine(data, WORDS, budget, at, _numbers)
        parts.append(machine.load())
        at = machine.at
    match parts:
        case [int(magic), 1001, {"little_endian": True}, (torch.dtype() as kind, int(count)), list(keys)] if (
            magic == STORAGE_MAGIC and len(keys) == 1
        ):
            pass
        case _:
            raise RefusedPickleError("a storage that torch.save did not write on a machine like this")
    numbers = data.length - at - 8
    if numbers < 0 or count < 0 or count * kind.itemsize > numbers:
        raise RefusedPickleError(f"a storage claims {count:,} numbers of {kind.itemsize} bytes where {max(0, numbers):,} bytes are present")
    if int.from_bytes(data.read(at, 8), "little", signed=True) != count:
        raise RefusedPickleError("a storage states two different sizes")
    return Storage(Span(data.file, data.start + at + 8, count * kind.itemsize), kind, count)


def _numbers(identity: object) -> tuple[torch.dtype, int]:
    """Kind and count of a storage's numbers, from ('storage', kind, key, device, count, no view)."""
    match identity:
        case ("storage", Name(full), str(), str(), int(count), *view) if view in ([], [None]):
            return STORAGE_TYPES[full.rsplit(".", 1)[1]], count
    raise RefusedPickleError("a storage that is a view of another one")
