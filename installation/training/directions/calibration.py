"""Directions calibrated by what they do: portraits are drawn at -1 and +1, measured, and the directions mixed so that each moves its own
measure by what its plan asks and leaves the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from installation.latents.directions import Direction, DirectionSet
from installation.latents.maps import PARTS, Maps
from installation.latents.warps import squeeze
from installation.models.bundle import Models
from installation.training.directions.effects import MEASURES, Editor, Effect, Measures, effects, kin, swing
from installation.training.directions.plans import EVERY_LAYER, NAMES, PLANS, LearningPlan
from installation.training.losses import Identity

ENOUGH, ALIKE, RIGHT_WAY = 0.85, 0.7, 0.95  # share of the planned span, cosine and share of faces asked of a direction
CALM = 0.3  # ridge of the calibration: how much it trusts each direction's own fit
WHOLE_LOOK = 20.0  # how many times dearer a direction is, to the others, that changes the whole look
FURTHEST = 1.2  # squeeze of a unit's warp
LONGEST = 4.0  # most that a calibration round may lengthen a direction
KIN_WEIGHT = 0.02  # how much a round minds the movement of kin measures


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
        """What one unit of each direction moves each of ``NAMES`` [D, 15], in standard deviations, and the effects in words."""
        swings = swing(Editor(models, DirectionSet(directions)), self.images, self.measures, self.identity)
        order = [MEASURES.index(name) for name in NAMES]
        middle = np.nanmedian(swings.spans, axis=0) / self.deviations / 2
        return middle[:, order], effects([one.name for one in directions], swings, self.deviations)


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
