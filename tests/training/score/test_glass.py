"""Sharpness, leak, seam and lightness of pictures for which they are known; portraits as glass makes them, measured."""

import cv2
import numpy as np
import pytest

from installation.faces import landmarks as index
from installation.faces.head import cheeks
from installation.training.score.glass import colour_change, glass_numbers, leak, seam, sharpness

SIDE = 128
RNG = np.random.default_rng(4)
CROP = RNG.integers(40, 200, (SIDE, SIDE, 3)).astype(np.uint8)
Y, X = np.mgrid[0:SIDE, 0:SIDE]
FAR = np.hypot(X - 63.5, Y - 63.5)
HARD = np.where(FAR < 40, np.uint8(255), np.uint8(0))
SOFT = np.asarray(np.clip((44 - FAR) * 32, 0, 255), np.uint8)  # 255 inside 36 px, 0 from 44 px on


def test_sharpness_is_the_share_of_the_laplacians_variance():
    assert sharpness(CROP, CROP) == 1
    flat = np.full_like(CROP, 100)
    halved = np.asarray(np.rint(100 + (CROP.astype(float) - 100) / 2), np.uint8)
    assert sharpness(halved, CROP) == pytest.approx(0.25, rel=0.02)  # half the contrast, a quarter of the variance
    assert sharpness(flat, CROP) == 0
    assert np.isnan(sharpness(CROP, flat))
    blurred = cv2.GaussianBlur(CROP, (0, 0), 1.0)
    assert sharpness(blurred, CROP) < 0.05


def test_sharpness_of_a_place_does_not_count_what_lies_outside_it():
    outside_lost = np.where((HARD > 0)[..., None], CROP, np.uint8(120))
    inner = FAR < 36
    assert sharpness(outside_lost, CROP, inner) == 1
    assert sharpness(outside_lost, CROP) < 0.6
    assert np.isnan(sharpness(CROP, CROP, np.zeros_like(inner)))


def test_leak_is_the_change_outside_the_mask_alone():
    assert leak(CROP, CROP, HARD) == 0
    inside = np.where((HARD > 0)[..., None], CROP + np.uint8(50), CROP)
    assert leak(inside, CROP, HARD) == 0
    outside = np.where((HARD > 0)[..., None], CROP, CROP - np.uint8(6))  # darker as much as brighter would
    assert leak(outside, CROP, HARD) == 6
    half = np.where(((HARD == 0) & (X < SIDE // 2))[..., None], CROP + np.uint8(8), CROP)
    assert leak(half, CROP, HARD) == pytest.approx(4, abs=0.01)
    assert np.isnan(leak(CROP, CROP, np.full_like(HARD, 255)))


def test_seam_is_the_steps_across_the_rim_over_the_cameras_own():
    ramp = np.repeat((X + 0 * Y)[..., None], 3, axis=2).astype(np.uint8)  # one grey level a pixel everywhere
    assert seam(ramp, ramp, SOFT) == pytest.approx(1)
    steeper = (2 * ramp.astype(int)).clip(0, 255).astype(np.uint8)
    assert seam(steeper, ramp, SOFT) == pytest.approx(2, rel=0.01)
    elsewhere = np.where((FAR < 30)[..., None], np.uint8(255), ramp)  # a step that is not at the rim
    assert seam(elsewhere, ramp, SOFT) == pytest.approx(1)
    ring = np.where((FAR < 40)[..., None], ramp + np.uint8(40), ramp)
    assert seam(ring, ramp, SOFT) > 3
    assert np.isnan(seam(ramp, np.full_like(ramp, 9), SOFT))
    assert np.isnan(seam(ramp, ramp, np.full_like(SOFT, 255)))


def test_only_steps_across_the_rim_count_not_those_along_it():
    cone = np.repeat(np.clip(3 * FAR, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    wheel = np.repeat((127 + 100 * np.sin(8 * np.arctan2(Y - 63.5, X - 63.5))).astype(np.uint8)[..., None], 3, axis=2)
    assert seam(wheel, cone, SOFT) < 0.4


def test_lightness_is_the_cheeks_change_in_cie_lab():
    where = FAR < 20
    # The greys 119 and 94 have L = 50.0 and 39.8 (CIE 1976, sRGB).
    grey, darker = np.full_like(CROP, 119), np.full_like(CROP, 94)
    assert not colour_change(grey, grey, where).any()
    assert colour_change(darker, grey, where)[0] == pytest.approx(39.8 - 50.0, abs=0.15)
    assert colour_change(grey, darker, where)[0] == pytest.approx(50.0 - 39.8, abs=0.15)
    elsewhere = np.where(where[..., None], grey, np.uint8(0))
    assert not colour_change(elsewhere, grey, where).any()
    assert np.isnan(colour_change(grey, grey, np.zeros_like(where))).all()


def test_all_numbers_of_a_portrait_are_taken_with_its_mask_enlarged():
    landmarks = np.full((index.LANDMARK_COUNT, 3), 64.0)
    for cheek, x in (((117, 101, 205, 187), 50), ((346, 330, 425, 411), 78)):
        landmarks[list(cheek), :2] = [(x - 5, 60), (x + 5, 60), (x + 5, 70), (x - 5, 70)]
    found = cheeks(landmarks, SIDE)
    assert found[65, 50] and found[65, 78]
    assert not found[65, 64] and found.sum() == pytest.approx(2 * 11 * 11)
    small = cv2.resize(SOFT, (64, 64), interpolation=cv2.INTER_AREA)
    portrait = np.where((FAR < 30)[..., None], CROP - np.uint8(20), CROP)
    numbers = glass_numbers(portrait, CROP, small, landmarks)
    assert (numbers.leak, numbers.seam) == (0, pytest.approx(1))
    assert numbers.lightness < -5
    assert numbers.sharpness == pytest.approx(numbers.sharpness_head, abs=0.2) and numbers.sharpness > 1
