"""Video files and stream addresses, decoded by FFmpeg through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.base import CaptureSettings, CaptureSource, SourceEnded, SourceLost
from installation.sources.colour import ColourReader
from installation.sources.decoding import (
    OPEN_TIMEOUT,
    declared_rate,
    intact_pictures,
    open_container,
    orientation_of,
    pixel_shape,
    stamps_are_real,
    stamps_may_jump,
    video_stream,
)
from installation.sources.live import WAIT, LiveReader
from installation.sources.pacing import ClipClock
from installation.sources.square import square

MOST_LATE = 1.0  # s behind its own pace, after which a clip goes on from where it is instead of hurrying
EARLY = 1e-3  # s before its time at which a picture may be shown
HURRY = 0.1  # s that one read may decode what is only to be left out
PIECES = {"hls", "dash"}  # live streams that come in pieces of seconds each: their own pace counts, as a clip's


class VideoSource(CaptureSource):
    """A clip or a stream. A clip keeps its own pace in real time, or gives every picture in turn; it loops where told to.
    A live stream is shown as it comes, and what cannot be shown in time gives way to the newest.

    Pictures have square pixels, are turned upright by the clip's own word, and scaled down to ``MAX_SIDE``. Corrupt ones are
    skipped and counted; a clip that is cut off plays what there is. A stream that breaks raises SourceLost.
    """

    def __init__(self, address: str, settings: CaptureSettings, clock: Clock, realtime: bool = True, name: str | None = None) -> None:
        super().__init__(clock, realtime, settings.orientation)
        self.address = address
        self.name = name or address
        self.settings = settings
        self._is_remote = "://" in address
        self._container: av.container.InputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._pictures: Iterator[av.VideoFrame | None] = iter(())
        self._live: LiveReader | None = None
        self._colours = ColourReader()
        self._rate = settings.fps
        self._size = (0, 0)
        self._shape_at_first: Fraction | None = None  # of a pixel
        self._timeline = ClipClock(1.0 / settings.fps)
        self._origin: float | None = None  # s of the clock at the beginning of this pass
        self._decoded = 0  # pictures of this pass
        self._ahead: tuple[av.VideoFrame, float] | None = None  # decoded, not shown yet; s of this pass at which it is due
        self._arrived = 0.0  # s of the clock, when the newest picture of a live stream came in

    @property
    def rate(self) -> float:
        return self._rate

    def describe(self) -> str:
        width, height = self._size
        return f"{self.name}: {width}×{height} at {self._rate:.4g} frames a second" if width else self.name

    def _open(self) -> None:
        self._origin = None
        self._begin()
        if self._live is not None:
            if not self._live.wait(OPEN_TIMEOUT):
                raise SourceLost(f"{self.name}: the stream sends no picture that can be decoded")
            return
        self._ahead = next((self._placed(picture) for picture in self._pictures if picture is not None), None)
        if self._ahead is None:
            raise SourceError(f"{self.name}: not one picture of it can be decoded; is it cut off or damaged?")

    def _begin(self) -> None:
        """Open the container at its beginning. Clips are opened anew for every pass: not every format can seek."""
        self._end()
        self._container = container = open_container(self.address, self.name)
        self._stream = stream = video_stream(container, self.name)
        stream.thread_type = "SLICE"  # frame threads would hold pictures back
        # Which thread conceals what of a damaged picture is chance: a run that must come out the same again has one.
        stream.codec_context.thread_count = 2 if self.realtime else 1
        self.is_live = self._is_remote and not container.duration
        self._rate = declared_rate(container, stream, self.settings.fps)
        self._shape_at_first = stream.codec_context.sample_aspect_ratio
        self._size = square(stream.width, stream.height, pixel_shape(stream, self._shape_at_first))
        self._timeline = ClipClock(1.0 / self._rate, stamps_are_real(container), stamps_may_jump(container))
        self._decoded = 0
        self._pictures = intact_pictures(container, stream, self.name, self.is_live, self._skipped)
        if self.is_live and self.realtime:
            # The thread that reads it owns it from here on: nothing else may close what it reads from.
            in_pieces = container.format.name.split(",")[0] in PIECES
            self._live = LiveReader(self.name, self._pictures, container.close, self.clock, in_turn=in_pieces)
            self._pictures, self._container = iter(()), None

    def _skipped(self) -> None:
        self.frames_skipped += 1

    def _read(self, now: float) -> Image | None:
        if self._live is not None and not self._live.in_turn:
            return self._read_newest(self._live)
        if self.realtime:
            return self._read_due(now)
        self._ahead, following = None, self._ahead or self._next(now)
        return None if following is None else self._image(following[0])

    def _read_newest(self, live: LiveReader) -> Image | None:
        """A picture that came in just now, or the newest there is."""
        taken = live.take(WAIT)
        self.frames_late = live.late
        if taken is None:
            return None
        picture, self._arrived = taken
        return self._image(picture)

    def _read_due(self, now: float) -> Image | None:
        """The newest picture whose time has come. What a slow reader missed is left out, but only for something newer."""
        shown: av.VideoFrame | None = None
        began = now
        while shown is None or now - began < HURRY:
            try:
                following = self._ahead or self._next(now)
            except (SourceEnded, SourceLost):
                if shown is None:
                    raise
                break  # the next read comes here again
            if following is None:
                break
            self._ahead = following
            picture, at = following
            now = self.clock.now()  # decoding takes its time
            if self._origin is None or now - self._origin - at > MOST_LATE:
                self._origin = now - at
            self.due = self._origin + at
            if now < self.due - EARLY:
                break
            self.frames_late += shown is not None
            shown, self._ahead = picture, None
            self.due += self._timeline.lasts
            if now < self.due - EARLY:
                break
        return None if shown is None else self._image(shown)

    def _next(self, now: float) -> tuple[av.VideoFrame, float] | None:
        """The next picture of this pass or the first of the next, and s of its pass when it is due; None: none for now.

        Raises SourceEnded, SourceLost.
        """
        if self._live is not None:
            taken = self._live.take(WAIT)
            return None if taken is None else self._placed(taken[0])
        for picture in self._pictures:
            return None if picture is None else self._placed(picture)
        if self.is_live:
            raise SourceLost(f"{self.name}: the stream ended")
        if not self._decoded:
            raise SourceLost(f"{self.name}: no picture of it can be decoded any more")
        end = None if self._origin is None else self._origin + self._timeline.end
        if not self.settings.loop:
            if self.realtime and end is not None and now < end - EARLY:  # the last picture is still to be seen
                self.due = end
                return None
            raise SourceEnded(f"{self.name}: is over")
        try:
            self._begin()
        except SourceError as error:  # renamed or unplugged while it played
            raise SourceLost(str(error)) from error
        self._origin = end
        first = next(self._pictures, None)
        return None if first is None else self._placed(first)

    def _placed(self, picture: av.VideoFrame) -> tuple[av.VideoFrame, float]:
        """The picture, and s of this pass when it is due; asked once for each picture, in their order."""
        self._decoded += 1
        tick = float(picture.time_base or 0)
        shown, decoded = (None if stamp is None else stamp * tick for stamp in (picture.pts, picture.dts))
        return picture, self._timeline.place(shown, decoded, (picture.duration or 0) * tick)

    def _image(self, picture: av.VideoFrame) -> Image:
        """uint8 RGB [H, W, 3], upright; may be a view of FFmpeg's memory."""
        assert self._stream is not None
        image = self._colours.read(picture, pixel_shape(self._stream, self._shape_at_first))
        self._size = (image.shape[1], image.shape[0])
        return orientation_of(picture).apply(image)

    def _taken_at(self, now: float) -> float:
        return now if self._live is None or self._live.in_turn else self._arrived

    def _end(self) -> None:
        self._pictures = iter(())
        self._ahead = self._stream = None
        if self._live is not None:
            self._live.close()
            self._live = None
        if self._container is not None:
            with suppress(av.FFmpegError):
                self._container.close()
            self._container = None

    def _close(self) -> None:
        self._end()


def video_file(path: Path, settings: CaptureSettings, clock: Clock, realtime: bool, name: str | None = None) -> VideoSource:
    """A clip on this machine."""
    return VideoSource(f"file:{path.absolute()}", settings, clock, realtime, name or str(path))
