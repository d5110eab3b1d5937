"""FFmpeg through PyAV: containers are opened, and sound pictures come out, whatever else is in there."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
from av.sidedata.sidedata import SideDataContainer

from installation.errors import SourceError
from installation.sources.base import SourceLost
from installation.sources.orientation import UPRIGHT, Orientation

PACKETS_A_READ = 256  # without a picture among them, before a reader is told that there is none for now
FAILURES = 64  # of reading the container, one after the other, after which it holds nothing more
SLOWEST, FASTEST = 1e-3, 240.0  # frames a second that a clip can claim and be believed
OPEN_TIMEOUT, READ_TIMEOUT = 10.0, 5.0  # s for a stream
NO_TIMESTAMPS, MAY_JUMP = 0x80, 0x200  # FFmpeg's flags of a format: AVFMT_NOTIMESTAMPS, AVFMT_TS_DISCONT
TEXT_FORMATS = {"tty"}  # FFmpeg would play any text file as a terminal's screen
STREAM_OPTIONS = {"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay"}


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


def stamps_are_real(container: av.container.InputContainer) -> bool:
    """Whether the container keeps time stamps; a bare stream of pictures does not, and FFmpeg makes them up."""
    return not container.format.flags & NO_TIMESTAMPS


def stamps_may_jump(container: av.container.InputContainer) -> bool:
    """Whether jumps of the time stamps are usual, as in transport streams and on discs."""
    return bool(container.format.flags & MAY_JUMP)


def declared_rate(container: av.container.InputContainer, stream: av.VideoStream, otherwise: float) -> float:
    """Frames a second: the average where there are time stamps to take one of, else what the pictures say of themselves."""
    claims = (stream.average_rate, stream.guessed_rate) if stamps_are_real(container) else (stream.guessed_rate, stream.average_rate)
    for claim in claims:
        if claim is not None and SLOWEST <= claim <= FASTEST:
            return float(claim)
    return otherwise


def pixel_shape(stream: av.VideoStream, at_first: Fraction | None) -> Fraction | None:
    """Width ÷ height of a pixel, None where nothing is said. The container's word goes over the pictures' own, which may change.

    at_first: what the pictures said when the container was opened, see ``VideoStream.codec_context``.
    """
    declared = stream.sample_aspect_ratio
    return declared if declared and declared != at_first else stream.codec_context.sample_aspect_ratio or declared


def intact_pictures(
    container: av.container.InputContainer, stream: av.VideoStream, name: str, is_live: bool, skipped: Callable[[], None]
) -> Iterator[av.VideoFrame | None]:
    """Sound pictures in order; None after a run of packets without any, so that no read takes for ever.

    Packets and pictures that are damaged are left out, each with a call of ``skipped``. A file that is cut off ends; a live
    stream that breaks raises SourceLost.
    """
    barren = failures = 0
    packets = container.demux(stream)
    while failures < FAILURES:
        pictures: list[av.VideoFrame] = []
        packet: av.Packet[av.VideoStream] | None = None
        try:
            packet = next(packets, None)
            if packet is None:
                return
            failures = 0
            pictures = packet.decode()
        except av.EOFError:
            return
        except (av.InvalidDataError, ValueError):
            skipped()
            if packet is None:  # reading has failed: what has raised gives nothing more, the container behind it may
                failures += 1
                packets = container.demux(stream)
        except (av.FFmpegError, OSError) as error:
            if is_live:
                raise SourceLost(f"{name}: the stream broke off ({plain(error)})") from error
            return
        barren += 1
        for picture in pictures:
            if picture.is_corrupt:
                skipped()
            else:
                barren = 0
                yield picture
        if barren >= PACKETS_A_READ:
            barren = 0
            yield None


def orientation_of(picture: av.VideoFrame) -> Orientation:
    """How a picture says that it is to be laid."""
    # Not ``picture.side_data``: the picture would keep that, and that the picture. Such a ring lives until Python's collector comes by,
    # and with it a whole decoded picture and all of its decoder's memory.
    matrix = SideDataContainer(picture).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # PyAV's stubs leave its constructor out
    return UPRIGHT if matrix is None else Orientation.of_matrix(bytes(matrix))


def plain(error: BaseException) -> str:
    """FFmpeg's words without its number and the address."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).splitlines()[0].split(": '")[0].rstrip(".")
