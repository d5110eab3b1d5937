"""Sheets of pictures for a model's card: reconstructions, edits, blends, and edits over the sitters' own pixels.

    python -m installation sheets --out docs

Drawn as the mirror draws a sitter, by the models that a plain start would load; the faces are the embedded visitors unless others
are named.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from torch import Tensor

from installation.errors import ConfigError
from installation.latents.warps import Warper, larger_eyes
from installation.messages import Image
from installation.models.bundle import EVERYTHING, Models, load_models
from installation.networks.mixed_generator import MixedGenerator
from installation.output_file import check_output, whole_file
from installation.places import shipped
from installation.training.directions.effects import Editor
from installation.training.score.faces import Sketcher, fitted
from installation.training.score.glazing import Glazing
from installation.training.score.sample import Sitter, draw_sample

INK, PAPER = (225, 225, 225), (24, 25, 28)
GAP, LABEL, SIDE_LABEL = 4, 24, 170  # px
SHOWN = ("age", "gender", "smile", "mouth-open")
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
FACES = Path(__file__).resolve().parents[1] / "demo" / "faces"
WEIGHTS = shipped("weights")


def table(rows: Sequence[tuple[str, Sequence[Image]]], columns: Sequence[str], cell: int, side_label: int = SIDE_LABEL) -> Pillow.Image:
    """Labelled rows of pictures, each drawn ``cell`` px wide. side_label: px for the rows' labels."""
    wide = side_label + len(columns) * (cell + GAP)
    picture = Pillow.new("RGB", (wide, LABEL + len(rows) * (cell + GAP)), PAPER)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for k, name in enumerate(columns):
        pen.text((side_label + k * (cell + GAP) + 4, 4), name, INK, font)
    for number, (name, cells) in enumerate(rows):
        top = LABEL + number * (cell + GAP)
        pen.text((8, top + cell // 2 - 8), name, INK, font)
        for k, one in enumerate(cells):
            picture.paste(Pillow.fromarray(fitted(one, cell)), (side_label + k * (cell + GAP), top))
    return picture


def reconstructions(models: Models, pictures: Sequence[Image]) -> Pillow.Image:
    """Sitters, their portraits, and what the code alone says of them."""
    sketch = Sketcher(models)
    rows = [("picture", pictures), ("portrait", sketch(pictures)), ("from the code alone", sketch(pictures, detail=False))]
    return table(rows, [""] * len(pictures), 224)


def edits(models: Models, pictures: Sequence[Image]) -> Pillow.Image:
    """Every direction at ``STEPS``, for the first two sitters."""
    editor, count = Editor(models, models.directions), len(models.directions.names)
    shown = pictures[:2]
    (ws, detail), own = editor.encode(as_images(shown)), editor.changes(as_images(shown))
    rows = []
    for d, name in enumerate(models.directions.names):
        amounts = [[step if j == d else 0.0 for j in range(count)] for step in STEPS]
        rows.append((name, [p for k in range(len(shown)) for p in editor.draw(ws[k], detail[k], amounts, own[k])]))
    return table(rows, [f"{step:+g}" if step else "0" for step in STEPS] * len(shown), 128)


@torch.inference_mode()
def blends(models: Models, pictures: Sequence[Image]) -> Pillow.Image:
    """Sitters by the base, by each child in full and halfway, and by all children together."""
    encoder, base = models.detail, models.base.layered
    if encoder is None or base is None:
        raise ConfigError("blends are drawn with the embedded family; `sweep` draws those of other models")
    generator = MixedGenerator(base, [c.generator for c in models.children], encoder.expand.weight).eval()
    ws, detail = encoder.encode_with_detail(torch.nn.functional.interpolate(as_images(pictures), size=encoder.input_px, mode="area"))
    shares = torch.tensor([c.shares for c in models.children])
    mixes: list[tuple[str, Tensor | None]] = [("base", None)]
    for k, child in enumerate(models.children):
        only = torch.zeros_like(shares)
        only[k] = shares[k]
        mixes += [(f"{child.name}, half", only / 2), (child.name, only)]
    if len(models.children) > 1:
        mixes.append(("all in equal parts", shares / len(models.children)))
    warper, rows = Warper(), [("picture", list(pictures))]
    for name, mix in mixes:
        eyes = sum(float(share.max()) * child.eyes for child, share in zip(models.children, mix, strict=True)) if mix is not None else 0.0
        drawn = generator(ws, ws, detail, torch.ones(len(ws)), mix).numpy()
        rows.append((name, [warper(portrait, larger_eyes(eyes)) for portrait in drawn]))
    return table(rows, [""] * len(pictures), 224)


def over_glass(models: Models, sitters: Sequence[Sitter]) -> Pillow.Image:
    """Sitters, and what ``SHOWN`` makes of them at -1 and +1, over their own pixels as the mirror shows it."""
    glazing = Glazing(models)
    shown = [name for name in SHOWN if name in glazing.names]
    places = [2 * glazing.names.index(name) + either for name in shown for either in range(2)]
    rows = []
    for sitter in sitters:
        portraits = list(glazing.portraits(sitter.picture, sitter.landmarks))
        rows.append(("", [sitter.picture, *(portraits[place] for place in places)]))
    return table(rows, ["", *(f"{name} {either}" for name in shown for either in ("-1", "+1"))], 224, side_label=GAP)


def as_images(pictures: Sequence[Image]) -> Tensor:
    """uint8 [S, S, 3] each -> [N, 3, S, S] in -1…1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


SHEETS = {"reconstructions": reconstructions, "edits": edits, "blends": blends}


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``sheets``."""
    parser = argparse.ArgumentParser(prog="python -m installation sheets", description="Draw the sheets of pictures of a model's card.")
    parser.add_argument("--faces", type=Path, nargs="+", default=[FACES], help="packs or folders of aligned faces; default: the visitors")
    parser.add_argument("--limit", type=int, default=4, help="sitters")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of a family of models")
    parser.add_argument("--children", nargs="*", default=["painted", "woodcut", "toon"], metavar="NAME")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for sheet-reconstructions.jpg and the others")
    a = parser.parse_args(argv)
    if a.limit < 1:
        raise ConfigError("--limit counts from 1")
    family = [a.weights / f"{name}.safetensors" for name in ("generator", "encoder", *a.children, "directions")]
    editor = a.weights / "editor.safetensors"
    named = EVERYTHING - {"editor"}
    models = load_models(family[0], family[1], family[2:-1], family[-1:], named, editor=editor if editor.exists() else None)
    sitters = draw_sample(a.faces, a.limit).sitters
    pictures = [s.picture for s in sitters]
    a.out.mkdir(parents=True, exist_ok=True)
    drawings = {name: partial(draw, models, pictures) for name, draw in SHEETS.items()}
    for name, drawing in {**drawings, "glass": partial(over_glass, models, sitters)}.items():
        path = a.out / f"sheet-{name}.jpg"
        check_output(path, True, family)
        with whole_file(path) as part:
            drawing().save(part, "JPEG", quality=88)
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
