"""Quarter turns and mirror images: how a picture is laid so that people in it stand upright."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self

import cv2
import numpy as np

from installation.messages import Image

Flip = Literal["none", "horizontal", "vertical"]


@dataclass(frozen=True, slots=True)
class Orientation:
    """A mirror image, left for right, where asked for, and after it ``turns`` quarter turns clockwise, 0…3."""

    turns: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, rotate: int, flip: Flip) -> Self:
        """As a person asks for it: ``rotate`` degrees clockwise, a multiple of 90, then flipped as it is seen after that."""
        turns = rotate // 90
        if flip == "none":
            return cls(turns % 4)
        # To turn and then mirror is to mirror and then turn the other way; upside down for left-for-right is half a turn more.
        return cls(-(turns + 2 * (flip == "vertical")) % 4, mirrored=True)

    @classmethod
    def of_matrix(cls, data: bytes) -> Self:
        """FFmpeg's display matrix, nine int32 in the machine's order: its nearest quarter turn. Damaged ones turn nothing."""
        if len(data) < 36:
            return cls()
        right_x, right_y, _, down_x, down_y = (float(number) for number in np.frombuffer(data, np.int32, 5))
        size = right_x * down_y - right_y * down_x
        if size == 0:
            return cls()
        mirrored = size < 0
        # Where the picture's right side points, once a mirror image is undone; y runs down.
        x, y = (-right_x, -right_y) if mirrored else (right_x, right_y)
        return cls(round(math.degrees(math.atan2(y, x)) / 90) % 4, mirrored)

    def __bool__(self) -> bool:
        return self.turns != 0 or self.mirrored

    def apply(self, image: Image) -> Image:
        """The picture [H, W, 3] laid so: itself where nothing is to be done, otherwise a new array, [W, H, 3] on its side."""
        match self.turns, self.mirrored:
            case 0, False:
                return image
            case 0, True:
                laid = cv2.flip(image, 1)
            case 2, True:
                laid = cv2.flip(image, 0)
            case 3, True:
                laid = cv2.transpose(image)
            case 1, True:
                laid = cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)
            case turns, _:
                laid = cv2.rotate(image, (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)[turns - 1])
        return np.asarray(laid, dtype=np.uint8)


UPRIGHT = Orientation()
