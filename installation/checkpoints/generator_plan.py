"""Reads a StyleGAN2 generator's structure from the names and shapes of its parameters."""

from dataclasses import dataclass

from installation.checkpoints.encoder_plan import Shapes, count_of, shape_of
from installation.networks.stylegan2 import Generator

MAX_SIZE = 4096  # pixels; what no published generator reaches
MAX_LAYERS = 64  # of the mapping network


@dataclass(frozen=True)
class GeneratorPlan:
    """size: pixels of the picture's side. channels: width at each resolution. n_mlp: layers of the mapping network.

    z_dim, mlp_dim, clamp: as in ``Generator``; what rosinality's files do not have and NVlabs' may.
    """

    size: int
    style_dim: int
    n_mlp: int
    channels: dict[int, int]
    z_dim: int | None = None
    mlp_dim: int | None = None
    clamp: float | None = None

    def __post_init__(self) -> None:
        if not 8 <= self.size <= MAX_SIZE or self.size & (self.size - 1):
            raise ValueError(f"its pictures would have {self.size} pixels a side, a power of two from 8 to {MAX_SIZE} is needed")
        if not 0 <= self.n_mlp <= MAX_LAYERS:
            raise ValueError(f"its mapping network would have {self.n_mlp} layers, 0 to {MAX_LAYERS} are needed")
        resolutions = {2**k for k in range(2, self.size.bit_length())}
        if set(self.channels) != resolutions or min(self.channels.values()) < 1 or self.style_dim < 1:
            raise ValueError(f"it names widths for {sorted(self.channels)} px, those of {sorted(resolutions)} are needed")

    def build(self) -> Generator:
        """The network, its parameters as they come."""
        dims = {"z_dim": self.z_dim, "mlp_dim": self.mlp_dim}
        return Generator(self.size, self.style_dim, self.n_mlp, self.channels, clamp=self.clamp, **dims)

    @property
    def styles(self) -> int:
        """Codes in W+."""
        return self.size.bit_length() * 2 - 4


def generator_plan(shapes: Shapes) -> GeneratorPlan:
    """The structure behind the parameters of a StyleGAN2 generator under rosinality's names. Raises ValueError."""
    channels = {4: shape_of(shapes, "conv1.conv.weight", 5)[1]}
    for index in range(count_of(shapes, "to_rgbs")):
        channels[8 << index] = shape_of(shapes, f"convs.{2 * index}.conv.weight", 5)[1]
    n_mlp = sum(name.startswith("style.") and name.endswith(".weight") for name in shapes)
    style_dim = shape_of(shapes, "conv1.conv.modulation.weight", 2)[1]
    mlp_dim, z_dim = shape_of(shapes, "style.1.weight", 2) if n_mlp else (style_dim, style_dim)
    return GeneratorPlan(max(channels), style_dim, n_mlp, channels, z_dim, mlp_dim if n_mlp > 1 else style_dim)
