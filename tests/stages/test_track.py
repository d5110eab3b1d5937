"""Tracking on two clips of real people, alone and composed into scenes."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from installation import demo
from installation.faces.presence import GOOD
from installation.messages import Frame, TrackedFrame
from installation.stages.track import Track, TrackSettings

pytestmark = pytest.mark.usefixtures("networks_once")

DATA = Path(__file__).parents[1] / "data"
RATE = 30


def clip(name: str) -> list[np.ndarray]:
    """All frames of a clip, uint8 RGB."""
    capture = cv2.VideoCapture(str(DATA / name))
    frames = []
    while True:
        found, frame = capture.read()
        if not found:
            return frames
        frames.append(np.ascontiguousarray(frame[..., ::-1]))


@pytest.fixture(scope="module")
def nod() -> list[np.ndarray]:
    return clip("yes.mkv")


@pytest.fixture(scope="module")
def please() -> list[np.ndarray]:
    return clip("please.mkv")


def run(frames: Iterable[np.ndarray], **settings: float) -> list[TrackedFrame]:
    track = Track(TrackSettings(**settings))  # type: ignore[arg-type]
    return [track.track(Frame(i, i / RATE, frame)) for i, frame in enumerate(frames)]


def to_and_fro(frames: list[np.ndarray], count: int) -> list[np.ndarray]:
    """``count`` frames of a clip that runs forward and back without a cut."""
    there_and_back = frames + frames[-2:0:-1]
    return [there_and_back[i % len(there_and_back)] for i in range(count)]


def head(frame: np.ndarray, size: int) -> np.ndarray:
    """The head and shoulders of either clip, ``size`` px high; the face is about half of that."""
    face = Track(TrackSettings(max_faces=1)).track(Frame(0, 0.0, frame)).faces[0]
    x0, y0, x1, y1 = face.box
    side = 2 * (y1 - y0)
    x, y = round(max((x0 + x1 - side) / 2, 0)), round(max((y0 + y1 - side) / 2, 0))
    return cv2.resize(frame[y : y + round(side), x : x + round(side)], (size, size), interpolation=cv2.INTER_AREA)


def test_one_person_keeps_one_id_and_nods(nod: list[np.ndarray]) -> None:
    tracked = run(nod)
    assert all([face.id for face in frame.faces] == [0] for frame in tracked)
    assert all(frame.faces[0].seen for frame in tracked)
    faces = [frame.faces[0] for frame in tracked]
    pitch = [face.expression.pitch for face in faces]
    assert max(pitch) - min(pitch) > 15
    assert max(abs(face.expression.yaw) for face in faces) < 10
    assert faces[0].presence == 0
    assert faces[-1].presence == pytest.approx(1)
    for face in faces:
        assert face.landmarks.shape == (468, 2)
        assert face.drawable == 1
        x0, y0, x1, y1 = face.box
        assert 0 < x0 < x1 < 640
        assert 0 < y0 < y1 < 480


def test_eyes_lie_where_they_lie_in_the_frame(nod: list[np.ndarray]) -> None:
    # The same person, moved and halved, has the same landmarks, moved and halved.
    whole = run([nod[0]])[0].faces[0].landmarks
    small = np.full((480, 640, 3), 127, np.uint8)
    small[200:440, 300:620] = cv2.resize(nod[0], (320, 240), interpolation=cv2.INTER_AREA)
    found = run([small])[0].faces[0].landmarks
    expected = (whole + 0.5) / 2 - 0.5 + (300, 200)
    assert np.abs(found - expected).mean() < 0.015 * np.ptp(expected[:, 1])


def test_a_face_of_a_twentieth_of_the_width_is_found_and_kept(please: list[np.ndarray]) -> None:
    person = head(please[0], 128)
    frames = []
    for i in range(45):
        room = np.full((720, 1280, 3), (150, 140, 130), np.uint8)
        room[300 : 300 + 128, 900 + i : 900 + i + 128] = person
        frames.append(room)
    tracked = run(frames)
    assert all([face.id for face in frame.faces] == [0] and frame.faces[0].seen for frame in tracked)
    x0, _, x1, _ = tracked[-1].faces[0].box
    assert x1 - x0 < 0.06 * 1280
    assert 900 + 44 < (x0 + x1) / 2 < 900 + 44 + 128


def test_an_occlusion_of_a_second_keeps_the_id(nod: list[np.ndarray]) -> None:
    frames = []
    for i, frame in enumerate(to_and_fro(nod, 75)):
        shown = frame.copy()
        if 20 <= i < 50:
            shown[:, 150:550] = (90, 110, 90)
        frames.append(shown)
    tracked = run(frames)
    assert [face.id for frame in tracked for face in frame.faces] == [0] * 75
    assert all(frame.faces[0].seen for frame in tracked[:20])
    assert not any(frame.faces[0].seen for frame in tracked[21:50])
    assert tracked[60].faces[0].seen
    held = tracked[30].faces[0]
    assert np.array_equal(held.landmarks, tracked[45].faces[0].landmarks)
    assert held.presence == tracked[45].faces[0].presence > 0.5


def test_two_people_cross_and_stay_themselves(nod: list[np.ndarray], please: list[np.ndarray]) -> None:
    ann, ben = head(nod[0], 200), head(please[0], 200)
    frames = []
    for i in range(90):
        room = np.full((400, 900, 3), (150, 140, 130), np.uint8)
        room[120:320, 650 - 6 * i : 850 - 6 * i] = ben
        room[100:300, 50 + 6 * i : 250 + 6 * i] = ann
        frames.append(room)
    tracked = run(frames)
    start = {face.id: face.box[0] for face in tracked[5].faces}
    end = {face.id: face.box[0] for face in tracked[-1].faces if face.seen}
    assert sorted(start) == sorted(end) == [0, 1]
    left = min(start, key=lambda id: start[id])
    assert end[left] == max(end.values())
    assert {face.id for frame in tracked for face in frame.faces} == {0, 1}


def test_who_leaves_fades_and_is_dropped(nod: list[np.ndarray]) -> None:
    empty = np.full_like(nod[0], 120)
    tracked = run([*to_and_fro(nod, 30), *[empty] * 75], occlusion_seconds=1.0, fade_out_seconds=1.0)
    fading = [frame.faces[0].presence for frame in tracked[30:] if frame.faces]
    assert len(fading) == pytest.approx(60, abs=3)
    assert fading == sorted(fading, reverse=True)
    assert not tracked[-1].faces


def test_more_faces_than_places(please: list[np.ndarray]) -> None:
    room = np.full((480, 1280, 3), (150, 140, 130), np.uint8)
    person = head(please[0], 280)
    for i, size in enumerate((150, 280, 200, 160)):
        room[100 : 100 + size, 20 + 310 * i : 20 + 310 * i + size] = cv2.resize(person, (size, size), interpolation=cv2.INTER_AREA)
    assert len(run([room])[0].faces) == 4
    two = run([room] * 20, max_faces=2)
    assert all([face.id for face in frame.faces] == [0, 1] for frame in two)
    assert sorted(round(face.box[0] / 310) for face in two[-1].faces) == [1, 2]


def test_a_cut_to_another_person_is_another_visitor(nod: list[np.ndarray], please: list[np.ndarray]) -> None:
    other = np.ascontiguousarray(please[0][:, ::-1]) // 2
    tracked = run([nod[0]] * 5 + [other] * 5)
    assert {face.id for face in tracked[4].faces} == {0}
    assert {face.id for face in tracked[-1].faces if face.seen} == {1}


def test_it_says_where_a_scene_is_cut_and_begins_anew(nod: list[np.ndarray], please: list[np.ndarray]) -> None:
    track, other = Track(TrackSettings()), np.ascontiguousarray(please[0][:, ::-1]) // 2
    cuts = []
    for i, frame in enumerate([nod[0], nod[1], other, other]):
        track.track(Frame(i, i / RATE, frame))
        cuts.append(track.cut)
    assert cuts == [True, False, True, False]
    track.forget()
    (face,) = track.track(Frame(0, 0.0, other)).faces
    assert track.cut and face.id == 0 and face.presence == 0.0


def test_turned_beyond_the_limit_it_is_not_drawn(nod: list[np.ndarray]) -> None:
    # With the limit below this person's own yaw the portrait fades by exactly the excess.
    face = run([nod[0]])[0].faces[0]
    yaw = abs(face.expression.yaw)
    assert yaw > 0.5
    faded = run([nod[0]], yaw_limit_degrees=yaw / 2, yaw_fade_degrees=yaw)[0].faces[0]
    assert faded.drawable == pytest.approx(0.5, abs=0.01)
    gone = run([nod[0]], yaw_limit_degrees=yaw / 4, yaw_fade_degrees=yaw / 2)[0].faces[0]
    assert gone.drawable == 0


@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (17, 300), (300, 17), (1500, 2000)])
def test_frames_of_any_size_without_a_face(shape: tuple[int, int]) -> None:
    assert run([np.zeros((*shape, 3), np.uint8)] * 3)[-1].faces == ()


def test_who_is_passed_by_is_hidden_and_nobody_else(nod: list[np.ndarray], please: list[np.ndarray]) -> None:
    # Ann, nearer, walks past Ben: at no time are his landmarks good and on her face.
    # A third one stands aside, so that not everybody is looked at in every frame.
    ann, ben, eve = head(nod[0], 260), head(please[0], 200), np.ascontiguousarray(head(nod[0], 180)[:, ::-1])
    frames, middles = [], []
    for i in range(80):
        room = np.full((400, 1240, 3), (150, 140, 130), np.uint8)
        room[120:300, 1040:1220] = eve
        room[120:320, 400:600] = ben
        x = 10 + 9 * i
        room[80:340, x : x + 260] = ann
        frames.append(room)
        middles.append(x + 130)
    tracked = run(frames)
    start = {face.id: face.box[0] for face in tracked[5].faces}
    walker, stander, _ = sorted(start, key=lambda id: start[id])
    hidden = 0
    for frame, middle in zip(tracked, middles, strict=True):
        for face in frame.faces:
            x = (face.box[0] + face.box[2]) / 2
            if face.id == stander and face.seen and face.quality >= GOOD and face.fresh:
                assert abs(x - 500) < 40
            hidden += face.id == stander and (not face.seen or face.quality < GOOD)
            if face.id == walker and face.seen and face.fresh and abs(middle - 500) < 200:
                assert abs(x - middle) < 50
    assert hidden > 10
    assert {face.id for frame in tracked for face in frame.faces} == set(start)
    assert all(face.seen and face.quality >= GOOD for face in tracked[-1].faces)


def test_who_walks_out_of_the_frame_is_judged_before_they_are_gone(nod: list[np.ndarray]) -> None:
    person = head(nod[0], 260)
    frames = []
    for i in range(75):
        room = np.full((400, 700, 3), (150, 140, 130), np.uint8)
        x = min(300 + 10 * i, 700)
        room[80:340, x : min(x + 260, 700)] = person[:, : max(700 - x, 0)]
        frames.append(room)
    tracked = run(frames, fade_out_seconds=0.5)
    for frame in tracked:
        for face in frame.faces:
            out = float((face.landmarks[:, 0] >= 700).mean())
            if face.seen and out > 0.15:
                assert face.quality < GOOD
    last_good = max(i for i, frame in enumerate(tracked) if any(face.seen and face.quality >= GOOD for face in frame.faces))
    assert not any(frame.faces for frame in tracked[last_good + 30 :])  # not a second and a half later


def test_part_of_a_face_that_fills_the_frame_is_nobody() -> None:
    picture = np.ascontiguousarray(cv2.imread(str(DATA / "close_eye.jpg"))[..., ::-1])
    assert not run([picture] * 10)[-1].faces


def test_without_frames_they_leave(nod: list[np.ndarray]) -> None:
    track = Track(TrackSettings())
    frames = [Frame(i, i / RATE, frame) for i, frame in enumerate(to_and_fro(nod, 30))]
    for frame in frames:
        tracked = track.track(frame)
    assert tracked.faces[0].seen
    held = track.wait(frames[-1], 1.6)
    assert [(face.seen, face.presence) for face in held.faces] == [(False, pytest.approx(1.0))]
    assert not track.wait(frames[-1], 4.0).faces


def test_nobody_wears_anothers_face_while_somebody_walks_past_two_others() -> None:
    # The shipped visitors: two stand, a third, nearer and so larger, walks past both. A face that changes size is another's.
    capture = cv2.VideoCapture(str(Path(demo.__file__).parent / "visitors.mp4"))
    capture.set(cv2.CAP_PROP_POS_MSEC, 5000)
    tracked = run(np.ascontiguousarray(capture.read()[1][..., ::-1]) for _ in range(160))
    sizes: dict[int, list[float]] = {}
    for frame in tracked:
        for face in frame.faces:
            if face.seen and face.fresh and face.quality >= GOOD:
                sizes.setdefault(face.id, []).append(face.box[3] - face.box[1])
    assert sorted(sizes) == [0, 1, 2]
    for of_one in sizes.values():
        assert max(of_one) < 1.12 * float(np.median(of_one))
    # Who walks in front can be seen well all the way, until they leave.
    good = [i for i, frame in enumerate(tracked) if any(face.id == 2 and face.seen and face.quality >= GOOD for face in frame.faces)]
    assert max(np.diff(good)) <= 4
    assert good[-1] < len(tracked) - 1
