"""What hangs on the wall, for how long, and how it is lit; no renderer is needed for that."""

from dataclasses import replace

import numpy as np
import pytest

from installation.canvas.look import Look
from installation.canvas.wall import Wall
from tests.canvas.stand_ins import Knobs, plain_picture, portraits

RED, BLUE = (200, 40, 30), (30, 60, 200)
NOBODY = replace(portraits(plain_picture(RED)), portraits=())


def hung(wall, who, seconds=3.0, since=0.0, **knobs):
    """What hangs after some time of the same visitors."""
    look = Look.of(Knobs(**knobs))
    for i in range(round(seconds * 30) + 1):
        tiles, placements = wall.hang(who, look, since + i / 30)
    return tiles, placements


def test_who_left_hangs_with_the_last_picture_until_it_has_faded():
    wall = Wall(320, 180)
    (one,), _ = hung(wall, portraits(plain_picture(RED)), background="black")
    (leaving,), _ = hung(wall, NOBODY, seconds=0.1, since=3.05)
    assert leaving.image is one.image and 0.0 < leaving.opacity < one.opacity
    tiles, placements = hung(wall, NOBODY, seconds=5.0, since=3.2)
    assert tiles == () and placements == () and wall._last == {}


def test_a_visitor_whose_new_picture_is_empty_keeps_the_one_before():
    wall, who = Wall(320, 180), portraits(plain_picture(RED))
    (one,), _ = hung(wall, who)
    nothing = replace(who, portraits=(replace(who.portraits[0], image=np.empty((0, 0, 3), np.uint8)),))
    (again,), _ = hung(wall, nothing, seconds=0.1, since=3.05)
    assert again.image is one.image


def test_before_the_first_portraits_one_lamp_waits_in_the_middle():
    wall = Wall(320, 180)
    tiles, placements = hung(wall, None, seconds=0.1)
    (lamp,) = wall.lights(placements)
    assert tiles == () and (lamp.x, lamp.y) == (160.0, pytest.approx(75.6)) and lamp.radius == pytest.approx(54.0)


def test_each_portrait_has_a_lamp_and_the_one_that_waits_goes_out():
    wall = Wall(320, 180)
    tiles, placements = hung(wall, portraits(plain_picture(RED), plain_picture(BLUE)), layout="row")
    lights = wall.lights(placements)
    assert len(tiles) == len(lights) == 2
    for tile, lamp in zip(tiles, lights, strict=True):
        assert lamp.x == tile.box.x and tile.box.y - tile.box.size / 2 < lamp.y < tile.box.y
    half, placements = hung(Wall(320, 180), portraits(plain_picture(RED)), seconds=0.2, layout="row")
    assert 0.0 < half[0].opacity < 1.0 and len(wall.lights(placements)) == 2  # on its way, both


def test_frames_go_with_the_layouts_that_have_them():
    wall, picture = Wall(320, 180), plain_picture(RED)
    (salon,), _ = hung(wall, portraits(picture), seconds=4.0, layout="salon")
    assert salon.image.shape != picture.shape or (salon.image != picture).any()
    (row,), _ = hung(wall, portraits(picture), since=4.1, layout="row")
    assert (row.image == picture).all()
