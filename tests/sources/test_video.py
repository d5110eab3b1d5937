"""Clips: pace, loops, damage, rotation."""

import gc
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


def write_clip(
    path: Path,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    every: int = 250,
    faststart: bool = False,
    start: int = 0,
    rate: Fraction = Fraction(RATE),
    kind: str | None = None,
    **options: str,
) -> Path:
    """COUNT grey pictures, each lighter than the one before; the left half stays black. start: number of its first time stamp."""
    with av.open(str(path), "w", format=kind, options={"movflags": "+faststart"} if faststart else {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.gop_size = every
        rng = np.random.default_rng(0)
        for index in range(COUNT):
            image = np.full((HEIGHT, WIDTH, 3), level(index), np.uint8)
            image[:, : WIDTH // 2] = 0
            image[HEIGHT // 2 :, WIDTH // 2 :] += rng.integers(0, 9, (HEIGHT // 2, WIDTH // 2, 1)).astype(np.uint8)  # something to damage
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = start + index, 1 / rate
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


def played(path: Path, rate: float = 100, loop: bool = False, most: int = 4000) -> tuple[list[float], list[int], float]:
    """A clip in real time: s of each picture, its number, and s of the end."""
    clock = FrameClock(rate)
    moments, shown = [], []
    with video_file(path, CaptureSettings(loop=loop), clock, realtime=True) as source:
        source.nap = lambda _: None
        for _ in range(most):
            try:
                frame = source.read()
            except SourceEnded:
                break
            if frame is not None:
                moments.append(frame.time)
                shown.append(number(frame.image))
            clock.advance()
    return moments, shown, clock.now()


@pytest.mark.parametrize("start", [COUNT - 3, 36_000, 0])  # a step back into the first piece, an hour ahead, all over again
def test_a_clip_of_two_pieces_plays_through_their_joint(tmp_path: Path, start: int) -> None:
    first, second = write_clip(tmp_path / "a.ts"), write_clip(tmp_path / "b.ts", start=start)
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    moments, shown, end = played(tmp_path / "both.ts")
    assert shown == [*range(COUNT), *range(COUNT)]
    assert np.allclose(np.diff(moments), 1 / RATE, atol=0.011)
    assert end == pytest.approx(2 * COUNT / RATE, abs=0.05)


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [("a.h264", "libx264", "h264"), ("a.hevc", "libx265", "hevc"), ("a.m4v", "mpeg4", "m4v"), ("a.avi", "libx264", "avi")],
)
def test_without_time_stamps_a_clip_keeps_the_pace_of_its_pictures(tmp_path: Path, name: str, codec: str, kind: str) -> None:
    clip = write_clip(tmp_path / name, codec, kind=kind, bf="2", g="10", b="2000000")
    moments, shown, _ = played(clip)
    assert shown == list(range(COUNT))
    assert np.all(np.diff(moments)[2:] < 1.5 / RATE) and np.all(np.diff(moments) > 0.5 / RATE)


def test_raw_dv_plays_at_its_own_rate_with_square_pixels(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.dv"), "w", format="dv") as container:
        stream = container.add_stream("dvvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 720, 576, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((576, 720, 3), 90, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with video_file(tmp_path / "a.dv", SETTINGS, FrameClock(RATE), realtime=False) as source:
        assert source.rate == 25
        frame = source.read()
    assert frame is not None and frame.image.shape == (576, 768, 3)
    moments, _, end = played(tmp_path / "a.dv")
    assert len(moments) == 10 and end == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_the_last_picture_of_a_slow_clip_stands_as_long_as_the_others(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, rate=Fraction(1, 4))
    moments, shown, end = played(clip, rate=10)
    assert shown == list(range(COUNT)) and end == pytest.approx(4.0 * COUNT, abs=0.2)
    moments, shown, _ = played(clip, rate=10, loop=True, most=10 * 4 * (COUNT + 2))
    assert shown == [*range(COUNT), 0, 1] and np.allclose(np.diff(moments), 4.0, atol=0.11)


def test_a_decoder_that_is_too_slow_drops_nothing_for_nothing(tmp_path: Path) -> None:
    """Every read takes longer than a picture stands. Something is shown each time, and the clip gets on."""
    clock = FrameClock(1000)
    with video_file(write_clip(tmp_path / "a.mp4"), SETTINGS, clock, realtime=True) as source:
        source.nap = lambda _: None
        slow = source._pictures

        def crawl():
            for picture in slow:
                clock.frame += 150  # ms to decode a picture that stands for 100
                yield picture

        source._pictures = crawl()
        shown = numbers(source, 12)
    assert len(shown) == 12 and shown == sorted(shown)


def test_a_damaged_clip_comes_out_the_same_on_every_run(tmp_path: Path) -> None:
    data = bytearray(write_clip(tmp_path / "a.mkv", slices="4").read_bytes())
    for hole in np.random.default_rng(2).integers(len(data) // 2, len(data) - 40, 12):
        data[hole : hole + 6] = b"\xa5\x5a\xff\x00\x13\x37"
    (tmp_path / "bad.mkv").write_bytes(data)
    runs = set()
    for _ in range(4):
        with video_file(tmp_path / "bad.mkv", SETTINGS, FrameClock(RATE), realtime=False) as source:
            frames = [source.read() for _ in range(3 * COUNT)]
        runs.add(b"".join(frame.image.tobytes() for frame in frames if frame is not None))
    assert len(runs) == 1


def test_every_picture_is_turned_and_flipped_where_asked(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    with video_file(clip, CaptureSettings(rotate=90, flip="vertical"), FrameClock(RATE), realtime=False) as source:
        for _ in range(COUNT):
            frame = source.read()
    assert frame is not None and frame.image.shape == (WIDTH, HEIGHT, 3)
    assert frame.image[: WIDTH // 2 - 4].mean() > 150 and frame.image[WIDTH // 2 + 4 :].mean() < 20  # the black half is below


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


@pytest.mark.parametrize(("away", "shown"), [(0.75, [0, 7, 10]), (3.0, [0, 1, 3])])
def test_after_a_long_pause_a_clip_goes_on_from_where_it_is_instead_of_hurrying(tmp_path: Path, away: float, shown: list[int]) -> None:
    clock = FrameClock(4)
    with video_file(write_clip(tmp_path / "a.mp4"), SETTINGS, clock, realtime=True) as source:
        source.nap = lambda _: None
        seen = numbers(source, 1)
        clock.frame += round(4 * away)
        seen += numbers(source, 1)
        clock.advance()
        seen += numbers(source, 1)
    assert seen == shown


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


def frames_in_memory() -> list[av.VideoFrame]:
    return [one for one in gc.get_objects() if type(one) is av.VideoFrame]  # isinstance would follow dead proxies


def test_pictures_that_were_shown_are_given_back_at_once_without_pythons_collector(tmp_path: Path) -> None:
    """A picture that is kept keeps all the memory of its decoder, and a clip that loops has a new decoder for every pass."""
    gc.collect()
    gc.disable()
    try:
        others = frames_in_memory()  # of tests before this one; held, so that no new one gets an old one's id
        with video_file(write_clip(tmp_path / "a.mp4"), SETTINGS, FrameClock(RATE), realtime=False) as source:
            numbers(source, 3 * COUNT)
            kept = set(map(id, frames_in_memory())) - set(map(id, others))
            assert len(kept) <= 3  # what the source, the decoder and the conversion have in hand, however many there were
    finally:
        gc.enable()


def test_a_clip_that_vanishes_while_it_loops_is_lost_not_a_traceback(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    with video_file(clip, SETTINGS, FrameClock(RATE), realtime=False) as source:
        numbers(source, COUNT)
        clip.unlink()
        with pytest.raises(SourceError, match=r"a\.mp4"):
            source.read()
