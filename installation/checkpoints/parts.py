"""Sorts what a model file holds into a generator, an encoder, their mean code and their options, by parameters' names.

rosinality writes ``{'g_ema': …, 'latent_avg': …}``, pSp and e4e ``{'state_dict': {'encoder.…', 'decoder.…'}, 'opts', 'latent_avg'}``,
NVlabs' parameters are called ``synthesis.b4.const``; people save any of them bare, a level deeper or with a word before each name.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from installation.checkpoints.error import CheckpointError, MissingPartError
from installation.checkpoints.foreign_kinds import ARCFACE, BESIDE, GENERATORS, LIGHTNING, RESTYLE_STYLEGAN3, WHOLE, kind_of, why_no_encoder
from installation.checkpoints.model_file import Level, ModelFile, Place, levels_of, options_of, places_of
from installation.checkpoints.stored_tensors import Stored, finite

ROSINALITY_MARK = "conv1.conv.weight"
NVLABS_MARKS = ("synthesis.b4.const", "synthesis.input.freqs")
ENCODER_MARK = "input_layer.0.weight"
RESNET_MARK = "bn1.weight"
DOUBLING = re.compile(r"(to_rgbs\.\d+|synthesis\.b(?!4\.)\d+)\.")
AVERAGED = ("ema", "smooth", "averaged")
MEAN = "latent_avg"
E4E_OPTIONS = ("delta_norm", "progressive_steps", "w_discriminator_lambda", "use_w_pool")  # of its training, and of no pSp's


@dataclass(frozen=True, eq=False)
class Parts:
    """What a checkpoint holds; an empty mapping for what it does not.

    options: of its training, plain values. nvlabs: the generator's parameters have NVlabs' names. refused_generator,
    refused_encoder: what the part is where it cannot be used, "" where it can. notices: what was left aside, in words for a
    person. e4e: the file has what only e4e's training leaves.
    """

    path: Path
    generator: dict[str, Stored]
    encoder: dict[str, Stored]
    options: dict[str, object]
    latent_avg: Tensor | None
    nvlabs: bool = False
    refused_generator: str = ""
    refused_encoder: str = ""
    notices: tuple[str, ...] = ()
    e4e: bool = False

    def check_generator(self) -> None:
        """Raises CheckpointError where there is no generator that can be used."""
        if self.refused_generator:
            raise CheckpointError(f"{self.path}: is {self.refused_generator}")
        if not self.generator:
            raise MissingPartError(f"{self.path}: holds an encoder and no generator")

    def check_encoder(self) -> None:
        """Raises CheckpointError where there is no encoder that can be used."""
        if self.refused_encoder:
            raise CheckpointError(f"{self.path}: is {self.refused_encoder}")
        if not self.encoder:
            raise MissingPartError(f"{self.path}: holds a generator and no encoder")


def parts_of(file: ModelFile) -> Parts:
    """Sort the contents of a file. Raises CheckpointError where it holds neither generator nor encoder, with what it is instead
    where that can be told."""
    levels = levels_of(file)
    for level in levels:
        if other := kind_of(level.tensors, WHOLE):
            raise CheckpointError(f"{file.path}: is {other}")
    encoder = _encoder_place(levels)
    generator, aside = _generator_place(levels, encoder)
    if encoder is None and generator is None:
        raise CheckpointError(f"{file.path}: {_what_else(file, levels)}")
    options = options_of(file, levels)
    generator_tensors, encoder_tensors = _stored(file, generator), _stored(file, encoder)
    nvlabs = any(mark in generator_tensors for mark in NVLABS_MARKS)
    parts = Parts(
        file.path,
        generator_tensors,
        encoder_tensors,
        options,
        _mean(file, [place for place in (encoder, generator) if place is not None]),
        nvlabs,
        _generator_fault(generator_tensors),
        _encoder_fault(encoder_tensors, generator_tensors, options),
        tuple(aside),
        "discriminator_state_dict" in levels[0].entries or any(key in options for key in E4E_OPTIONS),
    )
    if parts.refused_encoder == ARCFACE and not parts.generator:
        raise CheckpointError(f"{file.path}: is {ARCFACE}")
    return parts


def _encoder_place(levels: list[Level]) -> Place | None:
    """The encoder rather than a recognition network that served as a loss."""
    places = places_of(levels, ENCODER_MARK)
    if not places:  # ReStyle's other backbone, whose names many networks share
        places = [place for place in places_of(levels, RESNET_MARK) if place.words[-1:] == ("encoder",)]
    return min(places, key=lambda place: ("output_layer.3.weight" in place.parameters(), place.words[-1:] != ("encoder",)), default=None)


def _generator_place(levels: list[Level], encoder: Place | None) -> tuple[Place | None, list[str]]:
    """The generator that belongs to the encoder, else the averaged one, else the first; and what there is to say of the choice."""

    def rank(place: Place) -> tuple[bool, bool]:
        beside = encoder is not None and place.parent == encoder.parent
        return not beside, not any(mark in word.lower() for word in place.words for mark in AVERAGED)

    places = [place for mark in (ROSINALITY_MARK, *NVLABS_MARKS) for place in places_of(levels, mark)]
    if not places:
        return None, []
    places.sort(key=rank)
    chosen = places[0]
    notices = []
    if len(places) > 1 and rank(places[1]) == rank(chosen):
        notices.append(f"it holds several generators ({', '.join(place.title for place in places[:4])}); {chosen.title} is used")
    if beside := kind_of(chosen.level.tensors, BESIDE):
        notices.append(f"it is a {beside}; its generator alone is used")
    return chosen, notices


def _stored(file: ModelFile, place: Place | None) -> dict[str, Stored]:
    tensors = {} if place is None else place.parameters()
    return {name: file.stored(value, name) for name, value in tensors.items() if name != MEAN}


def _mean(file: ModelFile, places: list[Place]) -> Tensor | None:
    """The mean code that is closest around the networks, float32."""
    found = next((value for place in places if (value := place.beside(file, MEAN)) is not None), None)
    return None if found is None else finite(file.stored(found, MEAN).read(), MEAN, file.path)


def _generator_fault(tensors: dict[str, Stored]) -> str:
    """What the generator is where it cannot be drawn here, "" where it may be."""
    for name, rank in (("input.input", 4), ("synthesis.b4.const", 3)):
        shape = tensors[name].shape if name in tensors else ()
        if len(shape) == rank and shape[-2] != shape[-1]:
            doublings = len({match[1] for other in tensors if (match := DOUBLING.match(other))})
            height, width = (side << doublings for side in shape[-2:])
            return f"a generator that draws pictures of {height} x {width} px (height x width); square ones are needed"
    return kind_of(tensors, GENERATORS) or ""


def _encoder_fault(encoder: dict[str, Stored], generator: dict[str, Stored], options: dict[str, object]) -> str:
    if not encoder:
        return ""
    if "synthesis.input.freqs" in generator:
        return RESTYLE_STYLEGAN3
    claimed = str(options.get("encoder_type", ""))
    return why_no_encoder({name: value.shape for name, value in encoder.items()}, claimed) or ""


def _what_else(file: ModelFile, levels: list[Level]) -> str:
    if "pytorch-lightning_version" in levels[0].entries:
        return f"is {LIGHTNING}"
    names = [name for level in levels for name in level.tensors] or list(levels[0].entries)
    held = ", ".join(names[:3]) or f"a {type(file.root).__name__}"
    return f"holds neither a StyleGAN2 generator nor a pSp or e4e encoder (but {held})"
