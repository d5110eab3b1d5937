"""What a StyleGAN3 run is made of, and how it is trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from installation.errors import ConfigError
from installation.networks.stylegan3_design import Design

T, R = "stylegan3-t", "stylegan3-r"
ARCHS = (T, R)
SIZE = 64  # px
GAMMA = 0.025  # of R1 at 64 px and 32 pictures, as 0.0002 times the side squared over the batch (StyleGAN2-ADA) has it
BATCH = 32

Arch = Literal["stylegan3-t", "stylegan3-r"]
Adversary = Literal["stylegan2", "projected"]


@dataclass(frozen=True)
class Shape:
    """The networks of a run, which its state keeps: it goes on without being told again.

    channel_base, channel_max: as StyleGAN3's programs count them; configuration R has twice of both. adversary_base, adversary_max: of
    the discriminator. grey: pictures of light alone, in three equal channels.
    """

    arch: Arch = "stylegan3-t"
    size: int = SIZE
    grey: bool = False
    channel_base: int = 16_384
    channel_max: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    layers: int = 14
    margin: int = 10
    adversary: Adversary = "stylegan2"
    adversary_base: int = 16_384
    adversary_max: int = 512

    @property
    def design(self) -> Design:
        """Raises ValueError for a generator that cannot be."""
        radial = self.arch == R
        base, most = (2 * width if radial else width for width in (self.channel_base, self.channel_max))
        return Design(self.size, radial, base, most, self.w_dim, self.mapping_layers, self.layers, self.margin)

    @property
    def adversary_widths(self) -> dict[int, int]:
        """Of the discriminator at each resolution, as ``Discriminator`` takes them."""
        sides = [2**k for k in range(2, self.size.bit_length())]
        return {side: max(1, min(self.adversary_base // side, self.adversary_max)) for side in sides}

    @property
    def gamma(self) -> float:
        """Of R1, where nothing else is asked for: it grows with the picture's area."""
        return GAMMA * (self.size / SIZE) ** 2

    def as_dict(self) -> dict[str, int | str]:
        """For a checkpoint."""
        return asdict(self)

    def changed(self, wishes: Mapping[str, Any]) -> "Shape":
        """With what was asked for in so many words. Raises ConfigError for what cannot be."""
        shape = replace(self, **wishes)
        try:
            shape.design  # noqa: B018
        except ValueError as err:
            raise ConfigError(f"--arch {shape.arch} cannot be built so: {err}") from err
        if shape.size > 1024 or min(shape.adversary_base, shape.adversary_max) < 1:
            given = f"--size {shape.size}, --adversary-base {shape.adversary_base}, --adversary-max {shape.adversary_max}"
            raise ConfigError(f"{given}: sizes up to 1024 px and widths from 1 are needed")
        return shape


def kept_shape(kept: Mapping[str, Any], wishes: Mapping[str, Any], path: Path) -> Shape:
    """The networks of a state. Raises ConfigError where something else was asked for."""
    names = {field.name for field in fields(Shape)}
    shape = Shape(**{name: value for name, value in kept.items() if name in names})
    others = [f"{option(name)} {value}, not {getattr(shape, name)}" for name, value in wishes.items() if getattr(shape, name) != value]
    if others:
        raise ConfigError(f"{path}: a run cannot go on with other networks ({'; '.join(others)}); leave that out, or name another --run")
    return shape


def option(name: str) -> str:
    """``channel_max`` -> ``--channel-max``."""
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True)
class Options:
    """One run. The rates are those of the published programs for batches of 32.

    blur: thousands of pictures over which configuration R shows its discriminator less and less blurred ones. chunk: pictures that go
    through the networks at once. gamma: of R1; None for the rule.
    """

    run: Path
    batch: int = BATCH
    chunk: int = 8
    gamma: float | None = None
    lr: float = 2.5e-3
    adversary_lr: float = 2e-3
    blur: float = 200.0
    device: str = "cpu"
    precision: Literal["auto", "float32", "bf16"] = "auto"
    r1_every: int = 16
    nets: Path | None = None
