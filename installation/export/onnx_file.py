"""ONNX files, by torch's exporter, checked with ONNX Runtime."""

import warnings
from pathlib import Path
from typing import Any

import torch

from installation.errors import FaultError
from installation.export.graph import Array, Graph, Runner

OPSET = 18
HALVED_FROM = 256  # numbers; smaller constants stay as they are


def write_onnx(graph: Graph, path: Path, fp16: bool, dynamic: bool) -> None:
    """Write ``graph``; the batch is free where ``dynamic``. fp16: parameters in half precision, brought to float32 where they
    are used; hosts with half-precision arithmetic fold that away. Raises FaultError for a network that ONNX has no words for."""
    import onnx

    names = (graph.input, *graph.outputs)
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            # Of shapes that the tracer takes as fixed: they are, but for the batch, which the comparison tries.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph.network, (graph.example[:1],), str(path), input_names=[graph.input], output_names=list(graph.outputs),
                dynamic_axes={name: {0: "batch"} for name in names} if dynamic else None, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    except (torch.onnx.OnnxExporterError, RuntimeError) as err:
        reason = next(iter(str(err).splitlines()), "") or type(err).__name__
        raise FaultError(f"{graph.notes['source']}: the {graph.name} cannot be written as ONNX: {reason[:300]}") from err
    model = onnx.load(str(path))
    if fp16:
        _halve(onnx, model)
    for key, value in graph.notes.items():
        model.metadata_props.add(key=key, value=value)
    model.producer_name = "facets"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _halve(onnx: Any, model: Any) -> None:
    """Keep the large constants as half precision and a cast."""
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if tensor.data_type != onnx.TensorProto.FLOAT or values.size < HALVED_FROM or abs(values).max() > torch.finfo(torch.float16).max:
            continue
        name = tensor.name
        half = onnx.numpy_helper.from_array(values.astype("float16"), f"{name}.half")
        tensor.CopyFrom(half)
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *rest])


def open_onnx(path: Path) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(values: Array) -> list[Array]:
        given: list[Array] = session.run(None, {name: values})
        return given

    return run
