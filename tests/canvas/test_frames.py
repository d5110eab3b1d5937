"""Frames of the salon: the portrait is whole in its middle, the frame stays with its sitter."""

import numpy as np

from installation.canvas.frames import MOULDINGS, Frames, paint
from installation.canvas.layout import FRAMED_SHARE
from tests.canvas.stand_ins import gradient_picture, plain_picture


def test_a_portrait_fills_the_middle_and_the_frame_what_is_around_it():
    frames, portrait = Frames(), plain_picture((10, 200, 30), 128)
    picture = frames.framed(portrait, (0, 0), 200.0, rests=True)
    assert picture.shape == (200, 200, 3)
    inner = round(FRAMED_SHARE * 200)
    start = (200 - inner) // 2
    assert (picture[start : start + inner, start : start + inner] == (10, 200, 30)).all()
    mat = picture[start - 6, 100]
    assert mat.min() > 150  # paper
    assert np.abs(picture[3, 100].astype(int) - mat).max() > 40  # moulding


def test_the_same_portrait_in_the_same_place_is_the_same_picture():
    frames, portrait = Frames(), gradient_picture(64)
    first = frames.framed(portrait, (0, 0), 150.0, rests=True)
    assert frames.framed(portrait, (0, 0), 150.0, rests=True) is first
    assert frames.framed(gradient_picture(64), (0, 0), 150.0, rests=True) is not first
    assert frames.framed(portrait, (0, 0), 160.0, rests=True) is not first


def test_a_sitter_keeps_their_frame_and_the_next_one_has_another():
    frames, portrait = Frames(), gradient_picture(64)
    corner = [frames.framed(portrait, (id, 0), 150.0, rests=True)[2, 2].tolist() for id in (0, 1, 2, 0)]
    assert corner[0] == corner[3]
    assert len({tuple(c) for c in corner}) == 3
    frames.keep(set())
    assert frames.framed(portrait, (5, 0), 150.0, rests=True)[2, 2].tolist() == corner[0]  # begins anew


def test_the_upper_piece_catches_the_lamp_and_the_lower_one_does_not():
    for moulding in MOULDINGS:
        picture = paint(moulding, 240).astype(int)
        width = round(moulding.width * 240)
        outer = slice(1, max(2, width // 3))
        assert picture[outer, 120].mean() != picture[::-1][outer, 120].mean()
