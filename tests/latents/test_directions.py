"""Directions: sums, layer ranges, what they do to a residual, and files that do not fit."""

import pytest
import torch

from installation.errors import WeightsError
from installation.latents.directions import Direction, DirectionSet, load_directions, save_directions
from installation.latents.maps import Maps

STYLES, WIDTH, SIDE = 6, 8, 16


def direction(name, value, **maps):
    vector = torch.zeros(STYLES, WIDTH)
    vector[1:3] = value
    return Direction(name, vector, (1, 3), Maps(**maps))


def test_offset_is_the_weighted_sum():
    both = DirectionSet([direction("a", 1.0), direction("b", 10.0)])
    offset = both.move([2.0, -0.5]).offset
    assert offset[1:3].unique().tolist() == [-3.0]
    assert offset[0].abs().sum() == offset[3:].abs().sum() == 0


def test_flow_carries_a_feature_along():
    flow = torch.zeros(2, SIDE, SIDE)
    flow[0] = 4 / SIDE  # four cells to the right at 1
    moved = DirectionSet([direction("a", 0.0, flow=flow)])
    detail = torch.zeros(1, SIDE, SIDE)
    detail[0, 5, 6] = 1.0
    carried = moved.move([1.0]).carry(detail)
    assert carried[0].argmax() == 5 * SIDE + 10
    assert carried[0, 5, 10] == pytest.approx(1.0, abs=1e-4)
    assert torch.allclose(moved.move([1e-9]).carry(detail), detail, atol=1e-5)


def test_shift_is_added_in_proportion():
    shift = torch.rand(1, SIDE, SIDE)
    shifted = DirectionSet([direction("a", 0.0, shift=shift)])
    assert torch.allclose(shifted.move([-2.0]).carry(torch.zeros(1, SIDE, SIDE)), -2 * shift, atol=1e-6)


def test_file_round_trip_and_a_later_file_wins(tmp_path):
    maps = {"flow": torch.ones(2, SIDE, SIDE), "warp": torch.full((2, SIDE, SIDE), -0.5)}
    save_directions([direction("a", 1.0, **maps), direction("b", 2.0)], tmp_path / "1.safetensors", {})
    save_directions([direction("b", 3.0)], tmp_path / "2.safetensors", {})
    found = load_directions([tmp_path / "1.safetensors", tmp_path / "2.safetensors"], STYLES, WIDTH)
    assert found.names == ("a", "b")
    assert found.directions[0].layers == (1, 3)
    assert torch.equal(found.directions[0].maps.flow, maps["flow"]) and torch.equal(found.directions[0].maps.warp, maps["warp"])
    assert torch.equal(found.move([2.0, 1.0]).maps.warp, 2 * maps["warp"])  # the other one has none and adds none
    assert found.directions[1].vector[1, 0] == 3.0


def test_a_misfit_is_refused_by_name(tmp_path):
    path = tmp_path / "d.safetensors"
    save_directions([direction("smile", 1.0)], path, {})
    with pytest.raises(WeightsError, match=r"d\.safetensors: direction 'smile' is for codes of 6x8, the generator's are 18x512"):
        load_directions([path], 18, 512)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\xff" * 64])
def test_a_broken_file_is_one_sentence(tmp_path, content):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken\.safetensors: not a readable directions file"):
        load_directions([path], STYLES, WIDTH)
