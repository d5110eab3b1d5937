"""Named directions in W+: what one unit of smile, age or gender adds to a code."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from installation.errors import WeightsError


@dataclass(frozen=True, eq=False)
class Direction:
    """``vector`` [styles, w_dim] float32, zero outside its layers, scaled so that 1 is a strong but believable change."""

    name: str
    vector: Tensor
    layers: tuple[int, int]  # first and one past the last style that it moves


class DirectionSet:
    """Directions of one generator family, applied together in one product."""

    def __init__(self, directions: Sequence[Direction]) -> None:
        self.directions = tuple(directions)
        self.names = tuple(d.name for d in directions)
        self._stack = torch.stack([d.vector for d in directions]) if directions else torch.zeros(0, 0, 0)

    def offset(self, amounts: Sequence[float], like: Tensor) -> Tensor:
        """Sum of ``amounts`` (one for each name) times their vectors, [styles, w_dim]."""
        if not self.directions:
            return torch.zeros_like(like)
        self._stack = self._stack.to(like)
        return torch.einsum("d,dsw->sw", torch.tensor(amounts, dtype=like.dtype, device=like.device), self._stack)


def save_directions(directions: Sequence[Direction], path: Path, card: dict[str, str]) -> None:
    """Write a ``.safetensors`` file; half precision, layer ranges and the card in its metadata."""
    tensors = {d.name: d.vector.half().contiguous() for d in directions}
    layers = {d.name: list(d.layers) for d in directions}
    save_file(tensors, path, metadata={"kind": "facets-directions", "layers": json.dumps(layers), **card})


def load_directions(paths: Sequence[Path], styles: int, w_dim: int) -> DirectionSet:
    """Directions of several files, later ones replacing earlier ones of the same name.

    Raises WeightsError for a file that is missing, broken or made for codes of another shape.
    """
    found: dict[str, Direction] = {}
    for path in paths:
        for direction in _read(path):
            if tuple(direction.vector.shape) != (styles, w_dim):
                shape = "x".join(map(str, direction.vector.shape))
                raise WeightsError(f"{path}: direction {direction.name!r} is for codes of {shape}, the generator's are {styles}x{w_dim}")
            found[direction.name] = direction
    return DirectionSet(list(found.values()))


def _read(path: Path) -> list[Direction]:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("kind") != "facets-directions":
                raise WeightsError(f"{path}: not a file of directions (its kind is {metadata.get('kind', 'not given')!r})")
            layers = json.loads(metadata["layers"])
            return [Direction(name, file.get_tensor(name).float(), tuple(layers[name])) for name in file.keys()]  # noqa: SIM118
    except FileNotFoundError as err:
        raise WeightsError(f"{path}: no such directions file") from err
    except (SafetensorError, OSError, KeyError, ValueError) as err:
        raise WeightsError(f"{path}: not a readable directions file ({err})") from err
