"""What the mirror shows behind people: nothing is cut, nobody is lost, and both renderers agree."""

import importlib.util
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from installation.canvas.backdrops import Backdrops
from installation.canvas.compose import Compose
from installation.canvas.plain.renderer import PlainRenderer
from installation.messages import Frame

_spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).parents[1] / "canvas" / "stand_ins.py")
assert _spec and _spec.loader
stand_ins = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_ins)

WIDTH, HEIGHT, FPS = 320, 180, 30
ROOM, PERSON, WALL = (60, 150, 90), (210, 160, 140), (30, 60, 200)
INSIDE, OUTSIDE = np.s_[90:150, 140:180], np.s_[10:60, 10:60]


class Shelf(Backdrops):
    """Two pictures without files."""

    def __init__(self):
        super().__init__(WIDTH, HEIGHT, {})

    def get(self, name, at_once=False):
        return PICTURES.get(name)


PICTURES = {"blue": np.full((HEIGHT, WIDTH, 3), WALL, np.uint8), "grey": np.full((HEIGHT, WIDTH, 3), 128, np.uint8)}


def visit(people=True, size=(WIDTH, HEIGHT)):
    """Somebody in the middle of a room."""
    width, height = size
    image, mask = np.full((height, width, 3), ROOM, np.uint8), np.zeros((height, width), np.uint8)
    there = np.s_[height // 4 :, 2 * width // 5 : 3 * width // 5]
    image[there], mask[there] = PERSON, 255
    who = stand_ins.portraits(frame=image)
    return replace(who, frame=Frame(0, 0.0, image), picture=image, people=mask if people else None)


class Show:
    def __init__(self, renderer=None, **knobs):
        self.knobs = stand_ins.Knobs(layout="mirror", **knobs)
        self.compose, self.now = Compose(renderer or PlainRenderer(WIDTH, HEIGHT), backdrops=Shelf()), 0.0

    def run(self, seconds, who):
        """The pictures of so many seconds."""
        pictures = []
        for _ in range(round(seconds * FPS)):
            self.compose(who, self.knobs, self.now)
            self.now += 1 / FPS
            pictures.append(self.compose.read().astype(int))
        return pictures


def near(picture, place, colour, within=3):
    return np.abs(picture[place].mean(axis=(0, 1)) - colour).max() <= within


@pytest.mark.parametrize(("background", "behind"), [("room", ROOM), ("camera", ROOM), ("black", (0, 0, 0)), ("picture:blue", WALL)])
def test_people_stay_and_what_is_behind_them_changes(background, behind):
    picture = Show(background=background).run(0.1, visit())[-1]
    assert near(picture, INSIDE, PERSON, 1) and near(picture, OUTSIDE, behind, 1)


def test_the_room_out_of_focus_has_nothing_of_the_people_in_it():
    picture = Show(background="blur").run(0.1, visit())[-1]
    assert near(picture, INSIDE, PERSON, 1)
    assert near(picture, OUTSIDE, 0.94 * np.array(ROOM))
    assert near(picture, np.s_[100:140, 116:124], 0.94 * np.array(ROOM), 6)  # right beside them, too


@pytest.mark.parametrize("layout", ["grid", "row"])
def test_in_other_layouts_it_is_the_wall(layout):
    for background, behind in (("picture:blue", WALL), ("blur", 0.62 * np.array(ROOM))):
        show = Show(background=background)
        show.knobs.turn(layout=layout)
        assert near(show.run(1.0, visit(people=False))[-1], OUTSIDE, behind, 4)


CHANGES = [("room", "picture:blue"), ("picture:blue", "picture:grey"), ("black", "blur"), ("blur", "camera")]


@pytest.mark.parametrize(("first", "then"), CHANGES)
def test_a_change_fades(first, then):
    show = Show(background=first)
    before = show.run(0.5, visit())[-1]
    show.knobs.turn(background=then)
    pictures = show.run(1.2, visit())
    goal = pictures[-1][OUTSIDE].mean(axis=(0, 1))
    begun = before[OUTSIDE].mean(axis=(0, 1))
    assert np.abs(goal - begun).max() > 5
    shades = [picture[OUTSIDE].mean(axis=(0, 1)) for picture in [before, *pictures]]
    steps = [np.abs(b - a).max() for a, b in pairwise(shades)]
    assert max(steps) < 0.1 * np.abs(goal - begun).max() + 3
    for picture in pictures:
        assert near(picture, INSIDE, PERSON, 2)
        low, high = np.minimum(goal, begun) - 6, np.maximum(goal, begun) + 6
        assert (picture[OUTSIDE].mean(axis=(0, 1)) > low).all() and (picture[OUTSIDE].mean(axis=(0, 1)) < high).all()


def test_a_matte_that_is_lost_gives_the_room_back_without_a_cut():
    show = Show(background="picture:blue")
    show.run(0.5, visit())
    lost = show.run(1.6, visit(people=False))
    assert near(lost[6], OUTSIDE, WALL, 2)  # a moment is not seen
    assert near(lost[-1], OUTSIDE, ROOM, 2)
    again = show.run(1.2, visit())
    assert near(again[-1], OUTSIDE, WALL, 2)
    for pictures in (lost, again):
        for a, b in pairwise(pictures):
            assert np.abs(a - b).max() < 26


def test_before_anybody_knows_where_people_are_the_room_stays():
    show = Show(background="black")
    assert near(show.run(0.2, visit(people=False))[-1], OUTSIDE, ROOM, 1)
    assert near(show.run(1.0, visit())[-1], OUTSIDE, (0, 0, 0), 1)


def test_nobody_there_leaves_the_picture_alone():
    who = visit()
    empty = replace(who, people=np.zeros_like(who.people))
    picture = Show(background="picture:blue").run(0.1, empty)[-1]
    assert near(picture, np.s_[:, :], WALL, 1)


@pytest.mark.parametrize("size", [(640, 480), (160, 90), (90, 160), (1280, 720)])
def test_a_frame_of_another_size_comes_without_a_fault(size):
    show = Show(background="picture:blue")
    show.run(0.2, visit())
    picture = show.run(0.2, visit(size=size))[-1]
    assert near(picture, np.s_[110:150, 150:170], PERSON, 2) and near(picture, np.s_[10:40, 10:40], WALL, 2)
    lost = show.run(0.2, visit(people=False))[-1]  # the matte of another shape stands in
    assert lost.shape == (HEIGHT, WIDTH, 3)


def test_mirrored_people_are_where_they_are_seen():
    who = visit()
    mask = np.zeros_like(who.people)
    mask[:, :80] = 255
    for mirror in (False, True):
        picture = Show(background="black", mirror=mirror).run(0.1, replace(who, people=mask))[-1]
        side = np.s_[10:40, 250:310] if mirror else np.s_[10:40, 10:70]
        assert near(picture, side, ROOM, 1) and near(picture[:, ::-1], side, (0, 0, 0), 1)


LOOKS = [{"background": name, "mirror": mirror} for name in ("black", "blur", "picture:blue") for mirror in (False, True)]
LOOKS += [
    {"background": "picture:grey", "fit": "contain", "vignette": 0.5, "tint_amount": 0.4, "gamma": 1.3},
    {"background": "blur", "vignette": 0.4, "sharpen": 0.5},
]


@pytest.mark.gl
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_gl_draws_what_the_plain_path_draws(look):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        context = hardware.open_context(standalone=True)
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    renderer = hardware.GLRenderer(context, WIDTH, HEIGHT)
    who = visit(size=(640, 400))
    shows = [Show(**look), Show(renderer, **look)]
    for show in shows:
        show.knobs.turn(background="room")
        show.run(0.2, who)
        show.knobs.turn(background=look["background"])
    for seconds in (0.4, 1.0):  # on the way, and at rest
        one, two = (show.run(seconds, who)[-1] for show in shows)
        assert np.abs(one - two).mean() < 1.0
        assert np.quantile(np.abs(one - two), 0.995) <= 10
    renderer.close()
