"""Learn the directions of edits from measured labels.

    python -m installation directions --faces DATA/fairface DATA/faces-256 --generator F --encoder F --out weights/directions.safetensors

Every attribute is measured: geometry on the landmarks, age and gender by the attribute network. All are fitted together by
least squares from attributes to codes, residuals and landmarks, so each direction is what its attribute adds while the others
stay (the forward model of Haufe et al. 2014, "On the interpretation of weight vectors of linear models"). Skin colour, light and the
groups that ``labels.csv`` names stand among them, so that an older face is not a darker one (``covariates``). Then they are
calibrated by what they do: portraits are drawn at -1 and +1, measured, and the directions mixed so that each moves its own
measure by what its plan asks and leaves the others.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from installation.checkpoints.loading import metadata_of
from installation.latents.directions import Direction, load_directions, save_directions
from installation.models.bundle import Models, load_models
from installation.places import shipped
from installation.training.data.datasets import load_pictures, to_tensor
from installation.training.directions.attributes import load_attributes
from installation.training.directions.calibration import Calibration, calibrate
from installation.training.directions.covariates import IN_FITS
from installation.training.directions.effects import Effect, Measures
from installation.training.directions.fitting import Learned, learn
from installation.training.directions.plans import NAMES, WHOLE_LOOKS
from installation.training.directions.skin import steadied
from installation.training.losses import Identity
from installation.training.sealing import seal


def beside(old: Sequence[Direction], new: Sequence[Direction], only: Sequence[str]) -> list[Direction]:
    """The directions of a file with those of ``only`` taken from the new ones. What moves the picture of a direction that is left to an
    editor stays as it was: the editor learned to write on top of it."""
    fresh = {one.name: one for one in new}
    taken = []
    for one in old:
        made = fresh[one.name] if one.name in only else one
        warp = one.maps.warp if one.by_editor else made.maps.warp
        taken.append(replace(made, family=one.family, by_editor=one.by_editor, maps=replace(made.maps, warp=warp)))
    return taken


def _steadied(
    models: Models, old: Sequence[Direction], new: Sequence[Direction], learned: Learned, on: Calibration, hold: Sequence[str]
) -> list[Direction]:
    """The new directions, as strong as the old ones; their cheeks keep their lightness where the skin is held."""
    return steadied(models, old, new, learned.skin if "skin" in hold else None, on.images, on.measures)


def write(directions: Sequence[Direction], found: Mapping[str, Effect], out: Path, faces: int, held: Sequence[str]) -> None:
    """The file, with its card: what is said there of directions that were not learned now stays. found: effects of those that were."""
    old = metadata_of(out) if out.exists() else {}
    said: dict[str, dict[str, Any]] = {
        "effects": {name: asdict(effect) for name, effect in found.items()},
        "held": {name: list(held) for name in found},
    }
    names = {one.name for one in directions}
    # A file that is refitted in part keeps the count of faces that most of it was learned from.
    count = old.get("faces", str(faces)) if len(found) < len(directions) else str(faces)
    card = {"faces": count, "method": "joint least squares, calibrated on drawn portraits", "licence": "MIT"}
    for key, told in said.items():
        before = {name: value for name, value in json.loads(old.get(key, "{}")).items() if name in names}
        card[key] = json.dumps({**before, **told})
    save_directions(directions, out, card)
    seal(out.parent)


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
    parser.add_argument(
        "--hold", nargs="*", choices=IN_FITS, default=IN_FITS, metavar="WHAT",
        help=f"what must not come along, of {', '.join(IN_FITS)}, where it can be measured; default: all; nothing behind it: none",
    )  # fmt: skip
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, metavar="NAME",
        help="these alone, each as strong as the one in --out that it replaces; the others there stay as they are",
    )  # fmt: skip
    a = parser.parse_args(argv)
    models, network = load_models(a.generator, a.encoder, [], []), load_attributes(a.attributes)
    old = None if a.only is None else load_directions([a.out], *models.latent_avg.shape).directions
    sitters = [p.rgba() for source in a.faces for p in load_pictures(source, "train")[-(a.sitters // len(a.faces)) :]]
    learned = learn(models, a.faces, network, a.limit, a.hold)
    images, mask = to_tensor(sitters)
    identity = Identity(a.nets / "mobilefacenet.onnx").eval() if a.nets else None
    on = Calibration(images * mask, Measures(network), learned.deviations, identity)
    if old is None:
        directions, found = calibrate(models, learned.directions, on, a.rounds)
        whole = [one for one in directions if one.name in WHOLE_LOOKS]
        directions = beside(directions, _steadied(models, whole, whole, learned, on, a.hold), WHOLE_LOOKS)
    else:
        chosen = [one for one in old if one.name in a.only]
        new = _steadied(models, chosen, beside(chosen, learned.directions, a.only), learned, on, a.hold)
        directions, found = beside(old, new, a.only), on.effects(models, new)[1]
    write(directions, found, a.out, learned.faces, a.hold)
    for name, e in found.items():
        likeness = "" if e.identity_median is None else f", likeness {e.identity_median:.2f}"
        print(
            f"{name:22s} {e.own_effect_sd:5.2f} sd, {100 * e.share_in_direction:3.0f} %, {e.worst_other} {e.worst_other_sd:.2f}{likeness}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
