"""Named edit directions. One unit of smile, age or gender is a vector that is added to a face's latent code (W+), and up to three
maps over the picture:

- flow and shift change the detail residual, the part of a face that the encoder keeps beside its code. It holds what is this
  person's own, lines and marks at their places. Where the code moves a mouth, the flow moves the residual with it; the shift adds
  what the attribute itself looks like (Upchurch et al. 2017, "Deep Feature Interpolation").
- warp moves the pixels of the drawn portrait, for the part of an attribute that only moves things.

Where there is an editor (``networks.editor``), a direction can leave all but its warp to a knob of the editor, which looks at the
face. To everything else it is a direction like any other.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from installation.errors import WeightsError
from installation.latents.direction_files import BARE_COMPONENTS, KIND, StoredDirection, read_directions
from installation.latents.direction_folder import direction_files
from installation.latents.direction_lists import SUFFIXES, read_list
from installation.latents.maps import NO_MAPS, PARTS, Maps
from installation.latents.own_changes import Knobs, added
from installation.messages import STILL_LIPS, LipAmounts, OwnChanges

# Whose codes have which shape, for the message about a misfit.
GENERATORS = {
    (18, 512): "StyleGAN2 at 1024 px", (16, 512): "StyleGAN2 at 512 px, or StyleGAN3", (14, 512): "StyleGAN2 at 256 px",
    (14, 256): "Facets' own at 256 px",
}  # fmt: skip


MOUTH, SMILE = "mouth-open", "smile"  # lips part and come together by amounts of the first; a laugh that loses its smile closes, too
SMILE_WARP = 0.4  # of the direction's own that stays beside the lips' movement
MOST_DETAIL = 1.0  # a residual runs from -1 to 1, as its encoder's tanh gives it


@dataclass(frozen=True, eq=False)
class Direction:
    """``vector`` [styles, w_dim] float32, zero outside its layers, scaled so that 1 is a strong but believable change. by_editor:
    where there is an editor with a knob of that name, it draws all but the warp."""

    name: str
    vector: Tensor
    layers: tuple[int, int]  # first and one past the last style that it moves
    maps: Maps = NO_MAPS
    family: str = ""  # of the generator that it belongs to, where that is known
    by_editor: bool = False

    def left_to_editor(self) -> "Direction":
        """What is left of it beside the editor's part: the warp; of a smile's a part, for the lips go most of their way by themselves."""
        warp = self.maps.warp if self.name != SMILE or self.maps.warp is None else SMILE_WARP * self.maps.warp
        return replace(self, vector=torch.zeros_like(self.vector), maps=Maps(warp=warp))


@dataclass(frozen=True, eq=False)
class Move:
    """An edit: several directions, each times its amount, added up. ``offset`` is added to the code; knobs: what is left to the
    editor; linear: sum of the amounts of all others; lips: how those move beside all this, in the camera's pixels."""

    offset: Tensor  # [styles, w_dim]
    maps: Maps = NO_MAPS
    knobs: Knobs = ()
    linear: float = 0.0
    lips: LipAmounts = STILL_LIPS

    @property
    def drawn(self) -> bool:
        """Whether the generator is needed for it."""
        return bool(self.knobs) or self.linear > 0.0

    @property
    def by_editor(self) -> float:
        """0…1: the editor's share in what is drawn."""
        written = sum(abs(amount) for _, amount in self.knobs)
        return written / (written + self.linear) if written else 0.0

    def carry(self, detail: Tensor, own: OwnChanges | None = None, strength: float = 1.0) -> Tensor:
        """The detail residual [C, r, r] of the edited face: with the shift added, then moved along the flow, then as the editor
        changes it. own: this face's; strength: of the editor's part."""
        if self.maps.shift is not None:
            detail = detail + self.maps.shift
        if self.maps.flow is not None:
            detail = _warped_detail(detail, self.maps.flow.permute(1, 2, 0))
        written = None if own is None else added(own.residual, self.knobs)
        return detail if written is None else detail.add(written, alpha=strength).clamp_(-MOST_DETAIL, MOST_DETAIL)

    def warp(self, own: OwnChanges | None = None) -> Tensor | None:
        """How it moves what is drawn [2, r, r], x and y in fractions of the side. own: as in ``carry``."""
        warp, moved = self.maps.warp, None if own is None else added(own.flow, self.knobs)
        if warp is None or moved is None:
            return moved if warp is None else warp
        return moved.add_(warp)


