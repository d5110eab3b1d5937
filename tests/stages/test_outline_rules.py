"""Silhouettes, covers and the matte: which network is asked for whom, when, and how soft what it says becomes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from installation.engines.silhouette_model import PEOPLE_HEIGHT, PEOPLE_WIDTH
from installation.faces.head import HEAD_PX
from installation.messages import AlignedFace, AlignedFrame, Expression, Face, Frame
from installation.stages.occlusion import FROM, GROWN, REST_FRAMES, TAKEN, TO, Occlusion, as_mask
from installation.stages.silhouette import LINGER_SECONDS, SMALL, STAY, Silhouette, soft

pytestmark = pytest.mark.usefixtures("networks_once")
HEIGHT = 300
ROOM = np.full((HEIGHT, 400, 3), 90, np.uint8)
SQUARE = np.eye(2, 3)


def face(id=1, tall=100.0, seen=True, side=128, **special):
    known = Face(id, np.zeros((468, 2), np.float32), (10.0, 20.0, 60.0, 20.0 + tall), Expression(), 1.0, seen, 1.0)
    return AlignedFace(known, np.full((side, side, 3), 50 + id, np.uint8), SQUARE, SQUARE, **special)


def frame_of(*faces, at=0.0):
    return AlignedFrame(Frame(0, at, ROOM), faces)


class Matte:
    """Notes what it is given."""

    def __init__(self):
        self.known, self.forgotten = [], 0

    def of(self, image, answer, known):
        self.known.append(list(known))
        return np.full((3, 4), int(answer[0, 0]), np.uint8)

    def forget(self):
        self.forgotten += 1


@pytest.fixture
def stage():
    """Its networks say which of them was asked: 1 the one for whole frames, 2 the one for one person, by halves."""
    stage = Silhouette()
    stage._people = lambda image: np.full((PEOPLE_HEIGHT, PEOPLE_WIDTH), 1.0, np.float32)
    stage._halves = lambda image: np.full((PEOPLE_HEIGHT, PEOPLE_WIDTH), 2.0, np.float32)
    stage._matte = Matte()
    return stage


def asked(stage, *faces, at=0.0):
    people = stage.people(frame_of(*faces, at=at), wanted=True).people
    return {1: "whole", 2: "halves"}[int(people[0, 0])]


def test_people_are_far_away_where_no_face_is_tall_and_stay_so_until_one_clearly_is(stage):
    small, between, large = (share * SMALL * HEIGHT for share in (0.99, 0.5 + STAY / 2, 1.01 * STAY))
    assert asked(stage, face(tall=between)) == "whole"
    assert asked(stage, face(tall=small)) == "halves"
    assert asked(stage, face(tall=between)) == "halves"
    assert asked(stage, face(1, small), face(2, between), face(3, small)) == "halves"
    assert asked(stage, face(1, small), face(2, large), face(3, small)) == "whole"
    assert asked(stage, face(tall=between)) == "whole"
    assert asked(stage, face(tall=1.01 * SMALL * HEIGHT)) == "whole"


def test_only_those_who_are_seen_say_how_far_away_people_are(stage):
    small, large = 0.5 * SMALL * HEIGHT, 0.5 * HEIGHT
    assert asked(stage) == "whole"  # nobody whose face is known: there may be people all the same
    assert asked(stage, face(tall=small, seen=False)) == "whole"
    assert asked(stage, face(1, small), face(2, large, seen=False)) == "halves"


def test_of_people_far_away_the_silhouettes_that_are_known_help(stage):
    small, mask = 0.5 * SMALL * HEIGHT, np.full((HEAD_PX, HEAD_PX), 255, np.uint8)
    with_one = face(1, small, silhouette=mask, side=64)
    stage.people(frame_of(with_one, face(2, small), face(3, small, seen=False, silhouette=mask)), wanted=True)
    ((silhouette, M_c2o, side),) = stage._matte.known[0]
    assert silhouette is mask and M_c2o is SQUARE and side == 64
    stage.people(frame_of(replace(with_one, face=replace(with_one.face, box=(0, 0, 9, HEIGHT)))), wanted=True)
    assert stage._matte.known[1] == []


def test_a_matte_is_made_a_little_longer_than_it_is_wanted_and_its_memory_goes_with_it(stage):
    def made(at, wanted):
        return stage.people(frame_of(face(), at=at), wanted).people is not None

    assert not made(0.0, False) and stage._matte.forgotten == 1
    assert made(1.0, True) and made(1.0, False) and made(1.0 + 0.99 * LINGER_SECONDS, False)
    assert stage._matte.forgotten == 1
    assert not made(1.0 + LINGER_SECONDS, False) and stage._matte.forgotten == 2
    assert made(9.0, True) and not made(8.9, False)  # another source, whose time began anew


def test_the_matte_goes_with_the_frame_and_all_its_faces(stage):
    one = frame_of(face(covered=np.zeros((32, 32), np.uint8)))
    result = stage.people(one, wanted=True)
    assert result.faces == one.faces and result.frame is one.frame and result.people.shape == (3, 4)


def test_an_outline_s_rim_is_a_pixel_soft():
    step = np.zeros((16, 32), np.float32)
    step[:, 16:] = 200.0
    rim = soft(step)[8].astype(int)
    assert rim.dtype == int and rim[:12].max() == 0 and rim[20:].min() == 200
    expected = 200 * np.cumsum(np.exp(-0.5 * (np.arange(-8, 8)) ** 2)) / np.sqrt(2 * np.pi)  # a Gaussian whose standard deviation is 1
    assert rim[8:24] == pytest.approx(expected, abs=3)


def test_a_crop_of_any_size_is_shown_to_the_network_and_its_answer_is_a_head_s_mask():
    stage = Silhouette()
    stage._model = lambda crop: cv2.resize(crop[..., 0], (256, 256), interpolation=cv2.INTER_NEAREST)
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 240
    levels = stage._measured(picture)
    assert levels.shape == (HEAD_PX, HEAD_PX) and levels.dtype == np.float32
    assert (levels[:, :64] == 0).all() and (levels[:, 64:] == 240).all()


@pytest.mark.parametrize(("share", "level"), [(0.0, 0), (FROM, 0), (FROM + 0.25 * (TO - FROM), 64), (0.5, 128), (TO, 255), (1.0, 255)])
def test_between_free_and_covered_a_place_is_covered_in_part(share, level):
    mask = as_mask(np.full((32, 32), share, np.float32))
    assert mask.shape == (32, 32) and mask.dtype == np.uint8 and np.abs(mask.astype(int) - level).max() <= 1


def test_a_cover_is_widened_by_a_cell_and_has_a_soft_rim():
    share = np.zeros((32, 32), np.float32)
    share[10, 20] = 1.0
    mask = as_mask(share).astype(int)
    reach = GROWN // 2
    assert mask[10, 20] == 255 and (mask[10, 20 - reach : 21 + reach] >= 190).all()
    assert mask[10, 20 + reach + 1] == pytest.approx(64, abs=3) == mask[10 - reach - 1, 20]
    mask[10 - reach - 1 : 12 + reach, 20 - reach - 1 : 22 + reach] = 0
    assert not mask.any()


def test_a_large_crop_is_averaged_to_the_network_s_size_and_a_small_one_as_it_is():
    seen = []
    stage = Occlusion(lambda crop: seen.append(crop) or np.zeros((32, 32), np.float32))
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    stage.find(frame_of(replace(face(), crop=stripes)))
    assert seen[0].shape == (128, 128, 3) and (seen[0] == 100).all()
    exact = face(2)
    stage.find(frame_of(exact))
    assert seen[1] is exact.crop


def test_a_cover_that_goes_is_forgotten_by_so_much_at_each_turn():
    answer = [np.ones((32, 32), np.float32)]
    stage, levels = Occlusion(lambda crop: answer[0]), []
    for _ in range(2 * (REST_FRAMES + 1)):
        (one,) = stage.find(frame_of(face())).faces
        levels.append(int(one.covered[16, 16]))
        answer[0] = np.zeros((32, 32), np.float32)
    left = (1 - TAKEN - FROM) / (TO - FROM)
    assert levels == pytest.approx([255] * (REST_FRAMES + 1) + [255 * left] * (REST_FRAMES + 1), abs=1)
