"""The pictures in one file: a still has one, an animated GIF, WebP, PNG or AVIF has many, each for its own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installation.errors import SourceError
from installation.messages import Image
from installation.picture_file import open_picture
from installation.sources.stills import guarded, pixels_of, read_picture

ANIMATED = {"GIF", "WEBP", "PNG", "AVIF"}
USUAL_SECONDS, SHORTEST_SECONDS = 0.1, 0.011  # as browsers do: a picture that asks for less time than that gets the usual


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture, uint8 RGB [H, W, 3], and how long it is shown, s; None: a still, for as long as it is wanted."""

    image: Image
    seconds: float | None


def shots(path: Path) -> Iterator[Shot]:
    """The pictures of a file in their order, once, one in memory at a time. Raises SourceError with one sentence."""
    first, count = _span(path)
    if count <= 1:
        yield Shot(read_picture(path), None)
        return
    with guarded(path), open_picture(path) as picture:
        for number in range(first, first + count):
            picture.seek(number)
            image = pixels_of(picture, path)
            seconds = float(picture.info.get("duration") or 0) / 1000
            yield Shot(image, seconds if seconds >= SHORTEST_SECONDS else USUAL_SECONDS)


def _span(path: Path) -> tuple[int, int]:
    """Number of the first picture of an animation, and how many there are; a still has one at most."""
    try:
        with guarded(path), open_picture(path) as picture:
            if picture.format not in ANIMATED:
                return 0, 1
            # The first picture of an animated PNG may be for those only who cannot play it.
            first = int(bool(picture.info.get("default_image")))
            return first, int(getattr(picture, "n_frames", 1)) - first
    except SourceError:  # what Pillow does not know may still be read otherwise, as a still
        return 0, 1
