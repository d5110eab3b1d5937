"""What becomes of a picture that is painted: its size, its colours, how much of it is painted."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from installation.messages import Image
from installation.styles.blend import blend_of
from installation.styles.colour import coloured
from installation.styles.crops import at_size, cut, laid
from installation.styles.easel import KEPT, Easel
from tests.styles.stand_ins import PALETTE, Negative

ALPHA = blend_of(PALETTE, {"alpha": 1.0})
assert ALPHA is not None


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (60, 40)) -> Image:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def test_a_painted_picture_has_the_size_it_had() -> None:
    assert Easel().paint(flat((10, 20, 30), (131, 77)), ALPHA, Negative()).shape == (77, 131, 3)


@pytest.mark.parametrize("amount", [0.0, 0.25, 1.0])
def test_amount_is_how_much_is_painted(amount: float) -> None:
    shown = Easel().paint(flat((0, 0, 0)), replace(ALPHA, amount=amount), Negative())
    assert abs(float(shown.mean()) - 255 * amount) < 1.5


def test_a_picture_is_another_object_each_time_and_lasts_a_while() -> None:
    easel = Easel(steady=False)
    shown = [easel.paint(flat((k, k, k)), ALPHA, Negative()) for k in range(KEPT)]
    assert len({id(one) for one in shown}) == KEPT and [int(one[0, 0, 0]) for one in shown] == [255 - k for k in range(KEPT)]


def chroma(picture: Image) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[0, 0].astype(int)


def test_colour_takes_the_visitors_and_leaves_the_paintings_lightness() -> None:
    painted, own = flat((150, 90, 60)), flat((60, 100, 160))
    kept, half, theirs = (chroma(coloured(painted, own, share)) for share in (1.0, 0.5, 0.0))
    assert np.abs(theirs[1:] - chroma(own)[1:]).max() <= 3 and abs(theirs[0] - kept[0]) <= 3
    assert np.abs(half[1:] - (kept + chroma(own))[1:] / 2).max() <= 3


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_painted_picture_has_the_colours_that_were_asked_for(share: float) -> None:
    own = flat((60, 100, 160))
    shown = chroma(Easel().paint(own, replace(ALPHA, colour=share), Negative()))
    assert np.abs(shown[1:] - chroma(own if share == 0.0 else 255 - own)[1:]).max() <= 3


def test_a_crop_goes_back_where_it_was_cut() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(picture, (400, 240), interpolation=cv2.INTER_CUBIC))
    square = np.array([[120.0, 20.0, 190.0], [-20.0, 120.0, 110.0]])
    assert np.allclose(at_size(square, 1), square)
    crop = cut(picture, square, 160)
    copy = picture.copy()
    laid(copy, square, crop, np.full((160, 160), 255, np.uint8))
    assert np.abs(copy.astype(int) - picture).mean() < 1.0
    copy = picture.copy()
    laid(copy, square, 255 - crop, np.full((160, 160), 255, np.uint8))
    changed = (np.abs(copy.astype(int) - picture).max(axis=2) > 20).mean() * picture.shape[0] * picture.shape[1]
    assert 0.8 * 120 * 120 < changed < 1.3 * 120 * 120


def test_a_crop_outside_the_picture_changes_nothing() -> None:
    picture = flat((9, 9, 9))
    laid(picture, np.array([[20.0, 0.0, 500.0], [0.0, 20.0, 500.0]]), flat((200, 0, 0), (16, 16)), np.full((16, 16), 255, np.uint8))
    assert (picture == 9).all()
