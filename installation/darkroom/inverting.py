"""Inversion of photographs: squares in, codes and tuned generators out, and what a run that was interrupted goes on from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from installation.checkpoints.loading import AnyGenerator, load_encoder, metadata_of, save_generator
from installation.checkpoints.stylegan3_file import save_stylegan3
from installation.codes.code import Code
from installation.codes.files import write_code
from installation.codes.space import mean_code
from installation.darkroom.code_words import CodeBench
from installation.inversion.engine import Aim, Inversion
from installation.inversion.settings import PUBLISHED, UNLIMITED, Effort, Weights
from installation.inversion.terms import FaceFeatures, Term
from installation.messages import Image
from installation.models.bundle import Models
from installation.networks.facets_encoder import FacetsEncoder
from installation.output_file import whole_file
from installation.places import shipped


@dataclass(frozen=True, slots=True)
class InversionWish:
    """weights, effort: of the engine. detail: keep the embedded encoder's residual under the code. one_w: look for one w. identity:
    what judges likeness, where the user has such a network; perceptual: None takes the embedded encoder's maps."""

    weights: Weights = PUBLISHED
    effort: Effort = UNLIMITED
    detail: bool = False
    one_w: bool = False
    perceptual: Term | None = None
    identity: Term | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One face: its square [S, S, 3], the code that it starts from, and the inversion."""

    square: Image
    start: Code
    inversion: Inversion

    @property
    def code(self) -> Code:
        """The code so far, with the residual that it was looked for with."""
        return Code(self.start.name, self.inversion.ws, self.start.detail, self.start.card)


ASKED_FOR_NOTHING = InversionWish()


class Inverter:
    """Opens inversions for one generator. Where it has no encoder they start from the mean code."""

    def __init__(self, bench: CodeBench, wish: InversionWish = ASKED_FOR_NOTHING) -> None:
        self.bench, self.wish = bench, wish
        self._perceptual = wish.perceptual or FaceFeatures(face_encoder(bench.models))

    def open(self, square: Image, name: str) -> Job:
        """Of an aligned square [S, S, 3] of any size."""
        bench, wish = self.bench, self.wish
        start = Code(name, mean_code(bench.base)) if bench.models is None else bench.code(square, name)
        if not wish.detail or start.detail is None:
            start = Code(name, start.ws)
        side = int(bench.base.size)
        way = cv2.INTER_AREA if square.shape[0] > side else cv2.INTER_CUBIC
        fitted = np.asarray(cv2.resize(square, (side, side), interpolation=way), np.uint8)
        picture = torch.from_numpy(fitted).permute(2, 0, 1).float() / 127.5 - 1
        one_w = wish.one_w or bench.models is None
        aim = Aim(picture, start.ws, residual=self._residual(start.detail), one_w=one_w)
        return Job(square, start, Inversion(bench.base, aim, wish.weights, wish.effort, self._perceptual, wish.identity))

    def _residual(self, detail: Tensor | None) -> Tensor | None:
        models = self.bench.models
        if detail is None or models is None or models.detail is None:
            return None
        with torch.no_grad():
            return models.detail.residual(detail[None])[0]


def face_encoder(models: Models | None) -> FacetsEncoder:
    """The embedded encoder: what it sees in faces serves any generator."""
    own = None if models is None else models.detail
    if own is not None:
        return own.requires_grad_(False)
    encoder = load_encoder(shipped("weights") / "encoder.safetensors")
    assert isinstance(encoder, FacetsEncoder)  # it ships with the program
    return encoder


def write_child(generator: AnyGenerator, path: Path, base_file: Path, card: Mapping[str, str]) -> None:
    """A tuned generator in the format of children: whole, so that it serves as a generator of its own too."""
    family = {key: value for key, value in metadata_of(base_file).items() if key == "family"}
    words = {"name": path.stem, "swap_at": "4", "swap_width": "0", "method": "pivotal tuning", **family, **card}
    layered = generator.layered
    with whole_file(path) as part:
        if layered is None:
            save_stylegan3(generator, part, words)  # type: ignore[arg-type]
        else:
            save_generator(layered, part, layered.latent_avg.expand(layered.styles, -1), words)


def keep(job: Job, stem: Path, base_file: Path, card: Mapping[str, str]) -> list[Path]:
    """Write ``STEM.npz``, and ``STEM.safetensors`` where the generator was tuned. Gives what was written."""
    code, files = job.code, [stem.with_name(f"{stem.name}.npz")]
    child = stem.with_name(f"{stem.name}.safetensors")
    if job.inversion.tuned:
        write_child(job.inversion.generator, child, base_file, {"pivot": files[0].name, "base": card.get("generator", "")})
        files.append(child)
    named = {"child": child.name} if job.inversion.tuned else {}
    write_code(files[0], Code(code.name, code.ws, code.detail, {**card, **named}))
    return files


def fingerprint(job: Job, base_file: str, wish: InversionWish) -> str:
    """What must be the same for a run to go on: picture, generator, and how the code is looked for, by networks of one's own or without."""
    digest = hashlib.sha256(np.ascontiguousarray(job.square).tobytes())
    networks = [term is not None for term in (wish.perceptual, wish.identity)]
    digest.update(f"{base_file} {wish.detail} {wish.one_w} {wish.weights} {networks}".encode())
    return digest.hexdigest()


def write_state(job: Job, path: Path, mark: str) -> None:
    """What a later run goes on from; whole or not at all."""
    with whole_file(path) as part:
        torch.save({"mark": mark, "state": job.inversion.state()}, part)


def take_up(job: Job, path: Path, mark: str) -> str | None:
    """Go on from a state that lies there. Gives why not, where it is another's or broken; None where it was taken up."""
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        if kept["mark"] != mark:
            return "belongs to another picture, generator or wish"
        job.inversion.restore(kept["state"])
    except Exception as err:  # a torn pickle makes torch's reader raise nearly anything, and a state of other sizes more
        return f"cannot be read ({next(iter(str(err).splitlines()), type(err).__name__)})"
    return None
