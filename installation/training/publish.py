"""Turn a training run's EMA weights into the files that the mirror loads.

python -m installation publish --run RUN --faces DATA/faces-256 DATA/fairface --out weights
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.checkpoints.loading import save_encoder, save_generator
from installation.errors import ConfigError
from installation.networks.facets_encoder import INPUT_PX, FacetsEncoder
from installation.training.data.datasets import Picture, load_pictures, to_tensor
from installation.training.model import Model, Shape
from installation.training.prior import fit_prior
from installation.training.run_state import STYLEGAN2, check_arch
from installation.training.sealing import seal

SAMPLE = 1_500  # pictures behind the mean code and the prior
BATCH = 32


def load_run(run: Path) -> tuple[Model, int]:
    """EMA model of a run and the number of images it has seen. Raises ConfigError where there is no state, and for one of another
    architecture."""
    if not (run / "state.pt").is_file():
        raise ConfigError(f"{run / 'state.pt'}: no such file; --run names the folder of a training run, as `train --run` made it")
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True, mmap=True)
    check_arch(state, run / "state.pt", STYLEGAN2)
    model = Model(Shape(**state.get("shape", {})))
    model.load_state_dict(state["ema"])
    return model.eval().requires_grad_(False), int(state["images"])


@torch.inference_mode()
def encode_pictures(encoder: FacetsEncoder, pictures: list[Picture]) -> tuple[Tensor, Tensor]:
    """Codes [N, styles, w_dim] and details [N, 32, 32, 32] of aligned pictures, masked where they have a mask."""
    codes, details = [], []
    for start in range(0, len(pictures), BATCH):
        images, mask = to_tensor([p.rgba() for p in pictures[start : start + BATCH]])
        device = encoder.latent_avg.device
        seen = F.interpolate((images * mask).to(device), size=(INPUT_PX, INPUT_PX), mode="area")
        ws, detail = encoder.encode_with_detail(seen)
        codes.append(ws.cpu())
        details.append(detail.cpu())
    return torch.cat(codes), torch.cat(details)


def write_models(model: Model, out: Path, sample: list[Picture], card: dict[str, str]) -> None:
    """``generator.safetensors`` and ``encoder.safetensors`` in ``out``. sample: pictures whose mean code goes with them."""
    codes, _ = encode_pictures(model.encoder.eval(), sample)
    if not model.shape.mapping_layers and len(codes) > 1:
        left = fit_prior(model.generator.cpu(), codes)
        print(f"prior: {left:.3f} squared deviations from the faces along a line", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    save_generator(model.generator, out / "generator.safetensors", codes.mean(dim=0), {"name": "base", **card})
    save_encoder(model.encoder, out / "encoder.safetensors", {"name": "encoder", **card})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Turn a run's EMA weights into model files.")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--faces", type=Path, nargs="+", required=True, help="packs whose training pictures give the mean code")
    parser.add_argument("--out", type=Path, default=Path("weights"))
    a = parser.parse_args(argv)
    model, images = load_run(a.run)
    sample = [p for source in a.faces for p in load_pictures(source, "train")[: SAMPLE // len(a.faces)]]
    card = {"images": str(images), "data": ", ".join(source.name for source in a.faces), "licence": "MIT"}
    write_models(model, a.out, sample, card)
    print(f"{a.out}/generator.safetensors and encoder.safetensors after {images} images")
    seal(a.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
