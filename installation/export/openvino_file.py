"""OpenVINO IR, an .xml with its .bin beside it, checked with OpenVINO's CPU plug-in."""

import warnings
from pathlib import Path

import torch

from installation.errors import FaultError
from installation.export.graph import Array, Graph, Runner


def write_openvino(graph: Graph, path: Path, fp16: bool, dynamic: bool) -> None:
    """Write ``graph`` to ``path`` (.xml) and the file of the same name in .bin. fp16: parameters in half precision. Raises
    FaultError for a network that cannot be converted."""
    from openvino import PartialShape, convert_model, save_model

    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = convert_model(graph.network, example_input=(graph.example[:1],))
        shape = list(graph.example.shape)
        model.inputs[0].get_node().set_partial_shape(PartialShape([-1 if dynamic else 1, *shape[1:]]))
        model.validate_nodes_and_infer_types()
    except RuntimeError as err:
        reason = next(iter(str(err).splitlines()), "") or type(err).__name__
        raise FaultError(f"{graph.notes['source']}: the {graph.name} cannot be converted by OpenVINO: {reason[:300]}") from err
    for port, name in zip((*model.inputs, *model.outputs), (graph.input, *graph.outputs), strict=True):
        port.get_tensor().set_names({name})
    model.inputs[0].get_node().set_friendly_name(graph.input)
    for key, value in graph.notes.items():
        model.set_rt_info(value, ["facets", key])
    save_model(model, str(path), compress_to_fp16=fp16)


def open_openvino(path: Path) -> Runner:
    from openvino import Core

    core = Core()
    # In float32: some CPUs would take bf16 by themselves, and what is compared is the file.
    request = core.compile_model(core.read_model(str(path)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    def run(values: Array) -> list[Array]:
        request.infer([values])
        return [request.get_output_tensor(k).data.copy() for k in range(len(request.model_outputs))]

    return run
