"""What every slider of one's own is made with: faces in codes, models beside it, its file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.errors import ConfigError
from installation.latents.directions import Direction, save_directions
from installation.messages import Image
from installation.models.bundle import Models, load_models
from installation.networks.facets_encoder import INPUT_PX, FacetsEncoder
from installation.output_file import check_output, whole_file

BATCH = 32
STRONG = 1.5  # one unit, in distances between the middles of the two groups


@torch.inference_mode()
def encoded(models: Models, crops: Sequence[Image]) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
    """Codes [N, styles * w_dim] of crops, and their residuals [N, C, r, r] where the encoder gives some."""
    codes, details = [], []
    for start in range(0, len(crops), BATCH):
        x = torch.from_numpy(np.stack(crops[start : start + BATCH])).permute(0, 3, 1, 2).float() / 127.5 - 1
        if isinstance(models.encoder, FacetsEncoder):
            ws, detail = models.encoder.encode_with_detail(F.interpolate(x, size=(INPUT_PX, INPUT_PX), mode="area"))
            details.append(detail.numpy())
        else:
            ws = models.encoder(F.interpolate(x, size=(models.input_px,) * 2, mode="area"))
        codes.append(ws.flatten(1).double().numpy())
    return np.concatenate(codes), np.concatenate(details) if details else None


def models_beside(generator: Path, encoder: Path, directions: Sequence[Path], without: Sequence[str]) -> Models:
    """The models, with the directions that a slider is to leave alone, if it is. Raises ConfigError where one is not there."""
    models = load_models(generator, encoder, [], directions if without else [])
    missing = sorted(set(without) - set(models.directions.names))
    if missing:
        raise ConfigError(f"--without {missing[0]}: no such direction; there is {', '.join(models.directions.names)}")
    return models


def check_kept(out: Path, force: bool) -> None:
    """Make a direction's folder, before anything slow is done. Raises ConfigError where it cannot be, or where the file is there already
    and ``force`` is not."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"{out}: cannot be written ({err.strerror})") from err
    check_output(out, force)


def keep(direction: Direction, out: Path, card: dict[str, str]) -> None:
    """Write a direction's file. Raises ConfigError."""
    with whole_file(out) as fresh:
        save_directions([direction], fresh, card)
