"""Live streams: shown as they come, at whatever rate, whatever their time stamps say; nobody who reads is kept waiting."""

import threading
from collections.abc import Iterator
from queue import Queue

import av
import pytest

from installation.clock import FrameClock, MonotonicClock
from installation.messages import Frame
from installation.sources import CaptureSettings, SourceLost
from installation.sources.live import MOST_WAITING, LiveReader
from installation.sources.video import VideoSource
from tests.sources.network_camera import AT_FIRST, NetworkCamera

PATIENT = 600  # reads


@pytest.fixture
def camera() -> Iterator[NetworkCamera]:
    there = NetworkCamera()
    yield there
    there.end()
    there.close()


def awaited(source: VideoSource) -> Frame:
    for _ in range(PATIENT):
        frame = source.read()
        if frame is not None:
            return frame
    raise AssertionError("no picture comes")


def drained(source: VideoSource) -> None:
    """Take what came in while the stream was opened."""
    while source.read() is not None:
        pass


def test_a_stream_slower_than_its_made_up_stamps_is_shown_whole(camera: NetworkCamera) -> None:
    """The stamps say 25 a second. The pictures come one by one, each a good while after the one before was shown."""
    with VideoSource(camera.address, CaptureSettings(), MonotonicClock()) as source:
        assert source.is_live
        drained(source)
        for _ in range(40):
            level = camera.send()
            frame = awaited(source)
            assert abs(int(frame.image[20, 20, 1]) - level) <= 2
            assert source.read() is None  # waits for a picture, and there is none


def test_a_silent_stream_keeps_nobody_waiting_and_closes_at_once(camera: NetworkCamera) -> None:
    source = VideoSource(camera.address, CaptureSettings(), MonotonicClock()).open()
    drained(source)
    reader = threading.Thread(target=lambda: [source.read() for _ in range(3)])
    reader.start()
    reader.join()  # a network read would have ended with a timeout, and SourceLost
    source.close()
    with pytest.raises(SourceLost, match="closed"):
        source.read()


def test_a_stream_that_ends_is_lost_and_comes_back(camera: NetworkCamera) -> None:
    source = VideoSource(camera.address, CaptureSettings(), MonotonicClock()).open()
    camera.end()
    with pytest.raises(SourceLost):
        for _ in range(PATIENT):
            source.read()
    source.close()
    for _ in range(AT_FIRST):
        camera.send()
    with source.open():
        assert awaited(source).image.shape == (48, 64, 3)


def test_a_stream_is_turned_where_asked(camera: NetworkCamera) -> None:
    with VideoSource(camera.address, CaptureSettings(rotate=270), MonotonicClock()) as source:
        assert awaited(source).image.shape == (64, 48, 3)


class Wire:
    """Pictures that come into a reader when a test lets them."""

    def __init__(self) -> None:
        self._queue: Queue[av.VideoFrame | Exception | None] = Queue()
        self.closed = threading.Event()

    def pictures(self) -> Iterator[av.VideoFrame | None]:
        while True:
            item = self._queue.get()
            if isinstance(item, Exception):
                raise item
            yield item

    def put(self, item: int | Exception | None) -> None:
        picture = item
        if isinstance(item, int):
            picture = av.VideoFrame(16, 16, "gray")
            picture.pts = item
        self._queue.put(picture)
        while not self._queue.empty():
            threading.Event().wait(0.001)


def taken(reader: LiveReader) -> list[int]:
    numbers = []
    while (item := reader.take()) is not None:
        numbers.append(item[0].pts)
    return numbers


def settled(reader: LiveReader, count: int) -> None:
    """Wait until so many pictures have come in."""
    for _ in range(PATIENT):
        if len(reader._waiting) == count:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{len(reader._waiting)} pictures wait, not {count}")


def test_what_waited_too_long_gives_way_to_something_newer_and_only_to_that() -> None:
    wire, clock = Wire(), FrameClock(100)
    reader = LiveReader("wire", wire.pictures(), wire.closed.set, clock)
    for number in range(3):
        wire.put(number)
    settled(reader, 3)
    clock.frame += 500
    assert taken(reader) == [2] and reader.late == 2
    wire.put(3)
    settled(reader, 1)
    clock.frame += 500
    assert taken(reader) == [3] and reader.late == 2  # old, but the newest there is
    for number in range(4, 7):
        wire.put(number)
    settled(reader, 3)
    assert taken(reader) == [4, 5, 6]  # came in together just now
    reader.close()
    wire.put(None)
    assert wire.closed.wait(10)


def test_a_reader_that_nobody_asks_keeps_few_pictures() -> None:
    wire = Wire()
    reader = LiveReader("wire", wire.pictures(), wire.closed.set, FrameClock(100))
    for number in range(3 * MOST_WAITING):
        wire.put(number)
    settled(reader, MOST_WAITING)
    wire.put(SourceLost("gone"))
    assert wire.closed.wait(10)
    assert taken_until_lost(reader) == list(range(2 * MOST_WAITING, 3 * MOST_WAITING))


def taken_until_lost(reader: LiveReader) -> list[int]:
    numbers = []
    with pytest.raises(SourceLost, match="gone"):
        while True:
            item = reader.take()
            if item is not None:
                numbers.append(item[0].pts)
    return numbers


def test_a_stream_in_pieces_loses_nothing() -> None:
    wire = Wire()
    reader = LiveReader("wire", wire.pictures(), wire.closed.set, FrameClock(100), in_turn=True)
    sender = threading.Thread(target=lambda: [wire.put(number) for number in range(3 * MOST_WAITING)])
    sender.start()
    settled(reader, MOST_WAITING)
    got: list[int] = []
    while len(got) < 3 * MOST_WAITING:
        item = reader.take()
        if item is not None:
            got.append(item[0].pts)
    assert got == list(range(3 * MOST_WAITING)) and reader.late == 0
    sender.join()
    reader.close()
    wire.put(None)


def test_a_stream_that_sends_everything_but_pictures_is_lost() -> None:
    wire, clock = Wire(), FrameClock(10)
    reader = LiveReader("wire", wire.pictures(), wire.closed.set, clock)
    wire.put(None)
    assert reader.take() is None
    clock.frame += 200
    wire.put(None)
    with pytest.raises(SourceLost, match="no picture for"):
        reader.take()
    reader.close()
    wire.put(None)
