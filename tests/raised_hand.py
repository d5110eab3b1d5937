"""A visitor who raises a hand: the one of ``please.mkv``, whose own hand is turned and laid beside their head."""

from pathlib import Path

import cv2
import numpy as np

from installation.messages import Image

DATA = Path(__file__).parent / "data"
HAND = (330, 195)  # px of the clip's 30th frame, the middle of the hand that lies on the chest
ACROSS, ALONG = 34, 62  # px, half axes of what is cut out around it


def frames(count: int = 1, clip: str = "please.mkv", first: int = 30) -> list[Image]:
    """[H, W, 3] pictures of a clip, in their order."""
    video = cv2.VideoCapture(str(DATA / clip))
    read = [video.read()[1] for _ in range(first + count)]
    return [np.ascontiguousarray(one[:, :, ::-1]) for one in read[first:]]


def with_raised_hand(picture: Image, source: Image, where: tuple[int, int]) -> Image:
    """``picture`` with the hand of ``source``, the 30th frame of the clip, upright around a place, px."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D(HAND, 72, 1.0)
    turn[:, 2] += np.array(where) - np.array(HAND)
    mask = np.zeros(source.shape[:2], np.uint8)
    cv2.ellipse(mask, HAND, (ALONG, ACROSS), -18, 0, 360, 255, -1)
    hand, cover = (cv2.warpAffine(one, turn, (width, height)) for one in (source, cv2.GaussianBlur(mask, (0, 0), 3)))
    share = cover[:, :, None].astype(np.float32) / 255
    return np.asarray(np.round(picture + share * (hand - picture.astype(np.float32))), np.uint8)
