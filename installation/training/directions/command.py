"""Learn the directions of edits from measured labels.

    python -m installation directions --faces DATA/fairface DATA/faces-256 --generator F --encoder F --out weights/directions.safetensors

Every attribute is measured: geometry on the landmarks, age and gender by the attribute network. All are fitted together by
least squares from attributes to codes, residuals and landmarks, so each direction is what its attribute adds while the others
stay (the forward model of Haufe et al. 2014, "On the interpretation of weight vectors of linear models"). Then they are
calibrated by what they do: portraits are drawn at -1 and +1, measured, and the directions mixed so that each moves its own
measure by what its plan asks and leaves the others.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.latents.directions import Direction, DirectionSet, save_directions
from installation.latents.maps import PARTS, Maps
from installation.latents.warps import squeeze
from installation.models.bundle import Models, load_models
from installation.networks.facets_encoder import COARSE_STYLES, DETAIL_CHANNELS, DETAIL_PX, MIDDLE_STYLES, FacetsEncoder
from installation.places import shipped
from installation.training.data.datasets import STORED_PX, DatasetError, Picture, load_pictures, to_tensor
from installation.training.directions.aligned_mesh import AlignedMesh
from installation.training.directions.attributes import AttributeNetwork, load_attributes
from installation.training.directions.effects import MEASURES, Editor, Effect, Measures, effects, kin, swing
from installation.training.directions.flows import STIFFNESS, even, of_features, pursed, reach, smooth_flow
from installation.training.losses import Identity
from installation.training.publish import encode_pictures
from installation.training.sealing import seal

RIDGE = 1e-2
TWINS = 0.8  # correlation from which two measures are taken for one
LANDMARKS = 468
HEAD_STIFFNESS = 1.0  # of one that turns the head, hair and all
ENOUGH, ALIKE, RIGHT_WAY = 0.85, 0.7, 0.95  # share of the planned span, cosine and share of faces asked of a direction
CALM = 0.3  # ridge of the calibration: how much it trusts each direction's own fit
WHOLE_LOOK = 20.0  # how many times dearer a direction is, to the others, that changes the whole look
FURTHEST = 1.2  # squeeze of a unit's warp
LONGEST = 4.0  # most that a calibration round may lengthen a direction
KIN_WEIGHT = 0.02  # how much a round minds the movement of kin measures
BATCH = 32


COARSE_AND_MIDDLE = (0, COARSE_STYLES + MIDDLE_STYLES)
EVERY_LAYER = (0, 64)


@dataclass(frozen=True)
class LearningPlan:
    """span: standard deviations of its own measure from -1 to +1. code: how much of the movement the code makes; the warp of
    the portrait makes the rest. shift: how much of the measured look the detail residual takes. layers: first and one past the
    last style moved. stiffness: see ``smooth_flow``. purse: see ``pursed``, for what lips cannot do by becoming thicker alone."""

    name: str
    span: float
    code: float = 0.2
    shift: float = 0.3
    layers: tuple[int, int] = COARSE_AND_MIDDLE
    stiffness: float = STIFFNESS
    purse: float = 0.0


PLANS = (
    LearningPlan("age", 2.8, 0.35, 1.2, EVERY_LAYER),
    LearningPlan("gender", 2.4, 0.35, 1.2, EVERY_LAYER),
    LearningPlan("smile", 3.6, 0.25, 0.8),
    LearningPlan("mouth-open", 3.0, 0.1, 0.6),
    LearningPlan("eyes-open", 3.2),
    LearningPlan("eye-distance", 3.2),
    LearningPlan("eye-eyebrow-distance", 3.0),
    LearningPlan("eye-ratio", 3.2),
    LearningPlan("lip-ratio", 2.6, 0.05, 0.3, stiffness=0.1, purse=0.26),
    LearningPlan("nose-mouth-distance", 3.0),
    LearningPlan("nose-ratio", 3.2),
    LearningPlan("nose-tip", 2.6, 0.0, 0.0, stiffness=0.01),
    LearningPlan("yaw", 2.6, 0.15, 0.0, stiffness=HEAD_STIFFNESS),
    LearningPlan("pitch", 2.6, 0.15, 0.0, stiffness=HEAD_STIFFNESS),
    LearningPlan("roll", 4.0, 0.15, 0.0, stiffness=HEAD_STIFFNESS),
)
HEAD = frozenset({"yaw", "pitch", "roll"})  # the face as a whole
SIDED = frozenset({"yaw", "roll"})  # in a mirror they turn the other way
NAMES = tuple(plan.name for plan in PLANS)


@dataclass(frozen=True, eq=False)
class Measured:
    """Of N pictures; NaN where there is no face."""

    attributes: NDArray[np.float64]  # [N, 15] in the order of effects.MEASURES
    landmarks: NDArray[np.float64]  # [N, 468 * 2], fractions of the picture's side


@torch.inference_mode()
def measure(pictures: Sequence[Picture], network: AttributeNetwork) -> Measured:
    """Every attribute of aligned pictures."""
    from installation.faces.geometry import measure_geometry

    mesh = AlignedMesh()
    rows = np.full((len(pictures), len(MEASURES)), np.nan)
    points = np.full((len(pictures), LANDMARKS * 2), np.nan)
    for start in range(0, len(pictures), BATCH):
        rgba = [p.rgba() for p in pictures[start : start + BATCH]]
        seen = network(to_tensor(rgba)[0]).numpy()
        for k, picture in enumerate(rgba, start):
            landmarks = mesh(picture[..., :3])
            if landmarks is not None:
                rows[k] = [*seen[k - start], *measure_geometry(landmarks).values()]
                points[k] = landmarks[:, :2].flatten() / STORED_PX
    return Measured(rows, points)


def fit(codes: NDArray[np.floating[Any]], attributes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What one standard deviation of each attribute [N, A] adds to the codes [N, D] while the others stay: [A, D].

    Twins go along: of two measures of one pair of eyelids, what is left of the one when the other stays is noise.
    """
    a = (attributes - attributes.mean(0)) / (attributes.std(0) + 1e-9)
    c = np.nan_to_num(codes - np.nanmean(codes, axis=0))
    gram, seen = a.T @ a + RIDGE * len(a) * np.eye(a.shape[1]), a.T @ c
    twins = np.abs(a.T @ a / len(a)) > TWINS
    solved: NDArray[np.float64] = np.empty_like(seen)
    for k in range(len(gram)):
        given = [k, *(j for j in range(len(gram)) if not twins[k, j])]
        solved[k] = np.linalg.solve(gram[np.ix_(given, given)], seen[given])[0]
    return solved


