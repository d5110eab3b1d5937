"""The play that the visitors perform: who stands where, looks where, blinks and smiles when. It begins as it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from installation.demo.face_warp import Pose
from installation.demo.figure import Appearance, Standing

SECONDS = 24.0  # length of the loop
BLINK = 0.30  # s from open to open
STEPS = 1.8  # Hz, steps of a walking visitor

Keys = tuple[tuple[float, float], ...]  # (s, value), eased in between, held before the first and after the last


@dataclass(frozen=True, slots=True)
class Role:
    """One visitor's part. Later parts stand nearer to the camera."""

    look: Appearance
    scale: float  # canvas px per portrait px
    x: Keys  # px of the canvas
    y: float
    yaw: Keys
    pitch: Keys
    roll: Keys
    smile: Keys
    blinks: tuple[float, ...]  # s
    phase: float  # of the small movements that never stop


def eased(keys: Keys, t: float) -> float:
    """A value between its keys, gently started and stopped."""
    times = [key[0] for key in keys]
    k = int(np.searchsorted(times, t, side="right"))
    if k == 0 or k == len(keys):
        return keys[0][1] if k == 0 else keys[-1][1]
    (t0, v0), (t1, v1) = keys[k - 1], keys[k]
    s = (t - t0) / (t1 - t0)
    return v0 + (v1 - v0) * s * s * s * (s * (6 * s - 15) + 10)


def wave(t: float, cycles: int, phase: float) -> float:
    """A sine that fits the loop ``cycles`` times; ``phase`` in turns."""
    return float(np.sin(2 * np.pi * (cycles * t / SECONDS + phase)))


def act(part: Role, t: float) -> tuple[Standing, Pose]:
    """Place and pose of a part at ``t`` seconds of the loop."""
    p = part.phase
    speed = abs(eased(part.x, t + 0.05) - eased(part.x, t - 0.05)) / 0.1
    walk = min(1.0, speed / 260)
    stride = float(np.sin(2 * np.pi * STEPS * t))
    breath = wave(t, 6, p)
    place = Standing(
        x=eased(part.x, t) + part.scale * (4.0 * wave(t, 2, p) + 2.0 * wave(t, 5, 2 * p)) + walk * 5 * float(np.sin(np.pi * STEPS * t)),
        y=part.y + part.scale * 1.2 * breath + walk * part.scale * 5.0 * stride,
        scale=part.scale * (1 + 0.006 * wave(t, 3, 3 * p)),
        lean=0.5 * wave(t, 3, 1.7 * p) + walk * 0.8 * float(np.sin(np.pi * STEPS * t)),
    )
    closed = max((_lids(t - at) for at in part.blinks), default=0.0)
    pose = Pose(
        yaw=eased(part.yaw, t) + 1.6 * wave(t, 4, p) + 0.9 * wave(t, 9, 2.3 * p),
        pitch=eased(part.pitch, t) + 1.2 * wave(t, 5, 1.3 * p) + walk * 0.8 * stride,
        roll=eased(part.roll, t) + 1.2 * wave(t, 3, 2.1 * p),
        smile=eased(part.smile, t),
        blink=closed,
        gaze=0.9 * wave(t, 7, 1.9 * p),
    )
    return place, pose


def _lids(since: float) -> float:
    """How far the lids are closed ``since`` seconds after a blink began: quicker down than up."""
    if not 0 <= since <= BLINK:
        return 0.0
    s = since / BLINK
    down, held = 0.30, 0.45
    share = s / down if s < down else 1.0 if s < held else (1 - s) / (1 - held)
    return share * share * (3 - 2 * share)


AMA = Appearance("05015.webp", (81.0, 178.0), 246.0, 224.0, 172.0, (58, 84, 92))
RAVI = Appearance("01620.webp", (83.0, 187.0), 250.0, 237.0, 196.0, (46, 48, 56))
KENJI = Appearance("09460.webp", (89.0, 188.0), 249.0, 219.0, 198.0, (122, 108, 90))
HELEN = Appearance("03992.webp", (85.0, 191.0), 249.0, 225.0, 174.0, (104, 46, 52))

