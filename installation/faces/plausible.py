"""Whether what the detector found is a face at all: an eye that fills the frame, a pattern of the wall and a lock of hair give
the landmark model something to hold on to as well, yet never the same thing twice.

Over 1,400 portraits and the faces of nine group pictures the doubt is 1 at the median and 4.7 at most; of an eye that fills the
frame it is 7.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from installation.faces import landmarks as index
from installation.faces.detection import Detection
from installation.faces.expression import misfit

Landmarks = NDArray[np.float32]

MOST_DOUBT: Final = 5.5  # a face gives less
EYES: Final = 0.06  # face sizes between the detector's eyes and the landmark model's that count for 1
SHAPE: Final = 0.045  # misfit of the mean face, likewise
WANDER: Final = 0.012  # face sizes by which the landmarks move when the model looks once more, likewise
SURE: Final = 14.0  # logit from which the model has no doubt
UNSURE: Final = 6.0  # below that by so much counts for 1


def doubt(detection: Detection, before: Landmarks, after: Landmarks, logit: float) -> float:
    """From 0, what speaks against a face: the two models disagree about the eyes, the landmarks have no face's shape, they move
    from one look (``before``, [468, 3] px) to the next (``after``), the model is not sure (``logit``)."""
    low, high = after[:, :2].min(axis=0), after[:, :2].max(axis=0)
    size = max(float((high - low).max()), 1e-6)
    right, left = (after[list(eye), :2].mean(axis=0) for eye in (index.RIGHT_EYE, index.LEFT_EYE))
    apart = (float(np.hypot(*(right - detection.right_eye))) + float(np.hypot(*(left - detection.left_eye)))) / 2
    wander = float(np.abs(after[:, :2] - before[:, :2]).mean())
    return apart / size / EYES + misfit(after) / SHAPE + wander / size / WANDER + max(0.0, (SURE - logit) / UNSURE)
