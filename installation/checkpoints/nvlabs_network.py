"""A network out of an NVlabs pickle: its parameters by their published names, and what its modules recorded about themselves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from installation.checkpoints.pickle_records import Array, Persistent, RefusedPickleError, StoredTensor

MAX_MODULES = 4096
MAX_TENSORS = 16_384
MAX_DEPTH = 8
MAX_SIDE = 4096  # pixels
MAX_LABELS = 1_000_000


@dataclass(frozen=True)
class Recorded:
    """A module's recorded state, read as data: every value is checked for its kind and its bounds."""

    path: str
    class_name: str
    state: Mapping[object, object]

    def value(self, key: str) -> object:
        """An attribute of the module or, where it kept none, the argument it was made with; None for neither."""
        if key in self.state:
            return self.state[key]
        arguments = self.state.get("_init_kwargs")
        return arguments.get(key) if isinstance(arguments, dict) else None

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number low…high. Raises RefusedPickleError."""
        value = self.value(key)
        value = default if value is None else value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or not low <= value <= high:
            raise RefusedPickleError(f"{self.path} records {key} = {_short(value)}; a whole number {low}…{high} is needed")
        return int(value)

    def real(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number low…high. Raises RefusedPickleError."""
        value = self.value(key)
        value = default if value is None else value
        if not isinstance(value, int | float) or not low <= value <= high:
            raise RefusedPickleError(f"{self.path} records {key} = {_short(value)}; a number {low:g}…{high:g} is needed")
        return float(value)

    def clamp(self) -> float | None:
        """The recorded ``conv_clamp``; None where the layer has none."""
        return None if self.value("conv_clamp") is None else self.real("conv_clamp", 1e-6, 1e9)

    def word(self, key: str, default: str) -> str:
        """A recorded word."""
        value = self.value(key)
        return str(value)[:40] if value is not None else default

    def integers(self, key: str, count: int, low: int, high: int) -> tuple[int, ...]:
        """``count`` whole numbers low…high from a list or a small array; one number stands for all. Raises RefusedPickleError."""
        value = self.value(key)
        if isinstance(value, Array):
            value = [int(v) if v.is_integer() else v for v in value.values()]
        found = [value] * count if isinstance(value, int) else value
        if not isinstance(found, list | tuple) or len(found) != count or not all(isinstance(v, int) and low <= v <= high for v in found):
            raise RefusedPickleError(f"{self.path} records {key} = {_short(value)}; {count} whole numbers {low}…{high} are needed")
        return tuple(int(v) for v in found)


