"""A reader of age, gender, smile and open mouth that neither light nor small deceptions fool: it teaches the editor.

A plain network takes darkening for age, and an editor that is trained against it finds dots that look old to it and to nobody
else. So this one learns under any light and colour, and against the worst small change of each picture (Madry et al. 2018,
"Towards Deep Learning Models Resistant to Adversarial Attacks"): the gradients of such a network look like faces
(Santurkar et al. 2019, "Image Synthesis with a Single (Robust) Classifier").
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from installation.checkpoints.loading import CheckpointError
from installation.training.augment import jitter_crop
from installation.training.directions.attributes import AttributeNetwork
from installation.training.editor.faces import ATTRIBUTES, YEARS, LabelledFaces
from installation.training.precision import half

LEFT, TOP, WINDOW_PX = 24, 33, 80  # of 128 px: what tight crops show of a face, and all that is looked at
RADIUS = 3.0  # of the deceptions, length of the change of a window in -1…1
BATCH = 48
RATE = 6e-4
SOFT_PX = 48  # drawn faces can be as soft as this
SAID_EVERY = 100
Loss = Callable[[Tensor], Tensor]


def window(pictures: Tensor) -> Tensor:
    """[N, C, 128, 128] -> its middle [N, C, 80, 80]."""
    return pictures[..., TOP : TOP + WINDOW_PX, LEFT : LEFT + WINDOW_PX]


class Reader(nn.Module):
    """Windows [N, 3, 80, 80] in -1…1 -> [N, 4]: age in units of 15 years, the log odds of female, smile and open mouth in
    deviations. first: a network of age and gender to begin with."""

    def __init__(self, first: AttributeNetwork | None = None) -> None:
        super().__init__()
        self.net = AttributeNetwork() if first is None else copy.deepcopy(first).requires_grad_(True)
        self.more = nn.Sequential(nn.Linear(256, 64), nn.SiLU(), nn.Dropout(0.1), nn.Linear(64, len(ATTRIBUTES) - 2))

    def forward(self, windows: Tensor) -> Tensor:
        features = self.net.features(windows)
        own = self.net.read(features)
        return torch.cat([own[:, :1] / YEARS, own[:, 1:2], self.more(features)], 1)


def recoloured(x: Tensor, amount: float = 1.0) -> Tensor:
    """Pictures [N, 3, H, W] in -1…1 in any light: brightness, the channels' gains, gamma, saturation, a slope of light, grey."""
    count, (height, width) = len(x), x.shape[-2:]

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape).clamp(-2, 2) * amount

    light = ((x + 1) / 2).clamp(1e-3, 1)
    grey = light.mean(1, keepdim=True)
    saturation = (1 + 0.5 * normal(count, 1, 1, 1)).clamp(0, 2) * (torch.rand(count, 1, 1, 1) > 0.25 * amount)
    light = (grey + (light - grey) * saturation).clamp(1e-3, 2)
    light = light * torch.exp(0.3 * normal(count, 1, 1, 1) + 0.12 * normal(count, 3, 1, 1))
    across, down = torch.linspace(-1, 1, width)[None, None, None], torch.linspace(-1, 1, height)[None, None, :, None]
    light = light * torch.exp(0.15 * (across * normal(count, 1, 1, 1) + down * normal(count, 1, 1, 1)))
    light = light.clamp(1e-3, 1.6).pow(torch.exp(0.3 * normal(count, 1, 1, 1)))
    return light.clamp(0, 1.1) * 2 - 1


def worst(reader: Reader, x: Tensor, loss_of: Loss, radius: float, steps: int = 2) -> Tensor:
    """``x`` moved by at most ``radius`` so that the reader errs."""
    reader.eval()
    reach = radius * torch.rand(len(x), 1, 1, 1)

    def length(v: Tensor) -> Tensor:
        norm: Tensor = torch.linalg.vector_norm(v.flatten(1), dim=1)
        return norm[:, None, None, None] + 1e-8

    change = torch.randn_like(x)
    change = change / length(change) * reach * 0.3
    for _ in range(steps):
        change.requires_grad_(True)
        with half():
            loss = loss_of(reader(x + change).float())
        (slope,) = torch.autograd.grad(loss, change)
        change = (change + slope / length(slope) * reach * 0.8).detach()
        change = change * (reach / length(change)).clamp(max=1)
    reader.train()
    return x + change


def reading_loss(read: Tensor, labels: Tensor) -> Tensor:
    """Huber on what is measured, cross entropy on gender; where a label is NaN nothing is asked."""
    known = ~labels.isnan()
    wanted = labels.nan_to_num()
    share = known.float() / known.sum(0).clamp(min=1)
    huber = (F.huber_loss(read, wanted, reduction="none") * share).sum(0)
    gender = (F.binary_cross_entropy_with_logits(read[:, 1], wanted[:, 1], reduction="none") * share[:, 1]).sum()
    return 2 * (huber[0] + huber[2] + huber[3]) + gender


