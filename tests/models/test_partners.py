"""Who goes over into whom, and that nobody who comes or leaves makes a jump."""

import itertools

import numpy as np
import pytest
import torch

from installation.messages import EncodedFace, Expression, Face
from installation.models.guests import Guest
from installation.models.partners import GLIDE_SECONDS, Partners


def visitor(id):
    face = Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
    return EncodedFace(face, torch.full((14, 4), float(id)), torch.full((2, 4, 4), float(id)))


def level(partners, id):
    return float(partners.other(id).ws[0, 0])


def test_each_visitors_other_face_is_the_next_ones_round_the_room():
    partners = Partners(lambda name: None)
    partners.step([visitor(1), visitor(4), visitor(9)], "none", 0.0)
    assert [level(partners, id) for id in (1, 4, 9)] == [4.0, 9.0, 1.0]
    assert float(partners.other(4).detail[0, 0, 0]) == 9.0
    with pytest.raises(KeyError):
        partners.other(2)


def test_alone_it_is_ones_own_and_a_guest_is_everybodys():
    partners = Partners({"mean": Guest(torch.full((14, 4), 7.0))}.get)
    only = visitor(1)
    partners.step([only], "none", 0.0)
    assert partners.other(1).ws is only.ws
    partners.step([only], "stranger", 0.0)  # a guest that is not there is no guest
    assert partners.other(1).ws is only.ws
    partners.rest()
    partners.step([visitor(1), visitor(2)], "mean", 0.0)
    assert level(partners, 1) == level(partners, 2) == 7.0 and partners.other(1).detail is None


def test_who_leaves_or_comes_is_glided_over_in_half_a_second():
    partners, levels, details = Partners(lambda name: None), [], []
    crowd = [visitor(1), visitor(4), visitor(9)]
    for k in range(90):
        now = crowd if k < 20 else [crowd[0], crowd[2]] if k < 50 else crowd
        partners.step(now, "none", 1 / 60)
        levels.append(level(partners, 1))
        details.append(float(partners.other(1).detail.mean()))
    assert levels[19] == 4.0 and levels[49] == 9.0 and levels[-1] == 4.0
    assert max(abs(b - a) for a, b in itertools.pairwise(levels)) <= 5 / 30 + 1e-5  # 5 in half a second
    # Flat residuals are unlike everywhere: they cross on a sixth of the way, and the smoothstep is half as steep again.
    assert max(abs(b - a) for a, b in itertools.pairwise(details)) <= 5 / 30 * 1.5 / 0.16
    assert details[19] == 4.0 and details[-1] == 4.0


def test_nothing_of_a_visitor_who_left_is_kept():
    partners = Partners(lambda name: None)
    partners.step([visitor(1), visitor(4)], "none", 0.1)
    for _ in range(7):
        partners.step([visitor(1)], "none", 0.1)
    assert set(partners._faces) == {1}
    partners.rest()
    assert not partners._faces


def test_in_the_middle_of_two_changes_a_code_is_the_mean_of_three_by_their_shares():
    guests = {name: Guest(torch.full((14, 4), value)) for name, value in (("a", 1.0), ("b", 10.0), ("c", 100.0))}
    partners = Partners(guests.get)
    step = GLIDE_SECONDS / 4
    for name in ("a", "b", "b", "c"):  # all of a; then b a quarter, a half; then c a quarter, of which a and b give way alike
        partners.step([visitor(1)], name, step)
    shares = partners._shares[1].of
    assert shares == pytest.approx({"a": 0.375, "b": 0.375, "c": 0.25})
    assert level(partners, 1) == pytest.approx(0.375 * 1 + 0.375 * 10 + 0.25 * 100)
    for _ in range(3):
        partners.step([visitor(1)], "c", step)
    assert partners._shares[1].of == {"c": 1.0} and level(partners, 1) == 100.0
