"""Learn the directions of edits from measured labels.

    python -m installation directions --faces DATA/fairface DATA/faces-256 --generator F --encoder F --out weights/directions.safetensors

Age and gender come from the data set's labels, everything else is measured on the landmarks. All attributes are fitted
together by least squares from attributes to codes, so each direction is what its attribute adds while the others stay
(the forward model of Haufe et al. 2014, "On the interpretation of weight vectors of linear models").
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from installation.latents.directions import Direction, save_directions
from installation.messages import Frame
from installation.networks.bundle import load_models
from installation.networks.facets_encoder import COARSE_STYLES, MIDDLE_STYLES
from installation.stages.track import Track, TrackSettings
from installation.training.datasets import Picture, load_pictures
from installation.training.publish import encode_pictures

AGES = {"0-2": 1.0, "3-9": 6.0, "10-19": 15.0, "20-29": 25.0, "30-39": 35.0, "40-49": 45.0, "50-59": 55.0, "60-69": 65.0, "more than 70": 75.0}
GENDERS = {"male": -1.0, "female": 1.0}
MEASURED = ("smile", "mouth_open", "eyes_open", "yaw", "pitch", "roll")
LABELLED = ("age", "gender")
RIDGE = 1e-2


@dataclass(frozen=True)
class Plan:
    """spans: how many standard deviations of the attribute one unit is; layers: first and one past the last style moved."""

    name: str
    spans: float
    layers: tuple[int, int]


COARSE_AND_MIDDLE = (0, COARSE_STYLES + MIDDLE_STYLES)
PLANS = (
    Plan("smile", 1.6, COARSE_AND_MIDDLE),
    Plan("age", 1.6, (0, 14)),
    Plan("gender", 1.5, (0, 14)),
    Plan("mouth-open", 1.8, COARSE_AND_MIDDLE),
    Plan("eyes-open", 1.8, COARSE_AND_MIDDLE),
    Plan("yaw", 1.2, COARSE_AND_MIDDLE),
    Plan("pitch", 1.2, COARSE_AND_MIDDLE),
    Plan("roll", 1.2, COARSE_AND_MIDDLE),
)


def measure(pictures: list[Picture]) -> NDArray[np.float64]:
    """Attributes [N, age gender smile mouth_open eyes_open yaw pitch roll]; NaN where there is no label or no face."""
    track = Track(TrackSettings(max_faces=1, min_size=0.2, fade_in_seconds=0.0))
    rows = np.full((len(pictures), len(LABELLED) + len(MEASURED)), np.nan)
    for k, picture in enumerate(pictures):
        rows[k, 0] = AGES.get(picture.labels.get("age", ""), np.nan)
        rows[k, 1] = GENDERS.get(picture.labels.get("gender", ""), np.nan)
        # An hour between pictures: no visitor is carried over to the next one.
        tracked = track.track(Frame(k, 3600.0 * k, np.ascontiguousarray(picture.rgba()[..., :3])))
        seen = [face for face in tracked.faces if face.seen]
        if seen:
            rows[k, len(LABELLED) :] = [getattr(seen[0].expression, name) for name in MEASURED]
    return rows


def fit(codes: NDArray[np.float64], attributes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What one standard deviation of each attribute [N, A] adds to the codes [N, D]: [A, D]."""
    a = (attributes - attributes.mean(0)) / (attributes.std(0) + 1e-9)
    c = codes - codes.mean(0)
    gram = a.T @ a + RIDGE * len(a) * np.eye(a.shape[1])
    solved: NDArray[np.float64] = np.linalg.solve(gram, a.T @ c)
    return solved


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Learn directions from measured labels.")
    parser.add_argument("--faces", type=Path, nargs="+", required=True)
    parser.add_argument("--generator", type=Path, default=Path("weights/generator.safetensors"))
    parser.add_argument("--encoder", type=Path, default=Path("weights/encoder.safetensors"))
    parser.add_argument("--out", type=Path, default=Path("weights/directions.safetensors"))
    parser.add_argument("--limit", type=int, default=3000, help="pictures of each source")
    a = parser.parse_args(argv)
    models = load_models(a.generator, a.encoder, [], [])
    codes, rows = [], []
    for source in a.faces:
        pictures = load_pictures(source, "train")[: a.limit]
        codes.append(encode_pictures(models.encoder, pictures)[0].flatten(1).double().numpy())
        rows.append(measure(pictures))
    all_codes, attributes = np.concatenate(codes), np.concatenate(rows)
    names = [name.replace("_", "-") for name in (*LABELLED, *MEASURED)]

    found: dict[str, NDArray[np.float64]] = {}
    known = ~np.isnan(attributes).any(1)
    solved = fit(all_codes[known], attributes[known])  # everything is known
    found.update(zip(names, solved, strict=True))
    geometry = ~np.isnan(attributes[:, len(LABELLED) :]).any(1)
    solved = fit(all_codes[geometry], attributes[geometry][:, len(LABELLED) :])  # more faces, for what is measured
    found.update(zip(names[len(LABELLED) :], solved, strict=True))

    directions = []
    for plan in PLANS:
        vector = torch.from_numpy(found[plan.name]).float().view(models.base.styles, models.base.style_dim) * plan.spans
        first, last = plan.layers
        kept = torch.zeros_like(vector)
        kept[first:last] = vector[first:last]
        directions.append(Direction(plan.name, kept, (first, min(last, models.base.styles))))
    card = {"faces": str(int(known.sum())), "method": "joint least squares, attributes to codes", "licence": "MIT"}
    save_directions(directions, a.out, card)
    print(f"{a.out}: {', '.join(plan.name for plan in PLANS)} from {int(known.sum())} labelled and {int(geometry.sum())} measured faces")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
