"""Silhouette: where each visitor is in their own crop, so that no edit touches the room behind them; and where anybody is in the
whole frame, for a background that takes the room's place."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.compositing.matte import Matte
from installation.engines.silhouette_model import PEOPLE_HEIGHT, PEOPLE_WIDTH, PeopleModel, SilhouetteModel
from installation.faces.head import HEAD_PX
from installation.faces.mask_memory import MaskMemory
from installation.messages import AlignedFrame, Image, Mask

REST_FRAMES = 3  # after a silhouette was taken, before the same visitor's turn comes again
TAKEN = 0.5  # of a new silhouette in the one that is kept: an outline that is not sure must not tremble
SOFT = 1.0  # px, standard deviation of its rim
LINGER_SECONDS = 1.5  # that the matte is still made after nobody asks any more: a background takes that long to go
SMALL = 0.16  # of the frame's height: when no face is taller, people are far away
STAY = 1.25  # how much taller one must be to end that
HALF = 0.575  # of a frame's width: its halves overlap


class Silhouette:
    """AlignedFrame -> AlignedFrame. One visitor a frame, the stalest first. A visitor whose first turn has not come has none."""

    def __init__(self, threads: int = 1) -> None:
        """Raises WeightsError where the network is missing."""
        self._model, self._people = SilhouetteModel(threads), PeopleModel(threads)
        self._matte = Matte()
        self._crowd = False  # whether everybody is far away
        self._asked = -math.inf  # s, the frame for which the matte was asked last
        self._outlines = MaskMemory(self._measured, soft, TAKEN, REST_FRAMES)

    def outline(self, aligned: AlignedFrame) -> AlignedFrame:
        """The same faces with the silhouettes that are known."""
        self._outlines.step(aligned.faces)
        faces = (replace(a, silhouette=self._outlines.mask(a.face.id)) for a in aligned.faces)
        return AlignedFrame(aligned.frame, tuple(faces))

    def alone(self, crop: Image) -> Mask:
        """[S, S, 3] of a still -> [128, 128], 255 where its sitter is. Nothing of it is kept."""
        return soft(self._measured(crop))

    def people(self, aligned: AlignedFrame, wanted: bool) -> AlignedFrame:
        """The same frame with the matte of all who are in it, while that is wanted and a little longer. Otherwise it costs nothing."""
        frame = aligned.frame
        if wanted:
            self._asked = frame.time
        elif not 0.0 <= frame.time - self._asked < LINGER_SECONDS:
            self._matte.forget()
            return aligned
        self._crowd = _far(aligned, SMALL * (STAY if self._crowd else 1.0))
        answer = self._halves(frame.image) if self._crowd else self._people(frame.image)
        small = [a for a in aligned.faces if self._crowd and a.face.seen]
        known = [(a.silhouette, a.M_c2o, a.crop.shape[0]) for a in small if a.silhouette is not None]
        return replace(aligned, people=self._matte.of(frame.image, answer, known))

    def _halves(self, frame: Image) -> NDArray[np.float32]:
        """[144, 256] 0…1 of a frame of people far away, of whom the network for whole frames sees nothing: each half by itself."""
        width = round(HALF * frame.shape[1])
        halves = (frame[:, :width], frame[:, -width:])
        small = round(HALF * PEOPLE_WIDTH)
        left, right = (cv2.resize(self._model(half), (small, PEOPLE_HEIGHT), interpolation=cv2.INTER_AREA) for half in halves)
        share = np.clip((small - np.arange(PEOPLE_WIDTH, dtype=np.float32)) / (2 * small - PEOPLE_WIDTH), 0.0, 1.0)
        answer = np.zeros((PEOPLE_HEIGHT, PEOPLE_WIDTH), np.float32)
        answer[:, :small] += left * share[:small]
        answer[:, -small:] += right * (1.0 - share[-small:])
        return answer / np.float32(255.0)

    def _measured(self, crop: Image) -> NDArray[np.float32]:
        """[128, 128] 0…255."""
        return cv2.resize(self._model(crop), (HEAD_PX, HEAD_PX), interpolation=cv2.INTER_AREA).astype(np.float32)


def soft(levels: NDArray[np.float32]) -> Mask:
    """Levels 0…255 with a soft rim."""
    return np.rint(cv2.GaussianBlur(levels, (0, 0), SOFT)).astype(np.uint8)


def _far(aligned: AlignedFrame, share: float) -> bool:
    """Whether there is somebody and no face is taller than that share of the frame."""
    heights = [a.face.box[3] - a.face.box[1] for a in aligned.faces if a.face.seen]
    return bool(heights) and max(heights) < share * aligned.frame.image.shape[0]
