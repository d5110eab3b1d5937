"""Teach a network what a face's residual gains when its owner grows older, smiles, opens their mouth.

    python -m installation train-editor --faces DATA/fairface DATA/faces-256 --nets DATA/nets --run runs/editor --minutes 120

First a reader of attributes is trained, then the editor against it; both lie in the run's folder, with a sheet to look at. The
same command goes on where the last one ended. ``--out FILE`` writes what the mirror uses.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from installation.engines.device import device_of
from installation.errors import ConfigError
from installation.latents.directions import DirectionSet
from installation.models.bundle import Models, load_models
from installation.models.editor import load_editor
from installation.networks.editor import KNOBS, WARP_PX
from installation.networks.facets_encoder import FacetsEncoder
from installation.output_file import check_output, whole_file
from installation.places import shipped
from installation.training.arguments import finite, positive
from installation.training.directions.attributes import load_attributes
from installation.training.editor.batches import ALL, MIDDLE, Sitters, pool_of
from installation.training.editor.drawing import Studio
from installation.training.editor.faces import LabelledFaces, load_faces
from installation.training.editor.judges import Judges
from installation.training.editor.objective import Objective, typical_residuals
from installation.training.editor.reader import Reader, load_reader, reliability, save_half, train_reader
from installation.training.editor.sheet import Sheet
from installation.training.editor.trainer import BATCH, RATE, EditorTrainer
from installation.training.losses import Darknet, Identity
from installation.training.sealing import seal

WEIGHTS = shipped("weights")
READER, MEASURES, KEPT_MEASURES = "reader.safetensors", "measures.npy", "measures-val.npy"
FEWEST_GENERATED = 64
PLAIN_SHARE = 0.4  # of the reader's time, before it is deceived


def reader_of(run: Path, faces: LabelledFaces, kept: LabelledFaces, minutes: float) -> Reader:
    """The run's reader, trained where there is none yet."""
    path = run / READER
    if not path.exists():
        reader = Reader(load_attributes(WEIGHTS / "attributes.safetensors")).to(faces.pictures.device)
        reader = train_reader(faces, reader, PLAIN_SHARE * minutes, radius=0.0)
        reader = train_reader(faces, reader.requires_grad_(True), (1 - PLAIN_SHARE) * minutes)
        save_half(reader, path, {"kind": "facets-reader"})
    reader = load_reader(path)
    print(f"reader: {reliability(reader, kept)}", flush=True)
    return reader


def warps_of(directions: DirectionSet) -> Tensor:
    """[knobs, 2, 64, 64]: the movement that the directions of the editor's knobs have."""
    known = {one.name: one.maps.warp for one in directions.directions}
    found = [known.get(name) for name in KNOBS]
    return torch.stack([torch.zeros(2, WARP_PX, WARP_PX) if warp is None else warp for warp in found])


def models_of(a: argparse.Namespace) -> tuple[Models, FacetsEncoder]:
    """Raises ConfigError where there is no residual to edit."""
    models = load_models(a.generator, a.encoder, [], [a.directions])
    if models.detail is None or models.base.layered is None:
        raise ConfigError(f"{a.encoder}: gives no detail residual that {a.generator} draws; there is nothing for an editor to write into")
    return models, models.detail