class DirectionSet:
    """The directions of one generator, in the order of ``names``. notices: what was assumed in reading their files. knobs: the
    editor's, by name, in its order; none without an editor."""

    def __init__(self, directions: Sequence[Direction], notices: Sequence[str] = (), knobs: Sequence[str] = ()) -> None:
        self._knobs = {k: knobs.index(d.name) for k, d in enumerate(directions) if d.by_editor and d.name in knobs}
        self._mouth, self._smile = (next((k for k in self._knobs if directions[k].name == name), None) for name in (MOUTH, SMILE))
        directions = [d.left_to_editor() if k in self._knobs else d for k, d in enumerate(directions)]
        self.directions = tuple(directions)
        self.notices = tuple(notices)
        self.names = tuple(d.name for d in directions)
        self._stack = torch.stack([d.vector for d in directions]) if directions else torch.zeros(0, 0, 0)
        self._maps = Maps(**{name: _stack_of([d.maps.part(name) for d in directions]) for name in PARTS})

    def move(self, amounts: Sequence[float]) -> Move | None:
        """The edit with these amounts, one for each of ``names``; None where all are 0. Only directions whose amount is not 0 are
        added, one after the other: most are 0, and so small a sum is not worth a matrix product."""
        active = [(k, amount) for k, amount in enumerate(amounts) if amount]
        if not active:
            return None
        knobs = tuple((self._knobs[k], amount) for k, amount in active if k in self._knobs)
        linear = sum(abs(amount) for k, amount in active if k not in self._knobs)
        return Move(_weighted_sum(self._stack, active), self._maps.each(lambda _, stack: _weighted_sum(stack, active)), knobs, linear)

    def parted(self, amounts: Sequence[float]) -> Move | None:
        """As ``move``, for a face whose place in its picture is known: its own lips are moved (``compositing.lips``), where they would be
        drawn otherwise. A direction of that name that is not the editor's is drawn as its maker wants it."""
        smile = 0.0 if self._smile is None else amounts[self._smile]
        mouth = 0.0 if self._mouth is None else amounts[self._mouth]
        lips = _lips(mouth, smile)
        if mouth:
            amounts = [0.0 if k == self._mouth else amount for k, amount in enumerate(amounts)]
        move = self.move(amounts)
        if not lips.any:
            return move
        return replace(Move(torch.zeros_like(self._stack[0])) if move is None else move, lips=lips)

    def further(self, move: Move | None, index: int, amount: float) -> Move | None:
        """The edit ``move`` with ``amount`` of the direction number ``index`` added to it. ``move`` stays as it is; None: no edit yet."""
        if not amount:
            return move
        if move is None:
            return self.parted([amount if k == index else 0.0 for k in range(len(self.names))])
        if index == self._mouth:
            return replace(move, lips=replace(move.lips, opening=move.lips.opening + amount))
        stacks = dict(self._maps)
        maps = move.maps.each(lambda name, part: torch.add(part, stacks[name][index], alpha=amount))
        knobs, linear, lips = move.knobs, move.linear, move.lips
        if index == self._smile:
            lips = _lips(lips.opening - _lips(0.0, lips.smile).opening, lips.smile + amount)
        if index in self._knobs:
            knobs = _further(knobs, self._knobs[index], amount)
        else:
            linear += abs(amount)
        return Move(torch.add(move.offset, self._stack[index], alpha=amount), maps, knobs, linear, lips)


def _lips(mouth: float, smile: float) -> LipAmounts:
    """A laugh whose smile goes is closed as well."""
    return LipAmounts(mouth + min(0.0, smile), smile)


def _further(knobs: Knobs, number: int, amount: float) -> Knobs:
    """The knobs with ``amount`` of one of them added."""
    had = dict(knobs)
    had[number] = had.get(number, 0.0) + amount
    return tuple((k, value) for k, value in had.items() if value)


def _weighted_sum(stack: Tensor, active: Sequence[tuple[int, float]]) -> Tensor:
    first, amount = active[0]
    total = torch.mul(stack[first], amount)
    for index, amount in active[1:]:
        total.add_(stack[index], alpha=amount)
    return total


def _warped_detail(detail: Tensor, flow: Tensor) -> Tensor:
    """The residual [C, r, r] moved along the flow [r, r, 2]."""
    # grid_sample asks where each pixel comes from, in -1…1: the flow backwards, twice its fraction of the side.
    grid = _identity_grid(detail.shape[-1]) - 2 * flow
    return F.grid_sample(detail[None], grid[None], mode="bicubic", padding_mode="border", align_corners=False)[0]


