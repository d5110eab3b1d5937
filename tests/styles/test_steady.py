"""A styled picture stands still where the camera's does, and leaves no trail where it moves."""

import numpy as np

from installation.messages import Image
from installation.styles.blend import blend_of
from installation.styles.easel import Easel
from tests.styles.stand_ins import PALETTE, Negative, Trembling

ALPHA, BETA = (blend_of(PALETTE, {name: 1.0}) for name in ("alpha", "beta"))
assert ALPHA is not None and BETA is not None
SIZE = (128, 72)
RANDOM = np.random.default_rng(3)


def scene(low: int = 60, high: int = 190) -> Image:
    across, down = np.meshgrid(np.linspace(low, high, SIZE[0]), np.linspace(low, high, SIZE[1]))
    return np.stack([across, down, across[:, ::-1]], axis=2).astype(np.uint8)


def noisy(picture: Image, deviation: float = 2.0) -> Image:
    return np.clip(np.rint(picture + RANDOM.normal(0, deviation, picture.shape)), 0, 255).astype(np.uint8)


def change(pictures: list[Image]) -> float:
    return float(np.mean([np.abs(a.astype(float) - b).mean() for a, b in zip(pictures[1:], pictures, strict=False)]))


def test_camera_noise_moves_the_painting_no_more_than_twice_as_much() -> None:
    frames = [noisy(scene(112, 144)) for _ in range(30)]
    hand, easel, alone = Trembling(SIZE), Easel(), Easel(steady=False)
    styled = [easel.paint(frame, ALPHA, hand).copy() for frame in frames]
    by_itself = [alone.paint(frame, ALPHA, hand).copy() for frame in frames]
    assert change(by_itself) > 4 * change(frames)  # what there is to be held
    assert change(styled[5:]) <= 2 * change(frames)


def with_square(left: int) -> Image:
    picture = scene()
    picture[20:52, left : left + 24] = (250, 240, 10)
    return picture


def test_what_moves_fast_leaves_no_trail() -> None:
    hand, easel, alone = Negative(SIZE), Easel(), Easel(steady=False)
    for left in range(0, 100, 12):
        shown = easel.paint(noisy(with_square(left)), ALPHA, hand)
        expected = alone.paint(with_square(left), ALPHA, hand)
        assert np.abs(shown.astype(float) - expected)[18:54].mean() < 2.5
        assert np.abs(shown.astype(float) - expected)[18:54].max() < 30


def test_slow_light_is_followed() -> None:
    hand, easel = Negative(SIZE), Easel()
    for level in range(60):
        shown = easel.paint(np.full((72, 128, 3), 100 + level, np.uint8), ALPHA, hand).copy()
    assert np.abs(shown.astype(float) - (255 - 159)).mean() < 14  # a grey level a frame, some frames late


def test_another_scene_is_there_at_once() -> None:
    hand, easel = Negative(SIZE), Easel()
    easel.paint(np.full((72, 128, 3), 20, np.uint8), ALPHA, hand)
    assert np.abs(easel.paint(np.full((72, 128, 3), 220, np.uint8), ALPHA, hand).astype(int) - 35).max() <= 1


class Flat:
    """Paints each style as one colour."""

    size = SIZE

    def draw(self, picture: Image, blend: object) -> Image:
        return np.full_like(picture, 40 if blend is ALPHA else 200)


def test_another_style_is_there_at_once_on_a_still_scene() -> None:
    easel = Easel()
    for _ in range(5):
        easel.paint(scene(), ALPHA, Flat())
    assert easel.paint(scene(), BETA, Flat()).mean() > 195