PLAY = (
    Role(  # comes from the right, stays behind the two, leaves again
        HELEN, 0.92, x=((12.2, 1560), (15.2, 662), (19.4, 650), (22.8, 1560)), y=318,
        yaw=((12.2, -13), (14.2, -13), (15.4, 3), (17.0, 3), (17.8, -9), (18.6, 0), (19.4, 2), (20.4, 14), (22.8, 14)),
        pitch=((15.4, 0), (16.4, 4), (17.8, -3), (19.0, 0)),
        roll=((15.6, 0), (16.6, 5), (18.2, -3), (19.4, 0)),
        smile=((15.6, 0), (16.3, 1), (18.6, 1), (19.4, 0.2), (21.0, 0)),
        blinks=(13.1, 15.0, 17.4, 19.3, 21.2), phase=0.62,
    ),
    Role(  # on the right throughout
        RAVI, 1.20, x=((0, 915), (3, 925), (8, 940), (13, 915), (20, 928), (24, 915)), y=326,
        yaw=((0, 0), (2.2, 0), (3.0, -16), (4.6, -16), (5.4, -10), (6.8, -18), (9.0, -6), (9.8, 4), (10.8, 16), (12.0, 17), (13.2, 16),
             (14.6, -12), (16.4, -14), (17.4, 0), (19.6, 0), (20.6, 12), (21.8, 12), (23.0, 0), (24, 0)),
        pitch=((0, 0), (1.0, -2), (2.0, 0), (6.0, 2), (8.6, -5), (9.6, 0), (18.0, 0), (18.4, 6), (18.8, -4), (19.2, 5), (19.6, 0)),
        roll=((0, 0), (4.0, 4), (6.4, 0), (8.4, -6), (10.4, 0), (16.0, 3), (18.8, 0), (20.4, -5), (23, 0)),
        smile=((0.2, 0), (1.0, 0.9), (2.6, 0.9), (3.4, 0), (8.2, 0), (8.9, 1), (10.6, 1), (11.6, 0),
               (17.2, 0), (18.0, 1), (20.4, 1), (21.4, 0)),
        blinks=(1.7, 4.4, 6.5, 9.6, 12.1, 14.4, 17.0, 19.5, 22.4), phase=0.27,
    ),
    Role(  # on the left throughout
        AMA, 1.28, x=((0, 385), (4, 372), (9, 396), (14, 380), (19, 392), (24, 385)), y=318,
        yaw=((0, 0), (1.4, 12), (2.6, 12), (3.6, 0), (4.8, -16), (5.9, -12), (7.4, 14), (8.8, 15), (9.8, 2),
             (11.6, 0), (13.2, 14), (15.4, 13),
             (16.2, 0), (18.0, 2), (19.2, 15), (20.4, 14), (21.6, -8), (22.8, -8), (24, 0)),
        pitch=((0, 0), (3.4, 0), (4.2, 5), (5.0, 0), (10.4, 0), (11.4, -8), (12.4, 0), (21.0, 0), (22.0, 6), (23.2, 0)),
        roll=((0, 0), (2.0, -5), (3.6, 0), (7.6, 5), (9.4, 0), (14.0, 4), (16.0, -4), (18.0, 0), (21.8, 6), (23.6, 0)),
        smile=((2.8, 0), (3.6, 1), (5.2, 1), (6.2, 0), (9.6, 0), (10.3, 0.9), (11.8, 0.9), (12.6, 0),
               (15.4, 0), (16.2, 1), (18.6, 1), (19.8, 0)),
        blinks=(0.9, 3.3, 4.9, 7.6, 9.7, 12.2, 14.8, 17.2, 20.0, 21.4, 23.3), phase=0.0,
    ),
    Role(  # walks in from the left before the others, stops, walks on
        KENJI, 1.42, x=((4.4, -360), (7.0, 645), (8.7, 665), (11.6, 1700)), y=312,
        yaw=((4.4, 15), (6.2, 15), (7.0, 2), (7.8, -6), (8.4, 0), (9.2, 15), (11.6, 15)),
        pitch=((6.6, 0), (7.3, -4), (8.2, 3), (9.0, 0)),
        roll=((6.6, 0), (7.6, 5), (8.8, 0)),
        smile=((6.7, 0), (7.3, 1), (8.7, 1), (9.5, 0)),
        blinks=(5.9, 7.5, 9.0), phase=0.41,
    ),
)  # fmt: skip
