"""Model files as data, told by their contents: our ``.safetensors``, rosinality's, pSp's and e4e's ``.pt``, NVlabs' ``.pkl``.

Nothing in a file is executed; sizes are checked against the file before a network is built, and every parameter is held in
memory once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from installation.checkpoints.eight_bit import in_eight_bits, with_steps
from installation.checkpoints.encoder_reading import AUTO, EncoderReading
from installation.checkpoints.error import CheckpointError, MissingPartError
from installation.checkpoints.format import Format, format_of
from installation.checkpoints.generator_plan import GeneratorPlan
from installation.checkpoints.model_file import ModelFile
from installation.checkpoints.numpy_archive import read_numpy
from installation.checkpoints.nvlabs_pickle import pickled_network, pickled_tensors
from installation.checkpoints.published import (
    Parts,
    build_encoder,
    build_generator,
    constants,
    mapping_of_layers,
    mean_code,
    parts_of,
    per_style,
)
from installation.checkpoints.safetensors_file import SafetensorsFile, read_safetensors
from installation.checkpoints.stored_tensors import HeldTensor, check_total, fill, finite, sizes_read
from installation.checkpoints.stylegan3_file import STYLEGAN3_KIND, read_stylegan3
from installation.checkpoints.torch_file import read_legacy, read_zip
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.psp_encoders import PublishedEncoder
from installation.networks.stylegan2 import Generator
from installation.networks.stylegan3 import StyleGAN3Generator

__all__ = [
    "AnyGenerator",
    "CheckpointError",
    "EncoderReading",
    "FaceEncoder",
    "MissingPartError",
    "load_encoder",
    "load_generator",
    "load_stylegan2",
    "metadata_of",
    "resolution_of",
    "save_encoder",
    "save_generator",
]

GENERATOR_KIND = "facets-generator"
ENCODER_KIND = "facets-encoder"
PUBLISHED_KIND = "published-encoder"  # pSp or e4e, brought into this format
MEAN = "latent_avg"
MAPPING = "mapping."  # before the parameters of an encoder's own mapping network

AnyGenerator = Generator | StyleGAN3Generator
FaceEncoder = FacetsEncoder | PublishedEncoder


def save_generator(
    generator: Generator, path: Path, latent_avg: Tensor, card: Mapping[str, str], only: frozenset[int] | None = None, small: bool = False
) -> None:
    """Write a generator in half precision; small: its large weights in eight bits.

    latent_avg: [styles, style_dim], the mean code. only: resolutions to store; a child leaves out the ones that the swap
    takes from the base. Noise pictures are left out where no layer uses them.
    """
    noisy = any(float(value) != 0 for name, value in generator.state_dict().items() if name.endswith("noise.weight"))
    tensors = {
        name: compact(value)
        for name, value in generator.state_dict().items()
        if (noisy or not name.startswith("noises.")) and (only is None or resolution_of(name) in only)
    }
    tensors["latent_avg"] = compact(latent_avg)
    if generator.spread is not None and only is None:
        tensors["spread"] = compact(generator.spread)
    sizes = {
        "size": str(generator.size),
        "style_dim": str(generator.style_dim),
        "n_mlp": str(len(generator.style) - 1),
        "channels": json.dumps(generator.channels),
    }
    inner = generator.state_dict().get("style.1.bias")
    sizes |= {"z_dim": str(generator.z_dim), "mlp_dim": str(generator.style_dim if inner is None else inner.numel())}
    sizes |= {} if generator.clamp is None else {"clamp": str(generator.clamp)}
    save_file(in_eight_bits(tensors) if small else tensors, path, metadata={"kind": GENERATOR_KIND, **sizes, **card})


def resolution_of(name: str) -> int:
    """The resolution in pixels of a generator's parameter, from its published name; 0 for the mapping network."""
    part, _, rest = name.partition(".")
    if part in ("input", "conv1", "to_rgb1"):
        return 4
    index = int(rest.split(".")[0].removeprefix("noise_")) if part in ("convs", "to_rgbs", "noises") else 0
    match part:
        case "convs":
            return int(2 ** (index // 2 + 3))
        case "to_rgbs":
            return int(2 ** (index + 3))
        case "noises":
            return int(2 ** ((index + 5) // 2))
    return 0


def noise_weights(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of a generator's parameters: each noise picture's name with that of the weight that goes with it."""
    for name in names:
        if name.startswith("noises."):
            layer = int(name.rpartition("_")[2])
            yield name, f"convs.{layer - 1}.noise.weight" if layer else "conv1.noise.weight"


def save_encoder(encoder: FaceEncoder, path: Path, card: Mapping[str, str]) -> None:
    """Write an encoder in half precision."""
    sizes = {"styles": str(encoder.styles), "w_dim": str(encoder.w_dim)}
    if isinstance(encoder, PublishedEncoder):
        tensors = encoder.network.state_dict() | {MEAN: encoder.latent_avg}
        if encoder.style is not None:
            tensors |= {f"{MAPPING}{name}": value for name, value in encoder.style.state_dict().items()}
        sizes |= {"kind": PUBLISHED_KIND, "encoder_type": encoder.kind, "lacks": " ".join(sorted(encoder.lacks))}
    else:
        tensors = encoder.state_dict()
        sizes |= {"kind": ENCODER_KIND, "generator_width": str(encoder.generator_width)}
    save_file({name: compact(value) for name, value in tensors.items()}, path, metadata={**sizes, **card})


def compact(value: Tensor) -> Tensor:
    """Half precision where every number fits into it."""
    half = value.half() if value.is_floating_point() else value
    return (half if bool(torch.isfinite(half).all()) else value).contiguous()


def load_generator(path: Path, base: Generator | None = None) -> AnyGenerator:
    """A generator in float32, ready to draw, from a file of any format; its ``latent_avg`` is [styles, style_dim].

    ``mapping(z, truncation_psi=1.0) -> ws`` and ``synthesis(ws, noise='const'|'random'|'none') -> images``.
    base: gives the layers that a child's file leaves out. Raises CheckpointError.
    """
    form = format_of(path)
    generator: AnyGenerator
    if form == "safetensors" and _is_own(file := read_safetensors(path)):
        generator = _own_generator(file, base)
    elif form == "pickle" and (network := pickled_network(path)) is not None:
        generator = network
    else:
        generator = build_generator(_parts(path, form))
    return generator.eval().requires_grad_(False)


def load_stylegan2(path: Path, base: Generator | None = None) -> Generator:
    """``load_generator`` for whoever needs layers with a resolution of their own. Raises CheckpointError for StyleGAN3."""
    generator = load_generator(path, base).layered
    if generator is None:
        raise CheckpointError(f"{path}: is StyleGAN3, whose layers have no resolutions of their own; a StyleGAN2 generator is needed here")
    return generator


def load_encoder(path: Path, reading: EncoderReading = AUTO) -> FaceEncoder:
    """An encoder in float32 from a file of any format: ``encoder(images [N, 3, H, W] in -1…1) -> ws [N, styles, w_dim]``.

    reading: what a person says of a published one where its file does not. Raises CheckpointError, MissingPartError for a file
    that holds a generator alone.
    """
    form = format_of(path)
    encoder: FaceEncoder
    if form == "safetensors" and _is_own(file := read_safetensors(path)):
        encoder = _own_encoder(file)
    elif form == "pickle" and pickled_tensors(path) is None:
        raise MissingPartError(f"{path}: a pickle of NVlabs holds a generator and no encoder; name a pSp or e4e file for its size")
    else:
        encoder = build_encoder(_parts(path, form), reading)
    return encoder.eval().requires_grad_(False)


def metadata_of(path: Path) -> dict[str, str]:
    """The card of a ``.safetensors`` file; empty for other formats, which have none. Raises CheckpointError."""
    return read_safetensors(path).metadata if format_of(path) == "safetensors" else {}


def _parts(path: Path, form: Format) -> Parts:
    """What a file of another program holds. Raises CheckpointError."""
    parts = parts_of(_opened(path, form))
    for stored in (parts.generator, parts.encoder):
        check_total(stored, path)
    return parts


def _opened(path: Path, form: Format) -> ModelFile:
    match form:
        case "safetensors":
            return read_safetensors(path)
        case "zip":
            return read_zip(path)
        case "legacy":
            return read_legacy(path)
        case "numpy":
            return read_numpy(path)
        case "pickle":
            file = pickled_tensors(path)
    if file is None:
        raise CheckpointError(f"{path}: holds a whole network where parameters by name are needed")
    return file


def _is_own(file: SafetensorsFile) -> bool:
    """Whether one of our programs wrote it; what lies on a hub has no kind."""
    return "kind" in file.metadata


def _checked(file: SafetensorsFile, *kinds: str) -> SafetensorsFile:
    kind = file.metadata["kind"]
    if kind not in kinds:
        raise MissingPartError(f"{file.path}: this is a {kind!r}, a {kinds[0]!r} is needed here")
    check_total(file.tensors, file.path)
    return file


def _own_generator(file: SafetensorsFile, base: Generator | None) -> AnyGenerator:
    path = _checked(file, GENERATOR_KIND, STYLEGAN3_KIND).path
    if file.metadata["kind"] == STYLEGAN3_KIND:
        return read_stylegan3(file, path)
    with sizes_read(path), torch.device("meta"):
        channels = {int(r): int(c) for r, c in json.loads(file.metadata["channels"]).items()}
        size, style_dim, n_mlp = (int(file.metadata[key]) for key in ("size", "style_dim", "n_mlp"))
        z_dim, mlp_dim = (int(file.metadata.get(key, style_dim)) for key in ("z_dim", "mlp_dim"))
        clamp = float(file.metadata["clamp"]) if "clamp" in file.metadata else None
        generator = GeneratorPlan(size, style_dim, n_mlp, channels, z_dim, mlp_dim, clamp).build()
    tensors = with_steps(file.tensors, path)
    mean, spread = tensors.pop("latent_avg", None), tensors.pop("spread", None)
    # Copies: a child that is trained further must leave its base alone.
    names = generator.state_dict().keys()  # a child has no mapping network of its own
    lent = {} if base is None else {n: HeldTensor(v.clone()) for n, v in base.state_dict().items() if n in names and n not in tensors}
    # Files whose layers use no noise leave the pictures out; zeros keep a model's digest the same at every start.
    fill(generator, constants(generator, noisy=False) | lent | tensors, path)
    parts = Parts(path, {}, {}, {}, None if mean is None else finite(mean.read(), "latent_avg", path))
    generator.latent_avg = mean_code(generator) if mean is None else per_style(parts, generator.styles, generator.style_dim)
    if spread is not None:
        generator.spread = finite(spread.read(), "spread", path).float()
        if generator.spread.shape != (generator.styles, style_dim, style_dim):
            raise CheckpointError(f"{path}: spread is {list(generator.spread.shape)}, {[generator.styles, style_dim, style_dim]} is needed")
    return generator


def _own_encoder(file: SafetensorsFile) -> FaceEncoder:
    path = _checked(file, ENCODER_KIND, PUBLISHED_KIND).path
    if file.metadata["kind"] == PUBLISHED_KIND:
        return _imported_encoder(file)
    with sizes_read(path), torch.device("meta"):
        encoder = FacetsEncoder(*(int(file.metadata[key]) for key in ("styles", "w_dim", "generator_width")))
    fill(encoder, file.tensors, path)
    return encoder


def _imported_encoder(file: SafetensorsFile) -> PublishedEncoder:
    """An encoder of pSp or e4e in our format, where everything is said."""
    mean, path = file.tensors.get(MEAN), file.path
    network = {name: value for name, value in file.tensors.items() if name != MEAN and not name.startswith(MAPPING)}
    mapping = {name: value for name, value in file.tensors.items() if name.startswith(MAPPING)}
    kind = file.metadata.get("encoder_type", "")
    reading = EncoderReading(codes="z" if mapping or "style" in file.metadata.get("lacks", "") else "relative")
    latent_avg = None if mean is None else finite(mean.read(), MEAN, path)
    encoder = build_encoder(Parts(path, {}, network, {"encoder_type": kind, "start_from_latent_avg": True}, latent_avg), reading)
    if mapping:
        encoder.style = mapping_of_layers({name.removeprefix(MAPPING): value for name, value in mapping.items()}, path)
    encoder.lacks = frozenset(file.metadata.get("lacks", "").split())  # type: ignore[arg-type]
    encoder.notices = ()
    return encoder
