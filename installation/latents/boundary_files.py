"""InterFaceGAN's boundaries (Shen et al. 2020) by their files' names: of which generator they are, and in which space.

The files hold a normal of one shape for every generator and space, so only the name and the folder tell: the project's own are
``stylegan_ffhq_age_w_boundary.npy`` (w), ``stylegan_ffhq_age_boundary.npy`` and ``pggan_celebahq_age_boundary.npy`` (z), its forks'
``stylegan2_ffhq_z/boundary_Smiling.npy``.
"""

import re
from pathlib import Path

from installation.errors import WeightsError

BOUNDARY = re.compile(r"(?:^|[_-])boundary(?:[_-]|$)")
NAMED = re.compile(r"^(pggan|stylegan[123]?)[_-](ffhq|celebahq|celeba|party|cat|church|bedroom)")
FIRST = re.compile(r"^stylegan1?[_-](ffhq|celebahq|celeba)")
FIRST_FAMILY = {"ffhq": "stylegan1-ffhq-1024", "celebahq": "stylegan1-celebahq-1024", "celeba": "stylegan1-celebahq-1024"}


def check_space(path: Path) -> None:
    """Raises WeightsError for a boundary in z, or of the progressive GAN, which has no w: added to w it changes a face at random."""
    stem, folder = path.stem.lower(), path.parent.name.lower()
    if not BOUNDARY.search(stem):
        return
    if any(word.startswith("pggan") for word in (stem, folder)):
        raise WeightsError(f"{path}: a boundary of PGGAN, in its z, is no direction of a StyleGAN's w; take a boundary in w")
    own = NAMED.match(stem) is not None
    in_folder = folder.startswith("stylegan")
    z = re.search(r"[_-]z(?:[_-]|$)", stem) or (in_folder and re.search(r"[_-]z(?:[_-]|$)", folder))
    if z or (own and not re.search(r"[_-]w(?:[_-]|plus|$)", stem)):
        raise WeightsError(
            f"{path}: a boundary in z, as its name says, is no direction of w; take the one in w (…_w_boundary), or rename it so if "
            "its numbers are of w"
        )


def family_of(path: Path) -> str:
    """The generator that a boundary belongs to, "" where its name does not say."""
    for word in (path.stem.lower(), path.parent.name.lower()):
        if BOUNDARY.search(path.stem.lower()) and (match := FIRST.match(word)):
            return FIRST_FAMILY[match[1]]
    return ""


def assumed_of(path: Path) -> str:
    """What is taken for granted of a boundary where the generator's family is not known."""
    if not family_of(path):
        return ""
    return "a boundary of the first StyleGAN, taken as one of this generator (a list of directions can say otherwise: family)"
