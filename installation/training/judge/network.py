"""The judge: a network that reads age, gender, smile and open mouth off a face, and that nothing was ever trained against.

An editor learns to please the reader that teaches it, so that reader's word on its effects is worth little. The judge shares nothing with
it: it sees another, wider crop, in grey and evened in light; it is made otherwise (plain convolutions and pooling: Simonyan and Zisserman
2015; age as an expectation over classes: Rothe et al. 2015, "DEX: Deep EXpectation of apparent age from a single image"); and it begins
from nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from installation.checkpoints.error import CheckpointError

KIND = "facets-judge"
MIDDLE, SIDE = (0.5, 0.55), 0.8  # of the aligned square: forehead, ears and chin
KEPT_PX, INPUT_PX = 80, 64
OVAL = (0.42, 0.5)  # half axes of what is looked at, fractions of the crop: not the hair beside it, nor the room
RIM = 0.06  # softness of its edge
PLACES = (1.5, 6.0, 15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 76.0)  # years of the classes
WIDTHS = (32, 64, 128, 192)  # channels at 32, 16, 8 and 4 px
GREY = (0.299, 0.587, 0.114)  # Rec. 601
READ = ("age", "gender", "smile", "mouth-open")


class Judge(nn.Module):
    """``judge(crops [N, 1, 64, 64])``, as ``evened`` gives them: [N, 12], the logits of the age classes, of female, smile and open mouth
    in deviations. 1.1 million parameters."""

    oval: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(1, WIDTHS[0], 5, 2)]
        for narrow, wide in pairwise(WIDTHS):
            layers += [nn.MaxPool2d(2), _conv(narrow, wide), _conv(wide, wide)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(WIDTHS[-1] * 16, 96), nn.GELU(), nn.Linear(96, len(PLACES) + 3))
        self.register_buffer("oval", _oval())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, crops: Tensor) -> Tensor:
        y: Tensor = self.head(self.body(crops.contiguous(memory_format=torch.channels_last)))
        return y

    def evened(self, crops: Tensor) -> Tensor:
        """Grey crops [N, 1, S, S] of any range -> [N, 1, 64, 64] without their own brightness and contrast, nothing outside the oval."""
        if crops.shape[-1] != INPUT_PX:
            crops = F.interpolate(crops, size=(INPUT_PX, INPUT_PX), mode="bilinear", antialias=True)
        area = self.oval.sum()
        mean = (crops * self.oval).sum((1, 2, 3), keepdim=True) / area
        away = (crops - mean) * self.oval
        return away / (away.square().sum((1, 2, 3), keepdim=True) / area + 1e-4).sqrt()

    @torch.inference_mode()
    def read(self, pictures: Tensor) -> Tensor:
        """Aligned pictures [N, 3, S, S] in -1…1 -> [N, 4]: years, log odds of female, smile and open mouth in deviations; the mean of what
        is said of a face and of its mirror image."""
        crops = self.evened(cropped(pictures))
        return (told(self(crops)) + told(self(crops.flip(3)))) / 2


def told(answers: Tensor) -> Tensor:
    """What ``Judge`` answers [N, 12] -> [N, 4]: the expectation over the age classes in years, and the rest as it is."""
    ages = answers[:, : len(PLACES)].softmax(1) @ answers.new_tensor(PLACES)
    return torch.cat([ages[:, None], answers[:, len(PLACES) :]], 1)


def cropped(pictures: Tensor) -> Tensor:
    """Aligned pictures [N, 3, S, S] -> what the judge sees of them in grey, [N, 1, 80, 80]."""
    side = pictures.shape[-1]
    left, top = (round((middle - SIDE / 2) * side) for middle in MIDDLE)
    extent = side - 2 * left  # as much on the left as on the right
    grey = (pictures[..., top : top + extent, left : left + extent] * pictures.new_tensor(GREY)[:, None, None]).sum(1, keepdim=True)
    return F.interpolate(grey, size=(KEPT_PX, KEPT_PX), mode="bilinear", antialias=True)


def _conv(narrow: int, wide: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(narrow, wide, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True))


def _oval() -> Tensor:
    """[64, 64]: 1 where the judge looks, 0 where it does not."""
    axis = (torch.arange(INPUT_PX) + 0.5) / INPUT_PX - 0.5
    away = ((axis[None, :] / OVAL[0]).square() + (axis[:, None] / OVAL[1]).square()).sqrt()
    return torch.sigmoid((1 - away) / RIM)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of a judge on photographs kept apart. years: mean error; gender 0…1: share right; smile, mouth: correlation with the landmarks, NaN
    where none are known; darker: years that a picture 30 % darker is read older by, on average; faces: how many."""

    years: float
    gender: float
    smile: float
    mouth: float
    darker: float
    faces: int

    def __str__(self) -> str:
        return (
            f"wrong by {self.years:.1f} years, gender {100 * self.gender:.1f} % right, r smile {self.smile:.2f}, mouth {self.mouth:.2f}, "
            f"30 % darker {self.darker:+.2f} years, on {self.faces} faces kept apart"
        )


def save_judge(judge: Judge, path: Path, accuracy: Accuracy, learned: int) -> None:
    """Half precision; learned: faces that it saw, again and again. The card says how well it reads."""
    state = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in judge.state_dict().items()}
    save_file(state, path, {"kind": KIND, "accuracy": json.dumps(asdict(accuracy)), "learned": str(learned), "licence": "MIT"})


def load_judge(path: Path) -> tuple[Judge, Accuracy]:
    """Raises CheckpointError for a file that is missing or something else."""
    try:
        with safe_open(path, "pt") as file:
            card = file.metadata() or {}
            if card.get("kind") != KIND:
                raise CheckpointError(f"{path}: not a judge of edits; `python -m installation train-judge` trains one")
            accuracy = Accuracy(**json.loads(card["accuracy"]))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        judge = Judge()
        judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except CheckpointError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError, KeyError) as err:
        reason = next(iter(str(err).strip().splitlines()), type(err).__name__)
        raise CheckpointError(f"{path}: not a readable judge of edits ({reason})") from err
    return judge.eval().requires_grad_(False), accuracy
