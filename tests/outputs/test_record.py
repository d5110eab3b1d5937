import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from installation.errors import ConfigError, FaultError
from installation.outputs.film import Yuv
from installation.outputs.record import Recorder

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


def boxes(path: Path) -> list[bytes]:
    """Kinds of the parts that an MP4 is made of, in their order."""
    data, place, kinds = path.read_bytes(), 0, []
    while place < len(data):
        kinds.append(data[place + 4 : place + 8])
        place += int.from_bytes(data[place : place + 4], "big")
    return kinds


def noisy(seed: int, size=(96, 64)):
    return np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)


def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_finished_film_is_plain_and_tagged_as_it_was_made(tmp_path):
    path = tmp_path / "plain.mp4"
    recorder = Recorder(path, (96, 64), 30.0, 16, realtime=False)
    for i in range(100):
        recorder.write(picture(2 * i), i / 30)
    recorder.close()
    assert b"moof" not in boxes(path)
    stream, frames, _ = decoded(path)
    assert stream.frames == len(frames) == 100
    codec = stream.codec_context
    assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (1, 1, 1, 1)  # BT.709, studio range


def test_saturated_colours_are_those_of_the_canvas(tmp_path):
    path = tmp_path / "colours.mp4"
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 255), (0, 0, 0)]
    image = np.repeat(np.array([colours], np.uint8), 16, axis=1).repeat(32, axis=0)
    recorder = Recorder(path, (96, 32), 30.0, 5, realtime=False)
    for i in range(3):
        recorder.write(image, i / 30)
    recorder.close()
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    luma = frame.to_ndarray()[:32]
    for column, (r, g, b) in enumerate(colours):
        assert luma[16, 16 * column + 8] == pytest.approx(16 + 219 / 255 * (0.2126 * r + 0.7152 * g + 0.0722 * b), abs=2)


def test_a_gap_of_any_length_keeps_its_time(tmp_path):
    path = tmp_path / "gap.mp4"
    recorder = Recorder(path, (96, 64), 30.0, 20, realtime=True)
    recorder.write(picture(40), 5.0)
    until(lambda: recorder.frames == 1)
    recorder.write(picture(220), 5.0 + 3600.0)
    recorder.close()
    with av.open(str(path)) as file:
        shown = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in file.decode(video=0)]
    assert shown[-1][0] == pytest.approx(3600.0, abs=0.02)
    assert len(shown) < 4000  # not a hundred thousand pictures of nothing new
    assert shown[-2][1] == pytest.approx(shown[0][1], abs=3) and shown[-1][1] > shown[0][1] + 100


KILLED = """
import sys, pathlib
import numpy as np
sys.path.insert(0, {root!r})
from installation.outputs.film import Yuv
from installation.outputs.record import Recorder
recorder = Recorder(pathlib.Path(sys.argv[1]), (96, 64), 30.0, 20, realtime=False)
noise = np.random.default_rng(0)
for i in range(100_000):
    recorder.write(noise.integers(0, 255, (64, 96, 3), dtype=np.uint8), i / 30)
"""


@pytest.fixture
def killed(tmp_path):
    """A place where a program was killed while it recorded."""
    path = tmp_path / "killed.mp4"
    script = KILLED.format(root=str(Path(__file__).resolve().parents[2]))
    process = subprocess.Popen([sys.executable, "-c", script, str(path)])
    part = tmp_path / "killed.part.mp4"
    try:
        until(lambda: part.exists() and part.stat().st_size > 200_000)
    finally:
        process.kill()
        process.wait()
    return path


def test_what_a_killed_program_recorded_plays_and_is_never_written_over(killed):
    part = killed.with_name("killed.part.mp4")
    with part.open("ab") as file:  # a fragment that was being written
        file.write((5000).to_bytes(4, "big") + b"moof" + bytes(100))
    for name in ("killed.kept.mp4", "killed.kept-2.mp4"):
        kept = killed.with_name(name)
        recorder = Recorder(killed, (96, 64), 30.0, 20, realtime=False)
        assert str(kept) in recorder.notice
        assert len(decoded(kept)[1]) > 20
        recorder.write(picture(9), 0.0)
        recorder.close()
        part.write_bytes(kept.read_bytes())  # and once more
    assert len(decoded(killed)[1]) == 1


def test_two_shows_do_not_record_into_one_file(tmp_path):
    path = tmp_path / "one.mp4"
    recorder = Recorder(path, (96, 64), 30.0, 20, realtime=False)
    with pytest.raises(ConfigError, match="another show is recording there"):
        Recorder(path, (96, 64), 30.0, 20, realtime=False)
    recorder.write(picture(9), 0.0)
    recorder.close()
    assert len(decoded(path)[1]) == 1


@pytest.fixture
def small_disk():
    """Files may not grow beyond a few hundred kilobytes, as on a disk that is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("realtime", [False, True])
def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path, small_disk, realtime):
    path = tmp_path / "full.mp4"
    faults = []
    recorder = Recorder(path, (96, 64), 30.0, 10, realtime=realtime, fault=faults.append)
    count = 0
    while not faults:
        recorder.write(noisy(count), count / 30)
        count += 1
        assert count < 100_000
    for i in range(5):
        recorder.write(noisy(i), (count + i) / 30)
    recorder.close()
    recorder.close()
    assert len(faults) == 1 and str(path) in faults[0] and "ended early" in faults[0] and "\n" not in faults[0]
    _, frames, seconds = decoded(path)
    assert len(frames) >= 30 and seconds >= 0.9
    assert [file.name for file in tmp_path.iterdir()] == ["full.mp4"]


def test_a_disk_that_holds_less_than_a_second_keeps_what_it_holds(tmp_path, small_disk):
    path, faults = tmp_path / "full.mp4", []
    recorder = Recorder(path, (320, 240), 30.0, 10, realtime=False, fault=faults.append)
    rng = np.random.default_rng(0)
    while not faults:
        recorder.write(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8), 0.0)
    recorder.close()
    assert recorder.frames < 30 and "it plays up to" in faults[0]
    assert len(decoded(path)[1]) >= 5 and path.stat().st_size > 200_000


def test_a_place_that_refuses_is_a_fault_and_one_sentence():
    for path in (Path("/proc/show.mp4"), Path("/proc/new/show.mp4")):
        with pytest.raises((ConfigError, FaultError), match="--record") as err:
            Recorder(path, (96, 64), 30.0, 20, realtime=True)
        assert "\n" not in str(err.value)


def test_a_folder_that_is_taken_away_ends_the_recording_alone(tmp_path):
    folder, faults = tmp_path / "folder", []
    recorder = Recorder(folder / "gone.mp4", (96, 64), 30.0, 20, realtime=False, fault=faults.append)
    recorder.write(picture(9), 0.0)
    shutil.rmtree(folder)
    recorder.write(picture(9), 0.1)
    recorder.close()
    assert len(faults) == 1 and "gone.mp4" in faults[0]


def test_a_fault_of_the_encoder_is_told_and_raises_nowhere(tmp_path):
    faults = []
    recorder = Recorder(tmp_path / "fault.mp4", (96, 64), 30.0, 20, realtime=False, fault=faults.append)
    recorder._film._yuv = Yuv((3, 3))  # the encoder's thread trips over it
    for i in range(5):
        recorder.write(picture(9), i / 30)
    recorder.close()
    assert len(faults) == 1 and "fault.mp4" in faults[0]
    assert list(tmp_path.iterdir()) == []
