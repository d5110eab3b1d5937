"""The embedded clip: small, seamless, and its visitors do what the play says, as a face mesh sees them."""

from pathlib import Path

import av
import numpy as np
import pytest

from installation.clock import FrameClock
from installation.demo.build import HEIGHT, RATE, WIDTH
from installation.demo.play import PLAY, SECONDS, act
from installation.engines.face_models import FaceDetector, FaceLandmarker
from installation.faces.detection import suppress, tiles, whole
from installation.faces.expression import measure
from installation.faces.region import from_detection, from_landmarks
from installation.messages import Expression, Image
from installation.sources import CaptureSettings
from installation.sources.demo import CLIP, demo_source

RAVI, AMA = PLAY[1], PLAY[2]
# s: nobody smiles; Ama smiles; she blinks; Ravi looks aside; three are in; the last picture
MOMENTS = {"rest": 0.0, "smile": 4.6, "blink": 12.3, "aside": 11.2, "three": 7.9, "last": SECONDS - 1 / RATE}


@pytest.fixture(scope="module")
def clip() -> dict[str, Image]:
    """Pictures of the clip at MOMENTS."""
    wanted = {round(t * RATE): name for name, t in MOMENTS.items()}
    with av.open(str(CLIP)) as container:
        return {wanted[i]: f.to_ndarray(format="rgb24") for i, f in enumerate(container.decode(video=0)) if i in wanted}


@pytest.fixture(scope="module")
def seen(clip: dict[str, Image]) -> dict[str, list[tuple[float, Expression]]]:
    """Faces found in each picture: x of the nose in px, and the expression; from left to right."""
    detect, find = FaceDetector(), FaceLandmarker()
    found = {}
    for name, image in clip.items():
        views = [whole(WIDTH, HEIGHT), *tiles(WIDTH, HEIGHT, HEIGHT)]
        boxes = suppress([box for view in views for box in detect(image, view)])
        meshes = [find(image, from_detection(box)) for box in boxes]
        faces = [find(image, from_landmarks(mesh.landmarks[:, :2])).landmarks for mesh in meshes if mesh.logit > 0]
        found[name] = sorted(((float(face[1, 0]), measure(face)) for face in faces), key=lambda pair: pair[0])
    return found


def test_small_and_of_its_length() -> None:
    assert CLIP.stat().st_size < 4_000_000
    with demo_source(CaptureSettings(loop=False), FrameClock(RATE), realtime=False) as source:
        frame = source.read()
        assert frame is not None and frame.image.shape == (HEIGHT, WIDTH, 3) and source.rate == RATE
    with av.open(str(CLIP)) as container:
        assert container.streams.video[0].frames == round(SECONDS * RATE)


def test_the_loop_has_no_seam(clip: dict[str, Image]) -> None:
    across = np.abs(clip["last"].astype(int) - clip["rest"]).mean()
    assert across < 1.5 < np.abs(clip["smile"].astype(int) - clip["rest"]).mean()


def test_two_stay_and_a_third_comes(seen: dict[str, list[tuple[float, Expression]]]) -> None:
    assert {name: len(faces) for name, faces in seen.items()} == {"rest": 2, "smile": 2, "blink": 2, "aside": 2, "three": 3, "last": 2}


def test_a_smile_trips_a_trigger(seen: dict[str, list[tuple[float, Expression]]]) -> None:
    assert seen["rest"][0][1].smile < 0.2
    assert seen["smile"][0][1].smile > 0.6
    assert seen["three"][1][1].smile > 0.5


def test_eyes_close_and_heads_turn(seen: dict[str, list[tuple[float, Expression]]]) -> None:
    assert seen["blink"][0][1].eyes_open < 0.8 < seen["rest"][0][1].eyes_open
    assert seen["aside"][1][1].yaw > seen["rest"][1][1].yaw + 8


def test_the_play_ends_as_it_begins() -> None:
    for part in PLAY:
        (place, pose), (later, after) = act(part, 0.0), act(part, SECONDS)
        if not 0 < place.x < WIDTH:  # waits outside, on either side
            assert not 0 < later.x < WIDTH
            continue
        first = [place.x, place.y, place.scale, pose.yaw, pose.pitch, pose.roll, pose.smile, pose.blink]
        assert np.allclose(first, [later.x, later.y, later.scale, after.yaw, after.pitch, after.roll, after.smile, after.blink], atol=0.05)


def test_the_portraits_are_in_the_package() -> None:
    faces = Path(CLIP).parent / "faces"
    assert all((faces / part.look.portrait).is_file() for part in PLAY)
