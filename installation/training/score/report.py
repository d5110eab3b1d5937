"""What a report of scores holds: every scalar beside its interval, scores by group, by clip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.messages import Image
from installation.training.directions.effects import MEASURES
from installation.training.score.clips import ClipScores
from installation.training.score.faces import FEWEST, FaceScores, Sketcher, features_of, groups_of, score_faces, strangers
from installation.training.score.glazing import SIGNS, GlassScores, joined
from installation.training.score.networks import FeatureJudge, IdentityJudge, PerceptualJudge
from installation.training.score.sample import SEED, Sample, Sitter
from installation.training.score.statistics import (
    DIGITS,
    Interval,
    Statistic,
    bootstrap,
    bootstrap_groups,
    frechet,
    frechet_interval,
    known_deviations,
    known_mean,
    known_median,
    mean,
    median,
)

Report = dict[str, Any]  # what is written as JSON, key by key

OVER_CAMERA: tuple[tuple[str, Statistic], ...] = (
    ("sharpness", known_median),
    ("sharpness_head", known_median),
    ("leak", known_mean),
    ("seam", known_median),
)
UNITS = {"age": "years", "gender": "log odds"}
FEWEST_FRECHET = 3  # pictures, below which there is no covariance


@dataclass(frozen=True)
class Judges:
    """The networks that were given."""

    identity: IdentityJudge | None = None
    perceptual: PerceptualJudge | None = None
    features: FeatureJudge | None = None


@dataclass
class Sheet:
    """Scores and their intervals side by side: ``put`` fills both."""

    scores: Report
    ci95: Report

    def put(self, key: str, values: NDArray[np.float64] | None, statistic: Statistic) -> None:
        """null where there are no values."""
        missing = values is None or not len(values)
        self.set(key, None if missing else statistic(values), None if missing else bootstrap(values, statistic))  # type: ignore[arg-type]

    def set(self, key: str, value: float | None, interval: Interval | None) -> None:
        self.scores[key] = None if value is None else _rounded(value)
        self.ci95[key] = interval


def put_likeness(sheet: Sheet, scores: FaceScores) -> None:
    """Identity, retrieval and L1."""
    sheet.put("identity_val_median", scores.identity, median)
    sheet.put("retrieval_top1", scores.hit, mean)
    sheet.put("l1", scores.l1, mean)


def put_faces(sheet: Sheet, sketch: Sketcher, sample: Sample, judges: Judges) -> None:
    """Everything that is measured on single pictures."""
    pictures = [s.picture for s in sample.sitters]
    portraits = sketch(pictures)
    shown = score_faces(sample.sitters, portraits, judges.identity, judges.perceptual)
    put_likeness(sheet, shown)
    sheet.put("perceptual", shown.perceptual, mean)
    alone = Sheet({}, {})
    if sketch.models.detail is None:  # there is no other way to draw
        put_likeness(alone, shown)
    else:
        put_likeness(alone, score_faces(sample.sitters, sketch(pictures, detail=False), judges.identity, None))
    sheet.scores["wplus_only"], sheet.ci95["wplus_only"] = alone.scores, alone.ci95
    sheet.scores["unrelated"] = None if judges.identity is None else _rounded(strangers(sample.sitters, judges.identity))
    _put_groups(sheet, shown, sample.sitters)
    _put_frechet(sheet, sketch, sample, portraits, judges.features)


def _put_frechet(sheet: Sheet, sketch: Sketcher, sample: Sample, portraits: Sequence[Image], judge: FeatureJudge | None) -> None:
    """Of samples of nobody where the generator has a prior, of the reconstructions where it has none."""
    sheet.set("frechet", None, None)
    sheet.scores["frechet_features"] = sheet.scores["frechet_of"] = None
    if judge is None or len(sample.sitters) < FEWEST_FRECHET:
        return
    samples = sketch.samples(len(sample.sitters), SEED)
    real = features_of(judge, [s.picture for s in sample.sitters], sample.sitters)
    drawn = features_of(judge, portraits if samples is None else samples, sample.sitters)
    sheet.set("frechet", frechet(drawn, real), frechet_interval(drawn, real))
    sheet.scores["frechet_features"] = f"{judge.name}; {len(real)} pictures on each side"
    sheet.scores["frechet_of"] = "reconstructions" if samples is None else "samples"


def _put_groups(sheet: Sheet, shown: FaceScores, sitters: Sequence[Sitter]) -> None:
    members = groups_of(sitters)
    rows: dict[str, dict[str, Report]] = {
        column: {
            value: {
                "faces": len(where),
                "identity": _of(shown.identity, where, median),
                "retrieval_top1": _of(shown.hit, where, mean),
                "l1": _of(shown.l1, where, mean),
                "perceptual": _of(shown.perceptual, where, mean),
            }
            for value, where in values.items()
        }
        for column, values in members.items()
    }
    known = rows and shown.identity is not None
    sheet.scores["groups"] = {c: {v: row["identity"] for v, row in values.items()} for c, values in rows.items()} if known else None
    ranked = [
        (row["identity"], column, value) for column, values in rows.items() for value, row in values.items() if row["faces"] >= FEWEST
    ]
    worst = min(ranked) if known and ranked else None
    sheet.scores["worst_group"] = None if worst is None else {"column": worst[1], "value": worst[2], "identity": worst[0]}
    sheet.scores["group_scores"] = rows or None


def put_clips(sheet: Sheet, clips: Sequence[ClipScores]) -> None:
    """Identity over all faces of all clips, steadiness at the median over the clips."""
    found = [np.array(c.identity) for c in clips if c.identity]
    value = median(np.concatenate(found)) if found else None
    sheet.set("identity_clips_median", value, bootstrap_groups(found, median) if found else None)
    ratios = [c.steadiness_ratio for c in clips if c.steadiness_ratio is not None]
    sheet.put("steadiness_ratio", np.array(ratios) if ratios else None, median)
    sheet.scores["clips"] = {
        c.name: {
            "frames": c.frames,
            "steadiness_ratio": None if c.steadiness_ratio is None else _rounded(c.steadiness_ratio),
            "identity_median": _rounded(float(np.median(c.identity))) if c.identity else None,
            **_over_camera(joined(c.glass)),
        }
        for c in clips
    } or None


def _over_camera(scores: GlassScores | None) -> Report:
    return {name: None if scores is None else _rounded(statistic(scores.numbers[name])) for name, statistic in OVER_CAMERA}


def put_glass(
    sheet: Sheet, scores: GlassScores | None, clips: Sequence[ClipScores], sitters: Sequence[Sitter] = (), judged: Sequence[str] = ()
) -> None:
    """Edits over the camera's pixels, of the faces and of the clips, and by direction, of the faces, all of them and by group of
    people. sitters: those of ``scores``; judged: measures that are in deviations of a population already."""
    rows = Sheet({}, {})
    in_clips = joined([part for clip in clips for part in clip.glass])
    for key, found in (("", scores), ("clips_", in_clips)):
        for name, statistic in OVER_CAMERA:
            rows.put(f"{key}{name}", None if found is None else _by_face(found.numbers[name]), statistic)
        rows.put(f"{key}identity", None if found is None or found.identity is None else _by_face(found.identity), known_median)
    rows.put("lightness", None if scores is None else np.abs(_by_face(scores.numbers["lightness"])), known_mean)
    sheet.scores["glass"], sheet.ci95["glass"] = rows.scores, rows.ci95
    deviations = None if scores is None or scores.own is None else known_deviations(scores.own)
    if deviations is not None:
        deviations[[MEASURES.index(name) for name in judged]] = 1.0
    sheet.scores["glass_directions"] = None if scores is None else _by_direction(scores, deviations)
    members = groups_of(sitters) if scores is not None else {}
    sheet.scores["glass_groups"] = {
        column: {value: {"faces": len(where), **_by_direction(scores.of(where), deviations)} for value, where in values.items()}
        for column, values in members.items()
        if scores is not None
    } or None


def _by_face(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[N, D, 2] -> [N, 2 D]: an interval draws whole faces."""
    return values.reshape(len(values), -1)


