"""The OpenVINO engine: usually the fastest on a CPU. Converted networks are kept on disk, keyed by CPU and weights."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from openvino import Core, Model, convert_model, save_model

from installation.engines.base import Array, Choice, Network
from installation.engines.fingerprint import machine_key
from installation.errors import ConfigError
from installation.output_file import whole_files

PRECISIONS = {"float32": "f32", "bf16": "bf16", "fp16": "f16"}


class OpenVINOEngine:
    """A compiled network and its one inference request. Raises RuntimeError where this CPU does not have the precision."""

    def __init__(self, network: Network, choice: Choice, cache: Path | None) -> None:
        self.choice = choice
        core = Core()
        settings = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[choice.precision],
            "INFERENCE_NUM_THREADS": choice.threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # several networks share the cores; pinned threads would queue on one
        }
        compiled = core.compile_model(_model(core, network, cache), "CPU", settings)
        taken = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
        if taken != PRECISIONS[choice.precision]:  # OpenVINO says nothing and takes another
            raise RuntimeError(f"this CPU does not calculate in {choice.precision}; OpenVINO would take {taken}")
        self._request = compiled.create_infer_request()
        self._count = len(self._request.model_outputs)

    def __call__(self, *inputs: Array) -> Sequence[Array]:
        self._request.infer(list(inputs), share_inputs=True, share_outputs=True)
        return [self._request.get_output_tensor(k).data for k in range(self._count)]


def converted(name: str, digest: str, cache: Path) -> Path:
    """Where a converted network lies."""
    return cache / f"{name}-{digest}-{machine_key()}.xml"


def _model(core: Core, network: Network, cache: Path | None) -> Model:
    kind = f"{network.name}-{network.digest}"
    path = None if cache is None else converted(network.name, network.digest, cache)
    if path is not None and path.exists():
        try:
            return core.read_model(path)
        except RuntimeError:  # cut off by a crash or a full disk: made anew below
            path.unlink(missing_ok=True)
    with torch.inference_mode(), warnings.catch_warnings():
        # The tracer warns of every shape that it takes as fixed; here they all are.
        warnings.simplefilter("ignore")
        model = convert_model(network.module, example_input=network.example)
    for port, example in zip(model.inputs, network.example, strict=True):
        port.get_node().set_partial_shape(_shape(example.shape))
    model.validate_nodes_and_infer_types()
    if path is not None:
        _store(model, path, kind)
    return model


def _shape(shape: Sequence[int]) -> object:
    from openvino import PartialShape

    return PartialShape(list(shape))


def _store(model: Model, path: Path, kind: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_files(path.parent, [path.with_suffix(".bin").name, path.name]) as fresh:
            save_model(model, fresh / path.name, compress_to_fp16=False)
        # The same weights converted by another version: up to a gigabyte that nobody reads again.
        for old in [*path.parent.glob(f"{kind}-*.xml"), *path.parent.glob(f"{kind}-*.bin")]:
            if old.stem != path.stem:
                old.unlink(missing_ok=True)
    except (OSError, ConfigError, RuntimeError):  # a cache that cannot be written costs seconds at the next start, nothing else
        return