def _direction(plan: LearningPlan, solved: NDArray[np.float64], middle: NDArray[np.float64], styles: int, w_dim: int) -> Direction:
    """From what one standard deviation adds to [code, residual, landmarks], laid end to end; half the plan's span is one unit."""
    size, cells = styles * w_dim, DETAIL_CHANNELS * DETAIL_PX**2
    code, detail, moves = np.split(solved * plan.span / 2, [size, size + cells])
    vector = torch.zeros(styles, w_dim)
    first, last = plan.layers[0], min(plan.layers[1], styles)
    vector[first:last] = torch.from_numpy(code).float().view(styles, w_dim)[first:last]
    moved = moves.reshape(LANDMARKS, 2) if plan.name in HEAD else of_features(middle, moves.reshape(LANDMARKS, 2))
    flow = even(smooth_flow(middle, moved, plan.stiffness), -1.0 if plan.name in SIDED else 1.0)
    shift = torch.from_numpy(detail).float().view(DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX) * plan.shift
    coarse = F.interpolate(flow[None], size=DETAIL_PX, mode="area")[0]
    if plan.layers == COARSE_AND_MIDDLE:  # a feature's look changes where it moves and nowhere else
        shift = shift * reach(coarse)
    warp = flow * (1 - plan.code) + pursed(middle, plan.purse)
    return Direction(plan.name, vector * plan.code, (first, last), Maps(coarse * plan.code, shift, warp))


