"""The faces of a photograph: found once, and taken to their codes when somebody is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from installation.assembly.settings import track_settings
from installation.config import Config
from installation.darkroom.sitting import LOOK_SECONDS, LOOKS, MOST_FACES, from_the_left
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks
from installation.latents.cache import CLEAR, can_be_encoded
from installation.messages import AlignedFace, Face, Frame, Image, TrackedFrame
from installation.stages.align import Align
from installation.stages.track import Track


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One face of a photograph. number: from the left, from 1 on; face: in px of the view; aligned: in px of the whole photograph, with
    its crop; why: it cannot be edited, in words, empty where it can."""

    number: int
    face: Face
    aligned: AlignedFace
    why: str

    @staticmethod
    def of_square(face: Face, square: Image) -> Person:
        """Somebody who fills a square [S, S, 3] that is aligned already."""
        matrix = crop_to_original(quad_from_landmarks(face.landmarks), square.shape[0])
        return Person(1, face, AlignedFace(face, square, matrix, invert(matrix)), "")

    @property
    def width(self) -> float:
        """Px of the view."""
        return self.face.box[2] - self.face.box[0]


class FaceFinder:
    """Looks for faces in stills, with networks of its own: those of the show follow its visitors. crop_px: side of the crops."""

    def __init__(self, config: Config, crop_px: int) -> None:
        self._track = Track(replace(track_settings(config), max_faces=MOST_FACES, fade_in_seconds=0.0))
        self._align = Align(crop_px)

    def find(self, view: Image, whole: Image) -> tuple[Person, ...]:
        """Everybody in a photograph, from the left. view: the same, smaller."""
        self._track.forget()
        moment, tracked = 0.0, self._track.track(Frame(0, 0.0, view))
        for look in range(LOOKS if tracked.faces else 0):
            moment += LOOK_SECONDS
            tracked = self._track.track(Frame(look + 1, moment, view))
        faces = from_the_left([face for face in tracked.faces if face.seen])
        return self._people(faces, view, whole)

    def _people(self, faces: Sequence[Face], view: Image, whole: Image) -> tuple[Person, ...]:
        across, down = whole.shape[1] / view.shape[1], whole.shape[0] / view.shape[0]
        large = tuple(scaled(face, across, down) for face in faces)
        found: list[Person] = []
        for start in range(0, len(large), 4):  # the crops' memory is used again
            frame = TrackedFrame(Frame(0, 0.0, whole), large[start : start + 4])
            for one in self._align.align(frame).faces:
                face = faces[len(found)]
                found.append(Person(len(found) + 1, face, replace(one, crop=one.crop.copy()), why_not(face)))
        return tuple(found)


def scaled(face: Face, across: float, down: float) -> Face:
    """The face in a picture that is so many times wider and taller."""
    factor = np.array([across, down], np.float32)
    x0, y0, x1, y1 = face.box
    box = ((x0 + 0.5) * across - 0.5, (y0 + 0.5) * down - 0.5, (x1 + 0.5) * across - 0.5, (y1 + 0.5) * down - 0.5)
    return replace(face, landmarks=np.asarray((face.landmarks + 0.5) * factor - 0.5, np.float32), box=box)


def why_not(face: Face) -> str:
    """Why a face that was found cannot be edited; empty where it can."""
    if can_be_encoded(face):
        return ""
    return "turned too far away" if face.drawable <= CLEAR else "cut off or covered"


def largest(people: Sequence[Person]) -> Person | None:
    """Who is to be edited first: the largest face that can be."""
    return max((one for one in people if not one.why), key=lambda one: one.width, default=None)
