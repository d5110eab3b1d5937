"""A film on disk: fragmented MP4 while it grows, plain MP4 with the index in front (faststart) once it is finished.

Of a fragmented file everything up to the last fragment can be watched, whatever ended the program: a full disk, a signal that
nothing can catch, a power cut. Until its end a film is called ``NAME.part.mp4``; one that a program left behind is kept under a
name of its own by the next one, never written over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.errors import ConfigError
from installation.messages import Image
from installation.output_file import free_name, unwritable, whole_file

if TYPE_CHECKING:
    from av import VideoFrame

FRAGMENT_SECONDS, FRAGMENT_BYTES = 1.0, 128 << 10  # what a crash or a full disk may cost, whichever is less
GROWING = {
    "movflags": "empty_moov+default_base_moof+delay_moov",
    "frag_duration": str(round(FRAGMENT_SECONDS * 1e6)),
    "frag_size": str(FRAGMENT_BYTES),
    "flush_packets": "1",  # a fragment is in the file as soon as it is whole
}
BT709, STUDIO_RANGE = 1, 1  # as H.264 counts matrices, primaries, transfer curves and ranges


class Film:
    """Takes pictures [height, width, 3] in their order. size: width, height in px; fps: of the file; crf: H.264 quality 0…51,
    lower is better and larger; preset: of libx264.

    Raises ConfigError or FaultError where the file cannot be written, OSError from ``add`` and ``finish``.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: Fraction, crf: int, preset: str) -> None:
        import av

        self.path, self.frames, self._fps = path, 0, fps
        self.part = path.with_name(f"{path.stem}.part{path.suffix}")
        self._yuv = Yuv(size)
        try:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            self.kept = keep_left_behind(self.part)  # a film of a program that was killed, under its new name
            self._lock = self.part.open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file = av.open(str(self.part), "w", format="mp4", options=GROWING)
        except OSError as err:
            raise unwritable(f"--record {path}", err) from err
        self._stream = self._file.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": preset})
        self._stream.width, self._stream.height, self._stream.pix_fmt = self._yuv.width, self._yuv.height, "yuv420p"
        self._stream.time_base = 1 / fps
        codec = self._stream.codec_context
        codec.thread_count = 1
        codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range = BT709, BT709, BT709, STUDIO_RANGE

    def frame(self, picture: Image) -> VideoFrame:
        """A picture as the film stores it."""
        import av

        frame = av.VideoFrame.from_ndarray(self._yuv(picture), format="yuv420p")
        frame.time_base = 1 / self._fps
        return frame

    def add(self, frame: VideoFrame, number: int) -> None:
        """Show the frame from ``number`` ÷ fps on; numbers grow. The same frame may come again."""
        frame.pts = number
        for packet in self._stream.encode(frame):
            self._file.mux(packet)
        self.frames += 1

    def finish(self) -> None:
        """Write what waits in the encoder, the index, and give the file its name; without a frame there is none."""
        if self.frames:
            for packet in self._stream.encode(None):
                self._file.mux(packet)
        self._file.close()
        self._settle()

    def abandon(self) -> None:
        """After an error: what can be watched gets its name, up to the last whole fragment."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._settle()

    def _settle(self) -> None:
        if self.frames and cut_torn_end(self.part):
            put_index_in_front(self.part)
            os.replace(self.part, self.path)
        else:
            self.part.unlink(missing_ok=True)
        self._lock.close()


class Yuv:
    """RGB pictures -> planes of YUV 4:2:0, BT.709 in studio range, with even sides: a last odd row or column is repeated."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self.width, self.height = size[0] + size[0] % 2, size[1] + size[1] % 2
        half = self.height // 2, self.width // 2
        self._padded = np.zeros((self.height, self.width, 3), np.uint8)
        self._full, self._half = np.empty_like(self._padded), np.empty((*half, 3), np.uint8)
        self._planes = np.empty((self.height * 3 // 2, self.width), np.uint8)
        chroma = self._planes[self.height :].reshape(2, *half)
        self._y, self._u, self._v = self._planes[: self.height], chroma[0], chroma[1]

    def __call__(self, picture: Image) -> NDArray[np.uint8]:
        """The planes one below the other, [height · 3/2, width]; the next call overwrites them."""
        width, height = self._size
        if (self.width, self.height) != self._size:
            self._padded[:height, :width] = picture
            self._padded[height:] = self._padded[height - 1]
            self._padded[:, width:] = self._padded[:, width - 1 : width]
            picture = self._padded
        cv2.transform(picture, TO_BT709, dst=self._full)
        cv2.extractChannel(self._full, 0, dst=self._y)
        cv2.resize(self._full, (self._half.shape[1], self._half.shape[0]), dst=self._half, interpolation=cv2.INTER_AREA)
        cv2.extractChannel(self._half, 1, dst=self._u)
        cv2.extractChannel(self._half, 2, dst=self._v)
        return self._planes


def _bt709() -> NDArray[np.float32]:
    """[3, 4]: RGB 0…255 -> Y 16…235, U and V 16…240."""
    red, blue = 0.2126, 0.0722
    luma = np.array([red, 1 - red - blue, blue])
    u = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    v = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    scaled = np.stack([luma * 219, u * 224, v * 224]) / 255
    return np.hstack([scaled, [[16], [128], [128]]]).astype(np.float32)


TO_BT709 = _bt709()


def cut_torn_end(path: Path) -> bool:
    """Cut a fragmented MP4 behind its last whole fragment; whether there is any."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        place = whole = 0
        while place + 8 <= size:
            file.seek(place)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1:  # longer than four bytes can say
                length = int.from_bytes(head[8:16], "big")
            if length < 8 or place + length > size:
                break
            place += length
            if kind == b"mdat" or (whole and kind != b"moof"):
                whole = place
        if whole < size:
            file.truncate(whole)
    return whole > 0


def put_index_in_front(part: Path) -> None:
    """Copy a fragmented film into a plain one, which every editor reads, where the disk has the room; else it stays as it is."""
    import av

    options = {"movflags": "+faststart"}
    try:
        if shutil.disk_usage(part.parent).free < 1.1 * part.stat().st_size + (1 << 20):
            return
        with whole_file(part) as fresh, av.open(str(part)) as film, av.open(str(fresh), "w", format="mp4", options=options) as plain:
            stream = film.streams.video[0]
            copy = plain.add_stream_from_template(stream)
            for packet in film.demux(stream):
                if packet.dts is not None:
                    packet.stream = copy
                    plain.mux(packet)
    except (OSError, ConfigError, av.FFmpegError):  # what there is can be watched
        return


def keep_left_behind(part: Path) -> Path | None:
    """Give a film that a killed program left behind a name of its own, ``NAME.kept.mp4``. Raises BlockingIOError where its
    program still writes it, OSError where the place cannot be written."""
    try:
        file = part.open("r+b")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(errno.EBUSY, "another show is recording there") from None
        if not cut_torn_end(part):
            part.unlink()
            return None
        kept = free_name(part.with_name(f"{part.stem.removesuffix('.part')}.kept{part.suffix}"))
        part.rename(kept)
        return kept