def balance(effect: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """How to mix directions [D, D] so that each does what is wanted.

    effect [D, D]: standard deviations that one unit of each direction (row) moves each measure (column); wanted [D]: what one
    unit should move its own. A ridge towards each direction's own length keeps weak measurements from mixing wildly.
    """
    count = len(wanted)
    own = np.clip(wanted / np.maximum(np.diag(effect), 0.2 * wanted), 0.3, LONGEST)
    mix = np.zeros((count, count))
    for d in range(count):
        weight = np.array([1.0 if j == d else KIN_WEIGHT if kin(NAMES[d], NAMES[j]) else 1.0 for j in range(count)])
        target, start = np.zeros(count), np.zeros(count)
        target[d], start[d] = wanted[d], own[d]
        # What changes the whole look is a dear means against a small leak.
        calm = CALM * np.array([WHOLE_LOOK if PLANS[j].layers == EVERY_LAYER and j != d else 1.0 for j in range(count)])
        left = (effect * weight) @ effect.T + np.diag(calm)
        mix[d] = np.linalg.solve(left, effect @ (weight * target) + calm * start)
        mix[d] *= min(1.0, LONGEST / max(np.abs(mix[d]).max(), 1e-9))
    return mix


def mixed(directions: Sequence[Direction], mix: NDArray[np.float64]) -> list[Direction]:
    """Each row of ``mix`` [D, D] makes a direction out of all."""
    weights = torch.from_numpy(mix).float()
    vectors = torch.einsum("de,esw->dsw", weights, torch.stack([d.vector for d in directions]))
    stacks = {name: torch.stack([dict(d.maps)[name] for d in directions]) for name in PARTS}
    flows, shifts, warps = (torch.einsum("de,ecyx->dcyx", weights, stacks[name]) for name in ("flow", "shift", "warp"))
    styles = vectors.shape[1]
    return [Direction(d.name, vectors[k], (0, styles), Maps(flows[k], shifts[k], drawable(warps[k]))) for k, d in enumerate(directions)]


def drawable(warp: torch.Tensor) -> torch.Tensor:
    """A warp that either end of a slider may draw: where more would not be drawn, a round that asks for more gets no further."""
    hardest = max(squeeze(sign * warp.numpy()) for sign in (1, -1))
    return warp * min(1.0, FURTHEST / max(hardest, 1e-9))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Pictures to calibrate on [N, 3, S, S], how they are measured, and the population's standard deviations [15]."""

    images: torch.Tensor
    measures: Measures
    deviations: NDArray[np.float64]
    identity: Identity | None = None

    def effects(self, models: Models, directions: Sequence[Direction]) -> tuple[NDArray[np.float64], Mapping[str, Effect]]:
        """What one unit of each direction moves each of ``NAMES`` [D, D], in standard deviations, and the effects in words."""
        swings = swing(Editor(models, DirectionSet(directions)), self.images, self.measures, self.identity)
        order = [MEASURES.index(name) for name in NAMES]
        middle = np.nanmedian(swings.spans, axis=0) / self.deviations / 2
        return middle[:, order], effects(NAMES, swings, self.deviations)


def fault(effect: Effect, plan: LearningPlan) -> float:
    """How far a direction is from what is asked of it: its plan's span, a third of that of any other measure, likeness."""
    short = max(0.0, ENOUGH * plan.span - effect.own_effect_sd)
    leak = max(0.0, effect.worst_other_sd - effect.own_effect_sd / 3)
    lost = 0.0 if effect.identity_median is None else max(0.0, ALIKE - effect.identity_median)
    return short + leak + 2 * lost + max(0.0, RIGHT_WAY - effect.share_in_direction)


def calibrate(models: Models, directions: list[Direction], on: Calibration, rounds: int) -> tuple[list[Direction], Mapping[str, Effect]]:
    """Mix the directions until they do what is planned; of each the round in which it did best is kept."""
    wanted = np.array([plan.span / 2 for plan in PLANS])
    best: dict[str, tuple[float, Direction, Effect]] = {}
    for number in range(rounds + 1):
        effect, found = on.effects(models, directions)
        missing = 0.0
        for direction, plan in zip(directions, PLANS, strict=True):
            missed = fault(found[direction.name], plan)
            missing += missed
            if direction.name not in best or missed < best[direction.name][0]:
                best[direction.name] = missed, direction, found[direction.name]
        kept = sum(missed for missed, _, _ in best.values())
        print(f"round {number}: {missing:.2f} deviations are missing, {kept:.2f} with the best of each", flush=True)
        if number < rounds:
            directions = mixed(directions, balance(effect, wanted))
    return [one for _, one, _ in best.values()], {name: effect for name, (_, _, effect) in best.items()}


def learn(models: Models, faces: Sequence[Path], network: AttributeNetwork, limit: int) -> tuple[list[Direction], NDArray[np.float64], int]:
    """Directions as fitted, the population's standard deviations [15], and the number of faces behind them."""
    encoder = models.encoder
    if not isinstance(encoder, FacetsEncoder):
        raise DatasetError("the directions are learned on an embedded encoder; for other models use SeFa or published directions")
    codes, attributes = [], []
    for source in faces:
        pictures = load_pictures(source, "train")[:limit]
        ws, detail = encode_pictures(encoder, pictures)
        seen = measure(pictures, network)
        codes.append(np.concatenate([ws.flatten(1).numpy(), detail.flatten(1).numpy(), seen.landmarks], axis=1, dtype=np.float32))
        attributes.append(seen.attributes)
        print(f"{source}: {len(pictures)} faces measured", flush=True)
    targets, measured = np.concatenate(codes), np.concatenate(attributes)
    known = ~np.isnan(measured).any(1)
    measured = measured[:, [MEASURES.index(name) for name in NAMES]]
    solved = fit(targets[known], measured[known])
    middle = np.nanmean(targets[known][:, -2 * LANDMARKS :], axis=0).reshape(LANDMARKS, 2)
    found = [_direction(plan, solved[k], middle, models.styles, models.latent_avg.shape[1]) for k, plan in enumerate(PLANS)]
    first = attributes[-1]  # of one population: of several, what tells them apart would count as variety
    return found, np.nanstd(first, axis=0), int(known.sum())


def main(argv: list[str] | None = None) -> int:
    """The command ``directions``."""
    parser = argparse.ArgumentParser(prog="python -m installation directions", description="Learn directions from measured labels.")
    parser.add_argument("--faces", type=Path, nargs="+", required=True, help="the last one's population gives the unit of the scores")
    parser.add_argument("--generator", type=Path, default=shipped("weights") / "generator.safetensors")
    parser.add_argument("--encoder", type=Path, default=shipped("weights") / "encoder.safetensors")
    parser.add_argument("--attributes", type=Path, default=shipped("weights") / "attributes.safetensors")
    parser.add_argument("--out", type=Path, default=Path("weights/directions.safetensors"))
    parser.add_argument("--nets", type=Path, help="folder with the identity network: the likeness that edits keep is reported too")
    parser.add_argument("--limit", type=int, default=3000, help="pictures of each source")
    parser.add_argument("--rounds", type=int, default=3, help="of calibration")
    parser.add_argument("--sitters", type=int, default=40, help="pictures to calibrate on")
    a = parser.parse_args(argv)
    models, network = load_models(a.generator, a.encoder, [], []), load_attributes(a.attributes)
    directions, deviations, count = learn(models, a.faces, network, a.limit)
    sitters = [p.rgba() for source in a.faces for p in load_pictures(source, "train")[-(a.sitters // len(a.faces)) :]]
    images, mask = to_tensor(sitters)
    identity = Identity(a.nets / "mobilefacenet.onnx").eval() if a.nets else None
    on = Calibration(images * mask, Measures(network), deviations, identity)
    directions, found = calibrate(models, directions, on, a.rounds)
    card = {"faces": str(count), "method": "joint least squares, calibrated on drawn portraits", "licence": "MIT"}
    card["effects"] = json.dumps({name: asdict(effect) for name, effect in found.items()})
    save_directions(directions, a.out, card)
    seal(a.out.parent)
    for name, e in found.items():
        likeness = "" if e.identity_median is None else f", likeness {e.identity_median:.2f}"
        print(
            f"{name:22s} {e.own_effect_sd:5.2f} sd, {100 * e.share_in_direction:3.0f} %, {e.worst_other} {e.worst_other_sd:.2f}{likeness}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
