"""Nobody is shown who has not agreed: real pictures, and gestures as tracking tells them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from installation.engines.face_models import FaceDetector, FaceLandmarker
from installation.faces import region
from installation.faces.detection import whole
from installation.messages import Expression, Face, Frame, Image, TrackedFrame
from installation.stages.consent import HELD_SECONDS, UNVEIL_SECONDS, Admitted, Consent, veiled
from installation.zones import Zone
from tests.raised_hand import frames

BOX = (270.0, 45.0, 352.0, 138.0)  # of the face in the clip


@pytest.fixture(scope="module")
def picture() -> Image:
    return frames()[0]


def face(id: int = 0, smile: float = 0.0, hand: bool = False, seen: bool = True) -> Face:
    return Face(id, np.zeros((468, 2), np.float32), BOX, Expression(smile=smile), 1.0, seen, 1.0, hand_raised=hand)


def admitted(consent: Consent, faces: Sequence[Face], now: float, image: Image | None = None) -> Admitted:
    picture = np.full((480, 640, 3), 90, np.uint8) if image is None else image
    return consent.admit(TrackedFrame(Frame(0, now, picture), tuple(faces)), now)


def ids(told: Admitted) -> list[int]:
    return [one.id for one in told.tracked.faces]


def test_who_raises_a_hand_is_shown_from_then_on_and_nobody_else() -> None:
    consent = Consent("hand")
    told = admitted(consent, [face(0), face(1, smile=1.0)], 0.0)
    assert ids(told) == [] and told.waiting == 2
    told = admitted(consent, [face(0, hand=True), face(1, smile=1.0)], 0.1)
    assert ids(told) == [0] and told.waiting == 1
    told = admitted(consent, [face(0), face(1)], 5.0)  # the hand may sink
    assert ids(told) == [0] and told.waiting == 1


def test_a_smile_counts_when_it_is_held() -> None:
    consent = Consent("smile")
    steps = [0.1 * k for k in range(round(HELD_SECONDS / 0.1))]
    assert not any(ids(admitted(consent, [face(smile=0.9, hand=True)], now)) for now in steps)
    assert ids(admitted(consent, [face(smile=0.4)], HELD_SECONDS)) == [0]  # not quite as broad all the time
    fleeting = Consent("smile")
    for now in (0.0, 0.3, 0.6):
        assert not ids(admitted(fleeting, [face(smile=0.9)], now))
    admitted(fleeting, [face(smile=0.1)], 0.7)
    assert not ids(admitted(fleeting, [face(smile=0.9)], 0.9))  # begun anew
    admitted(fleeting, [face(smile=0.9, seen=False)], 1.2)
    assert not ids(admitted(fleeting, [face(smile=0.9)], 1.9))  # nobody saw it in between


def test_consent_ends_with_the_visit() -> None:
    consent = Consent("hand", forget_seconds=3.0)
    assert ids(admitted(consent, [face(hand=True)], 0.0)) == [0]
    assert ids(admitted(consent, [face(seen=False)], 2.9)) == [0]  # behind somebody
    assert ids(admitted(consent, [face(seen=False)], 3.1)) == []  # forgotten, and asked anew
    assert ids(admitted(consent, [face()], 3.2)) == []
    assert ids(admitted(consent, [face(hand=True)], 3.3)) == [0]
    admitted(consent, [], 3.4)
    assert ids(admitted(consent, [face()], 3.5)) == []  # the number is nobody's any more


def test_who_has_not_agreed_is_veiled_in_the_frame_itself(picture: Image) -> None:
    before = picture.copy()
    told = admitted(Consent("hand"), [face()], 0.0, picture)
    shown = told.tracked.frame.image
    assert np.array_equal(picture, before)  # the source's own memory is left alone
    x0, y0, x1, y1 = (round(one) for one in BOX)
    assert np.abs(shown[y0:y1, x0:x1].astype(int) - picture[y0:y1, x0:x1]).mean() > 8
    changed = np.argwhere((shown != picture).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert top > y0 - 60 and bottom < y1 + 40 and left > x0 - 40 and right < x1 + 40  # and nothing else
    assert len(FaceDetector()(picture, whole(640, 480))) == 1
    found = FaceDetector()(shown, whole(640, 480))
    logits = [FaceLandmarker()(shown, region.from_detection(one)).logit for one in found]
    assert all(logit < 8 for logit in logits)  # under what tracking takes for a face


def test_the_veil_goes_softly_and_is_gone(picture: Image) -> None:
    consent = Consent("hand")
    admitted(consent, [face()], 0.0, picture)
    differences = []
    for now in np.arange(0.0, UNVEIL_SECONDS + 0.2, 0.1):
        shown = admitted(consent, [face(hand=True)], 1.0 + float(now), picture).tracked.frame.image
        differences.append(float(np.abs(shown.astype(int) - picture).mean()))
    assert differences == sorted(differences, reverse=True) and differences[0] > 0
    assert max(-np.diff(differences)) < 0.3 * differences[0]
    assert differences[-1] == 0.0 and shown is picture


@pytest.mark.parametrize("box", [(-60, -40, 20, 60), (600, 440, 700, 560), (900, 900, 990, 990), (100, 100, 100.2, 100.3)])
def test_a_face_at_the_edge_is_veiled_as_far_as_it_is_there(picture: Image, box: tuple[float, float, float, float]) -> None:
    assert veiled(picture, [(replace(face(), box=box), 1.0)]).shape == picture.shape


def test_what_lies_outside_the_crop_of_the_room_is_veiled_for_nobody_there_can_be_asked(picture: Image) -> None:
    away = Zone(0.0, 0.5, 1.0, 1.0)  # the face is above it
    told = admitted(Consent("hand", room=lambda: away), [], 0.0, picture).tracked.frame.image
    assert np.array_equal(told[240:], picture[240:])
    x0, y0, x1, y1 = (round(one) for one in BOX)
    was, seen = picture[y0:y1, x0:x1].astype(float), told[y0:y1, x0:x1].astype(float)
    assert np.abs(np.diff(seen, axis=1)).mean() < 0.5 * np.abs(np.diff(was, axis=1)).mean()
    detector = FaceDetector(1)
    height, width = picture.shape[:2]
    assert detector(picture, whole(width, height)) and not detector(told, whole(width, height))
    assert np.array_equal(admitted(Consent("hand"), [], 0.0, picture).tracked.frame.image, picture)
