"""What a network pickle may hold, as plain records, and the short list of names that make them.

A pickle calls functions by name. Here a name is looked up in ``KNOWN`` and its record is made by the function that stands
beside it; nothing is imported, and no code that came with the file runs. Tensors stay in the file as a place and a shape until
somebody asks for their numbers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

MAX_RANK = 8
MAX_ARRAY = 64  # numbers that are taken out of a numpy array; modules record sizes and paddings in them


class RefusedPickleError(ValueError):
    """A pickle that is damaged, or that asks for something outside the short list; the message is half a sentence."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes that still lie in the file."""

    file: BinaryIO
    start: int
    length: int

    def read(self, start: int = 0, length: int | None = None) -> bytearray:
        """``length`` bytes from ``start`` within the span. Raises RefusedPickleError where it is too short."""
        length = self.length - start if length is None else length
        if start < 0 or length < 0 or start + length > self.length:
            raise RefusedPickleError(f"claims {length:,} bytes where {max(0, self.length - start):,} are present")
        self.file.seek(self.start + start)
        data = bytearray(length)
        if self.file.readinto(data) != length:  # type: ignore[attr-defined]
            raise RefusedPickleError("the file became shorter while it was read")
        return data


@dataclass(frozen=True, slots=True)
class Name:
    """A name of ``KNOWN``."""

    full: str


@dataclass(frozen=True, slots=True)
class Storage:
    """``count`` numbers of one type in the file."""

    data: Span
    dtype: torch.dtype
    count: int


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor's place in its storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.storage.dtype.itemsize

    def load(self) -> Tensor:
        """The numbers, contiguous, in the type of the file; reads no more than the tensor's own stretch."""
        if math.prod(self.shape) == 0:
            return torch.zeros(self.shape, dtype=self.storage.dtype)
        item = self.storage.dtype.itemsize
        extent = 1 + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        flat = torch.frombuffer(self.storage.data.read(self.offset * item, extent * item), dtype=self.storage.dtype)
        return flat.as_strided(self.shape, self.stride).contiguous()


@dataclass(slots=True)
class DType:
    """A plain numpy type; the pickle states its byte order after making it."""

    dtype: np.dtype[np.generic]


@dataclass(slots=True)
class Array:
    """A numpy array of plain numbers that lie in the file; the pickle states shape, type and data after making it."""

    shape: tuple[int, ...] = ()
    kind: DType | None = None
    data: Span | None = None
    columns: bool = False  # stored column by column

    def values(self) -> list[float]:
        """Its numbers, row by row (a list of both directions is the same in columns). Raises RefusedPickleError for many."""
        if self.kind is None or self.data is None or math.prod(self.shape) > MAX_ARRAY:
            raise RefusedPickleError(f"a numpy array of shape {self.shape} where a few numbers are needed")
        return [float(value) for value in np.frombuffer(self.data.read(), self.kind.dtype).tolist()]


@dataclass(frozen=True, slots=True)
class Persistent:
    """A network module of ``torch_utils.persistence``: its class's name and recorded state, without its source."""

    class_name: str
    state: Mapping[object, object]


@dataclass(slots=True)
class Bag:
    """A set; its members are dropped, since the sets of a module hold only names of its hooks and buffers."""


