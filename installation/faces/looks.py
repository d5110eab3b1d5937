"""What tells two visitors of one room apart, cheaply: a small picture of the face, levelled by its eyes, and its colours.

No model of identity: it need only hold for the seconds of an occlusion or a crossing, in one light.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

SIDE = 8  # px of the small picture
INNER = 0.6  # the middle of the landmark model's picture that is the face
COLOUR_WEIGHT = 1.0


def looks(crop: Image) -> NDArray[np.float32]:
    """A vector of length 1 from the landmark model's picture [S, S, 3] of the face."""
    size = crop.shape[0]
    low = round(size * (1 - INNER) / 2)
    small = cv2.resize(crop[low : size - low, low : size - low], (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = small.mean(axis=(0, 1))
    pattern = (small - mean).reshape(-1)
    pattern /= max(float(np.linalg.norm(pattern)), 1e-6)
    colour = mean / max(float(np.linalg.norm(mean)), 1e-6)
    vector = np.concatenate([pattern, COLOUR_WEIGHT * colour])
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
