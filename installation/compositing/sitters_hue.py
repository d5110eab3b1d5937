"""Skin in the sitter's own hue, where a child of the generator draws it anew.

A painter may mix one flesh tint for everybody, and a child that has learned from one does; visitors want to know themselves. What is drawn
like the cheeks is turned around the colour circle until the cheeks have the hue that the camera sees there, as a photographer
sets the white by a grey card (von Kries 1902): its lightness, how strong its colours are, eyes, hair and ground stay as they were drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.head import cheeks
from installation.messages import Image, Mask, Points

Lab = NDArray[np.float32]  # [3], CIE 1976: L 0…100, a and b

SEEN_PX = 64  # side of the squares in which colours are looked at
NEAR = 0.65  # of them count, those that are most alike
LEAST_PX = 12  # of cheeks, under which nothing is known of them
ALIKE, MOST_ALIKE = 0.5, 12.0  # of the drawn cheeks' chroma, and at most: standard deviation of what is skin, too; what is grey is none
GREY, COLOURED = 0.04, 0.12  # chroma by lightness under which there is no hue to go by, and from which it counts whole
DARK = 12.0  # L, under which colours are mostly noise
MOST_GAIN = 1.6  # of one channel, either way
SETTLING = 0.15  # s in which two thirds of what is seen anew are believed


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the cheeks of somebody were like, and when they were looked at last, s."""

    colour: Lab
    moment: float


class SittersHue:
    """Remembers what the camera saw of everybody's cheeks, for as long as a hand or a mask is before them."""

    def __init__(self) -> None:
        self._known: dict[int, _Look] = {}

    def looked(self, id: int, moment: float) -> bool:
        """Whether somebody was looked at in the frame of that moment, s, already: they may be drawn many times."""
        known = self._known.get(id)
        return known is not None and known.moment == moment

    def look(self, id: int, crop: Image, landmarks: Points, covered: Mask | None, moment: float) -> None:
        """crop [64, 64, 3]: the camera's picture of a sitter who is seen well; landmarks [468, 2] px of it; covered [r, r] 0…255: what is
        before them; moment: s of the frame, which may begin anew."""
        where = cheeks(landmarks, SEEN_PX)
        if covered is not None and covered.any():
            where &= cv2.resize(covered, (SEEN_PX, SEEN_PX), interpolation=cv2.INTER_LINEAR) < 64
        if where.sum() < LEAST_PX:
            return
        seen, known = _middle(crop, where), self._known.get(id)
        if known is not None and moment >= known.moment:
            seen = known.colour + np.float32(1 - math.exp((known.moment - moment) / SETTLING)) * (seen - known.colour)
        self._known[id] = _Look(seen, moment)

    def forget_but(self, ids: set[int]) -> None:
        """Whoever is not one of these has gone."""
        self._known = {id: look for id, look in self._known.items() if id in ids}

    def given(self, id: int, drawn: Image, landmarks: Points, head: Mask, share: float) -> Image:
        """A drawing [p, p, 3] of a sitter with skin in their own hue; itself where nothing is known of it. landmarks [468, 2]: px of a
        square of 64; head [r, r] 0…255: where they are; share 0…1: how far it is to be theirs."""
        known = self._known.get(id)
        small = np.asarray(cv2.resize(drawn, (SEEN_PX, SEEN_PX), interpolation=cv2.INTER_AREA), np.uint8)
        where = cheeks(landmarks, SEEN_PX)
        if known is None or where.sum() < LEAST_PX:
            return drawn
        own, base = known.colour, _middle(small, where)
        share *= _sure(own) * _sure(base)
        if share <= 0.0:
            return drawn
        within = cv2.resize(head, (SEEN_PX, SEEN_PX), interpolation=cv2.INTER_AREA) * np.float32(share / 255)
        tables, skin = _tables(base, own), _alike(small, base) * within
        skin = np.asarray(cv2.resize(skin, drawn.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
        return np.asarray(cv2.blendLinear(drawn, cv2.LUT(drawn, tables), 1 - skin, skin), np.uint8)


def _middle(picture: Image, where: NDArray[np.bool_]) -> Lab:
    """The mean of what is near the median: a strand of hair, or the rim of a drawn head that is turned, does not count."""
    colours = picture[where].astype(np.float32)
    away = np.abs(colours - np.median(colours, axis=0)).sum(axis=1)
    found = colours[away <= np.percentile(away, 100 * NEAR)].mean(axis=0) * np.float32(1 / 255)
    return np.asarray(cv2.cvtColor(found.reshape(1, 1, 3), cv2.COLOR_RGB2LAB), np.float32).reshape(3)


def _sure(colour: Lab) -> float:
    """0…1: how far a colour has a hue."""
    strength = math.hypot(colour[1], colour[2]) / max(float(colour[0]), DARK)
    return min(1.0, max(0.0, (strength - GREY) / (COLOURED - GREY)))


def _tables(base: Lab, own: Lab) -> NDArray[np.uint8]:
    """[1, 256, 3]: for each channel what becomes of its levels, where ``base`` is to have the hue of ``own``."""
    chroma, hue = math.hypot(base[1], base[2]), math.atan2(own[2], own[1])
    wanted = np.array([base[0], chroma * math.cos(hue), chroma * math.sin(hue)], np.float32)
    both = cv2.cvtColor(np.stack([base, wanted]).reshape(1, 2, 3), cv2.COLOR_LAB2RGB).reshape(2, 3)
    gains = np.clip(np.maximum(both[1], 1e-3) / np.maximum(both[0], 1e-3), 1 / MOST_GAIN, MOST_GAIN)
    levels = np.arange(256, dtype=np.float32)[:, None] * gains
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8).reshape(1, 256, 3)


def _alike(small: Image, base: Lab) -> NDArray[np.float32]:
    """[64, 64] 0…1: what is drawn in a colour like that of the cheeks, with a soft rim."""
    lab = cv2.cvtColor(small.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2LAB)
    away = np.square(lab[..., 1:] - base[1:]).sum(axis=2)
    alike = min(MOST_ALIKE, ALIKE * math.hypot(base[1], base[2]))
    return np.asarray(cv2.GaussianBlur(np.exp(away * np.float32(-0.5 / alike**2)), (0, 0), 1.0), np.float32)
