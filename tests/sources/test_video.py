"""Clips: pace, loops, damage, rotation."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from installation.clock import FrameClock
from installation.errors import SourceError
from installation.sources import CaptureSettings, SourceEnded
from installation.sources.video import VideoSource, video_file

SETTINGS = CaptureSettings()
COUNT, RATE = 20, 10
WIDTH, HEIGHT = 64, 48


def level(index: int) -> int:
    return 20 + 10 * index


def write_clip(path: Path, codec: str = "libx264", pixels: str = "yuv420p", every: int = 250, faststart: bool = False) -> Path:
    """COUNT grey pictures, each lighter than the one before; the left half stays black."""
    with av.open(str(path), "w", options={"movflags": "+faststart"} if faststart else {}) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.gop_size = every
        rng = np.random.default_rng(0)
        for index in range(COUNT):
            image = np.full((HEIGHT, WIDTH, 3), level(index), np.uint8)
            image[:, : WIDTH // 2] = 0
            image[HEIGHT // 2 :, WIDTH // 2 :] += rng.integers(0, 9, (HEIGHT // 2, WIDTH // 2, 1)).astype(np.uint8)  # something to damage
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def number(image: np.ndarray) -> int:
    """Which picture of the clip it is."""
    return round((float(image[2 : HEIGHT // 2 - 2, WIDTH // 2 + 4 :].mean()) - 20) / 10)


def numbers(source: VideoSource, count: int) -> list[int]:
    return [number(frame.image) for frame in (source.read() for _ in range(count)) if frame is not None]


@pytest.mark.parametrize(
    ("name", "codec", "pixels"), [("a.mp4", "libx264", "yuv420p"), ("a.mkv", "libx264", "yuv420p"), ("a.gif", "gif", "gray")]
)
def test_lockstep_gives_every_picture_and_loops(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    clip = write_clip(tmp_path / name, codec, pixels)
    with video_file(clip, SETTINGS, FrameClock(RATE), realtime=False) as source:
        assert source.rate == pytest.approx(RATE)
        assert numbers(source, 2 * COUNT) == [*range(COUNT), *range(COUNT)]
        assert source.frames_skipped == 0 and not source.is_live


def test_without_looping_it_ends(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    with video_file(clip, CaptureSettings(loop=False), FrameClock(RATE), realtime=False) as source:
        numbers(source, COUNT)
        with pytest.raises(SourceEnded):
            source.read()


def test_real_time_keeps_the_clips_pace_through_the_loop(tmp_path: Path) -> None:
    clock = FrameClock(100)
    with video_file(write_clip(tmp_path / "a.mp4"), SETTINGS, clock, realtime=True) as source:
        source.nap = lambda _: None
        shown: list[tuple[float, int]] = []
        for _ in range(400):
            frame = source.read()
            if frame is not None:
                shown.append((frame.time, number(frame.image)))
            clock.advance()
    assert [n for _, n in shown] == [*range(COUNT), *range(COUNT)]
    assert np.allclose(np.diff([t for t, _ in shown]), 1 / RATE, atol=0.011)


def test_a_slow_reader_misses_pictures_but_keeps_time(tmp_path: Path) -> None:
    clock = FrameClock(4)  # reads four times a second from ten
    with video_file(write_clip(tmp_path / "a.mp4"), SETTINGS, clock, realtime=True) as source:
        source.nap = lambda _: None
        shown = []
        for _ in range(8):
            frame = source.read()
            assert frame is not None
            shown.append(number(frame.image))
            clock.advance()
    assert shown == [0, 2, 5, 7, 10, 12, 15, 17]
    assert source.frames_late == 10


def test_a_truncated_clip_plays_what_there_is_and_loops(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mkv", every=1).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    with video_file(tmp_path / "cut.mkv", SETTINGS, FrameClock(RATE), realtime=False) as source:
        shown = numbers(source, 3 * COUNT)
    passes = shown.count(0)
    assert passes >= 3 and 3 < max(shown) < COUNT - 2


def test_a_corrupt_stretch_is_skipped_and_counted(tmp_path: Path) -> None:
    data = bytearray(write_clip(tmp_path / "a.mp4", every=1, faststart=True).read_bytes())
    start = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[start : start + 900] = np.random.default_rng(1).integers(0, 256, 900).astype(np.uint8).tobytes()
    (tmp_path / "bad.mp4").write_bytes(data)
    with video_file(tmp_path / "bad.mp4", CaptureSettings(loop=False), FrameClock(RATE), realtime=False) as source:
        shown: list[int] = []
        with pytest.raises(SourceEnded):
            while True:
                shown += numbers(source, 1)
    assert source.frames_skipped >= 1
    assert COUNT // 2 <= len(shown) < COUNT and shown[0] == 0 and shown[-1] == COUNT - 1


def test_rotation_of_a_telephone_is_undone(tmp_path: Path) -> None:
    data = bytearray(write_clip(tmp_path / "a.mp4").read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # version 0: the matrix lies 40 bytes into the box
    one = 1 << 16
    data[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, HEIGHT * one, 0, 1 << 30)  # show it turned clockwise
    (tmp_path / "turned.mp4").write_bytes(data)
    with video_file(tmp_path / "turned.mp4", SETTINGS, FrameClock(RATE), realtime=False) as source:
        for _ in range(COUNT):
            frame = source.read()
    assert frame is not None and frame.image.shape == (WIDTH, HEIGHT, 3)
    # The black left half is on top now, as the upright picture's left side turns upwards.
    assert frame.image[: WIDTH // 2 - 4].mean() < 20
    assert frame.image[WIDTH // 2 + 4 :].mean() > 150


def test_a_clip_that_vanishes_while_it_loops_is_lost_not_a_traceback(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    with video_file(clip, SETTINGS, FrameClock(RATE), realtime=False) as source:
        numbers(source, COUNT)
        clip.unlink()
        with pytest.raises(SourceError, match=r"a\.mp4"):
            source.read()
