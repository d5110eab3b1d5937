"""Whether networks of several files speak of the same codes: shapes alone do not tell, mean codes do."""

from pathlib import Path

from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.networks.psp_encoders import PublishedEncoder
from installation.networks.stylegan2 import Generator
from installation.networks.stylegan3 import StyleGAN3Generator

# Relative distance. Means of two trainings are as good as orthogonal (1.4); fine-tuning moves a mean by a few hundredths, and a
# mean that is sampled is as near to the one that training tracked.
OTHER_FAMILY = 0.6


def another_family(mean: Tensor, other: Tensor) -> bool:
    """Whether two mean codes [styles, w_dim] are those of two trainings; False where one is not known (zero)."""
    if not bool(mean.any()) or not bool(other.any()):
        return False
    # Over the styles: an encoder that gives one w has a number of styles of its own.
    mine, theirs = (code.detach().float().reshape(-1, code.shape[-1]).mean(dim=0) for code in (mean, other))
    return float((mine - theirs).norm()) > OTHER_FAMILY * max(float(mine.norm()), float(theirs.norm()))


def completed(encoder: PublishedEncoder, base: Generator | StyleGAN3Generator, path: Path, base_path: Path) -> None:
    """Give an encoder what its file lacks and the generator has. Raises CheckpointError where that has none either.

    path, base_path: the two files, for the message.
    """
    if "mean" in encoder.lacks:
        mean = base.latent_avg.detach().float().reshape(-1, encoder.w_dim)
        mean = mean if len(mean) == encoder.styles else mean[:1]
        encoder.latent_avg = mean.expand(encoder.styles, -1).clone()
    if "style" in encoder.lacks:
        layered = base.layered
        if layered is None or layered.mapping_layers == 0 or layered.z_dim != encoder.w_dim:
            raise CheckpointError(f"{path}: makes codes of Z+, and neither it nor {base_path} has a mapping network for them")
        encoder.style = layered.style
    encoder.lacks = frozenset()
