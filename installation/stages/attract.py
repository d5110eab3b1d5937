"""Attract: what the canvas shows while nobody is there, or nobody who wants to be seen: a face that is nobody's, and an invitation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from installation.control.state import Controls
from installation.messages import EncodedFrame
from installation.models.walk import Walk

COME = "come"  # the invitation to whoever passes
CONTROL = "transport/attract"
AUTO, ON = "auto", "on"
LOST = 1.0  # s without a frame, after which the camera is gone and nobody is waited for
LOST_FRAMES = 2.5  # times the last two frames' distance: a slow source is not a lost one


@dataclass(frozen=True, slots=True)
class Attraction:
    """alone: whether the wall takes the mirror's place; invitation: the name of the text that is shown, "" for none."""

    alone: bool = False
    invitation: str = ""


@dataclass(eq=False)
class Attract:
    """walk: who hangs there; after_seconds: without anybody, until it begins; consent: the text for those who have not agreed to be
    seen yet, "" where nobody is asked."""

    walk: Walk
    after_seconds: float = math.inf
    consent: str = ""
    _empty: float | None = None  # s, since when nobody is there
    _last: float = -math.inf  # s, time of the newest frame
    _gap: float = 0.0  # s, between the last two

    def step(self, encoded: EncodedFrame, controls: Controls, now: float) -> Attraction:
        """What is to be shown at ``now``, s, with what is known of the newest frame."""
        if encoded.frame.time != self._last:
            self._gap = max(encoded.frame.time - self._last, 0.0) if math.isfinite(self._last) else 0.0
            self._last = encoded.frame.time
        if encoded.faces or encoded.waiting or encoded.unclear:
            self._empty = None
        elif self._empty is None:
            self._empty = now
        asked = self.consent if encoded.waiting else ""
        wanted = controls.text(CONTROL)
        if wanted == ON:
            return Attraction(True, asked or COME)
        if encoded.faces:
            return Attraction(False, asked)
        if self.consent:  # the mirror shows nobody who has not agreed: not even in passing
            return Attraction(True, asked or (COME if self._waited(now) and wanted == AUTO else ""))
        return Attraction(True, COME) if wanted == AUTO and self._waited(now) else Attraction()

    def nobody(self, encoded: EncodedFrame, now: float) -> EncodedFrame | None:
        """The frame with nobody in it but the one who walks; None while there is no such face."""
        face = self.walk.at(now)
        return None if face is None else EncodedFrame(encoded.frame, (face,))

    def _waited(self, now: float) -> bool:
        """Whether nobody has been there for long enough, or the camera is gone."""
        lost = now - self._last > max(LOST, LOST_FRAMES * self._gap) and math.isfinite(self.after_seconds)
        return self._empty is not None and (lost or now - self._empty >= self.after_seconds)
