"""Numbers on the command line of what trains: types for argparse, which says the sentence and ends with 2."""

import argparse
import math


def finite(text: str) -> float:
    """Any that is one: not ``nan``, which passes every comparison the wrong way, nor ``inf``, which no clock reaches."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def positive(text: str) -> float:
    """More than 0."""
    value = finite(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def weight(text: str) -> float:
    """At least 0."""
    value = finite(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def count(text: str) -> int:
    """A whole number from 1 to 2^20."""
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= 1 << 20:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return value
