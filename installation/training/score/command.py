"""Score a model on held-out faces and on clips, as the mirror shows the sitter.

    python -m installation score --faces DATA/faces-256 --clips DATA/media/videos --nets DATA/nets --report OUT.json

Identity: cosine of MobileFaceNet embeddings of sitter and reconstruction, both cut by the sitter's five points. Retrieval:
the share of reconstructions whose nearest among all originals is their own. ``wplus_only``: from the code alone, without the
detail residual. ``glass``: every edit at -1 and +1 over the sitter's own picture, as the mirror shows it: sharpness (variance
of the Laplacian over the picture's own), leak (grey levels by which what is outside the head changes), seam (steps across the
mask's rim over the picture's own), identity (to the sitter's picture), same_person (share that is more
like the sitter than 999 of 1,000 pairs of different sitters are alike), lightness (change of the cheeks' CIE L), colour (CIE
Delta E of the cheeks), effects (what each edit does to every measure); all of it by group of people as well. A score whose input
was not given is null. Intervals are 95 % bootstrap intervals, seeded.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from installation.engines.select import EngineSettings
from installation.errors import ConfigError, SourceError, WeightsError
from installation.models.bundle import Models, load_models
from installation.output_file import whole_file
from installation.places import shipped
from installation.registry.manifest import signed
from installation.training.arguments import finite
from installation.training.directions.attributes import load_attributes
from installation.training.directions.effects import JudgedMeasures, Measure, Measures
from installation.training.judge.network import READ, load_judge
from installation.training.score.clips import ClipScores, Mirror, clips_of, score_clip
from installation.training.score.directions import SCALARS, score_directions
from installation.training.score.faces import Sketcher
from installation.training.score.fid import fetched_inception
from installation.training.score.glazing import Glazing, score_glazing, why_no_glazing
from installation.training.score.group_page import group_page
from installation.training.score.networks import FeatureJudge, IdentityJudge, InceptionJudge, PerceptualJudge
from installation.training.score.report import Judges, Report, Sheet, put_clips, put_faces, put_glass
from installation.training.score.sample import SEED, draw_sample
from installation.training.score.statistics import median

WEIGHTS = shipped("weights")
CLIP_FRAMES = 150
EDITED = 30
SAID = ("age", "gender", "smile", "mouth-open")  # of an edit's effects, in the table for a person


def judges_of(nets: Path | None, inception: Path | None) -> Judges:
    """Raises WeightsError for a file that is missing or broken, and where torch-fidelity is missing."""
    if nets is not None and not nets.is_dir():
        raise ConfigError(f"--nets: {nets}: no such folder; it holds the perceptual and the identity network")
    perceptual = None if nets is None else PerceptualJudge(nets)
    features: FeatureJudge | None = perceptual if inception is None else InceptionJudge(inception)
    return Judges(None if nets is None else IdentityJudge(nets), perceptual, features)


def run_clips(
    mirror: Mirror, folder: Path, identity: IdentityJudge | None, most: int, glazing: Glazing | None = None
) -> tuple[list[ClipScores], list[str]]:
    """Scores of the clips that can be read, and the words on those that cannot."""
    scores, unreadable = [], []
    for path in clips_of(folder):
        try:
            scores.append(score_clip(mirror, path, identity, most, glazing))
            _say(f"{path.name}: {scores[-1].frames} frames")
        except SourceError as err:
            unreadable.append(str(err))
    return scores, unreadable


def measures_of(a: argparse.Namespace) -> tuple[Measure | None, str | None, str | None]:
    """(what tells effects, its name, why there is nothing). Raises CheckpointError for a judge that was named and cannot be read."""
    if a.judge is not None:
        judge, accuracy = load_judge(a.judge)
        return JudgedMeasures(judge), f"a judge of its own ({a.judge.name}: {accuracy})", None
    try:
        return Measures(load_attributes(a.attributes)), f"the attribute network ({a.attributes.name}) and landmarks", None
    except WeightsError as err:
        return None, None, str(err)


def score(a: argparse.Namespace, models: Models, judges: Judges) -> Report:
    """The whole report. Raises DatasetError, SourceError and WeightsError for what cannot be used."""
    sample = draw_sample(a.faces, a.limit)
    _say(f"{len(sample.sitters)} faces of {sample.available}")
    sheet = Sheet({}, {})
    put_faces(sheet, Sketcher(models), sample, judges)
    mirror = Mirror(models, EngineSettings(backend=a.engine, cache=a.cache))
    ms = mirror.time(sample.sitters[0].picture)
    timing = Sheet({}, {})
    timing.put("encode", ms.encode, median)
    timing.put("generate", ms.generate, median)
    sheet.scores["ms"], sheet.ci95["ms"] = timing.scores, timing.ci95
    why_no_glass = why_no_glazing(models) if a.edits else "--edits 0"
    glazing = Glazing(models, a.glass) if why_no_glass is None else None
    clips: list[ClipScores] = []
    unreadable = list(sample.unreadable)
    if a.clips is not None:
        clips, broken = run_clips(mirror, a.clips, judges.identity, a.clip_frames, glazing)
        unreadable += broken
    put_clips(sheet, clips)
    mirror.close()
    edited = [(s.picture, s.landmarks) for s in sample.sitters[: a.edits]]
    measures, judged, why = measures_of(a) if a.edits else (None, None, "--edits 0")
    glass = None if glazing is None else score_glazing(glazing, edited, judges.identity, measures)
    put_glass(sheet, glass, clips, sample.sitters[: a.edits], () if a.judge is None else READ[2:])
    sheet.scores["directions"], sheet.ci95["directions"] = None, None
    if measures is not None:
        rows = score_directions(models, sample.sitters, a.nets, measures, a.edits)
        sheet.scores["directions"], sheet.ci95["directions"], why = rows
    if why is not None:
        _say(f"directions: {why}")
    return {
        "models": {
            "generator": signed(a.generator),
            "encoder": signed(a.encoder),
            "detail_residual": models.detail is not None,
            "engines": {"encode": mirror.encode.choice, "generate": mirror.generate.choice},
        },
        "faces": len(sample.sitters),
        "faces_from": [str(path) for path in a.faces],
        "available": sample.available,
        "split": sample.split,
        "seed": SEED,
        "left_out": {"unreadable": unreadable, "no_face": list(sample.no_face)},
        "directions_left_out": why,
        "glass_of": {"amount": a.glass, "faces": 0 if glazing is None else len(edited), "left_out": why_no_glass},
        "judged_by": judged,
        "edited_faces": 0 if why is not None else min(a.edits, len(sample.sitters)),
        "identity_network": None if judges.identity is None else judges.identity.name,
        **sheet.scores,
        "ci95": sheet.ci95,
    }


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _table(report: Mapping[str, Any]) -> str:
    """The scalars with their intervals, for a person."""
    lines = []
    for key, interval in report["ci95"].items():
        if key == "directions":
            continue
        inner = interval.items() if isinstance(interval, dict) else [(None, interval)]
        for name, bounds in inner:
            value = report[key] if name is None else report[key][name]
            label = key if name is None else f"{key}.{name}"
            around = "" if bounds is None else f"  [{bounds[0]:g}, {bounds[1]:g}]"
            lines.append(f"{label:<34}{_shown(value):>9}{around}")
    for name, effect in (report["directions"] or {}).items():
        own, right, worst_sd, identity = (_shown(effect[key]) for key in SCALARS)
        lines.append(f"{name:<24}own {own} sd, right way {right}, others {worst_sd} sd ({effect['worst_other']}), identity {identity}")
    for name, row in (report["glass_directions"] or {}).items():
        numbers = ((key, value) for key, value in row.items() if not isinstance(value, (dict, str)))
        lines.append(f"{name:<24}" + ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in numbers))
        for key in ("effects-1", "effects+1"):
            if key in row:
                lines.append(f"{'':<24}{key[-2:]}: " + ", ".join(f"{m} {_shown(v)}" for m, v in row[key].items() if m in SAID))
    if report["judged_by"] is not None:
        lines.append(f"effects are read by {report['judged_by']}")
    if report["frechet"] is not None:
        lines.append(f"frechet: of {report['frechet_of']}, features: {report['frechet_features']}")
    if worst := report["worst_group"]:
        lines.append(f"worst group: {worst['column']} {worst['value']}, identity {worst['identity']}")
    left = report["left_out"]
    if left["unreadable"] or left["no_face"]:
        lines.append(f"left out: {len(left['unreadable'])} unreadable, {len(left['no_face'])} with no face")
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(prog="python -m installation score", description="Score a model on held-out faces and on clips.")
    p.add_argument(
        "--faces", type=Path, nargs="+", required=True, help="packs (their val split) or folders of aligned pictures, RGBA or not"
    )
    p.add_argument("--clips", type=Path, help="a folder of clips, or one")
    p.add_argument("--limit", type=int, default=300, help="faces at most")
    p.add_argument("--generator", type=Path, help="default: the embedded one")
    p.add_argument("--encoder", type=Path, help="default: the embedded one, or the one in the generator's file")
    p.add_argument("--editor", type=Path, help="network that draws edits on each face; default: the embedded one, where it fits")
    p.add_argument("--directions", type=Path, nargs="+", help="files of directions to score; default: the embedded ones, where they fit")
    p.add_argument("--edits", type=int, default=EDITED, help="faces whose portraits are drawn at -1 and +1 of each direction; 0: none")
    p.add_argument("--glass", type=finite, default=1.0, help="0 to 1: how much of the camera's pixels stays under them")
    p.add_argument("--attributes", type=Path, default=WEIGHTS / "attributes.safetensors", help="network that reads age and gender")
    p.add_argument("--judge", type=Path, metavar="FILE", help="network that tells effects in its place, which nothing learned from")
    p.add_argument("--nets", type=Path, help="folder with mobilefacenet.onnx and darknet-tiny-imagenet.safetensors")
    p.add_argument("--inception", type=Path, metavar="FILE", help="of the Fréchet distance, the standard file; default: the fetched one")
    p.add_argument("--clip-frames", type=int, default=CLIP_FRAMES, help="frames of each clip at most")
    p.add_argument(
        "--engine", choices=["auto", "openvino", "eager", "compile", "cudagraph"], default="auto", help="of clips and milliseconds"
    )
    p.add_argument("--cache", type=Path, default=Path(".cache/engines"), help=argparse.SUPPRESS)
    p.add_argument("--groups", type=Path, metavar="OUT.md", help="a page of every edit by group of people, as labels.csv names them")
    p.add_argument("--report", type=Path, metavar="OUT.json", help="where the whole report goes; without it, to the terminal")
    return p


def main(argv: list[str] | None = None) -> int:
    """The command ``score``."""
    a = parser().parse_args(argv)
    if a.limit < 1 or a.clip_frames < 2 or a.edits < 0:
        raise ConfigError("--limit needs at least 1 face, --clip-frames at least 2 frames, --edits 0 or more faces")
    if not 0 <= a.glass <= 1:
        raise ConfigError(f"--glass: {a.glass:g}: must be 0 to 1")
    for name, out in (("--report", a.report), ("--groups", a.groups)):
        if out is not None and not out.parent.is_dir():
            raise ConfigError(f"{name}: {out}: the folder {out.parent} does not exist")
    if a.clips is not None and not a.clips.exists():
        raise ConfigError(f"--clips: {a.clips}: no such folder or file")
    judges = judges_of(a.nets, a.inception or fetched_inception())
    named = frozenset({name for name in ("generator", "encoder", "editor", "directions") if getattr(a, name) is not None})
    a.generator, a.encoder = a.generator or WEIGHTS / "generator.safetensors", a.encoder or WEIGHTS / "encoder.safetensors"
    shipped = WEIGHTS / "directions.safetensors"
    directions = a.directions or ([shipped] if shipped.exists() else [])
    editor = a.editor or (WEIGHTS / "editor.safetensors" if (WEIGHTS / "editor.safetensors").exists() else None)
    models = load_models(a.generator, a.encoder, [], directions if a.edits else [], named, editor=editor if a.edits else None)
    report = score(a, models, judges)
    if a.groups is not None:
        with whole_file(a.groups) as part:
            part.write_text(group_page(report), encoding="utf-8")
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    if a.report is None:
        print(text, end="")
        return 0
    with whole_file(a.report) as part:
        part.write_text(text, encoding="utf-8")
    print(_table(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
