"""How an encoder's file is to be understood where its parameters leave it open.

pSp's and e4e's parameters are the same, and so are those of an encoder into W+ and into Z+ (DualStyleGAN's and VToonify's). The
options of the training say which it is; files that people save anew have lost them. Then something is assumed, and said.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from installation.checkpoints.encoder_plan import KINDS
from installation.checkpoints.encoder_reading import EncoderReading
from installation.checkpoints.parts import Parts

PSP, E4E = "GradualStyleEncoder", "Encoder4Editing"
Z_OPTIONS = ("z_plus_latent", "return_z_plus_latent", "z_plus", "learn_in_z")
Z_PATH = re.compile(r"dualstylegan|vtoonify|z[_+-]?plus|z\+", re.IGNORECASE)
W_PATH = re.compile(r"w[_+-]?plus|w\+", re.IGNORECASE)
FOLDERS = 3  # how much of a path may speak


@dataclass(frozen=True)
class Understood:
    """kind: the encoder's type, "" for what the parameters tell by themselves. assumed: what nothing in the file says, each with
    the row of the configuration that says otherwise."""

    kind: str
    relative: bool
    z: bool
    assumed: tuple[str, ...]


def understood(parts: Parts, reading: EncoderReading) -> Understood:
    """What the encoder of a file is, from what a person says, else from its options, else by assumption."""
    kind, assumed = _kind(parts, reading)
    relative, z, more = _codes(parts, reading)
    return Understood(kind, relative, z, (*assumed, *more))


def _kind(parts: Parts, reading: EncoderReading) -> tuple[str, tuple[str, ...]]:
    claimed = str(parts.options.get("encoder_type", ""))
    if reading.kind != "auto":
        return (E4E if reading.kind == "e4e" else PSP), ()
    if claimed in KINDS or not any(name.startswith("styles.") for name in parts.encoder):
        return claimed, ()
    if parts.e4e:
        return E4E, ()
    name = parts.path.stem.lower()
    if "e4e" in name:
        return E4E, ("its encoder is taken for an e4e by its name (for a pSp, models.encoder_kind: psp)",)
    return PSP, ("its encoder is taken for a pSp, whose parameters are like an e4e's (for an e4e, models.encoder_kind: e4e)",)


def _codes(parts: Parts, reading: EncoderReading) -> tuple[bool, bool, tuple[str, ...]]:
    """Whether the codes are relative to a mean, whether they are of Z+, and what was assumed."""
    starts = _truth(parts.options.get("start_from_latent_avg"))
    if reading.codes != "auto":
        z = reading.codes == "z"
        return (starts is True if z else reading.codes == "relative"), z, ()
    if any(_truth(parts.options.get(option)) for option in Z_OPTIONS):
        return starts is True, True, ()
    if _path_says_z(parts.path):
        return starts is True, True, ("its codes are taken for Z+ by its path (for W+, models.encoder_codes: relative)",)
    pyramid = any(name.startswith("styles.") for name in parts.encoder)
    centred = parts.latent_avg is not None and not bool(parts.latent_avg.any())
    if pyramid and (starts is False or centred):
        # A pSp into W+ starts from the mean; one that does not may be DualStyleGAN's.
        return starts is not False, False, ("its codes start from no mean and are taken for W+ (for Z+, models.encoder_codes: z)",)
    return starts is not False, False, ()


def _path_says_z(path: Path) -> bool:
    words = "/".join(path.absolute().parts[-FOLDERS:])
    return bool(Z_PATH.search(words)) and not W_PATH.search(path.stem)


def _truth(value: object) -> bool | None:
    """True or False of an option, which a format may keep as a word; None where it is not given."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    return None if value is None else bool(value)
