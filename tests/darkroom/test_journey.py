"""A way through faces: what is reached when, what is between, what swings and what pulses; and how moving pictures are written."""

import math

import av
import numpy as np
import pytest
import torch
from PIL import Image

from installation.codes.code import Code
from installation.control.easing import EASINGS
from installation.darkroom.journey import Journey, Station, Swing, evenly, on_beats
from installation.darkroom.moving import check_moving, check_room, durations, write_gif, write_mp4, write_webp
from installation.errors import ConfigError
from tests.darkroom.test_beats import clicks, write_wave


def station(value, edits=None, styles=None):
    return Station(Code(str(value), torch.full((2, 3), float(value))), edits or {}, styles or {})


def where(journey, moment):
    return float(journey.at(moment).code.ws[0, 0])


def test_stations_are_reached_in_their_time():
    journey = Journey([station(0), station(1), station(3)], [0.0, 1.0, 2.0], 2.0, EASINGS["linear"])
    assert [where(journey, t) for t in (0, 0.25, 1, 1.5, 2, 9)] == pytest.approx([0, 0.25, 1, 2, 3, 3])
    smooth = Journey([station(0), station(1)], [0.0, 1.0], 1.0, EASINGS["smooth"])
    assert where(smooth, 0.25) == pytest.approx(0.25**2 * (3 - 0.5)) and where(smooth, 0.5) == pytest.approx(0.5)


def test_a_station_is_held():
    journey = Journey([station(0), station(1)], [0.0, 1.0], 1.0, EASINGS["linear"], hold=0.5)
    assert where(journey, 0.5) == 0 and where(journey, 0.75) == pytest.approx(0.5) and where(journey, 1.0) == 1


def test_edits_and_styles_go_over():
    journey = Journey([station(0, {"age": 1.0}, {"ink": 1.0}), station(0, {"smile": 2.0})], [0, 1], 1.0, EASINGS["linear"])
    half = journey.at(0.5)
    assert half.edits == {"age": 0.5, "smile": 1.0} and half.styles == {"ink": 0.5}


def test_a_swing_closes_a_loop_and_a_pulse_is_on_the_beat():
    swing = Journey([station(0)], [0.0], 4.0, EASINGS["linear"], swings=[Swing("yaw", 2.0, 2)])
    values = [swing.at(t).edits["yaw"] for t in (0, 0.5, 1, 2, 3, 4)]
    assert values == pytest.approx([0, 1, 2, 0, 2, 0])
    pulse = Journey([station(0)], [0.0], 4.0, EASINGS["linear"], swings=[Swing("smile", 1.0, pulses=True)], beats=[0.5, 1.0, 1.5])
    assert pulse.at(0.4).edits["smile"] == 0
    assert pulse.at(1.0).edits["smile"] == 1.0 and pulse.at(1.25).edits["smile"] == pytest.approx(math.exp(-2))


def test_a_residual_crosses_on_the_way():
    a, b = (Station(Code("", torch.zeros(2, 3), torch.full((4, 8, 8), value))) for value in (0.5, -0.5))
    assert float(a.toward(b, 0.1).code.detail.mean()) > 0.2 and float(a.toward(b, 0.9).code.detail.mean()) < -0.2


def test_stations_fall_on_beats():
    assert evenly(3, 10) == [0, 5, 10] and evenly(1, 10) == [0]
    beats = [0.02 + 0.5 * k for k in range(9)]  # the first beat is the start
    assert on_beats(3, beats, 4, 5.0) == pytest.approx([0, 2.02, 4.02])
    late = [0.7 + 0.5 * k for k in range(9)]
    assert on_beats(3, late, 2, 5.0) == pytest.approx([0, 1.2, 2.2])
    beyond = on_beats(4, beats, 4, 5.0)
    assert beyond[3] == pytest.approx(6.02)  # where the sound has ended, it goes on in its tempo
    with pytest.raises(ValueError, match="no beat"):
        on_beats(2, [], 4, 5.0)


def test_rounding_of_a_gifs_time_does_not_add_up():
    shown = durations(300, 1000 / 24, 10)
    assert set(shown) == {40, 50} and abs(sum(shown) - 12_500) <= 5
    assert sum(durations(75, 1000 / 30, 1)) == 2500


def pictures(count=10, side=48):
    for k in range(count):
        yield np.full((side, side, 3), (25 * k % 256, 90, 255 - 25 * k % 256), np.uint8)


def test_a_webp_and_a_gif_loop(tmp_path):
    for write, name in ((write_webp, "a.webp"), (write_gif, "a.gif")):
        write(tmp_path / name, pictures(), 20.0, True)
        film = Image.open(tmp_path / name)
        assert film.n_frames == 10 and film.info["loop"] == 0 and film.size == (48, 48)
        for k in range(10):
            film.seek(k)
            film.load()
            assert film.info["duration"] == 50
            red = np.asarray(film.convert("RGB"))[24, 24, 0]
            assert abs(int(red) - 25 * k) < 14, (name, k)
    write_gif(tmp_path / "once.gif", pictures(), 20.0, False)
    assert "loop" not in Image.open(tmp_path / "once.gif").info


def test_an_mp4_carries_the_sound_as_long_as_it_is(tmp_path):
    sound, _ = clicks(120, seconds=6)
    write_wave(tmp_path / "a.wav", sound)
    write_mp4(tmp_path / "a.mp4", pictures(50), 25.0, tmp_path / "a.wav", 2.0)
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert film.streams.video[0].frames == 50 and len(film.streams.audio) == 1
        audio = film.streams.audio[0]
        assert float(audio.duration * audio.time_base) == pytest.approx(2.0, abs=0.1)
        reds = [frame.to_ndarray(format="rgb24")[24, 24, 0] for frame in film.decode(video=0)]
    assert len(reds) == 50 and abs(int(reds[4]) - 100) < 15
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.wav"]


@pytest.mark.parametrize(("name", "count", "refused"), [
    ("song.gif", 4_500, True), ("song.webp", 4_500, True), ("song.mp4", 40_000, False),
    ("short.gif", 100, False), ("short.webp", 100, False),
])  # fmt: skip
def test_pictures_that_are_held_at_once_need_room(tmp_path, name, count, refused):
    if not refused:
        check_room(tmp_path / name, count, 512, 2_000.0)
        return
    said = rf"{name}: 4500 pictures of 512 px need \d+ MB .* 2000 MB are free; lower --size, --fps or --seconds"
    with pytest.raises(ConfigError, match=said):
        check_room(tmp_path / name, count, 512, 2_000.0)
    check_room(tmp_path / name, count, 512, 0.0)  # where the system does not tell, nothing is known


@pytest.mark.parametrize(("name", "fps", "sound", "reason"), [
    ("a.avi", 25, None, "must end in"), ("a.gif", 60, None, "slower"), ("a.webp", 25, "a.wav", "only an .mp4"),
])  # fmt: skip
def test_what_a_film_cannot_be(tmp_path, name, fps, sound, reason):
    with pytest.raises(ConfigError, match=reason):
        check_moving(tmp_path / name, fps, sound)
