"""The models of one show: a base generator, its children, an encoder, the directions that fit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from installation.checkpoints.encoder_reading import AUTO, EncoderReading
from installation.checkpoints.loading import (
    AnyGenerator,
    CheckpointError,
    FaceEncoder,
    MissingPartError,
    load_encoder,
    load_generator,
    metadata_of,
)
from installation.errors import WeightsError
from installation.latents.directions import DirectionSet, load_directions
from installation.models.editor import load_editor
from installation.models.families import another_family, completed
from installation.models.layer_swap import swap_shares
from installation.networks.editor import Editor
from installation.networks.encoder_parts import WholeEncoder
from installation.networks.facets_encoder import DETAIL_PX, FacetsEncoder
from installation.networks.fused_psp import FusedPyramid, fused
from installation.networks.psp_encoders import PublishedEncoder
from installation.networks.stylegan2 import Generator

DEFAULT_SWAP_AT = 32
DEFAULT_SWAP_WIDTH = 1.0
MOST_EYES = 0.6
LEFT_OUT = {"editor": "is left out, it belongs to the embedded encoder"}
ONE_W = "BackboneEncoderUsingLastLayerIntoW"  # its one w serves every style, however many the generator has

RunEncoder = FacetsEncoder | PublishedEncoder | FusedPyramid
EVERYTHING = frozenset({"generator", "encoder", "editor", "children", "directions"})


@dataclass(frozen=True, eq=False)
class Child:
    """A generator fine-tuned from the base, and the share of each resolution that suits it. eyes: by how much its portraits'
    eyes are larger than the sitter's (0.2: a fifth), as drawings have them. own_hue 0…1: how far the skin that it draws is to have
    the hue of the sitter's."""

    name: str
    generator: Generator
    shares: tuple[float, ...]
    eyes: float = 0.0
    own_hue: float = 0.0


@dataclass(frozen=True, eq=False)
class Models:
    """Everything that is loaded from files, on the CPU, in float32.

    base: ``synthesis(ws [N, styles, w_dim]) -> [N, 3, size, size]``. encoder: in the form that runs fastest,
    ``images [N, 3, input_px, input_px] -> ws``; a FacetsEncoder has a detail residual besides. editor: writes into that residual what
    some of the directions leave to it; None: they are drawn without. notices: what was left out, in words for a person.
    direction_paths: of those directions, and folders in which others may appear; generator_family: as its file names it. generator_path,
    encoder_path: the files that base and encoder were read from.
    """

    name: str
    base: AnyGenerator
    encoder: RunEncoder
    children: tuple[Child, ...]
    directions: DirectionSet
    latent_avg: Tensor  # [styles, w_dim]
    notices: tuple[str, ...] = ()
    editor: Editor | None = None
    direction_paths: tuple[Path, ...] = ()
    generator_family: str = ""
    generator_path: Path | None = None
    encoder_path: Path | None = None

    def read_directions(self, paths: Sequence[Path]) -> DirectionSet:
        """Those of files and folders, for these models. Raises WeightsError where they do not fit."""
        knobs = () if self.editor is None else self.editor.knobs
        return load_directions(paths, self.styles, self.latent_avg.shape[-1], self.generator_family, knobs)

    @property
    def styles(self) -> int:
        return int(self.latent_avg.shape[0])

    @property
    def input_px(self) -> int:
        """Side of the crops that the encoder reads."""
        return self.encoder.input_px

    @property
    def detail(self) -> FacetsEncoder | None:
        """The encoder, where it gives a detail residual that the base can draw; published ones do not."""
        return self.encoder if isinstance(self.encoder, FacetsEncoder) and self.base.layered is not None else None

    def sample(self) -> Tensor:
        """A typical code [styles, w_dim], the same at every call: what an engine is measured with."""
        with torch.inference_mode():
            w = self.base.mapping(torch.randn(1, self.base.z_dim, generator=torch.Generator().manual_seed(1)))
            return torch.lerp(self.latent_avg, w.reshape(-1, w.shape[-1])[: self.styles], 0.7).clone()

    def whole_encoder(self) -> WholeEncoder:
        """From crops to a code for each of the base's styles."""
        return WholeEncoder(self.encoder, self.styles, isinstance(self.encoder, PublishedEncoder) and self.encoder.kind == ONE_W).eval()

    @property
    def resolutions(self) -> list[int]:
        """Resolutions whose layers can be mixed with a child's; none for StyleGAN3, whose layers have no fixed ones."""
        return self.base.resolutions


