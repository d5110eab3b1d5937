"""Write encoder and generator for other hosts, and compare what the files give with torch.

python -m installation export --generator F --encoder F --to onnx|openvino|tensorrt --out FOLDER [--fp16]
"""

import argparse
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installation.checkpoints.encoder_reading import EncoderReading, add_reading, as_arguments
from installation.errors import ConfigError, FaultError
from installation.export.graph import ASSUMED, BATCHES, Graph, Runner, encoder_graph, generator_graph
from installation.export.onnx_file import open_onnx, write_onnx
from installation.export.openvino_file import open_openvino, write_openvino
from installation.export.tensorrt_file import build_engine, check_tensorrt
from installation.output_file import check_output, whole_files

LIMIT = 1e-3  # relative error beside torch
LIMIT_FP16 = 2e-2


@dataclass(frozen=True)
class Format:
    """suffixes: of its files, the one that is opened first. packages: that write and check it."""

    suffixes: tuple[str, ...]
    packages: tuple[str, ...]
    write: Callable[[Graph, Path, bool, bool], None]
    open: Callable[[Path], Runner]


ONNX = Format((".onnx",), ("onnx", "onnxruntime"), write_onnx, open_onnx)
FORMATS = {"onnx": ONNX, "openvino": Format((".xml", ".bin"), ("openvino",), write_openvino, open_openvino), "tensorrt": ONNX}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m installation export", description="Write the networks for other hosts.")
    parser.add_argument("--generator", type=Path, metavar="FILE")
    parser.add_argument("--encoder", type=Path, metavar="FILE")
    parser.add_argument("--editor", type=Path, metavar="FILE", help="the encoder's editor, written into the same file")
    add_reading(parser)
    parser.add_argument("--to", choices=tuple(FORMATS), required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--fp16", action="store_true", help="parameters in half precision: half the size")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    a = parser.parse_args(argv)
    reading = EncoderReading(a.encoder_kind, a.encoder_codes)
    if a.editor is not None and a.encoder is None:
        raise ConfigError("--editor: is written into its encoder's file; name that with --encoder")
    makers = ((a.encoder, lambda path: encoder_graph(path, a.generator, reading, a.editor)), (a.generator, generator_graph))
    sources = [(path, make) for path, make in makers if path is not None]
    if not sources:
        raise ConfigError("--generator or --encoder: name at least one file")
    form = FORMATS[a.to]
    if missing := [name for name in form.packages if importlib.util.find_spec(name) is None]:
        raise ConfigError(f"--to {a.to}: needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    _prepare(a.out)
    written = []
    for path, make in sources:
        graph = make(path)
        if ASSUMED in graph.notes:
            print(f"note: {as_arguments(graph.notes[ASSUMED])}")
        targets = [a.out / f"{graph.name}{suffix}" for suffix in form.suffixes]
        for target in targets:
            check_output(target, a.force, [path])
        dynamic, line = export(graph, form, targets, a.fp16)
        print(line)
        written.append((graph, targets[0], dynamic))
    if a.to == "tensorrt":
        check_tensorrt(f"; the ONNX files in {a.out} are written and compared, any machine with TensorRT can build from them")
        for graph, onnx, dynamic in written:
            engine = onnx.with_suffix(".engine")
            check_output(engine, a.force)
            build_engine(graph, onnx, engine, a.fp16, dynamic)
            print(f"{engine}: built from {onnx.name}; its numbers were not compared")
    return 0


def export(graph: Graph, form: Format, targets: list[Path], fp16: bool) -> tuple[bool, str]:
    """Write one network, compare it with torch, and put it in its place only if they agree.

    Returns whether the batch is free, and a line for a person. Raises FaultError when they do not agree.
    """
    limit = LIMIT_FP16 if fp16 else LIMIT
    folder = targets[0].parent
    with whole_files(folder, [target.name for target in targets[: len(form.suffixes)]]) as fresh:
        dynamic, error = _written(graph, form, fresh / targets[0].name, fp16, limit)
        if not error <= limit:
            raise FaultError(f"{targets[0]}: gives other numbers than torch, relative error {error:.1e} over {limit:g}; not written")
    size = sum(target.stat().st_size for target in targets[: len(form.suffixes)]) / (1 << 20)
    batch = "any batch" if dynamic else "batch 1 only"
    shapes = f"{graph.input} -> {', '.join(graph.outputs)}"
    return dynamic, f"{targets[0]}: {shapes}, {batch}, {size:.1f} MiB; relative error beside torch {error:.1e} (limit {limit:g})"


def _written(graph: Graph, form: Format, path: Path, fp16: bool, limit: float) -> tuple[bool, float]:
    """Whether the batch is free, and the error; a file whose batch cannot be free is written again for one face."""
    form.write(graph, path, fp16, True)
    try:
        errors = [graph.error(form.open(path), batch) for batch in BATCHES]
        if max(errors) <= limit or errors[0] > limit:
            return True, max(errors)
    except Exception as err:  # the runtimes' own errors share no class
        if isinstance(err, OSError | MemoryError):
            raise
    form.write(graph, path, fp16, False)
    try:
        return False, graph.error(form.open(path), 1)
    except Exception as err:
        reason = next(iter(str(err).splitlines()), "") or type(err).__name__
        raise FaultError(f"{graph.notes['source']}: the {graph.name} is written and cannot be run: {reason[:300]}") from err


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"{folder}: cannot be made a folder ({err.strerror or err})") from err


if __name__ == "__main__":
    raise SystemExit(main())
