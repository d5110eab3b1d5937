"""Model files of every published format, small, with random weights: what an artist might point the program at."""

from pathlib import Path

import torch

from installation.checkpoints.loading import save_encoder, save_generator
from installation.networks.ir_se import BackbonePlan, BlockPlan
from installation.networks.psp_encoders import EncoderPlan, PublishedEncoder
from installation.networks.stylegan2 import Generator
from tests.checkpoints import support_nvlabs as nvlabs

SIZE, STYLES, W_DIM = 64, 10, 24
CHANNELS = {4: 16, 8: 16, 16: 12, 32: 8, 64: 8}
BLOCKS = (BlockPlan(8, 8, 2, 2), BlockPlan(8, 12, 2, 3), BlockPlan(12, 16, 2, 4), BlockPlan(16, 24, 2, 6))


def generator(seed=1, channels=None, size=SIZE, w_dim=W_DIM):
    torch.manual_seed(seed)
    made = Generator(size, w_dim, 2, channels or CHANNELS)
    for name, value in made.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.constant_(value, 0.2)
    return made.eval().requires_grad_(False)


def encoder(kind="GradualStyleEncoder", styles=STYLES):
    torch.manual_seed(2)
    made = PublishedEncoder(EncoderPlan(kind, BackbonePlan(3, 8, BLOCKS), styles, W_DIM))
    for module in made.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    made.latent_avg.normal_()
    return made.eval().requires_grad_(False)


def psp(path: Path, kind="GradualStyleEncoder", decoder=True, styles=STYLES):
    """pSp's and e4e's format."""
    made = encoder(kind, styles)
    state = {f"encoder.{name}": value for name, value in made.network.state_dict().items()}
    if decoder:
        state |= {f"decoder.{name}": value for name, value in generator().state_dict().items()}
    torch.save({"state_dict": state, "opts": {"encoder_type": kind, "output_size": SIZE}, "latent_avg": made.latent_avg}, path)
    return path


def rosinality(path: Path, **sizes):
    torch.save({"g_ema": generator(**sizes).state_dict(), "latent_avg": torch.randn(sizes.get("w_dim", W_DIM))}, path)
    return path


def stylegan2_pickle(path: Path):
    torch.manual_seed(3)
    return nvlabs.write_pickle(path, nvlabs.stylegan2(SIZE, w_dim=W_DIM))


def stylegan3_pickle(path: Path, config: str):
    torch.manual_seed(4)
    return nvlabs.write_pickle(path, nvlabs.stylegan3(SIZE, config, w_dim=W_DIM))


def our_generator(path: Path):
    made = generator()
    save_generator(made, path, torch.randn(STYLES, W_DIM), {"name": "own"})
    return path


def our_encoder(path: Path):
    save_encoder(encoder(), path, {"name": "own"})
    return path
