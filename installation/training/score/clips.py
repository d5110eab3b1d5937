"""Scores on clips, through the mirror's own stages with edits off: likeness of the sitters, steadiness of the portraits."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.clock import FrameClock
from installation.engines.select import EngineSettings
from installation.errors import SourceError
from installation.faces import landmarks as index
from installation.faces.ffhq import EYES, MOUTH, crop_to_original, invert, quad_from_landmarks, transform
from installation.latents.cache import CachePolicy
from installation.messages import AlignedFace, AlignedFrame, EditedFace, EditedFrame, Expression, Face, Frame, Image, Portrait
from installation.models.bundle import Models
from installation.portraits.engines import GenerateSettings
from installation.sources.base import CaptureSettings, SourceEnded
from installation.sources.video import video_file
from installation.stages.align import Align, align_image
from installation.stages.encode import Encode
from installation.stages.generate import Generate
from installation.stages.glass import LARGEST_ON_CPU, SIDES
from installation.stages.track import Track, TrackSettings
from installation.training.data.datasets import STORED_PX
from installation.training.score.faces import fitted
from installation.training.score.glazing import GlassScores, Glazing, score_glazing
from installation.training.score.networks import IdentityJudge, five_point_matrix

Array = NDArray[np.float64]

SUFFIXES = {".mp4", ".mkv", ".mov", ".avi", ".webm", ".gif", ".m4v", ".mpg", ".mpeg", ".wmv"}
LOOK_EVERY = 10  # frames between two looks at the likeness
EDIT_EVERY = 50  # frames between two looks at what all edits do over the camera's pixels
WARM_UP, TIMED = 3, 25  # calls before and while an engine is timed
DRAWABLE = 0.5  # as the mirror: beyond it no new code is made


@dataclass(frozen=True)
class Milliseconds:
    """Of one face: each call's time."""

    encode: Array
    generate: Array


class Mirror:
    """Encode and generate with the engines that the mirror would choose on this machine."""

    def __init__(self, models: Models, engine: EngineSettings) -> None:
        self.models = models
        self.encode = Encode(models, CachePolicy(), engine, (1,))
        self.generate = Generate(models, engine, GenerateSettings(portrait_px=min(models.base.size, STORED_PX), buckets=(1,)))

    def forget(self) -> None:
        """Nobody is known any more."""
        self.encode.cache.forget(set(), float("inf"))

    def portraits(self, aligned: AlignedFrame) -> tuple[Portrait, ...]:
        """The portraits of a frame's faces, with the smoothed codes of the mirror's cache and edits off."""
        encoded = self.encode.encode(aligned, aligned.frame.time)
        faces = tuple(EditedFace(f.face, f.ws, f.ws, f.detail, 1.0) for f in encoded.faces)
        return self.generate.portraits(EditedFrame(aligned.frame, faces)).portraits

    def time(self, picture: Image) -> Milliseconds:
        """What a new code and a portrait of one face take, on the engines alone."""
        side = self.models.input_px
        face = Face(0, _where_ffhq_has_them(picture.shape[0]), (0.0, 0.0, 1.0, 1.0), Expression(), 1.0, True, 1.0)
        square = np.eye(2, 3)
        frame = Frame(0, 0.0, picture)
        aligned = AlignedFrame(frame, (AlignedFace(face, fitted(picture, side), square, square),))
        encoding, drawing = [], []
        for _ in range(WARM_UP + TIMED):
            self.forget()
            start = time.perf_counter()
            encoded = self.encode.encode(aligned, 0.0)
            middle = time.perf_counter()
            faces = tuple(EditedFace(f.face, f.ws, f.ws, f.detail, 1.0) for f in encoded.faces)
            self.generate.portraits(EditedFrame(frame, faces))
            encoding.append(middle - start)
            drawing.append(time.perf_counter() - middle)
        self.forget()
        return Milliseconds(np.array(encoding[WARM_UP:]) * 1e3, np.array(drawing[WARM_UP:]) * 1e3)

    def close(self) -> None:
        self.encode.close()


@dataclass(eq=False)
class ClipScores:
    """One clip. identity [K]: of sitters and portraits, every tenth frame. portrait and aligned: mean absolute change from frame to
    frame, grey levels, summed over all pairs of a face's neighbouring frames. glass: edits over the camera's pixels, a frame each."""

    name: str
    frames: int = 0
    identity: list[float] = field(default_factory=list)
    portrait: float = 0.0
    aligned: float = 0.0
    pairs: int = 0
    glass: list[GlassScores] = field(default_factory=list)

    @property
    def steadiness_ratio(self) -> float | None:
        """Change of the portrait over that of the aligned input; None where nothing moved or nobody was there."""
        return self.portrait / self.aligned if self.aligned > 0 else None


