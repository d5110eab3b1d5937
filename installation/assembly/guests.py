"""Faces that come to a show from outside: a code's file, taken into the mirror as a guest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from installation.codes.code import Code, misfit
from installation.codes.files import read_codes
from installation.control.web.grids import GuestDoor
from installation.errors import WeightsError
from installation.models.bundle import Models
from installation.models.guests import Guest, GuestBook
from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX
from installation.places import kept

GRIDS = "grids"  # the show's folder of them


def guest_door(models: Models, book: GuestBook) -> GuestDoor:
    """For the panel: the show's folder of grids, and the way of a face in it into the mirror."""
    return GuestDoor(kept(GRIDS), taker(models, book))


def taker(models: Models, book: GuestBook) -> Callable[[Path], str]:
    """Reads the first code of a file and makes its face a guest; gives the guest's name. Raises WeightsError."""

    def take(path: Path) -> str:
        code = fitting(read_codes(path)[0], models, path)
        return book.take(Guest(code.ws, code.detail))

    return take


def fitting(code: Code, models: Models, path: Path) -> Code:
    """A code that these models can draw, its residual only where they have one like it. Raises WeightsError."""
    styles, w_dim = models.latent_avg.shape
    if code.ws.shape == (1, w_dim):
        code = replace(code, ws=code.ws.expand(styles, -1).clone())
    fault = misfit(code, styles, w_dim)
    if fault is not None:
        raise WeightsError(f"{path}: {fault}")
    own = models.detail is not None and code.detail is not None and code.detail.shape == torch.Size((DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX))
    return code if own or code.detail is None else replace(code, detail=None)
