"""NVlabs' StyleGAN2 from its parameters alone (``G_ema.state_dict()``): what its modules would have recorded about themselves
is what their code has as defaults, or follows from the names and shapes.

``conv_clamp`` is not known then; it keeps half precision from overflowing and changes nothing in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.nvlabs_network import Recorded, RecordedNetwork
from installation.checkpoints.nvlabs_stylegan2 import stylegan2_of
from installation.checkpoints.pickle_records import RefusedPickleError
from installation.checkpoints.stored_tensors import Shape, Stored
from installation.networks.stylegan2 import Generator

MODULE_PARTS = 4  # words of the deepest module's path, as in synthesis.b8.conv0.affine


@dataclass(frozen=True)
class StateTensor:
    """A stored tensor as ``RecordedNetwork`` reads one."""

    stored: Stored

    @property
    def shape(self) -> Shape:
        return self.stored.shape

    def load(self) -> Tensor:
        return self.stored.read()


def stylegan2_of_state(tensors: Mapping[str, Stored], path: Path) -> Generator:
    """The generator in float32, its mean code ``mapping.w_avg``. Raises CheckpointError."""
    try:
        return stylegan2_of(network_of_state(tensors), None)
    except RefusedPickleError as err:
        raise CheckpointError(f"{path}: {err}") from err


def styles_of_state(tensors: Mapping[str, Stored]) -> int:
    """Codes in W+: two for each resolution."""
    return 2 * len({name.split(".")[1] for name in tensors if name.startswith("synthesis.b")})


def network_of_state(tensors: Mapping[str, Stored]) -> RecordedNetwork:
    """The modules that the parameters' names speak of, with what follows from the parameters."""
    modules: dict[str, Recorded] = {"": Recorded("the network", "Generator", {})}
    for name in tensors:
        words = name.split(".")[:-1]
        for count in range(1, min(len(words), MODULE_PARTS) + 1):
            path = ".".join(words[:count])
            modules.setdefault(path, Recorded(path, "", _followed(path, tensors)))
    return RecordedNetwork(modules, {name: StateTensor(stored) for name, stored in tensors.items()})


def _followed(path: str, tensors: Mapping[str, Stored]) -> dict[object, object]:
    if path == "mapping" and "mapping.embed.weight" in tensors:
        return {"c_dim": tensors["mapping.embed.weight"].shape[-1]}
    if f"{path}.skip.weight" in tensors:
        return {"architecture": "resnet"}
    block = path.removeprefix("synthesis.b")
    if block.isdecimal() and f"{path}.torgb.weight" not in tensors and f"{path}.conv1.weight" in tensors:
        return {"architecture": "orig"}
    return {}