def _by_direction(scores: GlassScores, deviations: NDArray[np.float64] | None) -> Report:
    """deviations [measures]: of all the faces' own pictures; what a direction's own measure moves by is told in them, but age in years
    and gender in log odds."""
    rows: Report = {}
    for d, name in enumerate(scores.names):
        row: Report = {key: _rounded(statistic(scores.numbers[key][:, d])) for key, statistic in OVER_CAMERA}
        row["identity"] = None if scores.identity is None else _rounded(known_median(scores.identity[:, d]))
        if scores.identity is not None and scores.same is not None:
            row["same_person"] = _rounded(known_mean((scores.identity[:, d] > scores.same).astype(np.float64)))
        row["lightness_each"] = _rounded(known_mean(np.abs(scores.numbers["lightness"][:, d])))
        row["colour"] = _rounded(known_mean(scores.numbers["colour"][:, d]))
        for k, sign in enumerate(SIGNS):
            row[f"lightness{sign:+.0f}"] = _rounded(known_mean(scores.numbers["lightness"][:, d, k]))
            if scores.effects is not None:
                effects = scores.effects[:, d, k]
                if deviations is not None and name in MEASURES:
                    own = MEASURES.index(name)
                    row["own_unit"] = UNITS.get(name, "deviations")
                    row[f"own{sign:+.0f}"] = _rounded(known_mean(effects[:, own]) / (1.0 if name in UNITS else deviations[own]))
                row[f"effects{sign:+.0f}"] = {m: _rounded(known_mean(effects[:, j])) for j, m in enumerate(MEASURES)}
        rows[name] = row
    return rows


def _of(values: NDArray[np.float64] | None, where: NDArray[np.int64], statistic: Statistic) -> float | None:
    return None if values is None else _rounded(statistic(values[where]))


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DIGITS)
