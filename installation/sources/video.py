"""Video files and stream addresses, decoded by FFmpeg through PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.base import MAX_SIDE, CaptureSettings, CaptureSource, SourceEnded, SourceLost

PACKETS_A_READ = 256  # without a picture among them, before ``read`` gives up for this time
MOST_LATE = 1.0  # s behind its own pace, after which a clip goes on from where it is instead of hurrying
LONGEST_GAP = 5.0  # s between two time stamps, beyond which they are taken for damage
LAG_ALLOWED = 0.15  # s that a stream may fall behind its best before pictures are left out to catch up
OPEN_TIMEOUT, READ_TIMEOUT = 10.0, 5.0  # s for a stream
TEXT_FORMATS = {"tty"}  # FFmpeg would play any text file as a terminal's screen
STREAM_OPTIONS = {"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay"}


class VideoSource(CaptureSource):
    """A clip or a stream. A clip keeps its own pace in real time, or gives every picture in turn; it loops where told to.

    Pictures are turned upright by the clip's rotation and scaled down to ``MAX_SIDE``. Corrupt ones are skipped and
    counted; a clip that is cut off plays what there is. A stream that breaks raises SourceLost.
    """

    def __init__(self, address: str, settings: CaptureSettings, clock: Clock, realtime: bool = True, name: str | None = None) -> None:
        super().__init__(clock, realtime)
        self.address = address
        self.name = name or address
        self.settings = settings
        self._is_remote = "://" in address
        self._container: av.container.InputContainer | None = None
        self._pictures: Iterator[av.VideoFrame | None] = iter(())
        self._reformatter = VideoReformatter()
        self._rate = settings.fps
        self._size = (0, 0)
        self._origin: float | None = None  # s of the clock at the time stamp 0 of this pass
        self._stamp = 0.0  # s, of the newest picture of this pass
        self._shown = 0  # pictures of this pass
        self._ahead: av.VideoFrame | None = None  # decoded, not due yet

    @property
    def rate(self) -> float:
        return self._rate

    def describe(self) -> str:
        width, height = self._size
        return f"{self.name}: {width}×{height} at {self._rate:.4g} frames a second" if width else self.name

    def _open(self) -> None:
        self._begin()
        self._ahead = next((picture for picture in self._pictures if picture is not None), None)
        if self._ahead is None:
            raise SourceError(f"{self.name}: not one picture of it can be decoded; is it cut off or damaged?")
        self._origin = None

    def _begin(self) -> None:
        """Open the container at its beginning. Clips are opened anew for every pass: not every format can seek."""
        self._end()
        container = open_container(self.address, self.name)
        self._container = container
        stream = video_stream(container, self.name)
        stream.thread_type = "SLICE"  # frame threads would hold pictures back
        stream.codec_context.thread_count = 2
        self.is_live = self._is_remote and container.duration is None
        self._rate = float(min(240.0, max(1.0, float(stream.average_rate or stream.guessed_rate or self.settings.fps))))
        self._size = (stream.width, stream.height)
        self._pictures = self._decode(container, stream)
        self._stamp, self._shown = 0.0, 0

    def _decode(self, container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame | None]:
        """Sound pictures in order; None after a run of packets without any, so that no read takes for ever."""
        barren = 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                pictures = packet.decode()
            except (StopIteration, av.EOFError):
                return
            except (av.InvalidDataError, ValueError):
                self.frames_skipped += 1
                pictures = []
            except (av.FFmpegError, OSError) as error:
                if self.is_live:
                    raise SourceLost(f"{self.name}: the stream broke off ({plain(error)})") from error
                return
            barren += 1
            for picture in pictures:
                if picture.is_corrupt:
                    self.frames_skipped += 1
                else:
                    barren = 0
                    yield picture
            if barren >= PACKETS_A_READ:
                barren = 0
                yield None

    def _read(self, now: float) -> Image | None:
        while True:
            picture = self._ahead or self._next()
            self._ahead = None
            if picture is None:
                return None
            if not self.realtime:
                self._shown += 1
                return self._upright(picture)
            due = self._due(picture, now)
            period = 1.0 / self._rate
            if self.is_live:
                if now - due <= LAG_ALLOWED:
                    self._shown += 1
                    return self._upright(picture)
            elif now < due:
                self._ahead, self.due = picture, due
                return None
            elif now < due + period or now - due > MOST_LATE:
                if now - due > MOST_LATE:
                    self._origin = now - self._stamp
                self._shown += 1
                self.due = due + period
                return self._upright(picture)
            self._shown += 1
            self.frames_late += 1

    def _next(self) -> av.VideoFrame | None:
        """The next picture of this pass or the first of the next; None where decoding takes its time."""
        for picture in self._pictures:
            return picture
        if self.is_live:
            raise SourceLost(f"{self.name}: the stream ended")
        if not self._shown:
            raise SourceLost(f"{self.name}: no picture of it can be decoded any more")
        if not self.settings.loop:
            raise SourceEnded(f"{self.name}: is over")
        end = None if self._origin is None else self._origin + self._stamp + 1.0 / self._rate
        try:
            self._begin()
        except SourceError as error:  # renamed or unplugged while it played
            raise SourceLost(str(error)) from error
        self._origin = end
        return next(self._pictures, None)

    def _due(self, picture: av.VideoFrame, now: float) -> float:
        """s of the clock at which the picture is to be shown: by its time stamp where that makes sense."""
        stamp = picture.time
        expected = self._stamp + 1.0 / self._rate if self._shown else 0.0
        if self._shown == 0 and stamp is not None and self._origin is None:
            self._origin = now - stamp
        elif self._shown == 0 and stamp is not None and self._origin is not None:
            self._origin -= stamp  # a later pass: its first picture follows the last one of the pass before
        if stamp is None or (self._shown and not -1e-3 < stamp - self._stamp < LONGEST_GAP):
            stamp = expected
            if self.is_live and self._origin is not None:
                self._origin = now - stamp
        self._stamp = float(stamp)
        if self._origin is None:
            self._origin = now - self._stamp
        if self.is_live and now - self._stamp < self._origin:
            self._origin = now - self._stamp  # it never came faster: this is what "in time" means
        return self._origin + self._stamp

    def _upright(self, picture: av.VideoFrame) -> Image:
        """uint8 RGB [H, W, 3]; a view of FFmpeg's memory where no turning is asked for."""
        width, height = picture.width, picture.height
        if max(width, height) > MAX_SIDE:
            scale = MAX_SIDE / max(width, height)
            width, height = max(2, round(width * scale)), max(2, round(height * scale))
        rgb = self._reformatter.reformat(picture, width=width, height=height, format="rgb24")
        plane = rgb.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height, : width * 3]
        image = rows.reshape(height, width, 3) if plane.line_size == width * 3 else np.ascontiguousarray(rows).reshape(height, width, 3)
        quarter_turns = round(picture.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image

    def _end(self) -> None:
        self._pictures = iter(())
        self._ahead = None
        if self._container is not None:
            with suppress(av.FFmpegError):
                self._container.close()
            self._container = None

    def _close(self) -> None:
        self._end()


def open_container(address: str, name: str) -> av.container.InputContainer:
    """Open a file or stream for reading. Raises SourceError for a file, SourceLost for a stream, with one sentence."""
    remote = "://" in address
    try:
        if remote:
            return av.open(address, options=STREAM_OPTIONS, timeout=(OPEN_TIMEOUT, READ_TIMEOUT))
        # A file may not lead FFmpeg on to other files or hosts, as a playlist would.
        return av.open(address, options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError, io.UnsupportedOperation) as error:
        if remote:
            raise SourceLost(f"{name}: the stream cannot be opened ({plain(error)})") from error
        raise SourceError(f"{name}: cannot be read as a video or a picture ({plain(error)}); is it cut off or of another kind?") from error


def video_stream(container: av.container.InputContainer, name: str) -> av.VideoStream:
    """The first moving picture of a container. Raises SourceError where there is none."""
    if container.format.name in TEXT_FORMATS:
        raise SourceError(f"{name}: is a text, not a video or a picture")
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise SourceError(f"{name}: holds no moving pictures" + (", only sound" if container.streams.audio else ""))


def plain(error: BaseException) -> str:
    """FFmpeg's words without its number and the address."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).splitlines()[0].split(": '")[0].rstrip(".")


def video_file(path: Path, settings: CaptureSettings, clock: Clock, realtime: bool, name: str | None = None) -> VideoSource:
    """A clip on this machine."""
    return VideoSource(f"file:{path.absolute()}", settings, clock, realtime, name or str(path))
