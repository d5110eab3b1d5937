import time
from pathlib import Path

import numpy as np
import pytest

from installation.errors import ConfigError, FaultError
from installation.stages.record import Recorder

av = pytest.importorskip("av")


def picture(level: int, size=(96, 64)):
    return np.full((size[1], size[0], 3), level, np.uint8)


def decoded(path: Path):
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
        return stream, frames, file.duration / 1e6


def faststart(path: Path) -> bool:
    data = path.read_bytes()
    return data.index(b"moov") < data.index(b"mdat")


def test_lockstep_writes_every_picture_as_it_was(tmp_path):
    path = tmp_path / "new" / "show.mp4"
    recorder = Recorder(path, (96, 64), 25.0, 16, realtime=False)
    for i in range(50):
        recorder.write(picture(5 * i), i / 10)  # lockstep counts pictures, not seconds
        assert not path.exists()
    recorder.close()
    stream, frames, seconds = decoded(path)
    assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert stream.average_rate == 25
    assert len(frames) == recorder.frames == 50
    assert seconds == pytest.approx(2.0, abs=0.05)
    levels = [frame.mean() for frame in frames]
    assert np.abs(np.array(levels) - 5 * np.arange(50)).max() < 4
    assert faststart(path)
    assert [file.name for file in path.parent.iterdir()] == ["show.mp4"]


def test_colours_come_back_and_odd_sides_are_padded(tmp_path):
    path = tmp_path / "odd.mp4"
    image = np.zeros((45, 81, 3), np.uint8)
    image[:, :40], image[:, 40:] = (200, 60, 40), (40, 90, 200)
    recorder = Recorder(path, (81, 45), 30.0, 10, realtime=False)
    for i in range(5):
        recorder.write(image, i / 30)
    recorder.close()
    stream, frames, _ = decoded(path)
    assert (stream.width, stream.height) == (82, 46)
    assert np.abs(frames[-1][10, 15].astype(int) - (200, 60, 40)).max() < 8
    assert np.abs(frames[-1][10, 70].astype(int) - (40, 90, 200)).max() < 8
    assert np.abs(frames[-1][45, 81].astype(int) - (40, 90, 200)).max() < 8


def test_live_the_file_lasts_as_long_as_the_show_whatever_rate_the_canvas_had(tmp_path):
    path = tmp_path / "live.mp4"
    recorder = Recorder(path, (96, 64), 30.0, 20, realtime=True)
    times = [100.0 + i / 61 for i in range(61)] + [101.5, 103.0]  # too many, then a long wait
    for now in times[:-1]:
        recorder.write(picture(40), now)
    while recorder.frames < 46:  # until the encoder has come to 101.5 s
        time.sleep(0.005)
    recorder.write(picture(220), times[-1])
    recorder.close()
    stream, frames, seconds = decoded(path)
    assert stream.average_rate == 30
    assert seconds == pytest.approx(3.03, abs=0.05)
    assert len(frames) == recorder.frames == 91
    assert frames[60].mean() == pytest.approx(40, abs=4)  # the wait shows the picture before it
    assert frames[-1].mean() == pytest.approx(220, abs=4)


def test_the_picture_is_copied(tmp_path):
    path = tmp_path / "copy.mp4"
    recorder = Recorder(path, (96, 64), 30.0, 20, realtime=False)
    canvas = picture(200)
    recorder.write(canvas, 0.0)
    canvas[:] = 0
    recorder.close()
    assert decoded(path)[1][0].mean() == pytest.approx(200, abs=4)


def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "show.mp4", tmp_path):
        with pytest.raises(ConfigError, match="--record") as err:
            Recorder(path, (96, 64), 30.0, 20, realtime=True)
        assert str(path) in str(err.value) and "\n" not in str(err.value)
        assert err.value.exit_code == 2


def test_nothing_shown_leaves_no_file_and_closing_twice_is_fine(tmp_path):
    recorder = Recorder(tmp_path / "none.mp4", (96, 64), 30.0, 20, realtime=True)
    recorder.close()
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_the_encoder_reaches_the_writer(tmp_path):
    recorder = Recorder(tmp_path / "fault.mp4", (96, 64), 30.0, 20, realtime=False)
    recorder._padded = np.zeros((3, 3), np.uint8)  # the encoder's thread trips over it
    with pytest.raises(FaultError, match=r"fault\.mp4"):
        for i in range(5):
            recorder.write(picture(9), i / 30)
    with pytest.raises(FaultError):
        recorder.close()
    assert list(tmp_path.iterdir()) == []
