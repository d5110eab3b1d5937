"""A small network that reads age and gender off aligned faces, to label and to score edits with.

    python -m installation attributes --faces DATA/fairface --out weights/attributes.safetensors --minutes 10

It sees the middle of the FFHQ square at 64 px. Trained on FairFace's labels (Kärkkäinen and Joo 2021): they are what
annotators saw in a photograph, not who somebody is.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from installation.networks.checkpoints import CheckpointError
from installation.training.augment import camera, jitter_crop
from installation.training.datasets import DatasetError, Picture, load_pictures

# Middle of each bin in years.
AGES = {"0-2": 1.5, "3-9": 6.0, "10-19": 15.0, "20-29": 25.0, "30-39": 35.0, "40-49": 45.0, "50-59": 55.0, "60-69": 65.0}
AGES["more than 70"] = 75.0
GENDERS = {"male": 0.0, "female": 1.0}
ATTRIBUTE_NAMES = ("age", "gender")
INPUT_PX = 64
STORED_PX = 72  # a little more than is seen, for crops to wander in
MIDDLE, SIDE = (0.5, 0.57), 0.6  # of the aligned square: what a tight crop still shows
KIND = "facets-attributes"
BATCH = 64


def _block(in_channel: int, out_channel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channel, in_channel, 3, stride, 1, groups=in_channel, bias=False),
        nn.BatchNorm2d(in_channel),
        nn.Conv2d(in_channel, out_channel, 1, bias=False),
        nn.BatchNorm2d(out_channel),
        nn.ReLU(),
    )


class AttributeNetwork(nn.Module):
    """``forward``: aligned pictures [N, 3, S, S] in -1…1 -> [N, 2]: years, and the log odds of female."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        widths = ((32, 64, 1), (64, 96, 2), (96, 96, 1), (96, 160, 2), (160, 160, 1), (160, 224, 2), (224, 224, 1))
        self.body = nn.Sequential(stem, *[_block(*w) for w in widths])
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(224, 2))

    def crops(self, x: Tensor) -> Tensor:
        """Middles of pictures [N, 3, 64, 64] -> [N, 2]."""
        y: Tensor = self.head(self.body(x).mean(dim=(2, 3)))
        return y * y.new_tensor([15.0, 1.0]) + y.new_tensor([35.0, 0.0])

    def forward(self, images: Tensor) -> Tensor:
        return self.crops(middle(images, INPUT_PX))


def middle(images: Tensor, size: int) -> Tensor:
    """The middle of aligned pictures [N, 3, S, S] -> [N, 3, size, size]."""
    side = images.shape[-1]
    reach = SIDE / 2
    left, top = round((MIDDLE[0] - reach) * side), round((MIDDLE[1] - reach) * side)
    extent = round(SIDE * side)
    cut = images[..., top : top + extent, left : left + extent]
    return F.interpolate(cut, size=(size, size), mode="bilinear", antialias=True)


def load_attributes(path: Path) -> AttributeNetwork:
    """Raises CheckpointError for a file that is missing or something else."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("kind") != KIND:
                raise CheckpointError(f"{path}: not an attribute network; `python -m installation attributes` trains one")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as err:
        raise CheckpointError(f"{path}: cannot be read ({err}); `python -m installation attributes` trains one") from err
    network = AttributeNetwork()
    try:
        network.load_state_dict({name: v.float() if v.is_floating_point() else v for name, v in tensors.items()})
    except RuntimeError as err:
        raise CheckpointError(f"{path}: not the shape of an attribute network") from err
    return network.eval().requires_grad_(False)


def decode(pictures: Sequence[Picture]) -> tuple[Tensor, Tensor]:
    """Middles uint8 [N, 3, 72, 72] and labels [N, 2] of the pictures whose age and gender are known."""
    crops, labels = [], []
    for picture in pictures:
        age, gender = AGES.get(picture.labels.get("age", "")), GENDERS.get(picture.labels.get("gender", ""))
        if age is None or gender is None:
            continue
        rgb = torch.from_numpy(np.ascontiguousarray(picture.rgba(128)[..., :3])).permute(2, 0, 1)[None].float()
        crops.append(middle(rgb, STORED_PX).round().byte()[0])
        labels.append((age, gender))
    if not crops:
        raise DatasetError("no picture has labels of age and gender: a labels.csv with columns file, age, gender is needed")
    return torch.stack(crops), torch.tensor(labels)


def train(crops: Tensor, labels: Tensor, minutes: float, seed: int = 0) -> AttributeNetwork:
    """Fit a network in ``minutes``: Huber on years, cross entropy on gender, one cycle of the learning rate."""
    torch.manual_seed(seed)
    network = AttributeNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    start, steps = time.monotonic(), 0
    while (spent := (time.monotonic() - start) / (60 * minutes)) < 1:
        index = torch.randint(len(crops), (BATCH,))
        x = crops[index].float() / 127.5 - 1
        x = torch.where(torch.rand(BATCH, 1, 1, 1) < 0.5, x.flip(3), x)
        x = camera(jitter_crop(x, 1.0))[..., 4:-4, 4:-4]
        y, target = network.crops(x), labels[index]
        loss = F.huber_loss(y[:, 0] / 10, target[:, 0] / 10) + F.binary_cross_entropy_with_logits(y[:, 1], target[:, 1])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (steps + 1) / 200) * (1 - spent) ** 0.5
        optimizer.step()
        steps += 1
        if steps % 200 == 0:
            print(f"step {steps}: loss {float(loss):.3f}", flush=True)
    return network.eval().requires_grad_(False)


@torch.inference_mode()
def evaluate(network: AttributeNetwork, crops: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean absolute error in years, and the share of right genders."""
    y = torch.cat([network.crops(part[..., 4:-4, 4:-4].float() / 127.5 - 1) for part in torch.split(crops, 256)])
    return float((y[:, 0] - labels[:, 0]).abs().mean()), float(((y[:, 1] > 0) == (labels[:, 1] > 0.5)).float().mean())


def main(argv: list[str] | None = None) -> int:
    """The command ``attributes``."""
    parser = argparse.ArgumentParser(prog="python -m installation attributes", description="Train the age and gender network.")
    parser.add_argument("--faces", type=Path, required=True, help="packs whose labels.csv has age and gender")
    parser.add_argument("--out", type=Path, default=Path("weights/attributes.safetensors"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--limit", type=int, help="pictures to train on")
    a = parser.parse_args(argv)
    crops, labels = decode(load_pictures(a.faces, "train")[: a.limit])
    print(f"{len(crops)} faces", flush=True)
    network = train(crops, labels, a.minutes)
    years, right = evaluate(network, *decode(load_pictures(a.faces, "val")))
    tensors = {name: v.half().contiguous() if v.is_floating_point() else v for name, v in network.state_dict().items()}
    card = {"kind": KIND, "faces": str(len(crops)), "mean_error_years": f"{years:.2f}", "right_genders": f"{right:.3f}"}
    save_file(tensors, a.out, metadata=card)
    print(f"{a.out}: wrong by {years:.1f} years on average, {100 * right:.1f} % of genders as labelled")
    return 0
