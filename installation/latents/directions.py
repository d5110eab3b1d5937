"""Named directions: what one unit of smile, age or gender adds to a code in W+, and what it does to the detail residual.

The residual holds the sitter's own features, so an edit must carry it along: a flow moves it as the landmarks move with the
attribute, a shift adds what the attribute looks like (Upchurch et al. 2017, "Deep Feature Interpolation").
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
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
    flow: Tensor | None = None  # [2, r, r] x and y, fractions of the picture's side that a feature moves at 1
    shift: Tensor | None = None  # [C, r, r] what the residual gains at 1


class DirectionSet:
    """Directions of one generator family, applied together in one product."""

    def __init__(self, directions: Sequence[Direction]) -> None:
        self.directions = tuple(directions)
        self.names = tuple(d.name for d in directions)
        self._stack = torch.stack([d.vector for d in directions]) if directions else torch.zeros(0, 0, 0)
        self._flows = _stacked([d.flow for d in directions])
        self._shifts = _stacked([d.shift for d in directions])

    def offset(self, amounts: Sequence[float], like: Tensor) -> Tensor:
        """Sum of ``amounts`` (one for each name) times their vectors, [styles, w_dim]."""
        if not self.directions:
            return torch.zeros_like(like)
        self._stack = self._stack.to(like)
        return torch.einsum("d,dsw->sw", torch.tensor(amounts, dtype=like.dtype, device=like.device), self._stack)

    def carry(self, detail: Tensor, amounts: Sequence[float]) -> Tensor:
        """The residual [C, r, r] as the edit leaves it: shifted and moved along the flows."""
        weights = torch.tensor(amounts, dtype=detail.dtype)
        if self._shifts is not None:
            detail = detail + torch.einsum("d,dcyx->cyx", weights, self._shifts)
        if self._flows is not None:
            flow = torch.einsum("d,dcyx->yxc", weights, self._flows)
            side = detail.shape[-1]
            # grid_sample asks where each pixel comes from, in -1…1: the flow backwards, twice its fraction of the side.
            grid = _identity_grid(side) - 2 * flow
            detail = F.grid_sample(detail[None], grid[None], mode="bicubic", padding_mode="border", align_corners=False)[0]
        return detail


@cache
def _identity_grid(side: int) -> Tensor:
    axis = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)


def _stacked(parts: Sequence[Tensor | None]) -> Tensor | None:
    """[D, …] with zeros for the directions that have none; None where no direction has one."""
    given = next((part for part in parts if part is not None), None)
    return None if given is None else torch.stack([torch.zeros_like(given) if part is None else part for part in parts])


def save_directions(directions: Sequence[Direction], path: Path, card: dict[str, str]) -> None:
    """Write a ``.safetensors`` file; half precision, layer ranges and the card in its metadata."""
    tensors = {d.name: d.vector.half().contiguous() for d in directions}
    tensors |= {f"{d.name}.flow": d.flow.half().contiguous() for d in directions if d.flow is not None}
    tensors |= {f"{d.name}.shift": d.shift.half().contiguous() for d in directions if d.shift is not None}
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
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            return [
                Direction(name, tensors[name], tuple(layers[name]), tensors.get(f"{name}.flow"), tensors.get(f"{name}.shift"))
                for name in layers
            ]
    except FileNotFoundError as err:
        raise WeightsError(f"{path}: no such directions file") from err
    except (SafetensorError, OSError, KeyError, ValueError) as err:
        raise WeightsError(f"{path}: not a readable directions file ({err})") from err
