"""Engines on torch: eager, ``torch.compile`` and CUDA graphs."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from installation.engines.base import Array, Choice, Network
from installation.engines.cuda_pictures import WayBack

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def _outputs(value: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else list(value)


def _plain(value: Tensor) -> Array:
    array: Array = (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).cpu().numpy()
    return array


class TorchEngine:
    """Runs the module on the CPU as it is, or through ``torch.compile``."""

    def __init__(self, network: Network, choice: Choice) -> None:
        self.choice = choice
        self._autocast = choice.precision != "float32"
        self._dtype = DTYPES[choice.precision]
        self._module: nn.Module = network.module
        self._run = torch.compile(network.module, dynamic=False) if choice.backend == "compile" else network.module

    @torch.inference_mode()
    def __call__(self, *inputs: Array) -> list[Array]:
        if torch.get_num_threads() != self.choice.threads:
            torch.set_num_threads(self.choice.threads)
        tensors = [torch.from_numpy(np.asarray(value)) for value in inputs]
        with torch.autocast("cpu", self._dtype, enabled=self._autocast):
            return [_plain(value) for value in _outputs(self._run(*tensors))]


class CudaGraphEngine:
    """Records the network once on fixed buffers and replays it: no launch costs, no allocation."""

    def __init__(self, network: Network, choice: Choice) -> None:
        self.choice = choice
        dtype = DTYPES[choice.precision]
        # A copy: networks share modules, and the others' examples stay on the CPU.
        module = copy.deepcopy(network.module).to("cuda", memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._inputs = [value.cuda() for value in network.example]
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.inference_mode(), torch.autocast("cuda", dtype, enabled=choice.precision != "float32"):
            with torch.cuda.stream(stream):
                for _ in range(3):  # warm up outside the recording, so that libraries choose their kernels
                    module(*self._inputs)
            torch.cuda.current_stream().wait_stream(stream)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._results = _outputs(module(*self._inputs))
        self._way_back = WayBack(self._results)

    @torch.inference_mode()
    def __call__(self, *inputs: Array) -> list[Array]:
        for buffer, value in zip(self._inputs, inputs, strict=True):
            buffer.copy_(torch.from_numpy(np.asarray(value)))
        self._graph.replay()
        self._way_back()
        return [_plain(value) for value in self._way_back.pinned]
