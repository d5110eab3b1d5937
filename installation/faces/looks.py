"""What tells two visitors of one room apart, cheaply: a small picture of the head, levelled by its eyes, and its colours.

No model of identity: it need only hold for the seconds of an occlusion or a crossing, in one light. Over six clips a face
differs from itself a second later by 0.02 at the median (97 in 100 below 0.3), two people of a group by 0.43.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

SIDE = 8  # px of the small picture
THIN = 3  # every third pixel of every third row is enough for it
MIDDLE, SPREAD = 110.0, 120.0  # grey levels: brightness counts from the one in steps of the other
HUE_GAIN = 5.0  # shares of red, green and blue differ little between people


def looks(crop: Image) -> NDArray[np.float32]:
    """A vector of length 1 from the landmark model's picture [S, S, 3] of the head: pattern, brightness and hue."""
    thinned = np.ascontiguousarray(crop[1::THIN, 1::THIN])
    small = cv2.resize(thinned, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = small.mean(axis=(0, 1))
    pattern = (small - mean).reshape(-1)
    pattern /= max(float(np.linalg.norm(pattern)), 1e-6)
    hue = mean / max(float(mean.sum()), 1e-6) - 1 / 3
    vector = np.concatenate([pattern, (mean - MIDDLE) / SPREAD, hue * HUE_GAIN])
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
