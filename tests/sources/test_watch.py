"""Cameras that are open and show nothing: what tells them from one that is well."""

import numpy as np

from installation.messages import Image
from installation.sources.watch import BLACK, FROZEN_WORDS, PictureWatch

RANDOM = np.random.default_rng(3)


def noisy(level: float, noise: float = 2.0, size: tuple[int, int] = (72, 128)) -> Image:
    return np.asarray(np.clip(RANDOM.normal(level, noise, (*size, 3)), 0, 255), dtype=np.uint8)


def test_a_camera_that_is_well_gives_no_two_pictures_alike() -> None:
    watch = PictureWatch(2.0)
    assert all(watch.look(noisy(90), k / 10) == "" for k in range(100))


def test_a_dim_room_is_not_black_and_a_covered_lens_is_in_spite_of_its_noise() -> None:
    dim, covered = PictureWatch(2.0), PictureWatch(2.0)
    lamp = noisy(12)
    lamp[:16, :16] = 200
    assert all(dim.look(np.asarray(lamp + RANDOM.integers(0, 2, lamp.shape), np.uint8), k / 10) == "" for k in range(50))
    said = [covered.look(noisy(8, 4), k / 10) for k in range(50)]
    assert said[:20] == [""] * 20 and said[20:] == [BLACK] * 30


def test_what_repeats_itself_is_frozen_until_something_new_comes() -> None:
    watch, still = PictureWatch(2.0), noisy(90)
    said = [watch.look(still.copy(), k / 10) for k in range(40)]
    assert said[:20] == [""] * 20 and said[20:] == [FROZEN_WORDS] * 20
    assert watch.look(noisy(90), 4.0) == ""
    assert watch.look(noisy(90, size=(36, 64)), 4.1) == ""  # of another size is another picture


def test_a_visitor_who_stands_still_in_a_corner_is_enough() -> None:
    watch = PictureWatch(2.0)
    picture = noisy(90)
    for k in range(60):
        picture[8, 8] = k
        assert watch.look(picture, k / 10) == ""


def test_without_patience_nothing_is_said() -> None:
    watch, black = PictureWatch(0), np.zeros((72, 128, 3), np.uint8)
    assert all(watch.look(black, float(k)) == "" for k in range(100))
