"""What the tracker sees, for the operator's page: the camera's picture with the faces that were found in it."""

from __future__ import annotations

import cv2
import numpy as np

from installation.control.web.preview import LONGEST, Preview
from installation.messages import Image, TrackedFrame

SEEN, LOST = (226, 178, 112), (150, 146, 140)  # of a face that is seen, and of one that is waited for
WEAKEST = 0.5  # quality below which a face is not fit to be encoded: its box is thin


class TrackerView:
    """preview: where it is put while somebody looks who may. Called for every frame that is tracked, and costs nothing otherwise."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview

    def offer(self, tracked: TrackedFrame, now: float) -> None:
        """now: s, of the frame."""
        image = tracked.frame.image
        self._preview.size = (image.shape[1], image.shape[0])
        if self._preview.wanted(now):
            self._preview.put(drawn(tracked), now)


def drawn(tracked: TrackedFrame) -> Image:
    """[h, w, 3] the frame, no side longer than a preview's, with a box and the landmarks of every face."""
    image = tracked.frame.image
    scale = min(1.0, LONGEST / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    picture = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8) if scale < 1 else image.copy()
    for face in tracked.faces:
        colour = SEEN if face.seen else LOST
        if face.seen:
            for x, y in np.round(face.landmarks * scale).astype(int).tolist():
                if 0 <= x < size[0] and 0 <= y < size[1]:
                    picture[y, x] = colour
        x0, y0, x1, y1 = (round(side * scale) for side in face.box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2 if face.quality >= WEAKEST else 1, cv2.LINE_AA)
    return picture
