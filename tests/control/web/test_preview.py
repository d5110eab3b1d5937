"""The preview: made only for those who ask, one picture on its way to each; and the code that carries the address."""

import threading
import time

import cv2
import numpy as np
import pytest

from installation.canvas.qr import qr_rgb
from installation.control.web.preview import LONGEST, Preview
from installation.control.web.tracker_view import LOST, SEEN, WEAKEST, TrackerView, drawn
from installation.messages import Expression, Face, Frame, TrackedFrame
from tests.control.web.stranger import Line


def picture(seed: int = 0, width: int = 1280, height: int = 720) -> np.ndarray:
    rows = np.linspace(0, 255, height, dtype=np.uint8)[:, None, None]
    return np.ascontiguousarray(np.broadcast_to(rows, (height, width, 3)) + np.array([seed, 0, 0], np.uint8))


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_nothing_is_wanted_while_nobody_looks_and_ten_pictures_a_second_at_most():
    preview = Preview(allowed=True)
    assert not preview.wanted(0.0) and preview.jpeg() is None
    preview.ask(lambda: None)
    assert preview.wanted(0.0)
    preview.put(picture(), 0.0)
    assert not preview.wanted(5.0)  # the one that was asked for is there
    preview.ask(lambda: None)
    assert not preview.wanted(0.05) and preview.wanted(0.11)


def test_where_pictures_may_not_be_shown_none_is_wanted_and_none_is_kept():
    preview = Preview()  # before there is a source, nobody knows whose picture it is
    preview.ask(lambda: pytest.fail("there is a picture"))
    assert not preview.wanted(0.0)
    preview.put(picture(), 0.0)  # whoever does not ask first
    assert preview.jpeg() is None
    preview.allowed = True
    preview.ask(lambda: None)
    assert preview.wanted(1.0)


@pytest.mark.parametrize(
    ("width", "height", "size"), [(1280, 720, (640, 360)), (720, 1280, (360, 640)), (320, 180, (320, 180)), (4000, 3, (640, 1))]
)
def test_a_picture_is_small_and_in_its_colours(width, height, size):
    preview = Preview(allowed=True)
    image = np.zeros((height, width, 3), np.uint8)
    image[:] = (200, 60, 20)
    preview.ask(lambda: None)
    preview.put(image, 0.0)
    image[:] = 0  # the canvas is drawn anew meanwhile
    jpeg = preview.jpeg()
    assert jpeg is not None and preview.jpeg() is None
    seen = decoded(jpeg)
    assert seen.shape[1::-1] == size and max(size) <= LONGEST
    assert np.abs(seen.reshape(-1, 3).mean(0) - (200, 60, 20)).max() < 6


def test_the_newest_picture_wins():
    preview = Preview(allowed=True)
    for shade in (10, 200):
        preview.put(np.full((40, 40, 3), shade, np.uint8), shade)
    assert abs(decoded(preview.jpeg() or b"").mean() - 200) < 4


def test_one_who_looks_gets_a_picture_for_each_word_and_none_unasked(stage):
    stop, made = threading.Event(), []

    def display():
        while not stop.wait(0.01):
            if stage.preview.wanted(time.monotonic()):
                made.append(len(made))
                stage.preview.put(np.full((90, 160, 3), 10 * len(made), np.uint8), time.monotonic())

    shown = threading.Thread(target=display)
    shown.start()
    try:
        lines = [Line(stage.panel.port, "/panel/preview") for _ in range(3)]
        time.sleep(0.3)
        assert made == []
        for turn in range(3):
            for line in lines:
                line.send("next")
            means = [decoded(line.receive()).mean() for line in lines]
            assert max(means) - min(means) < 25 and means[0] > 10 * turn
        time.sleep(0.3)
        assert len(made) <= 9
        with pytest.raises(TimeoutError):
            lines[0].receive(0.3)
        for line in lines:
            line.close()
    finally:
        stop.set()
        shown.join()


def test_a_phone_reads_the_address_from_the_code():
    url = "http://192.168.1.20:8600/panel?token=kO3nG9x_-Yt0aQ2bE5rZ7uWs"
    image = qr_rgb(url, module_px=5)
    assert image.dtype == np.uint8 and image.shape[0] == image.shape[1] and image.shape[2] == 3
    assert image[:20].min() == 255  # its quiet zone
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == url


def tracked(width, height, *faces):
    image = np.zeros((height, width, 3), np.uint8)
    return TrackedFrame(Frame(0, 0.0, image), faces)


def visitor(box, seen=True, quality=1.0, landmarks=()):
    points = np.array(landmarks or [(-50.0, -50.0)], np.float32)
    return Face(1, points, box, Expression(), 1.0, seen, 1.0, quality)


def box_in(picture):
    """Left, top, right and bottom of what is drawn on black, px, and how much light it takes."""
    found = picture.any(-1)
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()]), int(picture.sum())


def test_the_tracker_s_picture_has_boxes_where_the_faces_are_thin_where_they_are_not_fit_for_a_portrait():
    box = (100.0, 60.0, 200.0, 140.0)
    place, fit = box_in(drawn(tracked(400, 300, visitor(box, quality=WEAKEST))))
    assert np.abs(place - box).max() <= 2
    place, unfit = box_in(drawn(tracked(400, 300, visitor(box, quality=WEAKEST - 0.01))))
    assert np.abs(place - box).max() <= 2 and fit > 1.3 * unfit
    place, _ = box_in(drawn(tracked(1280, 960, visitor((200.0, 120.0, 400.0, 280.0)))))
    assert np.abs(place - box).max() <= 2


def test_landmarks_of_who_is_seen_are_points_and_of_who_is_waited_for_there_are_none():
    box, points = (100.0, 60.0, 200.0, 160.0), [(0.0, 0.0), (399.0, 299.0), (150.4, 99.6), (400.0, 5.0), (5.0, 300.0), (-1.0, 5.0)]
    seen = drawn(tracked(400, 300, visitor(box, landmarks=points)))
    assert [tuple(seen[y, x]) for x, y in ((0, 0), (399, 299), (150, 100))] == [SEEN] * 3
    assert (seen[5] == SEEN).all(-1).sum() == 0 and (seen[:, 5] == SEEN).all(-1).sum() == 0  # beyond the edge there is nothing
    scaled = drawn(tracked(1280, 960, visitor((200.0, 120.0, 400.0, 280.0), landmarks=[(301.0, 199.0)])))
    assert tuple(scaled[100, 150]) == SEEN
    lost = drawn(tracked(400, 300, visitor(box, seen=False, landmarks=points)))
    assert (lost == LOST).all(-1).sum() > 300 and not (lost == SEEN).all(-1).any() and not lost[0, 0].any()


def test_the_tracker_s_picture_is_drawn_for_those_who_look_and_its_size_is_always_known():
    preview = Preview(allowed=True)
    view, one = TrackerView(preview), tracked(400, 300, visitor((100.0, 60.0, 200.0, 160.0)))
    view.offer(one, 1.0)
    assert preview.size == (400, 300) and preview.jpeg() is None
    preview.ask(lambda: None)
    view.offer(one, 2.0)
    assert preview.jpeg() is not None and not one.frame.image.any()  # the frame itself stays as it was
