"""Learn the directions of edits from measured labels.

    python -m installation directions --faces DATA/fairface DATA/faces-256 --generator F --encoder F --out weights/directions.safetensors

Age and gender come from the data set's labels, everything else is measured on the landmarks. All attributes are fitted
together by least squares from attributes to codes, residuals and landmarks, so each direction is what its attribute adds
while the others stay (the forward model of Haufe et al. 2014, "On the interpretation of weight vectors of linear models").
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
from installation.networks.facets_encoder import COARSE_STYLES, DETAIL_CHANNELS, DETAIL_PX, MIDDLE_STYLES
from installation.stages.track import Track, TrackSettings
from installation.training.datasets import STORED_PX, Picture, load_pictures
from installation.training.publish import encode_pictures

# Middle of each bin in years. Without small children: how a head grows is not how an adult ages.
AGES = {"10-19": 15.0, "20-29": 25.0, "30-39": 35.0, "40-49": 45.0, "50-59": 55.0, "60-69": 65.0}
AGES["more than 70"] = 75.0
GENDERS = {"male": -1.0, "female": 1.0}
MEASURED = ("smile", "mouth_open", "eyes_open", "yaw", "pitch", "roll")
LABELLED = ("age", "gender")
RIDGE = 1e-2
LANDMARKS = 468
FLOW_SIGMA = 0.03  # of the side, reach of one landmark
STILL = 0.5  # weight of standing still, against the landmarks near a cell


@dataclass(frozen=True)
class Plan:
    """spans: how many standard deviations of the attribute one unit is; layers: first and one past the last style moved;
    flow and shift: how much of the measured movement and of the measured look the detail residual takes."""

    name: str
    spans: float
    layers: tuple[int, int]
    flow: float
    shift: float


COARSE_AND_MIDDLE = (0, COARSE_STYLES + MIDDLE_STYLES)
PLANS = (
    Plan("smile", 2.0, COARSE_AND_MIDDLE, 1.0, 0.5),
    Plan("age", 4.2, (0, 14), 1.0, 1.0),
    Plan("gender", 3.5, (0, 14), 1.0, 1.0),
    Plan("mouth-open", 2.0, COARSE_AND_MIDDLE, 1.0, 0.5),
    Plan("eyes-open", 2.0, COARSE_AND_MIDDLE, 1.0, 0.3),
    Plan("yaw", 1.5, COARSE_AND_MIDDLE, 1.0, 0.0),
    Plan("pitch", 1.5, COARSE_AND_MIDDLE, 1.0, 0.0),
    Plan("roll", 1.5, COARSE_AND_MIDDLE, 1.0, 0.0),
)


@dataclass(frozen=True, eq=False)
class Measured:
    """Of N pictures; NaN where there is no label or no face."""

    attributes: NDArray[np.float64]  # [N, age gender smile mouth_open eyes_open yaw pitch roll]
    landmarks: NDArray[np.float64]  # [N, 468 * 2], fractions of the picture's side


def measure(pictures: list[Picture]) -> Measured:
    """Labels of the data set, and what the mirror's own tracker sees."""
    track = Track(TrackSettings(max_faces=1, min_size=0.2, fade_in_seconds=0.0))
    rows = np.full((len(pictures), len(LABELLED) + len(MEASURED)), np.nan)
    points = np.full((len(pictures), LANDMARKS * 2), np.nan)
    for k, picture in enumerate(pictures):
        rows[k, 0] = AGES.get(picture.labels.get("age", ""), np.nan)
        rows[k, 1] = GENDERS.get(picture.labels.get("gender", ""), np.nan)
        # An hour between pictures: no visitor is carried over to the next one.
        tracked = track.track(Frame(k, 3600.0 * k, np.ascontiguousarray(picture.rgba()[..., :3])))
        seen = [face for face in tracked.faces if face.seen]
        if seen:
            rows[k, len(LABELLED) :] = [getattr(seen[0].expression, name) for name in MEASURED]
            points[k] = seen[0].landmarks[:LANDMARKS].flatten() / STORED_PX
    return Measured(rows, points)


