"""Directions from labels: the fit finds what made the codes, the flow follows the landmarks, the filters draw."""

import numpy as np
import torch

from installation.latents.directions import Direction
from installation.latents.maps import Maps
from installation.training.children.image_filters import guided, kuwahara, outlines
from installation.training.children.stylize import STYLES
from installation.training.directions.calibration import balance, mixed
from installation.training.directions.effects import MEASURES, Swings, effects, kin
from installation.training.directions.fitting import fit
from installation.training.directions.plans import NAMES, PLANS


def test_fit_separates_attributes_that_come_together():
    rng = np.random.default_rng(0)
    true = rng.standard_normal((2, 40))
    attributes = rng.standard_normal((4000, 2))
    attributes[:, 1] += 0.8 * attributes[:, 0]  # the second attribute is often seen with the first
    scaled = attributes / attributes.std(0)
    codes = scaled @ true + 0.3 * rng.standard_normal((4000, 40))
    found = fit(codes, attributes)
    for a, b in zip(found, true, strict=True):
        assert np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) > 0.98
    assert abs(np.dot(found[0], true[1]) / np.dot(true[1], true[1]) - np.dot(true[0], true[1]) / np.dot(true[1], true[1])) < 0.1


def test_twins_go_along_in_a_fit():
    """Two measures of the eyelids, each with noise of its own: each finds the eyelids, not its own noise."""
    rng = np.random.default_rng(3)
    lids, true = rng.standard_normal((4000, 1)), rng.standard_normal(40)
    attributes = lids + 0.3 * rng.standard_normal((4000, 2))
    for found in fit(lids * true, attributes):
        assert np.linalg.norm(found - true) < 0.1 * np.linalg.norm(true)


def test_kuwahara_smooths_inside_and_keeps_edges():
    torch.manual_seed(0)
    step = torch.cat([torch.full((1, 3, 64, 32), -0.6), torch.full((1, 3, 64, 32), 0.6)], dim=3)
    drawn = kuwahara(step + 0.1 * torch.randn_like(step), 4)
    assert drawn[..., 4:24].std() < 0.05
    assert (drawn[..., 34] - drawn[..., 29]).mean() > 1.0


def test_outlines_are_ink_where_the_picture_turns_dark():
    picture = torch.full((1, 3, 64, 64), 0.5)
    picture[..., 30:34] = -0.9
    ink = outlines(picture, 1.2, 26.0)
    assert ink[..., 31:33].mean() > 0.8
    assert ink[..., :20].max() < 0.4


def test_every_style_changes_the_picture_and_keeps_its_range():
    torch.manual_seed(1)
    picture = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 8) * 2 - 1, size=64, mode="bicubic").clamp(-1, 1)
    drawings = {name: draw(picture) for name, draw in STYLES.items()}
    for drawn in drawings.values():
        assert drawn.shape == picture.shape
        assert drawn.min() >= -1 and drawn.max() <= 1
        assert (drawn - picture).abs().mean() > 0.03


def test_there_is_a_plan_for_every_measure():
    assert sorted(NAMES) == sorted(MEASURES) and len(NAMES) == 15


def test_balance_undoes_what_leaks():
    rng = np.random.default_rng(2)
    wanted = np.array([plan.span / 2 for plan in PLANS])
    effect = np.diag(wanted * rng.uniform(0.5, 1.2, len(NAMES))) + 0.25 * rng.standard_normal((len(NAMES),) * 2)
    before = after = effect
    for _ in range(2):  # as in a calibration, whose rounds begin with what the last one mixed
        after = balance(after, wanted) @ after

    def leakage(e):
        return max(abs(e[i, j]) / e[i, i] for i in range(15) for j in range(15) if not kin(NAMES[i], NAMES[j]))

    assert leakage(after) < 0.35 * leakage(before)
    assert np.all(np.diag(after) > 0.7 * wanted)


def test_effects_are_read_off_the_swings():
    plain = np.zeros((4, 15))
    edited = np.zeros((4, 1, 2, 15))
    smile, yaw = MEASURES.index("smile"), MEASURES.index("yaw")
    edited[:, 0, 0, smile], edited[:, 0, 1, smile] = -1.0, 2.0
    edited[3, 0, 1, smile] = -4.0  # one face goes the wrong way
    edited[:, 0, 1, yaw] = 5.0
    edited[:, 0, 1, MEASURES.index("mouth-open")] = 9.0  # kin, so it does not count
    found = effects(["smile"], Swings(plain, edited, np.full((4, 1, 2), 0.8)), np.full(15, 10.0))["smile"]
    assert found.own_effect_sd == 0.3 and found.share_in_direction == 0.75
    assert (found.worst_other, found.worst_other_sd, found.identity_median) == ("yaw", 0.5, 0.8)


def test_guided_smoothing_flattens_and_stops_at_edges():
    torch.manual_seed(0)
    step = torch.cat([torch.full((1, 3, 64, 32), -0.6), torch.full((1, 3, 64, 32), 0.6)], dim=3)
    smooth = guided(step + 0.1 * torch.randn_like(step), 4, 0.03)
    assert smooth[..., 6:22].std() < 0.04
    assert (smooth[..., 36] - smooth[..., 27]).mean() > 1.0


def test_a_round_of_calibration_mixes_codes_and_maps_alike():
    draw = torch.Generator().manual_seed(1)
    maps = [Maps(*(0.01 * torch.randn(depth, 8, 8, generator=draw) for depth in (2, 3, 2))) for _ in range(2)]
    directions = [Direction(name, torch.randn(6, 4, generator=draw), (0, 3), one) for name, one in zip("ab", maps, strict=True)]
    first, second = mixed(directions, np.array([[1.0, -0.5], [0.0, 2.0]]))
    assert (first.name, first.layers) == ("a", (0, 6))
    assert torch.allclose(first.vector, directions[0].vector - 0.5 * directions[1].vector)
    assert torch.allclose(first.maps.shift, maps[0].shift - 0.5 * maps[1].shift)
    assert torch.allclose(second.maps.flow, 2 * maps[1].flow) and torch.allclose(second.maps.warp, 2 * maps[1].warp)