def train_reader(faces: LabelledFaces, reader: Reader, minutes: float, radius: float = RADIUS) -> Reader:
    """Fit the reader in so many minutes. radius: of the deceptions, 0: none."""
    reader.train()
    for module in reader.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.03
    groups = [{"params": reader.net.parameters(), "speed": 1.0}, {"params": reader.more.parameters(), "speed": 3.0}]
    optimizer = torch.optim.AdamW(groups, RATE, weight_decay=2e-2)
    began, step = time.monotonic(), 0
    while (gone := (time.monotonic() - began) / (60 * minutes)) < 1:
        at = torch.randint(len(faces), (BATCH,))
        x, labels = _seen(faces, at), faces.labels[at]
        if radius:
            some = BATCH * 3 // 4
            x = torch.cat([worst(reader, x[:some], partial(reading_loss, labels=labels[:some]), radius), x[some:]])
        with half():
            read = reader(x)
        loss = reading_loss(read.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimizer.param_groups:
            group["lr"] = RATE * group["speed"] * min(1, (step + 1) / 100) * (1 - gone)
        optimizer.step()
        step += 1
        if step % SAID_EVERY == 0:
            rate = step * BATCH / (time.monotonic() - began)
            print(f"reader {gone:4.0%}: step {step}, {rate:.0f} faces/s, loss {loss.item():.3f}", flush=True)
    return reader.eval().requires_grad_(False)


def _seen(faces: LabelledFaces, at: Tensor) -> Tensor:
    """Windows of those faces as they may come: soft, turned over, in any light, grainy, a little beside their place."""
    images, masks = faces.batch(at)
    x, count = window(images * masks), len(at)
    soft = F.interpolate(F.interpolate(x, size=(SOFT_PX, SOFT_PX), mode="area"), size=(WINDOW_PX, WINDOW_PX), mode="bilinear")
    x = torch.lerp(x, soft, torch.rand(count, 1, 1, 1) * (torch.rand(count, 1, 1, 1) < 0.7))
    x = torch.where(torch.rand(count, 1, 1, 1) < 0.5, x.flip(3), x)
    x = recoloured(jitter_crop(x, 0.6))
    return x + 0.05 * torch.rand(count, 1, 1, 1) * torch.randn_like(x)


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well a reader reads, on faces kept apart. years: mean error; gender 0…1: share right; smile, mouth: correlation with the
    landmarks; darker: years that a picture 30 % darker is read older by, mean over all and mean of each one's size."""

    years: float
    gender: float
    smile: float
    mouth: float
    darker: float
    darker_each: float

    def __str__(self) -> str:
        return (
            f"wrong by {self.years:.1f} years, gender {100 * self.gender:.1f} % right, r smile {self.smile:.2f}, mouth {self.mouth:.2f}; "
            f"30 % darker: {self.darker:+.2f} years (each {self.darker_each:.2f})"
        )


@torch.inference_mode()
def reliability(reader: Reader, faces: LabelledFaces, limit: int = 1500) -> Reliability:
    """Of faces with labels of age and gender."""
    at = torch.nonzero(faces.photographs)[:, 0]
    at = at[:: max(1, len(at) // limit)]
    images, masks = faces.batch(at)
    x, labels = window(images * masks), faces.labels[at]
    read = torch.cat([reader(part) for part in torch.split(x, 64)])
    dark = torch.cat([reader(0.7 * (part + 1) - 1) for part in torch.split(x, 64)])
    correlation = []
    for k in (2, 3):
        known = ~labels[:, k].isnan()
        correlation.append(float(torch.corrcoef(torch.stack([read[known, k], labels[known, k]]))[0, 1]))
    older = (dark - read)[:, 0] * YEARS
    years = float((read - labels)[:, 0].abs().mean()) * YEARS
    right = float(((read[:, 1] > 0) == (labels[:, 1] > 0.5)).float().mean())
    return Reliability(years, right, correlation[0], correlation[1], float(older.mean()), float(older.abs().mean()))


def save_half(module: nn.Module, path: Path, card: dict[str, str] | None = None) -> None:
    """Write a network's weights in half precision."""
    state = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in module.state_dict().items()}
    save_file(state, path, card)


def load_reader(path: Path) -> Reader:
    """A trained reader. Raises CheckpointError for a file that is missing or something else."""
    reader = Reader()
    try:
        reader.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    except (SafetensorError, OSError, RuntimeError) as err:
        raise CheckpointError(f"{path}: not a reader of attributes ({err}); `train-editor` trains one") from err
    return reader.eval().requires_grad_(False)
