"""The sound that goes into an MP4: of a sound file or a clip, as AAC, at a rate that players know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from installation.errors import FaultError, SourceError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

MOST_RATE = 48_000  # Hz: AAC goes up to 96 kHz, phones' players do not, and nobody hears it


def check_sound(path: Path) -> None:
    """What would stop the sound of a file, found before anything is drawn for it. Raises SourceError where it holds no sound that can
    be read, FaultError where that sound cannot be put into an MP4."""
    import av

    try:
        with av.open(str(path)) as file:
            sound = sound_of(file)
            if sound is None or next(file.decode(sound), None) is None:
                raise SourceError(f"{path}: holds no sound")
            rate = _rate_for(sound)
    except (av.FFmpegError, OSError) as err:
        raise SourceError(f"{path}: no sound that can be read ({err.strerror or err})") from err
    try:
        encoder = av.CodecContext.create("aac", "w")
        encoder.sample_rate, encoder.format, encoder.layout = rate, "fltp", "stereo"
        encoder.open()
    except av.FFmpegError as err:
        raise FaultError(f"{path}: its sound cannot be put into an MP4 ({err}); name another --sound, or --silent") from err


def sound_of(file: InputContainer) -> AudioStream | None:
    """The first sound that there is a decoder for: phones' clips hold some that there is none for beside it."""
    return next((stream for stream in file.streams.audio if stream.codec_context is not None), None)


def track_for(sound: AudioStream, film: OutputContainer) -> AudioStream:
    """A new track of ``film`` for a sound, before the film's first packet."""
    return film.add_stream("aac", rate=_rate_for(sound))


def carry(
    file: InputContainer, sound: AudioStream, film: OutputContainer, track: AudioStream, seconds: float = math.inf
) -> Exception | None:
    """Put the first ``seconds`` of a sound into its track. What can be decoded is kept; returns why that is not all. What raises is the
    film's fault, not the sound's."""
    reader = _Reader(file, sound, track, seconds)
    for packets in reader.packets():
        film.mux(packets)
    return reader.fault


class _Reader:
    """A sound in packets of its track. fault: why it ended early, afterwards."""

    def __init__(self, file: InputContainer, sound: AudioStream, track: AudioStream, seconds: float) -> None:
        self.fault: Exception | None = None
        self._file, self._sound, self._track, self._seconds = file, sound, track, seconds

    def packets(self) -> Iterator[list[Packet[AudioStream]]]:
        import av

        try:
            for frame in self._file.decode(self._sound):
                if frame.time is not None and frame.time >= self._seconds:
                    break
                yield self._track.encode(frame)  # which also brings it to the track's rate
        except av.EOFError:
            pass
        except (av.FFmpegError, ValueError) as err:  # ValueError: it changes its channels or its rate on the way
            self.fault = err
        yield self._track.encode(None)


def _rate_for(sound: AudioStream) -> int:
    """Hz: the sound's own, where AAC can have it."""
    import av

    known = av.codec.Codec("aac", "w").audio_rates or []
    return sound.rate if sound.rate in known and sound.rate <= MOST_RATE else MOST_RATE