@cache
def _identity_grid(side: int) -> Tensor:
    axis = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)


def _stack_of(parts: Sequence[Tensor | None]) -> Tensor | None:
    """One map of every direction, stacked [D, …], zeros where a direction has none; None where no direction has one."""
    given = next((part for part in parts if part is not None), None)
    return None if given is None else torch.stack([torch.zeros_like(given) if part is None else part for part in parts])


def save_directions(directions: Sequence[Direction], path: Path, card: dict[str, str]) -> None:
    """Write a ``.safetensors`` file; half precision, layer ranges and the card in its metadata."""
    tensors = {d.name: d.vector.half().contiguous() for d in directions}
    tensors |= {f"{d.name}.{name}": part.half().contiguous() for d in directions for name, part in d.maps}
    layers = {d.name: list(d.layers) for d in directions}
    families = {d.family for d in directions if d.family}
    family = {"family": families.pop()} if len(families) == 1 else {}
    left = [d.name for d in directions if d.by_editor]
    by_editor = {"by_editor": json.dumps(left)} if left else {}
    save_file(tensors, path, metadata={"kind": KIND, "layers": json.dumps(layers), **family, **by_editor, **card})


def load_directions(paths: Sequence[Path], styles: int, w_dim: int, family: str = "", knobs: Sequence[str] = ()) -> DirectionSet:
    """Directions of several files, later ones replacing earlier ones of the same name.

    paths: ``.safetensors``, ``.npy``, ``.npz``, ``.pt``, ``.yaml`` lists of them (``direction_lists``), or folders of these.
    styles, w_dim: of the generator's codes; family: its name, where it is known; knobs: the editor's. Raises WeightsError for a file
    that is missing, broken or made for another generator.
    """
    found: dict[str, Direction] = {}
    notices: list[str] = []
    for path in direction_files(paths):
        listed = path.suffix.lower() in SUFFIXES
        stored = read_list(path) if listed else read_directions(path)
        if not listed:  # a file of eighty principal components would fill the panel with knobs that nobody asked for
            stored = [one for one in stored if one.component is None or one.component < BARE_COMPONENTS]
        for one in stored:
            found[one.name] = _fitted_to_generator(one, path, styles, w_dim, family)
            _check_maps(path, found[one.name], found.values())
        notices += _notices_of(path, stored)
    return DirectionSet(list(found.values()), notices, knobs)


def _notices_of(path: Path, stored: Sequence[StoredDirection]) -> list[str]:
    """At most one notice: what was assumed in reading this file."""
    assumed = list(dict.fromkeys(one.assumed for one in stored if one.assumed))
    return [f"{path}: {'; '.join(assumed)}"] if assumed else []


def _fitted_to_generator(one: StoredDirection, path: Path, styles: int, w_dim: int, family: str) -> Direction:
    """The direction as a vector [styles, w_dim] for this generator. A stored direction with a single row is the same for every
    style of its layers. Raises WeightsError where it was made for another generator."""
    rows, width = one.vector.shape
    if family and one.family and one.family != family:
        raise WeightsError(f"{path}: direction {one.name!r} belongs to {one.family}, the generator is {family}")
    if width != w_dim or rows not in (1, styles):
        shape = "x".join(map(str, one.vector.shape))
        made_for = f" ({GENERATORS[rows, width]})" if (rows, width) in GENERATORS else ""
        raise WeightsError(f"{path}: direction {one.name!r} is for codes of {shape}{made_for}, the generator's are {styles}x{w_dim}")
    first, end = one.layers or (0, styles)
    if not 0 <= first < end <= styles:
        raise WeightsError(f"{path}: direction {one.name!r} moves layers {first}-{end - 1}, the generator has 0-{styles - 1}")
    vector = torch.zeros(styles, w_dim)
    vector[first:end] = one.vector if rows == 1 else one.vector[first:end]
    return Direction(one.name, vector, (first, end), one.maps, one.family, one.by_editor)


def _check_maps(path: Path, one: Direction, others: Iterable[Direction]) -> None:
    """Raise WeightsError where two directions have maps of different sizes: they were made for two encoders."""
    for other in others:
        for name, mine in one.maps:
            theirs = other.maps.part(name)
            if theirs is not None and mine.shape != theirs.shape:
                shapes = " and ".join("x".join(map(str, p.shape)) for p in (mine, theirs))
                raise WeightsError(f"{path}: direction {one.name!r} and {other.name!r} have a {name} of {shapes}; they do not go together")