def trainer_of(
    sitters: Sitters,
    darknet: Darknet,
    identity: Identity,
    photographs: LabelledFaces,
    generated: LabelledFaces | None,
    folder: Path,
    rate: float = RATE,
) -> EditorTrainer:
    """A new editor and new adversaries. photographs: of people, with labels; generated: whole pictures, or None."""
    kinds = [(photographs, MIDDLE)] + ([] if generated is None else [(generated, ALL)])
    pools = [pool_of(faces, view, sitters.studio, darknet) for faces, view in kinds]
    objective = Objective(sitters.reader, darknet, identity, typical_residuals(sitters.studio, photographs))
    return EditorTrainer(sitters, pools, objective, Judges(pools, darknet), folder, rate)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(prog="python -m installation train-editor", description="Train the editor of faces.")
    p.add_argument("--faces", type=Path, nargs="+", required=True, metavar="PACK", help="aligned faces; labels.csv tells ages and genders")
    p.add_argument("--nets", type=Path, required=True, help="folder with mobilefacenet.onnx and darknet-tiny-imagenet.safetensors")
    p.add_argument("--run", type=Path, required=True, metavar="FOLDER", help="state, reader and sheets; a later call goes on from it")
    p.add_argument("--minutes", type=finite, default=60.0, help="of the editor's training in this call")
    p.add_argument("--reader-minutes", type=positive, default=15.0, help="of the reader's, where the run has none yet")
    p.add_argument("--limit", type=int, default=10**6, metavar="N", help="faces of each pack at most")
    p.add_argument("--start", type=Path, metavar="FILE", help="an editor to go on with where the run has no state yet")
    p.add_argument("--out", type=Path, metavar="FILE", help="write the editor that the mirror uses, a .safetensors file")
    p.add_argument("--force", action="store_true", help="write over a file that is there")
    p.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: a GPU where there is one")
    p.add_argument("--batch", type=int, default=BATCH, help="faces of a step; a GPU carries 64 and more")
    p.add_argument("--rate", type=finite, default=RATE, help="of Adam; a third of it to go on from a good editor")
    p.add_argument("--generator", type=Path, default=WEIGHTS / "generator.safetensors")
    p.add_argument("--encoder", type=Path, default=WEIGHTS / "encoder.safetensors")
    p.add_argument("--directions", type=Path, default=WEIGHTS / "directions.safetensors", help="their warps are the movement to begin with")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``train-editor``."""
    a = parser().parse_args(argv)
    if a.out is not None:
        check_output(a.out, a.force)
    if a.minutes < 0 or a.limit < 64 or a.batch < 3 or not 0 < a.rate < 0.1:
        bounds = "--minutes must not be negative, --limit needs at least 64 faces, --batch at least 3, --rate lies between 0 and 0.1"
        raise ConfigError(bounds)
    device = torch.device(device_of(a.device))
    models, encoder = models_of(a)
    base = models.base.layered
    assert base is not None
    faces = load_faces(a.faces, "train", a.run / MEASURES, a.limit)
    if not faces.photographs.any():
        raise ConfigError("--faces: no pack has ages and genders in its labels.csv: columns file, split, age, gender")
    kept = load_faces(a.faces, "val", a.run / KEPT_MEASURES, a.limit)
    if not kept.photographs.any():
        raise ConfigError("--faces: no face with an age is of the split val: some must be kept apart to look at")
    print(f"{len(faces)} faces, {int(faces.photographs.sum())} of them with labels; {len(kept)} kept apart", flush=True)
    darknet, identity = Darknet(a.nets / "darknet-tiny-imagenet.safetensors"), Identity(a.nets / "mobilefacenet.onnx").eval()
    warps = warps_of(models.directions).to(device)
    with contextlib.nullcontext() if device.type == "cpu" else device:  # what is made from here on is made there
        faces, kept = faces.to(device), kept.to(device)
        reader = reader_of(a.run, faces, kept.only(kept.photographs), a.reader_minutes).to(device)
        studio = Studio(encoder.to(device), base.to(device))
        generated = faces.only(~faces.photographs) if (~faces.photographs).sum() >= FEWEST_GENERATED else None
        networks = darknet.to(device), identity.to(device)
        trainer = trainer_of(Sitters(studio, reader, warps, a.batch), *networks, faces.only(faces.photographs), generated, a.run, a.rate)
        if trainer.resume():
            print(f"going on after {trainer.progress.images} faces", flush=True)
        elif a.start is not None:
            trainer.begin_with(load_editor(a.start, encoder).to(device))
        trainer.train(a.minutes, Sheet(studio, kept, warps, a.run / "sheet.png").draw)
    if a.out is not None:
        with whole_file(a.out) as part:
            trainer.write(part)
        seal(a.out.parent)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
