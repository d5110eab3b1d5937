"""What a face does, from its landmarks: head pose and expression measures."""

import math

import numpy as np
from numpy.typing import NDArray

from installation.messages import Expression


def measure(landmarks: NDArray[np.float32]) -> Expression:
    """``landmarks`` [468, 3] px, z negative towards the viewer."""
    right = landmarks[454] - landmarks[234]
    up = landmarks[10] - landmarks[152]
    yaw = math.degrees(math.atan2(float(right[2]), float(right[0])))
    pitch = math.degrees(math.atan2(float(up[2]), -float(up[1])))
    roll = math.degrees(math.atan2(float(right[1]), float(right[0])))
    return Expression(yaw=yaw, pitch=pitch, roll=roll)
