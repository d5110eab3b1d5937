"""Networks of other programs that a person may take for a StyleGAN2, a pSp or an e4e, told by the names of their parameters.

Each refusal says what the file is, so that nobody has to guess from a list of parameters.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NEEDED = "a StyleGAN2 generator or a pSp or e4e encoder is needed here"
RESTYLE = "a ReStyle encoder, which draws in several passes; a pSp or e4e encoder is needed here"
RESTYLE_STYLEGAN3 = "a ReStyle encoder for StyleGAN3, which draws in several passes; a pSp or e4e encoder is needed here"
RESTYLE_TYPES = re.compile(r"ResNet\w*|BackboneEncoder|ProgressiveBackboneEncoder")
RESTYLE_CHANNELS = 6  # the picture, and the one that was drawn from the code so far
STYLEGAN_XL = "StyleGAN-XL, a network of classes of pictures; a StyleGAN2 or StyleGAN3 generator is needed here"
MODULE = (
    "a pickled StyleGAN2-ADA or StyleGAN3 module (as PTI saves its pivots); save it once as NVlabs does, by "
    "pickle.dump({'G_ema': G}, file), which is read here"
)
LIGHTNING = "a Lightning checkpoint with its callbacks; save its parameters alone: torch.save(checkpoint['state_dict'], 'new.pt')"


@dataclass(frozen=True)
class Sign:
    """``kind`` is in a file where each of ``marks`` is in some parameter's name."""

    kind: str
    marks: tuple[str, ...]


# The first that fits counts: VToonify holds a whole DualStyleGAN.
WHOLE = (
    Sign(
        f"VToonify, which paints over a photograph and takes no StyleGAN code at all; {NEEDED}",
        (r"\bfusion_out\.|\bgenerator\.generator\.", r"\bencoder\.0\.0\.weight$|\bfusion_out\."),
    ),
    Sign(
        f"DualStyleGAN, whose generator needs a second style; {NEEDED}",
        (r"\bgenerator\.conv1\.conv\.weight$", r"\bres\.\d+\.conv"),
    ),
    Sign(f"GFPGAN, which restores photographs; {NEEDED}", (r"\bstylegan_decoder\w*\.",)),
    Sign(
        "basicsr's StyleGAN2, whose parameters are others; a StyleGAN2 generator under rosinality's or NVlabs' names is needed here",
        (r"\bstyle_mlp\.\d+\.weight$", r"\bconstant_input\.weight$"),
    ),
    Sign(
        "lucidrains' StyleGAN2, which is another network; a StyleGAN2 generator of rosinality or NVlabs is needed here",
        (r"\bS\.net\.0\.weight$|\bGE?\.initial_block$",),
    ),
    Sign(
        "genforce's StyleGAN2 (SeFa, HiGAN, mmgen), whose parameters are others; a StyleGAN2 generator under rosinality's or NVlabs' "
        "names is needed here",
        (r"\bmapping\.dense0\.",),
    ),
    Sign(STYLEGAN_XL, (r"\bmapping\.embed_proj\.",)),
    Sign("SeFa factors, which are directions; name it in models.directions", (r"^eigvec$",)),
    Sign("GANSpace's principal components, which are directions; name it in models.directions", (r"^(lat_)?comp$", r"^(lat_)?std(ev)?$")),
)
GENERATORS = (
    Sign("SWAGAN, which draws wavelets; a StyleGAN2 generator is needed here", (r"\bto_rgbs\.\d+\.iwt\.",)),
    Sign(
        "the parameters of an NVlabs StyleGAN3 generator without its recorded sizes; name the .pkl that they come from",
        (r"\bsynthesis\.input\.freqs$",),
    ),
)
# What stands beside a plain generator and is not used: said in a notice.
BESIDE = (
    Sign("HyperStyle", (r"\bhypernet\.",)),
    Sign("StyleCLIP mapper", (r"\bmapper\.|\b(course|medium|fine)_mapping\.",)),
)
ARCFACE = "ArcFace's recognition backbone (IR-SE50), which is no encoder by itself; a pSp or e4e encoder is needed here"


def kind_of(names: Iterable[str], signs: Iterable[Sign]) -> str | None:
    """What the names are a sign of; None where they are of none."""
    text = "\n".join(names)
    return next((sign.kind for sign in signs if all(re.search(mark, text, re.MULTILINE) for mark in sign.marks)), None)


def why_no_encoder(shapes: Mapping[str, tuple[int, ...]], claimed: str) -> str | None:
    """Why an encoder's parameters are not those of pSp or e4e; None where they may be."""
    if RESTYLE_TYPES.fullmatch(claimed) or {"conv1.weight", "bn1.weight"} <= shapes.keys():
        return RESTYLE
    if shapes.get("input_layer.0.weight", (0, 0))[1:2] == (RESTYLE_CHANNELS,):
        return RESTYLE
    heads: dict[str, set[str]] = {}
    for name in shapes:
        if match := re.fullmatch(r"styles\.(\d+)\.convs\.(\d+)\.weight", name):
            heads.setdefault(match[1], set()).add(match[2])
    # A pyramid's finer heads have more convolutions; ReStyle's all read one map.
    if len(heads) > 3 and len(set(map(frozenset, heads.values()))) == 1 and "latlayer1.weight" not in shapes:
        return RESTYLE
    headless = not any(name.startswith(("styles.", "linear.")) for name in shapes)
    return ARCFACE if headless and any(name.startswith("output_layer.") for name in shapes) else None


def what_asks_for(name: str) -> str | None:
    """What a pickle is that asks for this name; None for one that says nothing."""
    if name.startswith("torch_utils.persistence"):
        return MODULE
    if name.startswith(("pytorch_lightning", "lightning")):
        return LIGHTNING
    if name.startswith("dill.") or name == "torch.nn.modules.sparse.Embedding":
        return STYLEGAN_XL
    return None
