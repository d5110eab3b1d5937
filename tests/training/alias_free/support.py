"""A tiny StyleGAN3 run: two data sets that are told apart at a glance."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from installation.training.alias_free.settings import Options
from installation.training.alias_free.trainer import StyleGAN3Trainer
from installation.training.data.datasets import BatchStream

TINY = {"size": 16, "channel_base": 128, "channel_max": 8, "w_dim": 24, "layers": 4, "margin": 2}
TINY |= {"adversary_base": 128, "adversary_max": 16}
WORDS = [word for name, value in TINY.items() for word in (f"--{name.replace('_', '-')}", str(value))]
WORDS += ["--batch", "4", "--chunk", "4", "--device", "cpu", "--precision", "float32"]


def write_world(folder: Path, colour: tuple[int, int, int], count: int = 5, side: int = 32) -> Path:
    """Discs of one colour on noise."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(sum(colour))
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    for k in range(count):
        picture = rng.integers(0, 40, (side, side, 3), dtype=np.uint8)
        picture[x**2 + y**2 < rng.uniform(0.3, 0.8)] = colour
        Image.fromarray(picture).save(folder / f"{k}.png")
    return folder


def tiny_trainer(run: Path, arch: str = "stylegan3-t", **changes: object) -> StyleGAN3Trainer:
    """changes: of the options and of the networks."""
    run.mkdir(parents=True, exist_ok=True)
    options = {name: changes.pop(name) for name in list(changes) if name in Options.__dataclass_fields__}
    given = {"batch": 8, "chunk": 4, "precision": "float32"} | options
    return StyleGAN3Trainer(Options(run, **given), arch, TINY | changes)  # type: ignore[arg-type]


def steps(trainer: StyleGAN3Trainer, sets: list, count: int) -> list[dict[str, float]]:
    """From where the trainer is, as the command goes on."""
    stream = BatchStream(sets, trainer.options.batch, seed=0, size=trainer.shape.size, first=trainer.steps)
    try:
        batches = iter(stream)
        return [trainer.step(*next(batches)) for _ in range(count)]
    finally:
        stream.close()


def drawn(generator, count: int = 3) -> torch.Tensor:
    z = torch.randn(count, generator.z_dim, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        return generator.synthesis(generator.mapping(z))
