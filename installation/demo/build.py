"""Make the demo clip again: ``python -m installation demo [--out FILE]``.

Four computer-generated portraits are cut out, animated by landmark-driven warps and played before a painted room. It takes
a few minutes; the same code and portraits give the same pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from installation.demo.figure import Canvas, Figure, Standing
from installation.demo.play import PLAY, SECONDS, Role, act
from installation.demo.room import cast_shadow, paint_room
from installation.messages import Image

WIDTH, HEIGHT, RATE = 1280, 720, 30
FACES = Path(__file__).parent / "faces"
CLIP = Path(__file__).parent / "visitors.mp4"
ENCODER = {"crf": "21", "preset": "slow", "profile": "high", "bf": "2", "movflags": "+faststart"}


class FilmSet:
    """The room and the cast, drawn at any moment of the loop."""

    def __init__(self, parts: Sequence[Role] = PLAY, faces: Path = FACES) -> None:
        self._room = paint_room(WIDTH, HEIGHT)
        self._cast = [(part, Figure(part.look, faces, seed)) for seed, part in enumerate(parts)]

    def picture(self, t: float) -> Image:
        """The stage at ``t`` seconds of the loop, uint8 RGB [HEIGHT, WIDTH, 3]."""
        shown = [(figure, *act(part, t)) for part, figure in self._cast]
        shown = [(figure, place, pose) for figure, place, pose in shown if _in_sight(place, figure)]
        shadow = np.zeros((HEIGHT // 4, WIDTH // 4), np.float32)
        for figure, place, _ in shown:
            np.maximum(shadow, figure.silhouette((HEIGHT, WIDTH), place), out=shadow)
        canvas: Canvas = cast_shadow(self._room, shadow)
        for figure, place, pose in shown:
            figure.draw(canvas, place, pose)
        return np.asarray(np.clip(canvas + 0.5, 0, 255), dtype=np.uint8)

    def matte(self, t: float) -> NDArray[np.float32]:
        """How much of each pixel the visitors cover in that picture, [HEIGHT, WIDTH] 0…1: known, for they are laid over the room."""
        black, white = np.zeros((HEIGHT, WIDTH, 3), np.float32), np.full((HEIGHT, WIDTH, 3), 255.0, np.float32)
        for part, figure in self._cast:
            place, pose = act(part, t)
            if _in_sight(place, figure):
                figure.draw(black, place, pose)
                figure.draw(white, place, pose)
        return np.asarray(1.0 - (white - black).mean(axis=2) / 255.0, dtype=np.float32)


def _in_sight(place: Standing, figure: Figure) -> bool:
    reach = 1.3 * figure.look.shoulders * place.scale + 60
    return -reach < place.x < WIDTH + reach


def pictures(stage: FilmSet, seconds: float = SECONDS) -> Iterator[Image]:
    """Every picture of the loop in order."""
    for index in range(round(seconds * RATE)):
        yield stage.picture(index / RATE)


def write_clip(out: Path, frames: Iterator[Image]) -> int:
    """Encode as H.264 in MP4; gives the number of pictures."""
    count = 0
    with av.open(str(out), "w", options={"movflags": ENCODER["movflags"]}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={k: v for k, v in ENCODER.items() if k != "movflags"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = 2 * RATE
        stream.codec_context.time_base = Fraction(1, RATE)
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = count, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            count += 1
            if count % RATE == 0:
                print(f"\r{count // RATE} s of {SECONDS:g}", end="", file=sys.stderr, flush=True)
        container.mux(stream.encode(None))
    print(file=sys.stderr)
    return count


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installation demo", description="Make the clip of the embedded visitors again.")
    parser.add_argument("--out", type=Path, default=CLIP, help="where to write it (default: into the package)")
    arguments = parser.parse_args(argv)
    out: Path = arguments.out
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        count = write_clip(out, pictures(FilmSet()))
    except OSError as error:
        print(f"{out}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return 2
    print(f"{out}: {count} pictures, {out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
