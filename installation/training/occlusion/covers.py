"""Things to lay over faces: hands, microphones, cups and boxes, sheets, scarves, arms, in colours and stuff of all kinds.

No picture of a hand is needed: what tells a hand from a cheek is where skin ends, its shadow, and that no eye or mouth is there.
Pictures are uint8 RGB [S, S, 3]; covers are float32 [S, S], 0…1.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

Plane = NDArray[np.float32]
Generator = np.random.Generator
CHEEK = (0.5, 0.62)  # of the aligned square, around which the sitter's own skin is found
SHADOW = 0.35  # at most so much darker is the face around what lies on it


def hand(side: int, rng: Generator) -> Plane:
    """A palm with fingers that comes from outside the head."""
    cover = np.zeros((side, side), np.float32)
    tip = rng.uniform(0.3, 0.75, 2) * side
    angle = rng.uniform(0, 2 * np.pi)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    thick = side * rng.uniform(0.055, 0.085)
    long = side * rng.uniform(0.2, 0.32)
    spread = rng.uniform(0.95, 1.5)
    count = int(rng.integers(1, 5))
    for finger in range(count):
        place = finger - (count - 1) / 2
        length = long * rng.uniform(0.75, 1.05)
        end = tip + across * place * thick * spread + along * (long - length)
        base = tip + across * place * thick * rng.uniform(0.8, 1.0) + along * long
        _stroke(cover, end, base, thick * rng.uniform(0.85, 1.05))
    palm = tip + along * (long + thick * 1.2)
    _stroke(cover, palm, palm + along * side * 0.35, thick * max(2.0, count * 1.05))
    _stroke(cover, palm + along * side * 0.3, palm + along * side * 1.5, thick * rng.uniform(2.0, 2.8))  # the arm
    return cover


def microphone(side: int, rng: Generator) -> Plane:
    """A ball or a short stub on a stick."""
    cover = np.zeros((side, side), np.float32)
    head = np.array([rng.uniform(0.3, 0.7), rng.uniform(0.55, 0.9)]) * side
    radius = side * rng.uniform(0.05, 0.13)
    angle = rng.uniform(0.1, np.pi - 0.1)
    along = np.array([np.cos(angle), np.sin(angle)])
    _stroke(cover, head, head + along * side * rng.uniform(0, 0.1), 2 * radius)
    _stroke(cover, head, head + along * side, radius * rng.uniform(0.4, 1.4))
    return cover


def sheet(side: int, rng: Generator) -> Plane:
    """A sheet, a telephone, a cup: four corners, somewhat askew."""
    cover = np.zeros((side, side), np.float32)
    middle, half = rng.uniform(0.2, 0.85, 2) * side, rng.uniform(0.08, 0.35, 2) * side
    angle = rng.normal(0, 0.4)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half * rng.uniform(0.85, 1.1, (4, 2))
    cv2.fillPoly(cover, [np.rint(corners @ turn.T + middle).astype(np.int32)], 1.0, cv2.LINE_AA)
    return cover


def cloth(side: int, rng: Generator) -> Plane:
    """A scarf, a mask, a sleeve: a blob without corners, mostly from below."""
    noise = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), side * rng.uniform(0.06, 0.16))
    noise = noise / np.float32(np.abs(noise).max())
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    below = rng.uniform(0.55, 0.85)
    slope = (y - below + rng.normal(0, 0.3) * (x - 0.5)) * 4 if rng.random() < 0.6 else -0.45 * np.ones_like(y)
    return np.asarray(np.clip((slope + noise * rng.uniform(0.5, 1.0)) * 12, 0, 1), np.float32)


KINDS = (hand, hand, hand, microphone, sheet, cloth)


def covered(picture: Image, other: Image, rng: Generator) -> tuple[Image, Plane]:
    """A face with one or two things before it, and where they are. other: any picture, of which their stuff may be made."""
    side = picture.shape[0]
    result, everywhere = picture.astype(np.float32), np.zeros((side, side), np.float32)
    for _ in range(1 + int(rng.random() < 0.25)):
        kind = KINDS[int(rng.integers(len(KINDS)))]
        cover = kind(side, rng)
        stuff = _skin(picture, cover, rng) if kind is hand and rng.random() < 0.85 else _stuff(other, rng)
        soft = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.3, 1.2))
        shade = cv2.GaussianBlur(cover, (0, 0), side * rng.uniform(0.015, 0.05)) * rng.uniform(0, SHADOW)
        result = result * (1 - shade[..., None])
        result += soft[..., None] * (stuff - result)
        everywhere = np.maximum(everywhere, cover)
    return np.clip(result, 0, 255).astype(np.uint8), everywhere


def lit(picture: Image, rng: Generator) -> Image:
    """The same face under a lamp from one side, with a soft shadow across it or a coloured light: none of it covers anything."""
    side = picture.shape[0]
    slow = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), side * rng.uniform(0.05, 0.2))
    slow = slow / np.float32(np.abs(slow).max())
    if rng.random() < 0.3:  # the edge of a shadow
        slow = np.clip(slow * np.float32(rng.uniform(3, 8)), -1, 1)
    colour = 1 + rng.uniform(0, 0.45) * slow[..., None] * (1 + rng.normal(0, 0.25, 3))
    return np.clip(picture * colour, 0, 255).astype(np.uint8)


def _stroke(cover: Plane, start: NDArray[np.float64], end: NDArray[np.float64], width: float) -> None:
    points = [tuple(np.clip(np.rint(p), -4096, 4096).astype(int).tolist()) for p in (start, end)]
    cv2.line(cover, points[0], points[1], 1.0, max(1, round(width)), cv2.LINE_AA)


def _skin(picture: Image, cover: Plane, rng: Generator) -> Plane:
    """[S, S, 3] of the sitter's own colour, or near it, rounded by light, with lines between the fingers."""
    side = picture.shape[0]
    x, y, r = int(CHEEK[0] * side), int(CHEEK[1] * side), side // 8
    tone = np.median(picture[y - r : y + r, x - 2 * r : x + 2 * r].reshape(-1, 3), axis=0).astype(np.float32)
    tone = tone * np.exp(rng.normal(0, 0.18)) + rng.normal(0, 6, 3).astype(np.float32)
    depth = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    rounded = 1 - rng.uniform(0.1, 0.45) * np.exp(-depth / (side * rng.uniform(0.012, 0.035)))
    slow = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), side * 0.12)
    light = rounded * (1 + rng.uniform(0.03, 0.2) * slow / max(1e-6, float(np.abs(slow).max())))
    fine = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 1.0) * rng.uniform(0, 8)
    return np.asarray(tone * light[..., None] + fine[..., None], np.float32)


def _stuff(other: Image, rng: Generator) -> Plane:
    """[S, S, 3] of one colour with light across it, or a piece of another picture."""
    side = other.shape[0]
    if rng.random() < 0.4:
        part = int(side * rng.uniform(0.15, 0.6))
        x, y = (int(v) for v in rng.integers(0, side - part, 2))
        piece = other[y : y + part, x : x + part]
        return np.asarray(cv2.resize(piece, (side, side), interpolation=cv2.INTER_LINEAR), np.float32) * np.float32(rng.uniform(0.5, 1.2))
    colour = rng.uniform(10, 250, 3) if rng.random() < 0.5 else np.full(3, rng.choice([15, 30, 60, 120, 200, 240]))
    across = rng.normal(0, 0.25, 2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    light = 1 + across[0] * x + across[1] * y
    noise = rng.standard_normal((side, side)).astype(np.float32) * rng.uniform(0, 10)
    return np.asarray(colour.astype(np.float32) * light[..., None] + noise[..., None], np.float32)