def load_models(
    generator: Path,
    encoder: Path,
    children: Sequence[Path],
    directions: Sequence[Path],
    named: frozenset[str] = EVERYTHING,
    reading: EncoderReading = AUTO,
    editor: Path | None = None,
) -> Models:
    """Load the files and check that they fit one another.

    named: which of the files a person chose. Whoever brings a generator or an encoder of their own need not know what else
    is shipped: a file that holds both serves as both, and shipped files that do not fit are left out with a notice. A file
    that was named and does not fit raises WeightsError, which says why. reading: what a person says of a published encoder.
    """
    generator, encoder, base, face_encoder = _load_pair(generator, encoder, named, reading)
    _check_fit(generator, base, encoder, face_encoder, "encoder" in named)
    notices = _said(generator, base, encoder, face_encoder)
    latent_avg = _mean_code(base, face_encoder)
    quick = fused(face_encoder) if isinstance(face_encoder, PublishedEncoder) else face_encoder

    def left_out(key: str, err: WeightsError, path: Path | None = None) -> None:
        if key in named or not named & {"generator", "encoder"}:
            raise err
        if path is not None and path.is_dir():  # an artist's own
            notices.append(f"what lies in {path} is left out: {err}")
        else:
            notices.append(f"the shipped {key} {LEFT_OUT.get(key, 'are left out, they belong to the embedded generator')}: {err}")

    family: tuple[Child, ...] = ()
    try:
        family = tuple(_load_child(path, base, generator) for path in children)
        _check_names(children, family)
        notices += [told for path, child in zip(children, family, strict=True) for told in _child_said(path, child, generator, latent_avg)]
    except WeightsError as err:
        left_out("children", err)
    face_editor: Editor | None = None
    if editor is not None:
        try:
            face_editor = _editor(editor, base, quick, encoder)
        except WeightsError as err:
            left_out("editor", err)
    models = Models(
        generator.name, base, quick, family, DirectionSet([]), latent_avg, (), face_editor, (), metadata_of(generator).get("family", ""),
        generator, encoder,
    )  # fmt: skip
    fitting = list(directions)
    try:
        found = models.read_directions(fitting)
    except WeightsError:  # each by itself: those that do not fit take nothing from the others
        fitting.clear()
        for path in directions:
            try:
                models.read_directions([path])
                fitting.append(path)
            except WeightsError as err:
                left_out("directions", err, path)
        found = models.read_directions(fitting)
    watched = tuple(path for path in directions if path in fitting or path.is_dir())
    return replace(models, directions=found, notices=(*notices, *found.notices), direction_paths=watched)


def _editor(path: Path, base: AnyGenerator, encoder: RunEncoder, encoder_path: Path) -> Editor:
    """Raises CheckpointError where it does not belong to this encoder."""
    if not isinstance(encoder, FacetsEncoder) or base.layered is None:
        raise CheckpointError(f"{path}: edits a detail residual, and {encoder_path} with this generator gives none")
    return load_editor(path, encoder)


def _load_pair(
    generator: Path, encoder: Path, named: frozenset[str], reading: EncoderReading
) -> tuple[Path, Path, AnyGenerator, FaceEncoder]:
    """Both networks and the files they came from. A pSp or e4e file, named for one of the two, gives the other as well; one whose
    other part cannot be used says so."""
    if "generator" in named and "encoder" not in named:
        base = load_generator(generator)
        try:
            return generator, generator, base, load_encoder(generator, reading)
        except MissingPartError:  # a generator alone
            return generator, encoder, base, load_encoder(encoder)
        except CheckpointError as err:
            raise CheckpointError(f"{err}; its generator alone can be used, with --encoder or models.encoder") from err
    if "encoder" in named and "generator" not in named:
        face_encoder = load_encoder(encoder, reading)
        try:
            return encoder, encoder, load_generator(encoder), face_encoder
        except MissingPartError:  # an encoder alone
            return generator, encoder, load_generator(generator), face_encoder
        except CheckpointError as err:
            raise CheckpointError(f"{err}; its encoder alone can be used, with --generator or models.generator") from err
    return generator, encoder, load_generator(generator), load_encoder(encoder, reading)


def _said(generator: Path, base: AnyGenerator, encoder: Path, face_encoder: FaceEncoder) -> list[str]:
    """What the files leave open and what was assumed. An encoder whose file gives no mean code or mapping network gets the
    generator's. Raises CheckpointError where that has none."""
    said = [*base.notices]
    if isinstance(face_encoder, PublishedEncoder):
        completed(face_encoder, base, encoder, generator)
        said += face_encoder.notices
        if face_encoder.home_mean is not None and another_family(face_encoder.home_mean, base.latent_avg):
            said.append(
                f"{encoder}: its codes seem to belong to another generator than {generator}, their mean codes differ; the portraits "
                "will not be the visitors' (name a pair of one family by models.encoder and models.generator)"
            )
    return said


