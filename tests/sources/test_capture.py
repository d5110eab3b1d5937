"""Sources by name: the right driver, and one clear sentence for everything that is none."""

import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from installation.clock import FrameClock
from installation.errors import SourceError
from installation.sources.camera import CameraSource
from installation.sources.capture import CaptureSettings, CaptureSource, SourceLost, find_source, open_source
from installation.sources.slideshow import StillSource
from installation.sources.video import VideoSource

DATA = Path(__file__).parent.parent / "data"
SETTINGS = CaptureSettings()


def opened(spec: str | Path) -> CaptureSource:
    return open_source(str(spec), SETTINGS, FrameClock(30), realtime=False)


def refused(spec: str | Path) -> str:
    with pytest.raises(SourceError) as caught:
        opened(spec).close()
    message = str(caught.value)
    assert "\n" not in message and "Errno" not in message and "Traceback" not in message
    assert caught.value.exit_code == 3
    return message


@pytest.mark.parametrize(
    ("spec", "driver", "live"),
    [("0", CameraSource, True), ("/dev/video7", CameraSource, True), ("rtsp://camera/1", VideoSource, False), ("demo", VideoSource, False)],
)
def test_a_name_finds_its_driver(spec: str, driver: type[CaptureSource], live: bool) -> None:
    source = find_source(spec, SETTINGS, FrameClock(30))
    assert isinstance(source, driver) and source.is_live is live


def test_what_a_file_is_decides_not_its_name(tmp_path: Path) -> None:
    still = tmp_path / "clip.mp4"
    Pillow.fromarray(np.zeros((16, 16), np.uint8)).save(still, format="PNG")
    moving = tmp_path / "picture.png"
    frames = [Pillow.fromarray(np.full((16, 16), level, np.uint8)) for level in (0, 90, 200)]
    frames[0].save(moving, format="GIF", save_all=True, append_images=frames[1:], duration=100)
    with opened(still) as source:
        assert isinstance(source, StillSource)
    with opened(moving) as source:
        assert isinstance(source, VideoSource)


def test_a_clip_that_looks_like_a_picture_is_a_clip(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.m2v"), "w", format="mpeg2video") as container:
        stream = container.add_stream("mpeg2video", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(0, 200, 10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with opened(tmp_path / "a.m2v") as source:
        assert isinstance(source, VideoSource) and source.rate == 30
        frames = [source.read() for _ in range(20)]
    assert len({int(frame.image.mean()) for frame in frames if frame is not None}) == 20


def test_a_file_that_is_not_there_may_yet_come(tmp_path: Path) -> None:
    with pytest.raises(SourceLost, match="no such file"):
        opened(tmp_path / "none.mp4")


def test_every_kind_of_source_is_turned(tmp_path: Path) -> None:
    Pillow.fromarray(np.tile(np.arange(64, dtype=np.uint8), (32, 1))).save(tmp_path / "a.png")
    settings = CaptureSettings(rotate=90, flip="horizontal")
    for spec, shape in ((str(tmp_path / "a.png"), (64, 32, 3)), (str(DATA / "yes.mkv"), (640, 480, 3)), ("demo", (1280, 720, 3))):
        with open_source(spec, settings, FrameClock(30), realtime=False) as source:
            first, second = source.read(), source.read()
        assert first is not None and second is not None and first.image.shape == second.image.shape == shape
    with open_source(str(tmp_path / "a.png"), settings, FrameClock(30), realtime=False) as source:
        first, second = source.read(), source.read()
    assert first is not None and second is not None and first.image is second.image  # a still is turned once
    assert first.image[0, 0, 0] == 0 and first.image[-1, 0, 0] == 63


def test_real_people_come_in() -> None:
    with opened(DATA / "yes.mkv") as source:
        frames = [source.read() for _ in range(10)]
    assert all(frame is not None and frame.image.shape == (480, 640, 3) and frame.image.dtype == np.uint8 for frame in frames)
    assert [frame.index for frame in frames if frame is not None] == list(range(10))
    first, last = frames[0], frames[-1]
    assert first is not None and last is not None and np.abs(first.image.astype(int) - last.image).mean() > 0.1


def test_missing_and_empty(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.mp4")
    (tmp_path / "empty.mp4").touch()
    assert "is empty" in refused(tmp_path / "empty.mp4")
    assert "is empty" in refused("")
    (tmp_path / "folder").mkdir()
    assert "holds no pictures" in refused(tmp_path / "folder")
    (tmp_path / "folder" / "a.png").write_bytes(b"x")
    assert "none of its 1 pictures" in refused(tmp_path / "folder") or "cannot be read" in refused(tmp_path / "folder")


def test_no_video(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("hello\n" * 500)
    assert "is a text" in refused(tmp_path / "words.txt")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(50_000))
    assert "cannot be read" in refused(tmp_path / "noise.mp4")
    whole = (DATA / "yes.mkv").read_bytes()
    (tmp_path / "head.mkv").write_bytes(whole[:700])
    assert "cut off" in refused(tmp_path / "head.mkv")


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    assert "list.m3u8" in refused(tmp_path / "list.m3u8")


def test_devices_pipes_and_unknown_schemes(tmp_path: Path) -> None:
    assert "not a camera" in refused("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refused(tmp_path / "pipe")
    assert "`gopher`" in refused("gopher://host/1")
    assert "no such camera" in refused("63")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"x")
    secret.chmod(0)
    assert "permission" in refused(secret).lower()


def test_a_stream_that_does_not_answer_is_lost_for_now_and_keeps_its_password() -> None:
    with pytest.raises(SourceLost, match="cannot be opened") as caught:
        opened("http://visitor:secret@127.0.0.1:9/live")
    assert "secret" not in str(caught.value)
