"""Faces as a person names them for the tools that work on codes: a file of codes, a photograph, seeds, the mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from installation.checkpoints.loading import AnyGenerator, load_generator
from installation.codes import files
from installation.codes.code import Code, misfit
from installation.codes.draw import CodePainter
from installation.codes.space import mean_code, seeded, truncated
from installation.config import Config
from installation.darkroom.portraits import PortraitCutter
from installation.errors import ConfigError
from installation.messages import Image
from installation.models.bundle import Models, load_models
from installation.models.guests import face_coder
from installation.sources.folder import SUFFIXES

SEEDS = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?(?:,\d{1,10}(?:-\d{1,10})?)*")
MEAN = "mean"
MOST_SEEDS = 1000
PORTRAIT_PX = 256  # of the squares that an encoder is shown, at least
PSI = 0.65


@dataclass(frozen=True, eq=False)
class CodeBench:
    """A generator, how it draws, and, where there is one, what codes photographs for it. models: everything that was loaded with an
    encoder; None for a generator alone."""

    base: AnyGenerator
    painter: CodePainter
    models: Models | None = None
    _cutter: list[PortraitCutter] = field(default_factory=list)

    def code(self, square: Image, name: str) -> Code:
        """Of an aligned square [S, S, 3], by the encoder. Raises ConfigError where there is none."""
        if self.models is None:
            raise ConfigError(f"{name}: is a picture, and there is no encoder for this generator; name one with --encoder")
        guest = face_coder(self.models)(square)
        return Code(name, guest.ws.float(), guest.detail)

    def square(self, path: Path) -> Image:
        """The largest face of a photograph, as an aligned square. Raises SourceError."""
        if not self._cutter:
            self._cutter.append(PortraitCutter(max(PORTRAIT_PX, self.base.size, 0 if self.models is None else self.models.input_px)))
        return self._cutter[0].largest(path)


@dataclass(frozen=True)
class Wanted:
    """generator, encoder: files, None for the configured ones. pictures: whether an encoder is needed. directions: whether the
    configured directions are; here they are linear, as no editor sees a face that is only a code."""

    generator: Path | None = None
    encoder: Path | None = None
    pictures: bool = False
    directions: bool = False


def open_code_bench(wanted: Wanted, config: Config) -> CodeBench:
    """Raises WeightsError."""
    generator, encoder, m = wanted.generator, wanted.encoder, config.models
    if generator is not None and encoder is None and not (wanted.pictures or wanted.directions):
        base = load_generator(generator)
        return CodeBench(base, CodePainter(base))
    named = {key for key in ("generator", "encoder", "directions") if config.named(f"models.{key}")}
    named |= {key for key, file in (("generator", generator), ("encoder", encoder)) if file is not None}
    files_of = generator or m.generator, encoder or m.encoder
    models = load_models(*files_of, [], m.directions if wanted.directions else [], frozenset(named))
    return CodeBench(models.base, CodePainter(models.base, models.detail), models)


def is_picture(word: str) -> bool:
    """Whether a word names a photograph."""
    return Path(word).suffix.lower() in SUFFIXES


@dataclass(frozen=True)
class Truncation:
    """How far codes are pulled toward the mean, 1 not at all. seeds: those of seeds; given: those of files and photographs."""

    seeds: float = PSI
    given: float = 1.0


def codes_of(words: Sequence[str], bench: CodeBench, truncation: Truncation = Truncation()) -> list[Code]:
    """The codes that words name, in their order. Raises FacetsError in one sentence for what is not there or does not fit."""
    return [code for word in words for code in _codes(word, bench, truncation)]


def _codes(word: str, bench: CodeBench, truncation: Truncation) -> list[Code]:
    base = bench.base
    if word == MEAN:
        return [Code(MEAN, mean_code(base))]
    path = Path(word).expanduser()
    if SEEDS.fullmatch(word) and not path.exists():
        try:
            return [seeded(base, seed, truncation.seeds) for seed in seeds_of(word)]
        except ValueError as err:
            raise ConfigError(f"{word}: the generator {err}") from err
    if is_picture(word):
        return [_pulled(bench.code(bench.square(path), path.stem), bench, truncation.given)]
    if path.suffix.lower() not in files.SUFFIXES:
        kinds = ", ".join(files.SUFFIXES)
        raise ConfigError(f"{word}: is no seed (7, 1-6), no picture, no file of codes ({kinds}), and not the word {MEAN}")
    return [_pulled(_fitting(one, path, bench), bench, truncation.given) for one in files.read_codes(path)]


def _fitting(code: Code, path: Path, bench: CodeBench) -> Code:
    """A code of the generator's own shape: one w serves every style."""
    base = bench.base
    if code.ws.shape[0] == 1 and code.ws.shape[1] == base.style_dim:
        code = Code(code.name, code.ws.expand(base.styles, -1).clone(), code.detail, code.card)
    fault = misfit(code, base.styles, base.style_dim)
    if fault is not None:
        raise ConfigError(f"{path}: {fault}; name its generator with --generator")
    return code


def _pulled(code: Code, bench: CodeBench, psi: float) -> Code:
    if psi == 1.0:
        return code
    # The residual is this very face's: the mean must not wear it.
    detail = None if code.detail is None else code.detail * max(psi, 0.0)
    with torch.no_grad():
        return Code(code.name, truncated(code.ws, mean_code(bench.base), psi), detail, code.card)


def seeds_of(word: str) -> list[int]:
    """``7``, ``1-6``, ``85,100-102`` -> the numbers. Raises ConfigError for more than can be meant."""
    found: list[int] = []
    for part in word.split(","):
        first, _, last = part.partition("-")
        start, end = int(first), int(last or first)
        if end < start or end - start >= MOST_SEEDS or end >= 1 << 32:
            raise ConfigError(f"{part}: seeds count upward, at most {MOST_SEEDS} of them, below {1 << 32}")
        found += range(start, end + 1)
    return found