def score_clip(mirror: Mirror, path: Path, identity: IdentityJudge | None, most_frames: int, glazing: Glazing | None = None) -> ClipScores:
    """Raises SourceError for a clip that cannot be read."""
    track, crops, compared = Track(TrackSettings(fade_in_seconds=0.0)), Align(mirror.models.input_px), Align(STORED_PX)
    mirror.forget()
    scores = ClipScores(path.name)
    before: dict[int, tuple[Image, Image]] = {}
    for frame in frames_of(path, most_frames):
        scores.frames += 1
        tracked = track.track(frame)
        sitters = {a.face.id: a for a in compared.align(tracked).faces}
        now: dict[int, tuple[Image, Image]] = {}
        for portrait in mirror.portraits(crops.align(tracked)):
            sitter = sitters[portrait.face.id]
            if not (portrait.face.seen and portrait.face.drawable > DRAWABLE):
                continue
            side = min(portrait.image.shape[0], STORED_PX)
            pair = fitted(portrait.image, side), fitted(sitter.crop, side).copy()  # the crop's memory is used again
            now[portrait.face.id] = pair
            _add_change(scores, before.get(portrait.face.id), pair)
            if identity is not None and frame.index % LOOK_EVERY == 0:
                scores.identity.append(_likeness(identity, sitter, portrait.image))
        before = now
        if glazing is not None and frame.index % EDIT_EVERY == 0:
            good = [sitters[id] for id in now]
            scores.glass.append(score_glazing(glazing, [_large(frame.image, sitter.face) for sitter in good], identity))
    return scores


def _add_change(scores: ClipScores, before: tuple[Image, Image] | None, now: tuple[Image, Image]) -> None:
    if before is None:
        return
    portrait, aligned = (float(np.abs(a.astype(np.int16) - b).mean()) for a, b in zip(now, before, strict=True))
    scores.portrait += portrait
    scores.aligned += aligned
    scores.pairs += 1


def _large(image: Image, face: Face) -> tuple[Image, NDArray[np.floating]]:
    """A face's crop as large as the camera has pixels of it, and its landmarks [468, 2] px there."""
    quad = quad_from_landmarks(face.landmarks)
    side = max((s for s in SIDES if s <= min(quad.side, LARGEST_ON_CPU)), default=SIDES[0])
    M_c2o = crop_to_original(quad, side)
    return align_image(image, M_c2o, side), transform(invert(M_c2o), face.landmarks)


def _likeness(identity: IdentityJudge, sitter: AlignedFace, portrait: Image) -> float:
    matrix = five_point_matrix(transform(sitter.M_o2c, sitter.face.landmarks))
    a, b = identity.embed([sitter.crop, fitted(portrait, STORED_PX)], [matrix, matrix])
    return float(a @ b)


def frames_of(path: Path, most: int) -> Iterator[Frame]:
    """The first frames of a clip, timed by its own rate. Raises SourceError."""
    clock = FrameClock(30.0)
    with video_file(path, CaptureSettings(loop=False), clock, realtime=False) as source:
        clock.rate = source.rate
        while source.frames_read < most:
            try:
                frame = source.read()
            except SourceEnded:
                return
            if frame is not None:
                yield frame
                clock.advance()


def clips_of(folder: Path) -> list[Path]:
    """The clips of a folder, or the one that is named. Raises SourceError where there is none."""
    found = [folder] if folder.is_file() else sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise SourceError(f"{folder}: no clips here ({', '.join(sorted(SUFFIXES))})")
    return found


def _where_ffhq_has_them(side: int) -> NDArray[np.float32]:
    """[468, 2] px: eyes and mouth of an aligned picture, which is all that a crop is made of; the rest in its middle."""
    landmarks = np.full((index.LANDMARK_COUNT, 2), 0.5, np.float32)
    for eye, (x, y) in zip((index.RIGHT_EYE, index.LEFT_EYE), EYES, strict=True):
        landmarks[list(eye)] = (x, y)
    landmarks[list(index.MOUTH_CORNERS)] = MOUTH
    return np.asarray(landmarks * side, np.float32)
