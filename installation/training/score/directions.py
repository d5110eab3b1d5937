"""What each direction does, scored: own effect, leakage and likeness on portraits of held-out sitters, with intervals."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.models.bundle import Models
from installation.training.directions.effects import Editor, Effect, Measure, Swings, effects, swing
from installation.training.losses import Identity
from installation.training.score.faces import as_tensors
from installation.training.score.networks import IDENTITY_FILE
from installation.training.score.sample import Sitter
from installation.training.score.statistics import SEED, interval

RESAMPLES = 200
FEWEST = 10  # faces, below which the population has no measurable spread
SCALARS = ("own_effect_sd", "share_in_direction", "worst_other_sd", "identity_median")

Rows = dict[str, dict[str, Any]]


def score_directions(
    models: Models, sitters: Sequence[Sitter], nets: Path | None, measures: Measure, count: int
) -> tuple[Rows | None, Rows | None, str | None]:
    """(effects by direction, their intervals, why there are none). measures: what tells an effect. count: sitters whose portraits are
    drawn at -1 and +1.

    A population's standard deviation is that of all sitters' pictures.
    """
    if not models.directions.names:
        return None, None, "no directions fit this model"
    if models.detail is None:
        return None, None, "this encoder gives no detail residual; effects are measured with one"
    if len(sitters) < FEWEST:
        return None, None, f"{len(sitters)} faces say nothing of a population, {FEWEST} are needed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a measure that no portrait has is null
        deviations = np.nanstd(measures([s.picture for s in sitters]), axis=0)
        deviations = np.where(deviations > 0, deviations, np.nan)
        images, _ = as_tensors([s.picture for s in sitters[:count]], sitters[:count])
        identity = None if nets is None else Identity(nets / IDENTITY_FILE).eval()
        swings = swing(Editor(models, models.directions), images, measures, identity)
        found = effects(models.directions.names, swings, deviations)
        rows = {name: {key: _known(value) for key, value in asdict(effect).items()} for name, effect in found.items()}
        return rows, _intervals(models.directions.names, swings, deviations), None


def _known(value: float | str | None) -> float | str | None:
    """null for what is not a number: JSON has no other word for it."""
    return None if isinstance(value, float) and np.isnan(value) else value


def _intervals(names: Sequence[str], swings: Swings, deviations: NDArray[np.float64]) -> Rows:
    rng = np.random.default_rng(SEED)
    count = len(swings.plain)
    draws: list[Mapping[str, Effect]] = []
    for _ in range(RESAMPLES):
        who = rng.integers(count, size=count)
        likeness = None if swings.likeness is None else swings.likeness[who]
        draws.append(effects(names, Swings(swings.plain[who], swings.edited[who], likeness), deviations))
    return {name: {key: _interval([getattr(d[name], key) for d in draws]) for key in SCALARS} for name in draws[0]}


def _interval(values: Sequence[float | None]) -> list[float] | None:
    known = [v for v in values if v is not None and not np.isnan(v)]
    return interval(known) if known else None
