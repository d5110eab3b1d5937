"""A small network that reads age and gender off aligned faces, to label and to score edits with.

    python -m installation attributes --faces DATA/fairface --out weights/attributes.safetensors --minutes 10

It sees the middle of the FFHQ square at 64 px. Trained on FairFace's labels (Kärkkäinen and Joo 2021): they are what
annotators saw in a photograph, not who somebody is.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from installation.checkpoints.loading import CheckpointError
from installation.training.arguments import positive
from installation.training.augment import camera, jitter_crop
from installation.training.data.datasets import DatasetError, Picture, load_pictures
from installation.training.losses import Identity
from installation.training.sealing import seal

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
SAID_EVERY = 5000  # faces: reading them with an identity network takes minutes
WIDTHS = (32, 48, 96, 160, 256)  # channels at 32, 16, 8, 4 and 2 px
EMBEDDING = 128  # of the identity network that lends a hand
EMBEDDING_WEIGHT = 2.0


class _Residual(nn.Module):
    """Two convolutions beside a shortcut, half the size (He et al. 2016, "Deep Residual Learning for Image Recognition")."""

    def __init__(self, in_channel: int, out_channel: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channel, out_channel, 3, 2, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channel)
        self.conv2 = nn.Conv2d(out_channel, out_channel, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channel)
        self.shortcut = nn.Conv2d(in_channel, out_channel, 1, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)), inplace=True)))
        return F.relu(y + self.shortcut(x), inplace=True)


class AttributeNetwork(nn.Module):
    """``forward``: aligned pictures [N, 3, S, S] in -1…1 -> [N, 2]: years, and the log odds of female."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, WIDTHS[0], 3, 2, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
        self.body = nn.Sequential(stem, *[_Residual(i, o) for i, o in pairwise(WIDTHS)])
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(WIDTHS[-1], 2))

    def features(self, x: Tensor) -> Tensor:
        """Middles of pictures [N, 3, 64, 64] in -1…1 -> [N, 256]."""
        y: Tensor = self.body(x.contiguous(memory_format=torch.channels_last)).mean(dim=(2, 3))
        return y

    def read(self, features: Tensor) -> Tensor:
        """Features [N, 256] -> [N, 2]."""
        y: Tensor = self.head(features)
        return y * y.new_tensor([15.0, 1.0]) + y.new_tensor([35.0, 0.0])

    def crops(self, x: Tensor) -> Tensor:
        """Middles of pictures [N, 3, 64, 64] -> [N, 2]."""
        return self.read(self.features(x))

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


@dataclass(frozen=True, eq=False)
class Labelled:
    """Middles uint8 [N, 3, 72, 72], labels [N, 2] (years, female), identity embeddings [N, 128] or None."""

    crops: Tensor
    labels: Tensor
    embeddings: Tensor | None = None


@torch.inference_mode()
def decode(pictures: Sequence[Picture], identity: nn.Module | None = None) -> Labelled:
    """The pictures whose age and gender are known."""
    crops, labels, embeddings, waiting = [], [], [], []
    for picture in pictures:
        age, gender = AGES.get(picture.labels.get("age", "")), GENDERS.get(picture.labels.get("gender", ""))
        if age is None or gender is None:
            continue
        rgb = torch.from_numpy(np.ascontiguousarray(picture.rgba(128)[..., :3])).permute(2, 0, 1)[None].float()
        crops.append(middle(rgb, STORED_PX).round().byte()[0])
        labels.append((age, gender))
        waiting.append(rgb)
        if identity is not None and len(waiting) == BATCH:
            embeddings.append(identity(torch.cat(waiting) / 127.5 - 1))
        if len(waiting) == BATCH:
            waiting = []
        if len(crops) % SAID_EVERY == 0:
            print(f"{len(crops)} faces read", flush=True)
    if not crops:
        raise DatasetError("no picture has labels of age and gender: a labels.csv with columns file, age, gender is needed")
    if identity is not None and waiting:
        embeddings.append(identity(torch.cat(waiting) / 127.5 - 1))
    return Labelled(torch.stack(crops), torch.tensor(labels), torch.cat(embeddings) if embeddings else None)


