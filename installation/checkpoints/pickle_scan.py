"""Looks through the pickle of a PyTorch checkpoint before it is read, byte code by byte code, executing nothing.

``torch.load(weights_only=True)`` already runs no code of the file; this bounds what it can be made to build: only the names
that a checkpoint of tensors and options needs, a bounded number of steps, no tuples that contain each other ever more often,
and storages whose sizes can be held against the file.
"""

import pickletools
import struct
from dataclasses import dataclass
from typing import BinaryIO

from installation.checkpoints.foreign_kinds import what_asks_for

MAX_STEPS = 500_000  # a training checkpoint of a 1024 px generator takes a third of it
MAX_TUPLE = 1_000  # numbers and names in one tuple, counted as often as they can be reached

ITEM_BYTES = {
    "torch DoubleStorage": 8,
    "torch FloatStorage": 4,
    "torch HalfStorage": 2,
    "torch BFloat16Storage": 2,
    "torch LongStorage": 8,
    "torch IntStorage": 4,
    "torch ShortStorage": 2,
    "torch CharStorage": 1,
    "torch ByteStorage": 1,
    "torch BoolStorage": 1,
}
NAMES = frozenset(ITEM_BYTES) | {
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch.nn.parameter Parameter",
    "torch Size",
    "torch device",
    "collections OrderedDict",
    "argparse Namespace",
    "pathlib PosixPath",
}
PLAIN = {"EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "NONE", "NEWTRUE", "NEWFALSE", "BINFLOAT"}
VALUES = {"GLOBAL", "BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINSTRING"}
# Instructions that make one thing of so many, and those that put so many into the one below them.
JOINS = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3, "REDUCE": 2, "NEWOBJ": 2}
DROPS = {"BUILD": 1, "APPEND": 1, "SETITEM": 2}


class ForeignPickleError(ValueError):
    """A pickle of another program that can be told; the message says what it is."""


class UnknownNameError(ValueError):
    """A pickle that asks for a name which no checkpoint of weights needs."""


@dataclass(frozen=True)
class Claim:
    """A storage that the pickle asks for: its key in the file and its size in bytes."""

    key: str
    size: int


@dataclass(frozen=True)
class _Item:
    """What lies on the stack: how many leaves it reaches, and its value where that is a number, a name or a tuple of them."""

    leaves: int = 1
    value: object = None


class _Machine:
    """The stack of a pickle, with nothing on it but sizes and names."""

    def __init__(self) -> None:
        self.stack: list[_Item] = []
        self.marks: list[int] = []
        self.memo: dict[int, _Item] = {}
        self.claims: list[Claim] = []

    def step(self, name: str, arg: object) -> None:
        if not (self._pushes(name, arg) or self._takes(name) or self._remembers(name, arg) or name in ("PROTO", "STOP")):
            raise ValueError(f"uses the pickle instruction {name}, which torch.save does not write")

    def _pushes(self, name: str, arg: object) -> bool:
        if name == "GLOBAL" and arg not in NAMES:
            if kind := what_asks_for(str(arg).replace(" ", ".")):
                raise ForeignPickleError(kind)
            raise UnknownNameError(f"asks for {str(arg).replace(' ', '.')!r}, which no checkpoint of weights needs")
        if name in VALUES:
            self.stack.append(_Item(1, arg))
        elif name in PLAIN:
            self.stack.append(_Item())
        return name in VALUES or name in PLAIN

    def _takes(self, name: str) -> bool:
        if name in ("TUPLE", "APPENDS", "SETITEMS"):
            items = self.cut(self.marks.pop())
            if name == "TUPLE":
                self.join(items)
        elif name in JOINS:
            self.join(self.cut(len(self.stack) - JOINS[name]))
        elif name in DROPS:
            self.cut(len(self.stack) - DROPS[name])
        elif name == "BINPERSID":
            self.claims.append(claim_of(self.stack.pop().value))
            self.stack.append(_Item())
        else:
            return False
        return True

    def _remembers(self, name: str, arg: object) -> bool:
        if name == "MARK":
            self.marks.append(len(self.stack))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[int(str(arg))] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[int(str(arg))])
        else:
            return False
        return True

    def cut(self, start: int) -> list[_Item]:
        if start < 0:
            raise ValueError("takes more from its stack than lies there")
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def join(self, items: list[_Item]) -> None:
        leaves = 1 + sum(item.leaves for item in items)
        if leaves > MAX_TUPLE:
            raise ValueError("nests tuples that hold each other ever more often (a pickle bomb)")
        self.stack.append(_Item(leaves, tuple(item.value for item in items)))


def claim_of(identity: object) -> Claim:
    """The storage behind a persistent id ``('storage', type, key, location, numel, …)``. Raises ValueError."""
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] not in ("storage", b"storage"):
        raise ValueError("refers to something that is not a storage of numbers")
    kind, key, numel = identity[1], identity[2], identity[4]
    if kind not in ITEM_BYTES or not isinstance(numel, int) or numel < 0:
        raise ValueError("describes a storage without a type or a size")
    return Claim(str(key), numel * ITEM_BYTES[kind])


def scan(file: BinaryIO) -> list[Claim]:
    """The storages that the next pickle in ``file`` asks for. Raises ValueError with the reason to refuse it."""
    machine = _Machine()
    try:
        for step, (code, arg, _) in enumerate(pickletools.genops(file)):
            if step > MAX_STEPS:
                raise ValueError(f"takes more than {MAX_STEPS} steps to read")
            machine.step(code.name, arg)
    except (IndexError, KeyError, EOFError, OverflowError, struct.error) as err:
        raise ValueError(f"its structure is broken ({err!r})") from err
    return machine.claims
