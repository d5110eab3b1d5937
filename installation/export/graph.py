"""What is exported: a network, the names of its inputs and outputs, an example, and what a host should know of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.checkpoints.encoder_reading import AUTO
from installation.checkpoints.loading import CheckpointError, EncoderReading, load_encoder, load_generator
from installation.export.graphs import DetailEncoder, EditingEncoder, PlainGenerator, exportable
from installation.export.stylegan3_graph import PlainStyleGAN3
from installation.models.editor import load_editor
from installation.models.families import completed
from installation.networks.editor import WARP_PX
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.psp_encoders import PublishedEncoder
from installation.networks.stylegan2 import Generator
from installation.networks.stylegan3 import StyleGAN3Generator

Array = NDArray[np.float32]
Runner = Callable[[Array], list[Array]]  # an exported file, opened: its input -> its outputs

BATCHES = (1, 2)  # what is compared: two show that the batch is free
SEED = 4
ASSUMED = "assumed"  # the note of what a file does not say
LACKED = {"mean": "mean code", "style": "mapping network"}


@dataclass(frozen=True, eq=False)
class Graph:
    """``network(example)`` gives the ``outputs``; the first dimension of everything is the batch."""

    name: str
    network: nn.Module
    input: str
    outputs: tuple[str, ...]
    example: Tensor  # [2, …] float32, inputs as they occur
    notes: Mapping[str, str]

    @torch.inference_mode()
    def reference(self, batch: int) -> list[Array]:
        """What torch gives for the first ``batch`` inputs of the example."""
        given: Any = self.network(self.example[:batch])
        return [one.numpy() for one in (given if isinstance(given, tuple) else (given,))]

    def error(self, run: Runner, batch: int) -> float:
        """Largest relative error ‖out − torch‖ / ‖torch‖ of an exported file's outputs."""
        pairs = zip(run(self.example[:batch].numpy()), self.reference(batch), strict=True)
        return max(float(np.linalg.norm(given - wanted) / np.linalg.norm(wanted)) for given, wanted in pairs)


# A generator's form that exporters write well, by its own.
PLAIN: Mapping[type, Callable[[Any], nn.Module]] = {Generator: PlainGenerator, StyleGAN3Generator: PlainStyleGAN3}


def generator_graph(path: Path) -> Graph:
    """``ws`` -> ``images``. Raises CheckpointError."""
    generator = load_generator(path)
    z = torch.randn(max(BATCHES), generator.z_dim, generator=torch.Generator().manual_seed(SEED))
    with torch.inference_mode():
        ws = generator.mapping(z).clone()
    network = PLAIN[type(generator)](generator).eval()
    notes = {
        "source": path.name,
        "ws": f"codes, batch x {ws.shape[1]} x {ws.shape[2]}, float32",
        "images": f"RGB, batch x 3 x {generator.size} x {generator.size}, about -1 to 1",
    }
    if generator.notices:
        notes[ASSUMED] = "; ".join(generator.notices)
    return Graph("generator", network, "ws", ("images",), ws, notes)


def encoder_graph(path: Path, generator: Path | None = None, reading: EncoderReading = AUTO, editor: Path | None = None) -> Graph:
    """``images`` -> ``ws``, ``detail`` where the encoder gives one, ``changes`` and ``flows`` where it has an editor. generator: gives
    the mean code or mapping network that an encoder's file lacks. reading: what a person says of a published encoder. Raises
    CheckpointError."""
    encoder = load_encoder(path, reading)
    if editor is not None and not isinstance(encoder, FacetsEncoder):
        raise CheckpointError(f"{editor}: edits a detail residual, and {path} gives none")
    if isinstance(encoder, PublishedEncoder) and encoder.lacks:
        if generator is None:
            lacking = " and no ".join(LACKED[part] for part in sorted(encoder.lacks))
            raise CheckpointError(f"{path}: gives no {lacking}; name its --generator too")
        completed(encoder, load_generator(generator), path, generator)
    side, channels = int(encoder.input_px), int(getattr(encoder, "input_nc", 3))
    images = torch.rand(max(BATCHES), channels, side, side, generator=torch.Generator().manual_seed(SEED)) * 2 - 1
    notes = {
        "source": path.name,
        "images": f"aligned faces, RGB, batch x {channels} x {side} x {side}, -1 to 1, float32",
        "ws": f"codes, batch x {encoder.styles} x {encoder.w_dim}",
    }
    if isinstance(encoder, PublishedEncoder) and encoder.notices:
        notes[ASSUMED] = "; ".join(encoder.notices)
    if isinstance(encoder, FacetsEncoder):
        notes["detail"] = "the sitter's own detail, which this project's generator adds to its features"
        if editor is not None:
            network = load_editor(editor, encoder)
            knobs = ", ".join(network.knobs)
            notes["changes"] = f"batch x knob ({knobs}) x way (amount 1, amount -1) x channel x 32 x 32, added to detail"
            notes["flows"] = f"batch x knob x way x 2 x {WARP_PX} x {WARP_PX}, movement of the portrait, fractions of its side"
            outputs = ("ws", "detail", "changes", "flows")
            return Graph("encoder", exportable(EditingEncoder(encoder, network), images), "images", outputs, images, notes)
        return Graph("encoder", exportable(DetailEncoder(encoder), images), "images", ("ws", "detail"), images, notes)
    return Graph("encoder", exportable(encoder, images), "images", ("ws",), images, notes)
