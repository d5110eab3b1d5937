"""The mirror's stages turned by hand for one picture or clip: who is edited, that nothing else is, and that nothing is left of the last."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from installation.assembly.networks import models_of, table_of
from installation.config import load_config
from installation.darkroom.sitting import Choice, Faces, Sitting, open_bench
from installation.darkroom.wishes import Words, read_wishes
from installation.errors import WeightsError
from installation.messages import Expression, Face
from installation.sources.stills import read_picture
from installation.styles.library import Library

ROOT = Path(__file__).resolve().parents[2]
FACES = ROOT / "installation" / "demo" / "faces"
STEADY = ("engine.backend=eager", "engine.precision=float32", "engine.device=cpu", "engine.threads=1")
LEFT, RIGHT = slice(20, 276), slice(350, 550)  # columns of the two faces of ``two``
TOP = slice(40, 296)
EDITED = 1.0  # grey levels by which an edited face differs on the whole


def face(name: str, side: int = 256):
    return cv2.resize(read_picture(FACES / f"{name}.webp"), (side, side), interpolation=cv2.INTER_AREA)


def two():
    """Two faces on a grey wall, the larger one left."""
    picture = np.full((340, 600, 3), 120, np.uint8)
    picture[TOP, LEFT], picture[70:270, RIGHT] = face("05015"), face("09460", 200)
    return picture


def turned_away():
    """A face that the frame cuts in half."""
    picture = np.full((340, 600, 3), 120, np.uint8)
    picture[TOP, :128] = face("05015")[:, 128:]
    return picture


def other():
    """Other people in the same places, one with a microphone before her mouth."""
    picture = np.full((340, 600, 3), 230, np.uint8)
    picture[TOP, LEFT], picture[70:270, RIGHT] = face("03992"), face("01620", 200)
    cv2.line(picture, (152, 228), (180, 294), (24, 24, 28), 24)
    cv2.circle(picture, (152, 224), 26, (30, 30, 34), -1, cv2.LINE_AA)
    return picture


def change(before, after, columns=slice(None)) -> float:
    return float(np.abs(after[:, columns].astype(int) - before[:, columns]).mean())


@pytest.fixture(scope="module")
def bench():
    config = load_config(None, [*STEADY, "models.children=[]"])
    cv2.setNumThreads(1)
    bench = open_bench(config, models_of(config), Library(config.models.styles).look()[0])
    yield bench
    bench.networks.encode.close()


@pytest.fixture(scope="module")
def wished(bench):
    table = table_of(bench.models, bench.palette)
    return lambda *sets, **words: read_wishes(Words(sets, **words), table, bench.models.directions.names)


def edited(bench, wishes, picture, who="all"):
    seen = Sitting(bench, wishes.still, who, still=True).look(picture)
    return seen.picture.copy(), seen.faces


def test_changes_are_drawn_as_finely_as_the_generator_can(bench):
    assert bench.networks.generate.change_px == bench.models.base.size


def test_every_face_is_edited_in_its_place_and_nothing_else(bench, wished):
    picture = two()
    after, faces = edited(bench, wished("age=2"), picture)
    assert faces == Faces(found=2, asked=2, edited=2)
    assert after.shape == picture.shape
    assert change(picture, after, LEFT) > EDITED and change(picture, after, RIGHT) > EDITED
    assert (after[:, 290:340] == picture[:, 290:340]).all() and (after[320:] == picture[320:]).all()


@pytest.mark.parametrize(("who", "columns", "others"), [("largest", LEFT, RIGHT), (1, LEFT, RIGHT), (2, RIGHT, LEFT)])
def test_one_face_of_two_is_edited(bench, wished, who, columns, others):
    picture = two()
    after, faces = edited(bench, wished("age=2"), picture, who)
    assert faces == Faces(found=2, asked=1, edited=1)
    assert change(picture, after, columns) > EDITED and (after[:, others] == picture[:, others]).all()


def test_what_is_not_there_is_told(bench, wished):
    wishes = wished("age=2")
    wall = np.full((240, 320, 3), 120, np.uint8)
    assert edited(bench, wishes, wall)[1] == Faces()
    assert edited(bench, wishes, two(), 3)[1] == Faces(found=2, asked=0, edited=0)
    after, faces = edited(bench, wishes, turned_away())
    assert faces.edited == 0 and (after == turned_away()).all()


def test_a_picture_is_the_same_whatever_came_before(bench, wished):
    wishes = wished("age=1", "smile=1")
    first, _ = edited(bench, wishes, two())
    edited(bench, wishes, other())
    again, _ = edited(bench, wishes, two())
    assert (again == first).all()


def test_no_edit_leaves_every_pixel(bench, wished):
    assert (edited(bench, wished("age=0"), two())[0] == two()).all()


def test_whom_a_face_goes_over_into_is_there_at_once(bench, wished):
    picture = two()
    after, _ = edited(bench, wished("identity/morph=1"), picture)
    assert change(picture, after, LEFT) > EDITED and change(picture, after, RIGHT) > EDITED


def test_a_visitors_own_smile_counts_where_it_is_asked_for(bench, wished):
    picture = two()
    plain = edited(bench, wished("age=0"), picture)[0]
    smiled = edited(bench, wished("smile/trigger=1", "smile/threshold=0"), picture)[0]
    assert change(plain, smiled) > 0.05


def test_a_code_takes_the_encoders_place_in_its_face_alone(bench, wished):
    wishes, mean = wished("identity/glass=0", "identity/detail=0").still, bench.models.latent_avg
    first = Sitting(bench, wishes, still=True).look(two())
    picture = first.picture.copy()
    assert [one.number for one in first.sitters] == [1, 2] and not any(torch.equal(one.ws, mean) for one in first.sitters)
    second = Sitting(bench, wishes, still=True, codes={2: mean, 9: mean}).look(two())
    assert torch.equal(second.sitters[0].ws, first.sitters[0].ws) and torch.equal(second.sitters[1].ws, mean)
    assert (second.picture[:, LEFT] == picture[:, LEFT]).all() and change(picture, second.picture, RIGHT) > EDITED
    (chosen,) = Sitting(bench, wishes, 2, still=True, codes={2: mean}).look(two()).sitters
    assert chosen.number == 2 and torch.equal(chosen.ws, mean)
    assert not Sitting(bench, wishes, still=True).look(turned_away()).sitters
    with pytest.raises(WeightsError, match="a code is of 18x512"):
        Sitting(bench, wishes, still=True, codes={1: torch.zeros(18, 512)})


def test_portraits_are_squares_from_the_left(bench, wished):
    seen = Sitting(bench, wished("age=2", portraits=True).still, "all", still=True).look(two())
    assert [cut.number for cut in seen.portraits] == [1, 2]
    for cut in seen.portraits:
        assert cut.before.shape == cut.after.shape and cut.after.shape[0] == cut.after.shape[1] >= 128
        assert change(cut.before, cut.after) > EDITED
    (one,) = Sitting(bench, wished("age=2", portraits=True).still, 2, still=True).look(two()).portraits
    assert one.number == 2 and (one.after == seen.portraits[1].after).all()


def test_a_style_is_painted_over_the_faces_alone(bench, wished):
    picture = two()
    after, _ = edited(bench, wished("style/scope=portraits", styles={"ink": 1.0}), picture, 1)
    assert change(picture, after, LEFT) > 10 * EDITED and (after[:, RIGHT] == picture[:, RIGHT]).all()


def test_a_clip_is_edited_from_its_first_picture_on_and_after_a_cut(bench, wished):
    """After it people are others, the choice is made anew, and whom it falls on is edited at once."""
    wishes, scene = wished("age=2"), two()
    scene[:, RIGHT] = 120
    following = np.ascontiguousarray(other()[:, ::-1])  # the larger face, which is found first, is right
    alone = edited(bench, wishes, following, 1)[0]
    sitting = Sitting(bench, wishes.moving, 1)
    assert change(scene, sitting.look(scene, 0.0).picture, LEFT) > EDITED
    sitting.look(scene, 0.04)
    assert (sitting.look(following, 0.08).picture == alone).all()


def test_oscillators_move_a_clip_and_nothing_moves_without_them(bench, wished):
    swings = ("edit/age/lfo/rate=5", "edit/smile/lfo/depth=0", "edit/gender/lfo/depth=0", "edit/age/lfo/depth=2", "edit/age/lfo/phase=0")
    for wishes, moves in ((wished(*swings, oscillate=True), True), (wished("age=1"), False)):
        sitting = Sitting(bench, wishes.moving)
        looks = [sitting.look(two(), number / 20).picture.copy() for number in range(4)]
        assert (change(looks[2], looks[3], LEFT) > EDITED) == moves


def seen_at(id: int, x: float, size: float = 100.0, seen: bool = True) -> Face:
    return Face(id, np.zeros((468, 2), np.float32), (x, 0.0, x + size, size), Expression(), 1.0, seen, 1.0)


def test_who_is_chosen_in_a_clip_stays_chosen_until_they_leave():
    first = Choice(1)
    assert first.of([seen_at(3, 50), seen_at(7, 400)]) == {3}
    assert first.of([seen_at(3, 500), seen_at(7, 400)]) == {3}  # they have passed each other
    assert first.of([seen_at(3, 500, seen=False), seen_at(7, 400)]) == {3}  # hidden for a moment
    assert first.of([seen_at(7, 400), seen_at(9, 200)]) == {9}
    second = Choice(2)
    assert second.of([seen_at(3, 50)]) == set()
    assert second.of([seen_at(3, 50), seen_at(7, 400)]) == {7}
    largest = Choice("largest")
    assert largest.of([]) == set()
    assert largest.of([seen_at(3, 50), seen_at(7, 400, 120)]) == {7}
    assert Choice("all").of([seen_at(3, 50), seen_at(7, 400)]) == {3, 7}
