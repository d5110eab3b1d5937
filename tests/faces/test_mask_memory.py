"""Masks that a network is asked for by turns: whose turn it is, how much of an answer is taken, and who is forgotten."""

import numpy as np
import pytest

from installation.faces.mask_memory import MaskMemory
from installation.messages import AlignedFace, Expression, Face

SQUARE = np.eye(2, 3)


def face(id, level, seen=True):
    """A visitor whose crop is all of one grey level, which is what the network answers."""
    return AlignedFace(
        Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, seen, 1.0),
        np.full((4, 4, 3), level, np.uint8),
        SQUARE,
        SQUARE,
    )


class Asked:
    """Answers with a crop's grey level, and says of which it was asked."""

    def __init__(self):
        self.levels = []

    def __call__(self, crop):
        self.levels.append(int(crop[0, 0, 0]))
        return np.full((2, 2), crop[0, 0, 0], np.float32)


def as_bytes(levels):
    return np.rint(levels).astype(np.uint8)


@pytest.fixture
def asked():
    return Asked()


def asked_of(memory, asked, *faces):
    """The levels that the network was asked of in one more frame."""
    before = len(asked.levels)
    memory.step(faces)
    return asked.levels[before:]


@pytest.mark.parametrize("rest", [0, 1, 3])
def test_one_alone_has_a_turn_and_then_rests(asked, rest):
    memory = MaskMemory(asked, as_bytes, 1.0, rest)
    turns = [bool(asked_of(memory, asked, face(1, 50))) for _ in range(3 * (rest + 1))]
    assert turns == ([True] + [False] * rest) * 3


def test_one_visitor_a_frame_the_new_ones_first_and_then_the_stalest(asked):
    memory = MaskMemory(asked, as_bytes, 1.0, 1)
    crowd = [face(id, id) for id in (1, 2, 3)]
    assert [asked_of(memory, asked, *crowd) for _ in range(6)] == [[1], [2], [3]] * 2
    assert asked_of(memory, asked, *crowd, face(9, 9)) == [9]  # has waited for ever
    assert [asked_of(memory, asked, *crowd, face(9, 9)) for _ in range(4)] == [[1], [2], [3], [9]]


def test_until_the_first_turn_nothing_is_known_and_then_each_has_their_own(asked):
    memory = MaskMemory(asked, as_bytes, 0.5, 1)
    crowd = [face(4, 40), face(7, 70)]
    assert memory.mask(4) is None
    memory.step(crowd)
    assert memory.mask(4).max() == memory.mask(4).min() == 40 and memory.mask(7) is None
    memory.step(crowd)
    assert memory.mask(4).max() == 40 and memory.mask(7).max() == 70


def test_of_a_new_answer_that_share_is_taken_and_the_rest_of_what_was_kept(asked):
    memory = MaskMemory(asked, as_bytes, 0.25, 0)
    memory.step([face(1, 40)])
    seen = []
    for _ in range(2):
        memory.step([face(1, 200)])
        seen.append(int(memory.mask(1)[0, 0]))
    assert seen == [80, 110]
    memory.step([face(1, 30)])
    assert int(memory.mask(1)[0, 0]) == 90


def test_a_mask_that_was_handed_on_is_not_written_into(asked):
    memory = MaskMemory(asked, lambda levels: levels, 0.5, 0)
    memory.step([face(1, 40)])
    handed = memory.mask(1)
    memory.step([face(1, 200)])
    assert (handed == 40).all() and (memory.mask(1) == 120).all()


def test_who_is_hidden_has_no_turn_and_keeps_theirs(asked):
    memory = MaskMemory(asked, as_bytes, 1.0, 0)
    memory.step([face(1, 40)])
    kept = memory.mask(1)
    assert asked_of(memory, asked, face(1, 200, seen=False)) == [] and memory.mask(1) is kept
    assert asked_of(memory, asked, face(1, 200, seen=False), face(2, 60)) == [60]
    assert asked_of(memory, asked, face(1, 200), face(2, 60)) == [200]


def test_who_left_is_forgotten_with_what_was_kept(asked):
    memory = MaskMemory(asked, as_bytes, 0.5, 0)
    memory.step([face(1, 40)])
    memory.step([])
    assert memory.mask(1) is None
    memory.step([face(1, 200)])
    assert memory.mask(1).max() == 200  # nothing of before is in it
