"""What a model file is, in lines for a person: kind, sizes, encoder, directions, card. Works on anything that loads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from installation.checkpoints.loading import CheckpointError, MissingPartError, load_encoder, load_generator, metadata_of
from installation.errors import WeightsError
from installation.latents.direction_files import READERS, read_directions
from installation.latents.direction_lists import SUFFIXES, read_list
from installation.registry.manifest import Manifest

SIZES = (
    "kind",
    "size",
    "style_dim",
    "n_mlp",
    "channels",
    "styles",
    "w_dim",
    "generator_width",
    "layers",
    "plan",
    "z_dim",
    "mlp_dim",
    "clamp",
    "encoder_type",
    "lacks",
    "format",
)
DIRECTIONS = "facets-directions"
RGB = 3


def described(path: Path, manifest: Manifest) -> list[tuple[str, str]]:
    """(what, value) of a file. Raises WeightsError with the reason for one that is no model."""
    if not path.exists():
        raise CheckpointError(f"{path}: no such file")
    if path.is_dir():
        raise CheckpointError(f"{path}: this is a folder; name a model file")
    rows = [("file", str(path)), ("bytes", f"{path.stat().st_size:,}"), *_content(path)]
    if name := manifest.known_as(path):
        model = manifest.models[name]
        rows += [("known as", name), ("family", model.family), ("licence", model.licence)]
        if model.kind != "directions" and (fitting := manifest.fitting(model.family)):
            rows.append(("directions that fit", ", ".join(fitting)))
    return rows


def _content(path: Path) -> list[tuple[str, str]]:
    suffix = path.suffix.lower()
    card = metadata_of(path) if suffix == ".safetensors" else {}
    told = [(key, value) for key, value in card.items() if key not in SIZES]
    if suffix in SUFFIXES or suffix in (".npy", ".npz") or card.get("kind") == DIRECTIONS:
        return [*_directions(path), *told]
    if "swap_at" in card:  # a child's file leaves out the layers that the swap takes from the base
        child = ("generator", f"StyleGAN2 child, layers from {card['swap_at']} px on; the others come from its base")
        return [child, ("picture", f"{card.get('size', '?')} px"), *told]
    rows: list[tuple[str, str]] = []
    refusals: list[str] = []
    notices: list[tuple[str, str]] = []
    for part, load, describe in (("generator", load_generator, _generator), ("encoder", load_encoder, _encoder)):
        try:
            network = load(path)
        except MissingPartError as err:
            refusals.append(str(err))
        except CheckpointError as err:
            refusals.insert(0, str(err))
            notices.append((f"no {part}", str(err).removeprefix(f"{path}: ")))
        else:
            rows += describe(network)
            notices += [("note", notice.removeprefix(f"{path}: ")) for notice in getattr(network, "notices", ())]
    if not rows and suffix in READERS:
        try:
            return [*_directions(path), *told]
        except WeightsError:
            raise CheckpointError(refusals[0]) from None
    if not rows:
        raise CheckpointError(refusals[0])
    return [*rows, *notices, *told]


def _generator(generator: Any) -> Iterator[tuple[str, str]]:
    yield "generator", "StyleGAN3" if generator.layered is None else "StyleGAN2"
    yield "picture", f"{generator.size} px"
    yield "codes", f"{generator.styles} x {generator.style_dim}"
    if generator.layered is not None:
        yield "channels", ", ".join(f"{resolution} px {width}" for resolution, width in generator.channels.items())
        yield "mapping network", f"{generator.mapping_layers} layers"
    yield "parameters", f"{sum(p.numel() for p in generator.parameters()):,}"


def _encoder(encoder: Any) -> Iterator[tuple[str, str]]:
    yield "encoder", str(getattr(encoder, "kind", type(encoder).__name__))
    channels = getattr(encoder, "input_nc", RGB)
    kinds = "" if channels == RGB else " (label maps or sketches; a camera gives 3)"
    yield "encoder's input", f"{encoder.input_px} px, {channels} channel{'s' * (channels != 1)}{kinds}"
    yield "encoder's codes", f"{encoder.styles} x {encoder.w_dim}" + (" of Z+" if getattr(encoder, "style", None) is not None else "")
    yield "encoder's parameters", f"{sum(p.numel() for p in encoder.parameters()):,}"


def _directions(path: Path) -> Iterator[tuple[str, str]]:
    found = read_list(path) if path.suffix.lower() in SUFFIXES else read_directions(path)
    shapes = sorted({"x".join(map(str, one.vector.shape)) for one in found})
    yield "directions", f"{len(found)}, of {' and '.join(shapes)}"
    for assumed in dict.fromkeys(one.assumed for one in found if one.assumed):
        yield "note", assumed
    for one in found[:24]:
        layers = "all layers" if one.layers is None else f"layers {one.layers[0]}-{one.layers[1] - 1}"
        yield one.name, layers + (f", {one.family}" if one.family else "")
    if len(found) > 24:
        yield "…", f"{len(found) - 24} more"
