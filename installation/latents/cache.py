"""A code for each visitor: made anew only when the face moved or the code grew old, and glided to in W+."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from installation.messages import Expression, Face, OwnChanges

NEAR, FAR = 0.2, 0.5  # way of a code to the newest one, in its own spread: up to there all of the residual, from there nothing of it
CLEAR = 0.5  # drawable and quality from which the encoder has enough to go by


def can_be_encoded(face: Face) -> bool:
    """Whether this frame shows enough of a face, and where: not turned away, not half outside the frame, not behind anybody."""
    return face.seen and face.fresh and face.drawable > CLEAR and face.quality >= CLEAR


@dataclass(frozen=True)
class CachePolicy:
    """When a code is made anew, and how it is smoothed."""

    refresh_seconds: float = 0.5  # a code older than this is made anew
    pose_degrees: float = 3.0  # as is one whose yaw, pitch or roll moved further
    expression_change: float = 0.08  # or whose smile, mouth or eyes changed more
    smoothing_seconds: float = 0.25  # time constant of the glide from code to code
    trust: float = 0.6  # share of a new code in the next target: identity outlasts one odd frame
    forget_seconds: float = 10.0  # a code is dropped this long after its face was last seen, at the latest


@dataclass(eq=False)
class CachedCode:
    """What is known of one visitor."""

    target: Tensor  # [styles, w_dim] where the code glides to
    current: Tensor  # [styles, w_dim] where it is
    latest: Tensor  # [styles, w_dim] made last: the details since then belong to it
    detail: Tensor | None  # [C, r, r] of the last drawable frame
    expression: Expression  # of the frame that was encoded last
    encoded: float  # s
    stepped: float  # s
    seen: float  # s
    changes: OwnChanges | None = None  # with the last detail


class LatentCache:
    """Codes by visitor. ``misses`` counts the codes that were made, ``hits`` the frames of a face that were served without a
    new one."""

    def __init__(self, policy: CachePolicy) -> None:
        self.policy = policy
        self.hits = 0
        self.misses = 0
        self._entries: dict[int, CachedCode] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id: object) -> bool:
        return id in self._entries

    def needs_code(self, face: Face, now: float) -> bool:
        """Whether this face is to be encoded in this frame, as far as it can be."""
        entry = self._entries.get(face.id)
        return entry is None or (can_be_encoded(face) and self._stale(entry, face.expression, now))

    def age(self, face: Face, now: float) -> float:
        """Seconds since this face was encoded; infinity where it never was."""
        entry = self._entries.get(face.id)
        return math.inf if entry is None else now - entry.encoded

    def _stale(self, entry: CachedCode, e: Expression, now: float) -> bool:
        old, policy = entry.expression, self.policy
        pose = max(abs(e.yaw - old.yaw), abs(e.pitch - old.pitch), abs(e.roll - old.roll))
        change = max(abs(e.smile - old.smile), abs(e.mouth_open - old.mouth_open), abs(e.eyes_open - old.eyes_open))
        return now - entry.encoded >= policy.refresh_seconds or pose > policy.pose_degrees or change > policy.expression_change

    def store(self, face: Face, ws: Tensor, now: float) -> None:
        """A new code [styles, w_dim] of this face, as it was at ``now``."""
        self.misses += 1
        entry = self._entries.get(face.id)
        if entry is None:
            self._entries[face.id] = CachedCode(ws, ws.clone(), ws, None, face.expression, now, now, now)
            return
        entry.latest = ws
        entry.target = torch.lerp(entry.target, ws, self.policy.trust)
        entry.expression, entry.encoded = face.expression, now

    def store_detail(self, face: Face, detail: Tensor, own: Tensor | None = None, changes: OwnChanges | None = None) -> None:
        """The detail residual [C, r, r] of this frame, and what the editor would change of it, where it was asked; kept while the face
        cannot be drawn or is hidden.

        own: [r, r] 0…1, which part of it is the visitor's; the rest keeps what it had, and has nothing where it never had any.
        """
        entry = self._entries[face.id]
        if own is not None:
            detail = own * detail if entry.detail is None else torch.lerp(entry.detail, detail, own)
            if changes is not None:
                before = torch.zeros_like(changes.residual) if entry.changes is None else entry.changes.residual
                changes = OwnChanges(torch.lerp(before, changes.residual, own), changes.flow)
        entry.detail = detail
        if changes is not None:
            entry.changes = changes

    def changes(self, face: Face) -> OwnChanges | None:
        """What the editor would write on this face."""
        return self._entries[face.id].changes

    def code(self, face: Face, now: float, hold: float = 0.0) -> tuple[Tensor, Tensor | None]:
        """The smoothed code and as much of the residual as fits it, for this frame. hold 0…1 slows the glide, 1 stops it."""
        entry = self._entries[face.id]
        self.hits += entry.encoded != now
        seconds = self.policy.smoothing_seconds / max(1.0 - hold, 1e-6)
        step = 1 - math.exp(-max(now - entry.stepped, 0.0) / seconds) if hold < 1 and seconds > 0 else float(hold < 1)
        entry.current = torch.lerp(entry.current, entry.target, step)
        entry.stepped = max(now, entry.stepped)
        if face.seen:
            entry.seen = now
        return entry.current, _fitting(entry)

    def forget(self, present: set[int], now: float) -> None:
        """Drop the codes of visitors who have gone, and of those who have not been seen for ``forget_seconds``, wherever they are:
        nobody gets a number again, so that nothing of who has gone is of any use."""
        for id in [i for i, e in self._entries.items() if i not in present or now - e.seen >= self.policy.forget_seconds]:
            del self._entries[id]


def _fitting(entry: CachedCode) -> Tensor | None:
    """The residual, the less of it the farther the code has yet to glide: it was made for the face that the code is on its way to,
    and on another one it draws a second mouth or a second pair of eyes."""
    if entry.detail is None:
        return None
    way = float((entry.current - entry.latest).norm()) / max(float(entry.latest.std()) * math.sqrt(entry.latest.numel()), 1e-6)
    share = min(max((FAR - way) / (FAR - NEAR), 0.0), 1.0)
    return entry.detail if share == 1.0 else entry.detail * share
