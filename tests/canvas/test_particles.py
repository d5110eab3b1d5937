import numpy as np
import pytest

from installation.canvas.look import PARTICLES, Grade
from installation.canvas.particles import KINDS, Particles, mask
from installation.canvas.plain.sprites import Sprites

SIZES = ((320, 180), (180, 320))


def draw(particles, kind, now, amount=1.0, size=SIZES[0], grade=None):
    picture = np.full((size[1], size[0], 3), 60, np.uint8)
    sprites = Sprites()
    for swarm in particles.swarms(kind, amount, grade or Grade(), now):
        sprites.lay(picture, swarm)
    return picture


def test_every_kind_that_can_be_chosen_is_there():
    assert set(KINDS) == set(PARTICLES)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", PARTICLES)
def test_the_same_moment_and_seed_give_the_same_picture_whatever_came_before(kind, size):
    one, two, other = Particles(*size, seed=3), Particles(*size, seed=3), Particles(*size, seed=4)
    draw(one, kind, 1.0, size=size)
    picture = draw(one, kind, 77.3, size=size)
    assert np.array_equal(picture, draw(two, kind, 77.3, size=size))
    assert not np.array_equal(picture, draw(other, kind, 77.3, size=size))
    assert not np.array_equal(picture, draw(one, kind, 77.9, size=size))
    assert np.abs(picture.astype(int) - 60).mean() > 0.05


@pytest.mark.parametrize("kind", PARTICLES)
def test_particles_move_a_little_at_a_time_and_stay_near_the_canvas(kind):
    particles = Particles(1280, 720)
    far = []
    for i in range(60):
        before = particles.swarms(kind, 1.0, Grade(), 20 + i / 30)
        after = particles.swarms(kind, 1.0, Grade(), 20 + (i + 1) / 30)
        for a, b in zip(before, after, strict=True):
            steps = np.abs(a.places - b.places).max(axis=1)
            far.append(float(np.mean(steps > 20)))  # those that came round again
            assert np.all(a.places > -420) and np.all(a.places < [1700, 1140])
    assert np.mean(far) < 0.02


def test_amount_adds_them_one_by_one():
    particles = Particles(640, 360)
    levels = []
    for amount in np.linspace(0, 1, 200):
        swarms = particles.swarms("snow", float(amount), Grade(), 5.0)
        levels.append(sum(float(swarm.hides.sum()) for swarm in swarms))
    assert levels[0] == 0.0
    assert np.all(np.diff(levels) >= 0)
    assert np.diff(levels).max() < 0.03 * levels[-1]
    assert particles.swarms("none", 1.0, Grade(), 5.0) == ()


def test_a_clock_of_weeks_still_moves_them_smoothly():
    particles = Particles(640, 360)
    a, b = (particles.swarms("snow", 1.0, Grade(), 5e6 + t)[1].places for t in (0.0, 0.1))
    steps = np.abs(a - b).max(axis=1)
    assert 0.1 < np.median(steps) < 10


def test_particles_are_graded_with_everything_else():
    particles = Particles(320, 180)
    black = np.zeros((180, 320, 3), np.uint8)
    for swarm in particles.swarms("embers", 1.0, Grade(brightness=0.0), 3.0):
        Sprites().lay(black, swarm)
    assert black.max() == 0
    tinted = draw(particles, "snow", 3.0, grade=Grade(tint_hue=0.6, tint_amount=1.0)).astype(int)
    assert (tinted[:, :, 2] - tinted[:, :, 0]).max() > 60


def test_a_mask_is_full_in_its_middle_and_empty_at_its_rim():
    for soft in (0.2, 1.0):
        one = mask(np.array([6.0, 3.0, 1.0, 0.0, soft], np.float32), (0.5, 0.5), 2.0)
        assert one[7, 7] == pytest.approx(1.0, abs=0.01)
        assert one[0].max() == one[-1].max() == one[:, 0].max() == one[:, -1].max() == 0.0
        assert one.sum(axis=0).astype(bool).sum() > one.sum(axis=1).astype(bool).sum()  # wider than high


def test_particles_at_the_rim_are_cut_and_not_moved():
    particles = Particles(320, 180)
    whole, part = np.zeros((180, 320, 3), np.uint8), np.zeros((100, 150, 3), np.uint8)
    for swarm in particles.swarms("bokeh", 1.0, Grade(), 9.0):
        Sprites().lay(whole, swarm)
        Sprites().lay(part, swarm)
    assert whole.max() > 40
    assert np.array_equal(part, whole[:100, :150])