def dense_flow(points: NDArray[np.float64], moves: NDArray[np.float64]) -> torch.Tensor:
    """Movements [468, 2] at landmarks [468, 2] (fractions of the side) spread over the residual's grid: [2, r, r].

    Each cell takes the mean of the landmarks near it (Nadaraya 1964); far from all of them it stays.
    """
    axis = (np.arange(DETAIL_PX) + 0.5) / DETAIL_PX
    cells = np.stack(np.meshgrid(axis, axis, indexing="xy"), axis=-1).reshape(-1, 1, 2)
    weights = np.exp(-((cells - points[None]) ** 2).sum(-1) / (2 * FLOW_SIGMA**2))
    flow = weights @ moves / (weights.sum(1, keepdims=True) + STILL)
    return torch.from_numpy(flow.T.reshape(2, DETAIL_PX, DETAIL_PX)).float()


def fit(codes: NDArray[np.float64], attributes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What one standard deviation of each attribute [N, A] adds to the codes [N, D]: [A, D]."""
    a = (attributes - attributes.mean(0)) / (attributes.std(0) + 1e-9)
    c = np.nan_to_num(codes - np.nanmean(codes, axis=0))
    gram = a.T @ a + RIDGE * len(a) * np.eye(a.shape[1])
    solved: NDArray[np.float64] = np.linalg.solve(gram, a.T @ c)
    return solved


def _direction(plan: Plan, solved: NDArray[np.float64], middle: NDArray[np.float64], styles: int, w_dim: int) -> Direction:
    """From what one standard deviation adds to [code, residual, landmarks], laid end to end."""
    size, cells = styles * w_dim, DETAIL_CHANNELS * DETAIL_PX**2
    code, detail, moves = np.split(solved * plan.spans, [size, size + cells])
    vector = torch.zeros(styles, w_dim)
    first, last = plan.layers[0], min(plan.layers[1], styles)
    vector[first:last] = torch.from_numpy(code).float().view(styles, w_dim)[first:last]
    flow = dense_flow(middle, moves.reshape(LANDMARKS, 2)) * plan.flow
    shift = torch.from_numpy(detail).float().view(DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX) * plan.shift
    return Direction(plan.name, vector, (first, last), flow, shift)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Learn directions from measured labels.")
    parser.add_argument("--faces", type=Path, nargs="+", required=True)
    parser.add_argument("--generator", type=Path, default=Path("weights/generator.safetensors"))
    parser.add_argument("--encoder", type=Path, default=Path("weights/encoder.safetensors"))
    parser.add_argument("--out", type=Path, default=Path("weights/directions.safetensors"))
    parser.add_argument("--limit", type=int, default=3000, help="pictures of each source")
    a = parser.parse_args(argv)
    models = load_models(a.generator, a.encoder, [], [])
    if models.detail is None:
        parser.error(f"{a.encoder}: directions are learned with an encoder that gives a detail residual, as the shipped one does")
    parts = []
    for source in a.faces:
        pictures = load_pictures(source, "train")[: a.limit]
        ws, detail = encode_pictures(models.detail, pictures)
        measured = measure(pictures)
        targets = np.concatenate([ws.flatten(1).numpy(), detail.flatten(1).numpy(), measured.landmarks], axis=1)
        parts.append((targets.astype(np.float32), measured))
    targets = np.concatenate([t for t, _ in parts])
    attributes = np.concatenate([m.attributes for _, m in parts])
    known = ~np.isnan(attributes).any(1)
    solved = fit(targets[known], attributes[known])
    middle = np.nanmean(targets[:, -2 * LANDMARKS :], axis=0).reshape(LANDMARKS, 2)
    names = [name.replace("_", "-") for name in (*LABELLED, *MEASURED)]
    directions = [_direction(plan, solved[names.index(plan.name)], middle, models.base.styles, models.base.style_dim) for plan in PLANS]
    card = {"faces": str(int(known.sum())), "method": "joint least squares, attributes to codes", "licence": "MIT"}
    save_directions(directions, a.out, card)
    print(f"{a.out}: {', '.join(plan.name for plan in PLANS)} from {int(known.sum())} faces")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
