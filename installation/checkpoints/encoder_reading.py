"""What a person may say of a published encoder's file: in rows of the configuration, or as a tool's arguments."""

import argparse
import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["auto", "psp", "e4e"]
Codes = Literal["auto", "relative", "absolute", "z"]


@dataclass(frozen=True)
class EncoderReading:
    """What a person says of an encoder's file; ``auto`` leaves it to the file.

    kind: how the heads of a pyramid go together. codes: relative to the mean code, absolute, or z (of each style, for the
    generator's mapping network).
    """

    kind: Kind = "auto"
    codes: Codes = "auto"


AUTO = EncoderReading()


def add_reading(parser: argparse.ArgumentParser) -> None:
    """The arguments of a tool by which a person says what the configuration's rows say in a show."""
    said = "; auto: what its file says"
    parser.add_argument("--encoder-kind", choices=get_args(Kind), default="auto", help=f"what a published encoder is{said}")
    parser.add_argument("--encoder-codes", choices=get_args(Codes), default="auto", help=f"what its codes are{said}")


def as_arguments(notice: str) -> str:
    """A notice whose rows of the configuration are a tool's arguments: ``--encoder-kind e4e`` for ``models.encoder_kind: e4e``."""
    return re.sub(r"models\.encoder_(kind|codes): ", r"--encoder-\1 ", notice)
