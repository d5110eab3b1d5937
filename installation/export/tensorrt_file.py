"""TensorRT engines, built from an ONNX file by TensorRT's Python package or by ``trtexec``, whichever is installed."""

import importlib
import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Any

from installation.errors import ConfigError, FaultError
from installation.export.graph import Graph

LARGEST_BATCH = 4
WORKSPACE_BYTES = 2 << 30


def check_tensorrt(but: str) -> None:
    """Raise ConfigError where TensorRT is not installed; ``but`` says what there is all the same."""
    if importlib.util.find_spec("tensorrt") is None and shutil.which("trtexec") is None:
        raise ConfigError(f"TensorRT is not installed: neither its Python package (pip install tensorrt) nor trtexec is found{but}")


def build_engine(graph: Graph, onnx: Path, path: Path, fp16: bool, dynamic: bool) -> None:
    """Build ``path`` from ``onnx`` for batches up to four, or one where the batch is fixed. An engine fits the card that it
    was built on. Raises FaultError with TensorRT's own reason."""
    largest = LARGEST_BATCH if dynamic else 1
    if importlib.util.find_spec("tensorrt") is not None:
        _by_package(graph, onnx, path, fp16, largest)
    else:
        _by_trtexec(graph, onnx, path, fp16, largest if dynamic else None)


def _by_package(graph: Graph, onnx: Path, path: Path, fp16: bool, largest: int) -> None:
    trt: Any = importlib.import_module("tensorrt")
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(onnx)):
        raise FaultError(f"{onnx}: TensorRT cannot read it: {parser.get_error(0).desc()}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    if fp16 and hasattr(trt.BuilderFlag, "FP16"):
        config.set_flag(trt.BuilderFlag.FP16)
    profile = builder.create_optimization_profile()
    rest = tuple(graph.example.shape[1:])
    profile.set_shape(graph.input, (1, *rest), (1, *rest), (largest, *rest))
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise FaultError(f"{onnx}: TensorRT could not build an engine; its messages stand above")
    path.write_bytes(bytes(engine))


def _by_trtexec(graph: Graph, onnx: Path, path: Path, fp16: bool, largest: int | None) -> None:
    command = ["trtexec", f"--onnx={onnx}", f"--saveEngine={path}", "--skipInference", *(["--fp16"] if fp16 else [])]
    if largest is not None:
        rest = "x".join(map(str, graph.example.shape[1:]))
        for key, batch in (("min", 1), ("opt", 1), ("max", largest)):
            command.append(f"--{key}Shapes={graph.input}:{batch}x{rest}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not path.exists():
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "[E]" in line] or ["no reason given"]
        raise FaultError(f"{onnx}: trtexec could not build an engine: {lines[-1].strip()}")
