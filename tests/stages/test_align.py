"""Crops: the right place and the right padding."""

import cv2
import numpy as np
import pytest

from installation.faces import landmarks as index
from installation.faces.ffhq import Quad, crop_to_original, transform
from installation.messages import Expression, Face, Frame, TrackedFrame
from installation.stages.align import CROPS_KEPT, Align, align_image

SIZE = 128
INSIDE = [((320, 240), 100, 0), ((320, 240), 130, 25), ((300, 200), 40, -70), ((320, 240), 190, 4)]


def picture(width: int = 640, height: int = 480) -> np.ndarray:
    """Smooth colours with some texture."""
    noise = np.random.default_rng(3).integers(0, 256, (height // 4, width // 4, 3)).astype(np.uint8)
    return cv2.GaussianBlur(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), (0, 0), 2)


def matrix(centre: tuple[float, float], half: float, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)) * half, np.sin(np.radians(degrees)) * half
    return crop_to_original(Quad(np.array(centre, float), np.array([c, s]), np.array([-s, c])), SIZE)


def test_crop_of_its_own_frame_is_the_picture() -> None:
    image = picture(SIZE, SIZE)
    edge = (SIZE - 1) / 2
    assert np.array_equal(align_image(image, matrix((edge, edge), SIZE / 2, 0), SIZE), image)


@pytest.mark.parametrize("place", INSIDE)
def test_crop_shows_what_lies_under_the_matrix(place: tuple[tuple[float, float], float, float]) -> None:
    # On a ramp the grey level is the coordinate, so the crop can be read back.
    ramp = np.zeros((480, 640, 3), np.uint8)
    ramp[..., 0] = np.round(np.arange(640) / 4)[None, :]
    ramp[..., 1] = np.round(np.arange(480) / 4)[:, None]
    M_c2o = matrix(*place)
    crop = align_image(ramp, M_c2o, SIZE)
    u, v = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    points = transform(M_c2o, np.stack([u.ravel(), v.ravel()], axis=1)).reshape(SIZE, SIZE, 2)
    assert np.abs(crop[..., :2] - points / 4).max() <= 1.5


def test_small_crops_of_large_faces_do_not_alias() -> None:
    # A fine chequered cloth, eight pixels of it in one of the crop: grey, not a moiré.
    cloth = ((np.indices((1024, 1024)).sum(axis=0) % 2) * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    crop = align_image(cloth, matrix((511, 511), 500, 9), SIZE)
    assert crop.std() < 6
    assert crop.mean() == pytest.approx(127.5, abs=2)


def detail(crop: np.ndarray) -> np.ndarray:
    """How much fine structure each column has."""
    return np.abs(cv2.Laplacian(crop.astype(np.float32), cv2.CV_32F)).mean(axis=(0, 2))


def test_padding_reflects_then_blurs_then_fades() -> None:
    image = picture()
    M_c2o = matrix((0, 240), 100, 0)  # the frame's left edge runs down the middle of the crop
    crop = align_image(image, M_c2o, SIZE)
    mirrored = crop[:, SIZE // 2 - 4 : SIZE // 2 - 1][:, ::-1].astype(float)
    assert np.abs(mirrored - crop[:, SIZE // 2 + 1 : SIZE // 2 + 4]).mean() < 12
    roughness = detail(crop)
    assert roughness[: SIZE // 4].mean() < 0.35 * roughness[SIZE // 2 :].mean()
    assert crop[:, :4].std(axis=(0, 1)).max() < crop[:, SIZE // 4 : SIZE // 2].std(axis=(0, 1)).max() + 1
    unpadded = align_image(image, matrix((200, 240), 100, 0), SIZE)
    assert detail(unpadded).min() > 0.5 * detail(unpadded).mean()


def tracked(image: np.ndarray, faces: int = 1) -> TrackedFrame:
    points = np.full((468, 2), 250, np.float32)
    points[list(index.RIGHT_EYE)], points[list(index.LEFT_EYE)] = (220, 200), (280, 200)
    points[list(index.MOUTH_CORNERS)] = (250, 270)
    face = [Face(i, points + 10 * i, (0, 0, 1, 1), Expression(), 1.0, True, 1.0) for i in range(faces)]
    return TrackedFrame(Frame(0, 0.0, image), tuple(face))


def test_stage_gives_each_face_its_crop_and_both_matrices() -> None:
    image = picture()
    aligned = Align(SIZE).align(tracked(image, 3))
    assert [face.face.id for face in aligned.faces] == [0, 1, 2]
    for face in aligned.faces:
        assert np.array_equal(face.crop, align_image(image, face.M_c2o, SIZE))
        eyes = np.array([[250.0 + 10 * face.face.id, 200.0 + 10 * face.face.id]])
        assert transform(face.M_c2o, transform(face.M_o2c, eyes)) == pytest.approx(eyes)
        # The quad of these landmarks: centre 7 below the eyes, side 252.
        assert transform(face.M_o2c, eyes)[0] == pytest.approx((SIZE / 2 - 0.5, SIZE / 2 - 0.5 - 7 * SIZE / 252), abs=1e-3)


def test_crops_stay_for_the_promised_frames() -> None:
    align = Align(SIZE)
    first = align.align(tracked(picture()))
    kept = first.faces[0].crop.copy()
    for _ in range(CROPS_KEPT - 1):
        align.align(tracked(np.zeros((480, 640, 3), np.uint8)))
    assert np.array_equal(first.faces[0].crop, kept)


def test_tiny_frames_and_odd_sizes() -> None:
    crop = align_image(np.full((16, 16, 3), 77, np.uint8), matrix((8, 8), 200, 20), SIZE)
    assert np.all(np.abs(crop.astype(int) - 77) <= 1)
    with pytest.raises(ValueError, match="multiple of 4"):
        Align(63)
