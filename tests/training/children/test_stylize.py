"""The drawings that a child learns from: whose skin keeps whose hue."""

import cv2
import numpy as np
import pytest
import torch

from installation.faces.ffhq import EYES
from installation.training.children.stylize import toon

SIDE = 128
SKINS = ((247, 220, 200), (233, 186, 158), (205, 150, 120), (160, 108, 78), (112, 72, 52), (80, 52, 40))


def plain(colour):
    return torch.tensor(colour, dtype=torch.float32).div(127.5).sub(1)[None, :, None, None].expand(1, 3, SIDE, SIDE).contiguous()


def lab(x, place=(slice(96, 112), slice(56, 72))):
    """Mean CIE Lab of a part of a picture."""
    rgb = ((x[0].permute(1, 2, 0).numpy() + 1) / 2).clip(0, 1).astype(np.float32)
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[place].mean(axis=(0, 1))


def hue(one):
    return np.degrees(np.arctan2(one[2], one[1]))


@pytest.mark.parametrize("skin", SKINS)
def test_a_toon_keeps_the_skins_own_hue(skin):
    before, after = lab(plain(skin)), lab(toon(plain(skin)))
    assert abs(hue(after) - hue(before)) < 8
    assert np.hypot(*after[1:]) < 1.3 * np.hypot(*before[1:])


@pytest.mark.parametrize("cloth", [(60, 110, 190), (70, 150, 80), (150, 60, 140)])
def test_other_colours_get_brighter(cloth):
    before, after = lab(plain(cloth)), lab(toon(plain(cloth)))
    assert np.hypot(*after[1:]) > 1.15 * np.hypot(*before[1:])


def test_a_toon_is_flat_with_lines_of_ink():
    noise = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2)) * 0.05
    half = plain((205, 150, 120)).clone()
    half[..., : SIDE // 2] = -0.6  # an edge as of hair
    drawn = toon((half + noise).clamp(-1, 1))
    cheek = (slice(100, 120), slice(90, 120))
    assert drawn[0][:, cheek[0], cheek[1]].std(dim=(1, 2)).max() < 0.5 * noise[0][:, cheek[0], cheek[1]].std()
    assert drawn[0, :, 100:120, 60:66].amin() < -0.65


def test_eyes_stay_clear_where_skin_is_flattened():
    eye = [round(v * SIDE) for v in EYES[0]]
    x = plain((205, 150, 120)).clone()
    for cx, cy in (eye, (64, 112)):
        x[..., cy - 2 : cy + 3, cx - 2 : cx + 3] = 0.9
    drawn = toon(x)

    def depth(cx, cy):
        return float(drawn[0, :, cy, cx].mean() - drawn[0, :, cy - 8 : cy + 9, cx - 8 : cx + 9].mean())

    assert depth(*eye) > depth(64, 112)