def _check_names(paths: Sequence[Path], family: Sequence[Child]) -> None:
    """Raises CheckpointError where two children have one name, which is that of their control ``blend/NAME/…``."""
    files: dict[str, Path] = {}
    for path, child in zip(paths, family, strict=True):
        if child.name not in files:
            files[child.name] = path
            continue
        other = files[child.name]
        if other == path:
            raise CheckpointError(f"{path}: is named twice in models.children; once is enough")
        raise CheckpointError(
            f"{path}: holds a child called {child.name!r}, and so does {other}; a control has one name, so leave one of them out of "
            "models.children, or teach it again under another (child --name); a file whose card has no name is called as it is"
        )


def _child_said(path: Path, child: Child, generator: Path, latent_avg: Tensor) -> list[str]:
    if not another_family(child.generator.latent_avg, latent_avg):
        return [*child.generator.notices]
    seems = f"{path}: seems to belong to another generator than {generator}, their mean codes differ; what is mixed of it will be no face"
    return [*child.generator.notices, f"{seems} (name children of the generator by models.children)"]


def _check_fit(generator: Path, base: AnyGenerator, encoder: Path, face_encoder: FaceEncoder, encoder_named: bool) -> None:
    published = isinstance(face_encoder, PublishedEncoder)
    if published and face_encoder.input_nc != 3:
        raise CheckpointError(f"{encoder}: reads pictures of {face_encoder.input_nc} channels (label maps, sketches); a camera gives 3")
    styles, w_dim = face_encoder.styles, face_encoder.w_dim
    repeats = published and face_encoder.kind == ONE_W
    if w_dim != base.style_dim or (styles != base.styles and not repeats):
        need = f"{base.styles}x{base.style_dim}"
        if encoder_named:
            raise CheckpointError(f"{encoder}: makes codes of {styles}x{w_dim}, {generator} needs {need} (styles x w_dim)")
        raise CheckpointError(
            f"{generator}: needs codes of {need} (styles x w_dim) and holds no encoder{_kind_told(base)}, and the shipped one makes "
            f"{styles}x{w_dim}; "
            f"name a file with an encoder for {need} by --encoder or models.encoder"
        )
    if isinstance(face_encoder, FacetsEncoder) and base.layered is not None:
        width = base.channels.get(DETAIL_PX, 0)
        if width != face_encoder.generator_width:
            raise CheckpointError(
                f"{encoder}: its detail residual is for {face_encoder.generator_width} channels at {DETAIL_PX} px, {generator} has {width}"
            )


def _kind_told(base: AnyGenerator) -> str:
    """What a file is that holds other things than a generator, for the message that nothing else in it helps."""
    told = "; ".join(notice.partition(": ")[2] for notice in base.notices)
    return f" ({told})" if told else ""


def _mean_code(base: AnyGenerator, face_encoder: FaceEncoder) -> Tensor:
    """[styles, w_dim]: the mean face that truncation pulls toward, the generator's own or else the encoder's."""
    owner = base.latent_avg if bool(base.latent_avg.any()) else face_encoder.latent_avg
    return owner.detach().float().reshape(-1, base.style_dim)[: base.styles].expand(base.styles, -1).clone()


def _load_child(path: Path, base: AnyGenerator, base_path: Path) -> Child:
    if base.layered is None:
        raise CheckpointError(f"{path}: cannot be mixed with {base_path}: StyleGAN3's layers have no resolutions to swap at")
    child = load_generator(path, base.layered).layered
    if child is None:
        raise CheckpointError(f"{path}: a StyleGAN3 generator; its layers cannot be mixed with those of {base_path}, which is StyleGAN2")
    if child.style_dim != base.style_dim:
        raise CheckpointError(f"{path}: its w has {child.style_dim} numbers, that of {base_path} {base.style_dim}; they cannot be mixed")
    for resolution in base.resolutions:
        if child.channels.get(resolution) != base.channels[resolution]:
            raise CheckpointError(
                f"{path}: its layers of {resolution} px have {child.channels.get(resolution, 'no')} channels, "
                f"those of {base_path} {base.channels[resolution]}; they cannot be mixed"
            )
    card = metadata_of(path)
    try:
        swap_at = int(card.get("swap_at", DEFAULT_SWAP_AT))
        width = float(card.get("swap_width", DEFAULT_SWAP_WIDTH))
        eyes = min(max(float(card.get("eyes", 0.0)), 0.0), MOST_EYES)
        own_hue = min(max(float(card.get("own_hue", 0.0)), 0.0), 1.0)
        shares = swap_shares(base.resolutions, swap_at, width)
        if not math.isfinite(eyes + own_hue):
            raise ValueError("eyes and own_hue must be numbers")
    except (ValueError, OverflowError) as err:
        raise CheckpointError(f"{path}: its card cannot be read ({err}); export it again") from err
    return Child(card.get("name", path.stem), child, shares, eyes, own_hue)
