"""The hidden corner joined to a canvas: what is touched, what is shown, and the code that opens the operator's page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from installation.canvas.operator_card import OperatorPainter, OperatorView
from installation.canvas.pointer import Touch
from installation.canvas.qr import qr_rgb
from installation.canvas.scene import Overlay
from installation.config import OperatorConfig
from installation.control.corner import CornerLinks, CornerSettings, OperatorCorner, Way
from installation.control.pin import PinCheck
from installation.control.web.invitation import INVITATION_SECONDS
from installation.messages import Image
from installation.operation.ending import Ending
from installation.operation.health import Health

WRONG = "operator"  # the fault of somebody who tries PINs
NO_PANEL = ("There is no panel: control.web.enabled.",)
HERE_ALONE = "Reached from this machine alone; control.web.host opens it to phones."
TO_PHONES = "Point a phone at the code: it opens this page once."


class Panel(Protocol):
    """What is needed of the panel."""

    @property
    def public(self) -> bool: ...

    @property
    def operator_url(self) -> str: ...

    def unused(self, url: str) -> bool: ...


class Canvas(Protocol):
    """What is needed of the canvas."""

    @property
    def size(self) -> tuple[int, int]: ...

    def touches(self) -> list[Touch]: ...

    def show_cursor(self, shown: bool) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Code:
    """What opens the page once. until: s, monotonic."""

    url: str
    picture: Image
    until: float


class PanelWay:
    """The panel's address, with a code that is made anew once a phone has used it or its time is over. now: s, a clock."""

    def __init__(self, panel: Callable[[], Panel | None], now: Callable[[], float] = time.monotonic) -> None:
        self._panel, self._now = panel, now
        self._code: _Code | None = None

    def way(self, now: float) -> Way:
        """See ``CornerLinks``; its own clock counts."""
        panel = self._panel()
        if panel is None:
            return Way(NO_PANEL)
        if not panel.public:
            return Way((panel.operator_url, HERE_ALONE))
        code = self._code
        if code is None or self._now() >= code.until or not panel.unused(code.url):
            url = panel.operator_url
            self._code = code = _Code(url, qr_rgb(url, module_px=1), self._now() + INVITATION_SECONDS)
        return Way((code.url.partition("?")[0], TO_PHONES), code.picture)

    def forget(self) -> None:
        """Nobody looks any more: what was shown is not shown again."""
        self._code = None


class CornerHand:
    """Turned after each picture, in the thread that draws; ``overlays`` are laid over the next. Never raises."""

    def __init__(self, corner: OperatorCorner, canvas: Canvas, health: Health) -> None:
        self._corner, self._canvas, self._health = corner, canvas, health
        self._painter = OperatorPainter(canvas.size)
        self._view: OperatorView | None = None

    @property
    def is_in(self) -> bool:
        """Whether the operator is."""
        return self._corner.is_in

    def step(self, now: float) -> None:
        """now: s of the show's clock."""
        try:
            self._view = self._corner.step(self._canvas.touches(), now)
        except Exception as err:  # the picture goes on
            self._view = None
            self._health.fault(f"the operator's corner: {type(err).__name__}: {err}")

    def overlays(self, now: float) -> tuple[Overlay, ...]:
        """What lies above everything else."""
        return self._painter.overlays(self._view)


def corner_of(
    settings: OperatorConfig, check: PinCheck | None, ending: Ending, canvas: Canvas, panel: Callable[[], Panel | None], health: Health
) -> CornerHand | None:
    """The hidden corner; None where there is no PIN, or it is off."""
    if check is None or settings.corner == "off":
        return None
    ways = PanelWay(panel)

    def came(there: bool) -> None:
        canvas.show_cursor(there)
        if there:
            health.over(WRONG)
        else:
            ways.forget()

    def wrong(count: int) -> None:
        health.fault(f"{count} wrong PIN{'s' * (count != 1)} at the canvas' corner since the start", WRONG)

    links = CornerLinks(ways.way, ending.offered, ending.ask, came, wrong)
    look = CornerSettings(settings.corner, settings.hold_seconds, settings.leave_seconds, canvas.size)
    return CornerHand(OperatorCorner(look, check, links), canvas, health)