def train(data: Labelled, minutes: float, seed: int = 0) -> AttributeNetwork:
    """Fit a network in ``minutes``: Huber on years, cross entropy on gender, one cycle of the learning rate.

    With embeddings, the features must also tell people apart as the identity network does (knowledge distillation: Hinton
    et al. 2015): thirty thousand labels alone are soon learned by heart.
    """
    torch.manual_seed(seed)
    network, guess = AttributeNetwork(), nn.Linear(WIDTHS[-1], EMBEDDING)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW([*network.parameters(), *guess.parameters()], 2e-3, weight_decay=2e-2)
    start, steps = time.monotonic(), 0
    while (spent := (time.monotonic() - start) / (60 * minutes)) < 1:
        index = torch.randint(len(data.crops), (BATCH,))
        x = data.crops[index].float() / 127.5 - 1
        x = torch.where(torch.rand(BATCH, 1, 1, 1) < 0.5, x.flip(3), x)
        x = camera(jitter_crop(x, 1.0))[..., 4:-4, 4:-4]
        features, target = network.features(x), data.labels[index]
        y = network.read(features)
        loss = F.huber_loss(y[:, 0] / 10, target[:, 0] / 10) + F.binary_cross_entropy_with_logits(y[:, 1], target[:, 1])
        if data.embeddings is not None:
            near = F.cosine_similarity(guess(features), data.embeddings[index])
            loss = loss + EMBEDDING_WEIGHT * (1 - near).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (steps + 1) / 200) * (1 - spent)
        optimizer.step()
        steps += 1
        if steps % 200 == 0:
            print(f"{60 * minutes * spent:.0f} s, step {steps}: loss {loss.item():.3f}", flush=True)
    return network.eval().requires_grad_(False)


@torch.inference_mode()
def evaluate(network: AttributeNetwork, data: Labelled) -> tuple[float, float]:
    """Mean absolute error in years, and the share of right genders."""
    y = torch.cat([network.crops(part[..., 4:-4, 4:-4].float() / 127.5 - 1) for part in torch.split(data.crops, 256)])
    labels = data.labels
    return float((y[:, 0] - labels[:, 0]).abs().mean()), float(((y[:, 1] > 0) == (labels[:, 1] > 0.5)).float().mean())


def main(argv: list[str] | None = None) -> int:
    """The command ``attributes``."""
    parser = argparse.ArgumentParser(prog="python -m installation attributes", description="Train the age and gender network.")
    parser.add_argument("--faces", type=Path, required=True, help="packs whose labels.csv has age and gender")
    parser.add_argument("--out", type=Path, default=Path("weights/attributes.safetensors"))
    parser.add_argument("--minutes", type=positive, default=10)
    parser.add_argument("--limit", type=int, help="pictures to train on")
    parser.add_argument("--nets", type=Path, help="folder with the identity network, which then helps to learn from few labels")
    a = parser.parse_args(argv)
    identity = Identity(a.nets / "mobilefacenet.onnx").eval() if a.nets else None
    data = decode(load_pictures(a.faces, "train")[: a.limit], identity)
    print(f"{len(data.crops)} faces", flush=True)
    network = train(data, a.minutes)
    years, right = evaluate(network, decode(load_pictures(a.faces, "val")))
    tensors = {name: v.half().contiguous() if v.is_floating_point() else v for name, v in network.state_dict().items()}
    card = {"kind": KIND, "faces": str(len(data.crops)), "mean_error_years": f"{years:.2f}", "right_genders": f"{right:.3f}"}
    save_file(tensors, a.out, metadata=card)
    seal(a.out.parent)
    print(f"{a.out}: wrong by {years:.1f} years on average, {100 * right:.1f} % of genders as labelled")
    return 0