STORAGE_TYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {
        "FloatStorage": torch.float32,
        "DoubleStorage": torch.float64,
        "HalfStorage": torch.float16,
        "BFloat16Storage": torch.bfloat16,
        "LongStorage": torch.int64,
        "IntStorage": torch.int32,
        "ShortStorage": torch.int16,
        "CharStorage": torch.int8,
        "ByteStorage": torch.uint8,
        "BoolStorage": torch.bool,
    }
)
PLAIN_TYPES = frozenset(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"])


def _integers(values: object, what: str) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or len(values) > MAX_RANK or not all(type(v) is int and v >= 0 for v in values):
        raise RefusedPickleError(f"a tensor's {what} is not a short list of whole numbers from 0")
    return tuple(values)


def _tensor(*args: object) -> StoredTensor:
    if len(args) < 4 or not isinstance(args[0], Storage) or type(args[1]) is not int or args[1] < 0:
        raise RefusedPickleError("a tensor without numbers of its own")
    storage, offset = args[0], args[1]
    shape, stride = _integers(args[2], "shape"), _integers(args[3], "stride")
    if len(shape) != len(stride):
        raise RefusedPickleError(f"a tensor of shape {shape} has {len(stride)} strides")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    # A stride of nothing would make a small storage look as large as one likes.
    count: int = math.prod(shape)
    if count > storage.count or (count > 0 and last >= storage.count):
        raise RefusedPickleError(f"a tensor of shape {shape} in a storage of {storage.count:,} numbers")
    return StoredTensor(storage, offset, shape, stride)


def _parameter(*args: object) -> StoredTensor:
    if not args or not isinstance(args[0], StoredTensor):
        raise RefusedPickleError("a parameter that is no tensor")
    return args[0]


def _dtype(*args: object) -> DType:
    if not args or not isinstance(args[0], str) or args[0] not in PLAIN_TYPES:
        named = repr(args[0][:20]) if args and isinstance(args[0], str) else "without a name"
        raise RefusedPickleError(f"a numpy type {named} that is no plain number; arrays of objects are not read")
    return DType(np.dtype(args[0]))


def _scalar(*args: object) -> object:
    match args:
        case (DType() as kind, Span() as data) if data.length == kind.dtype.itemsize:
            return np.frombuffer(data.read(), kind.dtype)[0].item()
    raise RefusedPickleError("a numpy number that is no plain number")


def array_of(shape: object, kind: object, data: object) -> Array:
    """An array of plain numbers. Raises RefusedPickleError for another kind, or a shape that its bytes do not fill."""
    sizes = _integers(shape, "shape")
    if not isinstance(kind, DType) or not isinstance(data, Span) or data.length != math.prod(sizes) * kind.dtype.itemsize:
        raise RefusedPickleError(f"a numpy array of shape {sizes} that is not filled with plain numbers")
    return Array(sizes, kind, data)


def _array_from_buffer(*args: object) -> Array:
    if len(args) != 4:
        raise RefusedPickleError("a numpy array without its shape")
    made = array_of(args[2], args[1], args[0])
    made.columns = args[3] == "F"
    return made


def _persistent(*args: object) -> Persistent:
    match args:
        case ({"type": "class", "class_name": str(name), "state": dict(state)},):
            return Persistent(name[:80], state)
    raise RefusedPickleError("a network module without its recorded state")


def _mapping(*args: object) -> dict[object, object]:
    if args:  # what they hold follows item by item; a copy of a list that is named again and again would fill the memory
        raise RefusedPickleError("a mapping that is made from another one")
    return {}


def _set(*_args: object) -> Bag:
    return Bag()


def _size(*args: object) -> tuple[int, ...]:
    return _integers(args[0] if args else (), "size")


def _device(*args: object) -> str:
    return str(args[0])[:40] if args and isinstance(args[0], str) else "cpu"


Maker = Callable[..., object]
_NUMPY_CORES = ("numpy.core", "numpy._core")
_ARRAY = "numpy.ndarray"

# Every name that a file may use. `None`: a word that other names take as an argument, and that makes nothing by itself.
KNOWN: Mapping[str, Maker | None] = MappingProxyType(
    {
        "collections.OrderedDict": _mapping,
        "builtins.set": _set,
        "builtins.frozenset": _set,
        "dnnlib.EasyDict": _mapping,
        "dnnlib.util.EasyDict": _mapping,
        "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_parameter": _parameter,
        "torch.Size": _size,
        "torch.device": _device,
        "numpy.dtype": _dtype,
        _ARRAY: None,
        **{f"{core}.multiarray.scalar": _scalar for core in _NUMPY_CORES},
        **{f"{core}.multiarray._reconstruct": lambda *_args: Array() for core in _NUMPY_CORES},
        **{f"{core}.numeric._frombuffer": _array_from_buffer for core in _NUMPY_CORES},
    }
)


def set_state(target: object, state: object) -> None:
    """What a pickle's BUILD does, for the two kinds that need it. Raises RefusedPickleError for any other."""
    match target, state:
        case DType(), (int(), str(order), None, None, None, *_):
            if order == ">":
                target.dtype = target.dtype.newbyteorder(">")
            elif order not in ("<", "|", "="):
                raise RefusedPickleError("a numpy type of unknown byte order")
        case Array(), (int(), shape, kind, columns, data):
            made = array_of(shape, kind, data)
            target.shape, target.kind, target.data, target.columns = made.shape, made.kind, made.data, bool(columns)
        case (dict() | Bag(), None) | (dict(), dict()):
            pass  # a mapping's own attributes, as a state dict keeps the versions of its modules
        case _:
            raise RefusedPickleError("a state for something that takes none")
