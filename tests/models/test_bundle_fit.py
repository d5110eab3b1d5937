"""An encoder's detail residual is drawn only by a generator of the width it was made for."""

from pathlib import Path

import pytest

from installation.checkpoints.error import CheckpointError
from installation.models.bundle import _check_fit
from installation.networks.facets_encoder import DETAIL_PX, FacetsEncoder
from installation.networks.stylegan2 import Generator

WIDTH = 16


@pytest.fixture(scope="module")
def base():
    return Generator(64, WIDTH, 1, {4: 8, 8: 8, 16: 8, DETAIL_PX: 12, 64: 8}).eval()


@pytest.mark.parametrize("width", [8, 16])
def test_a_residual_of_another_width_is_refused_by_name(base, width):
    encoder = FacetsEncoder(base.styles, WIDTH, width).eval()
    with pytest.raises(CheckpointError, match=rf"e\.pt: its detail residual is for {width} channels at {DETAIL_PX} px, g\.pt has 12"):
        _check_fit(Path("g.pt"), base, Path("e.pt"), encoder, True)


def test_a_residual_of_the_same_width_fits(base):
    _check_fit(Path("g.pt"), base, Path("e.pt"), FacetsEncoder(base.styles, WIDTH, 12).eval(), True)
