"""The sound of films: what an MP4 cannot carry is brought to what it can, and what is damaged costs no picture."""

import av
import numpy as np
import pytest

from installation.darkroom import clips
from installation.darkroom.beats import RATE, read_sound
from installation.darkroom.moving import write_mp4
from installation.errors import FacetsError
from tests.darkroom.test_beats import clicks, write_wave
from tests.darkroom.test_journey import pictures

HI_RES = 192_000  # Hz, as recordings are sold


def write_flac(path, sound, rate=RATE):
    """Mono samples in -1…1, without loss."""
    with av.open(str(path), "w", format="flac") as file:
        stream = file.add_stream("flac", rate=rate, layout="mono", format="s16")
        samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        for start in range(0, len(samples), 4096):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def cut_off(path, share=0.6):
    """As a download that broke."""
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def seen_and_heard(path):
    """Pictures, s of the sound, its rate in Hz."""
    with av.open(str(path)) as film:
        shown = sum(1 for _ in film.decode(video=0))
    with av.open(str(path)) as film:
        sound = film.streams.audio[0]
        return shown, sum(frame.samples for frame in film.decode(sound)) / sound.rate, sound.rate


def test_a_sound_that_is_cut_off_costs_no_picture(tmp_path):
    write_flac(tmp_path / "a.flac", clicks(120, seconds=6)[0])
    cut_off(tmp_path / "a.flac", 0.4)
    write_mp4(tmp_path / "a.mp4", pictures(150), 25.0, tmp_path / "a.flac", 6.0)
    shown, heard, _ = seen_and_heard(tmp_path / "a.mp4")
    assert shown == 150 and 1.0 < heard < 4.0


@pytest.mark.parametrize("rate", [HI_RES, 96_000, 37_800], ids=str)
def test_a_rate_that_players_do_not_know_is_brought_to_one_they_do(rate, tmp_path):
    write_wave(tmp_path / "a.wav", np.sin(np.arange(2 * rate) * 2 * np.pi * 440 / rate) * 0.5, rate)
    write_mp4(tmp_path / "a.mp4", pictures(50), 25.0, tmp_path / "a.wav", 2.0)
    shown, heard, carried = seen_and_heard(tmp_path / "a.mp4")
    assert shown == 50 and carried == 48_000 and heard == pytest.approx(2.0, abs=0.1)
    tone = read_sound(tmp_path / "a.mp4")
    assert np.argmax(np.abs(np.fft.rfft(tone[:RATE]))) == pytest.approx(440, abs=2)  # neither slower nor faster


def test_what_is_no_sound_is_said_before_the_first_picture(tmp_path):
    write_mp4(tmp_path / "silent.mp4", pictures(5), 25.0, None, 1.0)
    drawn = []

    def drawing():
        for picture in pictures(5):
            drawn.append(picture)
            yield picture

    (tmp_path / "no.flac").write_bytes(b"no sound")
    for name in ("silent.mp4", "no.flac", "none.wav"):
        with pytest.raises(FacetsError, match=name):
            write_mp4(tmp_path / "a.mp4", drawing(), 25.0, tmp_path / name, 1.0)
    assert not drawn and sorted(path.name for path in tmp_path.iterdir()) == ["no.flac", "silent.mp4"]


def test_the_beats_of_a_damaged_sound_say_that_it_ends_early(tmp_path, capsys):
    write_flac(tmp_path / "a.flac", clicks(120, seconds=6)[0])
    whole = read_sound(tmp_path / "a.flac")
    assert capsys.readouterr().err == ""
    cut_off(tmp_path / "a.flac")
    assert len(read_sound(tmp_path / "a.flac")) < len(whole)
    assert "a.flac: its sound ends early" in capsys.readouterr().err


@pytest.mark.parametrize("damaged", [False, True], ids=["hi-res", "damaged"])
def test_a_clip_keeps_its_pictures_whatever_its_sound_is(damaged, tmp_path, capsys):
    rate = RATE if damaged else HI_RES
    write_flac(tmp_path / "a.flac", clicks(120, seconds=2)[0] if damaged else np.sin(np.arange(2 * rate) / 70) * 0.5, rate)
    write_mp4(tmp_path / "film.mp4", pictures(50), 25.0, None, 2.0)
    clip = tmp_path / "clip.mkv"
    with av.open(str(tmp_path / "film.mp4")) as film, av.open(str(tmp_path / "a.flac")) as sound, av.open(str(clip), "w") as both:
        copies = {one: both.add_stream_from_template(one) for one in (film.streams.video[0], sound.streams.audio[0])}
        for file in (film, sound):
            for number, packet in enumerate(file.demux()):
                if packet.dts is None:
                    continue
                if damaged and file is sound and number > 10:
                    spoiled = av.Packet(b"\xff" * packet.size)
                    spoiled.pts, spoiled.dts, spoiled.time_base = packet.pts, packet.dts, packet.time_base
                    spoiled.stream = copies[packet.stream]
                    both.mux(spoiled)
                    continue
                packet.stream = copies[packet.stream]
                both.mux(packet)
    clips.put_together(tmp_path / "film.mp4", clip, tmp_path / "out.mp4")
    shown, heard, carried = seen_and_heard(tmp_path / "out.mp4")
    assert shown == 50 and carried == min(rate, 48_000)
    assert ("its sound ends early" in capsys.readouterr().err) == damaged
    assert heard < 1.9 if damaged else heard == pytest.approx(2.0, abs=0.1)