class Loadable(Protocol):
    """A parameter whose numbers are read when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def load(self) -> Tensor: ...


@dataclass(frozen=True)
class RecordedNetwork:
    """modules: by path, "" the network itself. tensors: parameters and buffers by their published names."""

    modules: Mapping[str, Recorded]
    tensors: Mapping[str, Loadable]

    def module(self, path: str) -> Recorded:
        """Raises RefusedPickleError where the network has no such module."""
        if path not in self.modules:
            raise RefusedPickleError(f"has no {path}")
        return self.modules[path]

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """The shape of a tensor with ``rank`` dimensions. Raises RefusedPickleError."""
        if name not in self.tensors:
            raise RefusedPickleError(f"has no {name}")
        shape = self.tensors[name].shape
        if len(shape) != rank or 0 in shape:
            raise RefusedPickleError(f"{name} has the shape {list(shape)}; {rank} dimensions are needed")
        return shape

    def load(self, name: str) -> Tensor:
        """A tensor in float32. Raises RefusedPickleError."""
        if name not in self.tensors:
            raise RefusedPickleError(f"has no {name}")
        tensor = self.tensors[name].load().float()
        if tensor.numel() and not all(torch.isfinite(end) for end in tensor.aminmax()):
            raise RefusedPickleError(f"{name} holds numbers that are not finite; its training broke off, take an earlier file")
        return tensor


def network_of(root: Persistent, file_size: int) -> RecordedNetwork:
    """Walk the modules of a network. Raises RefusedPickleError; nothing is read yet.

    file_size: bytes. Tensors that together would be larger than the file share storages in order to fill the memory.
    """
    modules: dict[str, Recorded] = {}
    tensors: dict[str, StoredTensor] = {}
    waiting = [("", root, 0)]
    while waiting:
        path, module, depth = waiting.pop()
        # Modules that hold one another in turns would be walked for ever.
        if depth > MAX_DEPTH or len(modules) >= MAX_MODULES:
            raise RefusedPickleError(f"has more than {MAX_MODULES:,} modules, or one within another more than {MAX_DEPTH} times")
        modules[path] = Recorded(path or "the network", module.class_name, module.state)
        for kind in ("_parameters", "_buffers"):
            for name, value in _entries(module.state.get(kind), MAX_TENSORS - len(tensors)).items():
                if isinstance(value, StoredTensor):
                    tensors[_joined(path, name)] = value
                elif value is not None:
                    raise RefusedPickleError(f"{_joined(path, name)} is no tensor")
        for name, child in _entries(module.state.get("_modules"), MAX_MODULES - len(waiting)).items():
            if isinstance(child, Persistent):
                waiting.append((_joined(path, name), child, depth + 1))
            elif child is not None:
                raise RefusedPickleError(f"{_joined(path, name)} is no network module")
    held = sum(tensor.nbytes for tensor in tensors.values())
    if held > file_size:
        raise RefusedPickleError(f"its tensors claim {held:,} bytes, the file has {file_size:,}")
    return RecordedNetwork(modules, tensors)


def mapping_widths(network: RecordedNetwork) -> list[int]:
    """Widths of the mapping network [input, …, w_dim], from the shapes of ``mapping.fc0``, ``fc1``, …"""
    count = 0
    while f"mapping.fc{count}.weight" in network.tensors:
        count += 1
    shapes = [network.shape(f"mapping.fc{k}.weight", 2) for k in range(count)]
    for k, shape in enumerate(shapes):
        recorded = network.module(f"mapping.fc{k}")
        if (activation := recorded.word("activation", "lrelu")) != "lrelu":
            raise RefusedPickleError(f"mapping.fc{k} uses the activation {activation!r}; only 'lrelu' is known here")
        if k and shape[1] != shapes[k - 1][0]:
            raise RefusedPickleError(f"mapping.fc{k} takes {shape[1]} numbers where mapping.fc{k - 1} gives {shapes[k - 1][0]}")
    if not shapes:
        raise RefusedPickleError("has no mapping.fc0.weight")
    return [shapes[0][1], *(shape[0] for shape in shapes)]


def label_width(network: RecordedNetwork) -> int:
    """How many of the mapping network's inputs come from the class label; 0 for a network without labels."""
    if network.module("mapping").integer("c_dim", 0, MAX_LABELS, 0) == 0:
        return 0
    return network.shape("mapping.embed.weight", 2)[0]


def mapping_layers(network: RecordedNetwork, label: int | None, rate: float) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each mapping layer for a learning-rate multiplier of ``rate``, whatever the file's own is.

    A class label is the same at every picture, so its part of the first layer is folded into that layer's bias: ``label``
    is the class, None the zero vector.
    """
    layers = []
    labels = label_width(network)
    for k in range(len(mapping_widths(network)) - 1):
        own = network.module(f"mapping.fc{k}").real("bias_gain", 1e-9, 1e9, 0.01)
        weight, bias = (network.load(f"mapping.fc{k}.{name}") * (own / rate) for name in ("weight", "bias"))
        if k == 0 and labels:
            total = weight.shape[1]
            embedded = _embedding(network, label)
            bias = bias + weight[:, total - labels :] @ embedded / math.sqrt(total)
            # The layer divides by the root of its inputs, which are fewer now.
            weight = weight[:, : total - labels] * math.sqrt((total - labels) / total)
        layers.append((weight.contiguous(), bias))
    return layers


def _embedding(network: RecordedNetwork, label: int | None) -> Tensor:
    """The label's embedding of unit mean square."""
    weight, bias = network.load("mapping.embed.weight"), network.load("mapping.embed.bias")
    classes = weight.shape[1]
    if label is not None and not 0 <= label < classes:
        raise RefusedPickleError(f"knows the classes 0…{classes - 1}, not {label}")
    y = bias if label is None else bias + weight[:, label] / math.sqrt(classes)
    return y * torch.rsqrt(y.square().mean() + 1e-8)


def mean_code(network: RecordedNetwork, width: int) -> Tensor:
    """``w_avg`` [width]; zeros where the network tracked none."""
    return network.load("mapping.w_avg") if "mapping.w_avg" in network.tensors else torch.zeros(width)


def _entries(value: object, most: int) -> dict[object, object]:
    entries = value if isinstance(value, dict) else {}
    if len(entries) > most:
        raise RefusedPickleError("has far more parts than any network of its kind")
    return entries


def _joined(path: str, name: object) -> str:
    return f"{path}.{str(name)[:60]}" if path else str(name)[:60]


def _short(value: object) -> str:
    return str(value)[:40] if isinstance(value, int | float | str | None) else type(value).__name__
