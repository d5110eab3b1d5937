"""The moving pictures of a takeaway, made in a process of its own, which gives way to everything: a show never waits for them.

``python -m installation.takeaways.films FOLDER`` reads four whole numbers (pictures, height, width, channels) and the pictures [n, h, w,
3] from standard input, writes one file after the other into FOLDER, and says the name of each on standard output once it is whole. It
ends with 1, and a sentence on standard error, where one cannot be written.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from installation.messages import Image
from installation.outputs.film import BT709, STUDIO_RANGE, Yuv
from installation.takeaways.kept import BOOMERANG, FILMS
from installation.takeaways.reel import FPS, SEAM

HEAD = struct.Struct(">4I")
NICE = 5  # the show goes first; at the very last place a machine that is busy with it would never come to this
BOOMERANG_PICTURES = 18  # there, and the same back
CRF, MP4_PRESET = 21, "superfast"
MP4_SECONDS = 6.0  # the shortest film; a phone keeps a film of three seconds, and shows it once
WEBP_LONGEST, WEBP_QUALITY, WEBP_METHOD = 640, 74, 2
GIF_LONGEST, GIF_COLOURS, GIF_STEP = 432, 128, 2  # every second picture
PALETTE_OF = 5  # pictures that the colours of a GIF are chosen from

Pictures = NDArray[np.uint8]


def loop(pictures: Pictures) -> Pictures:
    """[n, h, w, 3] -> [n - SEAM, h, w, 3]: the end melts into the beginning, so that nothing jumps where it starts again. Changes
    ``pictures``."""
    count = len(pictures) - SEAM
    for i in range(SEAM):
        share = (i + 1) / (SEAM + 1)
        cv2.addWeighted(pictures[i], share, pictures[count + i], 1.0 - share, 0.0, dst=pictures[i])
    return pictures[:count]


def boomerang(pictures: Pictures) -> list[Image]:
    """The first second and a little, there and back; neither end stands still."""
    there = [*pictures[:BOOMERANG_PICTURES]]
    return [*there, *there[-2:0:-1]]


def write_mp4(path: Path, pictures: Sequence[Image]) -> None:
    """H.264 that plays everywhere, the film repeated until it has some length. Raises OSError."""
    import av

    height, width = pictures[0].shape[:2]
    yuv, times = Yuv((width, height)), max(1, round(MP4_SECONDS * FPS / len(pictures)))
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=FPS, options={"crf": str(CRF), "preset": MP4_PRESET})
        stream.width, stream.height, stream.pix_fmt = yuv.width, yuv.height, "yuv420p"
        codec = stream.codec_context
        codec.thread_count = 1
        codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range = BT709, BT709, BT709, STUDIO_RANGE
        frames = (av.VideoFrame.from_ndarray(yuv(picture), format="yuv420p") for picture in pictures)
        packets = [packet for frame in (*frames, None) for packet in stream.encode(frame)]
        bare = [(bytes(packet), packet.pts or 0, packet.dts or 0, packet.is_keyframe, packet.time_base) for packet in packets]
        for time in range(times):  # it begins with a whole picture, so that what was encoded once can be shown again
            for data, pts, dts, whole, base in bare:
                packet, later = av.Packet(data), round(time * len(pictures) / FPS / base)
                packet.stream, packet.time_base, packet.is_keyframe = stream, base, whole
                packet.pts, packet.dts = pts + later, dts + later
                file.mux(packet)


def write_webp(path: Path, pictures: Sequence[Image]) -> None:
    """An animated WebP that runs for ever. Raises OSError."""
    first, *rest = (Pillow.fromarray(one) for one in smaller(pictures, WEBP_LONGEST))
    first.save(
        path, "WEBP", save_all=True, append_images=rest, duration=round(1000 / FPS), loop=0, quality=WEBP_QUALITY, method=WEBP_METHOD
    )  # fmt: skip


def write_gif(path: Path, pictures: Sequence[Image]) -> None:
    """An animated GIF that runs for ever, its colours chosen once for all of it. Raises OSError."""
    small = list(smaller(pictures[::GIF_STEP], GIF_LONGEST))
    sample = np.vstack(small[:: max(1, len(small) // PALETTE_OF)])
    palette = Pillow.fromarray(sample).quantize(GIF_COLOURS, Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    first, *rest = (Pillow.fromarray(one).quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG) for one in small)
    first.save(path, "GIF", save_all=True, append_images=rest, duration=round(1000 * GIF_STEP / FPS, -1), loop=0, disposal=1)


def smaller(pictures: Sequence[Image], longest: int) -> Iterator[Image]:
    """Each with its longer side at most ``longest`` px."""
    for picture in pictures:
        height, width = picture.shape[:2]
        scale = min(1.0, longest / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        yield np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8) if scale < 1 else picture


WRITERS: MappingProxyType[str, Callable[[Path, Sequence[Image]], None]] = MappingProxyType({
    "mp4": write_mp4, "webp": write_webp, "gif": write_gif,
})  # fmt: skip


def make_films(pictures: Pictures, folder: Path) -> Iterator[str]:
    """Write every film of ``pictures`` [n, h, w, 3] into a folder, and say each name once it is whole. Raises OSError."""
    there_and_back = [picture.copy() for picture in boomerang(pictures)]  # before the loop melts its beginning
    around = [*loop(pictures)]
    for name in FILMS:
        stem, _, kind = name.partition(".")
        part = folder / f".{name}"
        WRITERS[kind](part, there_and_back if stem == BOOMERANG else around)
        os.replace(part, folder / name)
        yield name


def read_pictures(file: object) -> Pictures:
    """What the show sends. Raises EOFError where it has ended."""
    read = file.read  # type: ignore[attr-defined]
    head = read(HEAD.size)
    if len(head) < HEAD.size:
        raise EOFError
    pictures = np.empty(HEAD.unpack(head), np.uint8)
    into, there = memoryview(pictures.data).cast("B"), 0
    while there < len(into):
        got = file.readinto(into[there:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        there += got
    return pictures


def main(folder: Path) -> int:
    """The process."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    cv2.setNumThreads(1)
    try:
        pictures = read_pictures(sys.stdin.buffer)
        for name in make_films(pictures, folder):
            print(name, flush=True)
    except EOFError:
        return 1
    except (OSError, ValueError) as err:
        print(getattr(err, "strerror", None) or err, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
