"""Run a small ONNX network as a differentiable torch module, for losses on networks that come as ``.onnx``.

Reads the protocol buffer's wire format directly (https://protobuf.dev/programming-guides/encoding), because training
machines have torch and not the ``onnx`` package. Operators: Conv, Clip, Relu, Add, Reshape, Constant.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Fields = dict[int, list[int | bytes]]

FLOAT, INT64 = 1, 7


def parse(data: bytes) -> Fields:
    """One message -> {field number: values}; integers for varints, bytes for everything with a length."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"not a protocol buffer: wire type {wire} at byte {at}")
        if at > len(data):
            raise ValueError("truncated protocol buffer")
        fields.setdefault(number, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("truncated protocol buffer")
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7


def _bytes(fields: Fields, number: int) -> list[bytes]:
    return [v for v in fields.get(number, []) if isinstance(v, bytes)]


def _ints(fields: Fields, number: int) -> list[int]:
    out: list[int] = []
    for value in fields.get(number, []):
        if isinstance(value, int):
            out.append(value)
        else:
            at = 0
            while at < len(value):
                item, at = _varint(value, at)
                out.append(item)
    return out


def _tensor(data: bytes) -> tuple[str, Tensor]:
    fields = parse(data)
    name = _bytes(fields, 8)[0].decode() if 8 in fields else ""
    kind = _ints(fields, 2)[0]
    if kind not in (FLOAT, INT64):
        raise ValueError(f"tensor {name!r}: data type {kind} is not float32 or int64")
    array = np.frombuffer(_bytes(fields, 9)[0], np.float32 if kind == FLOAT else np.int64)
    return name, torch.from_numpy(array.reshape(_ints(fields, 1)).copy())


@dataclass(frozen=True)
class Node:
    """One operator: what it reads, what it writes, its integer attributes."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, list[int]]


class OnnxNetwork(nn.Module):
    """``forward(x) -> y``, the graph's first input and first output; weights are frozen buffers."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        graph = parse(_bytes(parse(path.read_bytes()), 7)[0])
        self.values: dict[str, str] = {}
        self.scalars: dict[str, float] = {}  # limits of Clip, as Python numbers so that a compiler need not read tensors
        for data in _bytes(graph, 5):
            self._store(*_tensor(data))
        self.nodes = [node for node in map(self._node, _bytes(graph, 1)) if node.op != "Constant"]
        self.source = _bytes(parse(_bytes(graph, 11)[0]), 1)[0].decode()
        self.result = _bytes(parse(_bytes(graph, 12)[0]), 1)[0].decode()

    def _store(self, name: str, value: Tensor) -> None:
        self.values[name] = f"value{len(self.values)}"
        self.register_buffer(self.values[name], value)
        if value.ndim == 0:
            self.scalars[name] = float(value)

    def _node(self, data: bytes) -> Node:
        fields = parse(data)
        op = _bytes(fields, 4)[0].decode()
        output = _bytes(fields, 2)[0].decode()
        attributes: dict[str, list[int]] = {}
        for attribute in map(parse, _bytes(fields, 5)):
            name = _bytes(attribute, 1)[0].decode()
            if op == "Constant" and 5 in attribute:
                self._store(output, _tensor(_bytes(attribute, 5)[0])[1])
            attributes[name] = _ints(attribute, 8) or _ints(attribute, 3)
        return Node(op, tuple(i.decode() for i in _bytes(fields, 1)), output, attributes)

    def forward(self, x: Tensor) -> Tensor:
        known: dict[str, Tensor] = {self.source: x}
        for node in self.nodes:
            known[node.output] = self._run(node, [known[i] if i in known else getattr(self, self.values[i]) for i in node.inputs])
        return known[self.result]

    def _run(self, node: Node, inputs: list[Tensor]) -> Tensor:
        match node.op:
            case "Conv":
                pads = node.attributes["pads"]
                strides, dilations, groups = (node.attributes[name] for name in ("strides", "dilations", "group"))
                return F.conv2d(inputs[0], inputs[1], inputs[2], strides, pads[:2], dilations, groups[0])
            case "Clip":
                return inputs[0].clamp(self.scalars[node.inputs[1]], self.scalars[node.inputs[2]])
            case "Relu":
                return F.relu(inputs[0])
            case "Add":
                return inputs[0] + inputs[1]
            case "Reshape":
                return inputs[0].flatten(1)
        raise ValueError(f"operator {node.op} is not known here")
