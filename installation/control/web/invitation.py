"""The QR code on the canvas that opens the panel."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from installation.messages import Image

INVITATION_SECONDS = 60.0  # that the code is shown


class InvitingPanel(Protocol):
    """What is needed of the panel."""

    @property
    def public(self) -> bool: ...

    @property
    def panel_url(self) -> str: ...

    def unused(self, url: str) -> bool: ...


@dataclass(frozen=True, slots=True, eq=False)
class Invitation:
    """What opens the panel, as it is shown. until: s, monotonic."""

    url: str
    picture: Image
    until: float


class Invitations:
    """One at a time. panel: None where there is none to invite to."""

    def __init__(self, panel: InvitingPanel | None) -> None:
        self._panel = panel
        self._shown: Invitation | None = None

    @property
    def url(self) -> str:
        """What the code that is shown says, empty for none."""
        return "" if self._shown is None else self._shown.url

    def code(self) -> Image | None:
        """The code while it is shown: the same array every time. It goes once a phone has used it."""
        shown = self._shown
        if shown is not None and (time.monotonic() >= shown.until or self._panel is None or not self._panel.unused(shown.url)):
            self._shown = shown = None
        return None if shown is None else shown.picture

    def invite(self) -> None:
        """Show a new code for a minute, where the panel needs one. Only the operator's own key asks for it: whatever comes from
        outside could show it to a camera in the room. The same key takes it away."""
        if self._panel is None or not self._panel.public:
            return
        from installation.canvas.qr import qr_rgb

        if self.code() is not None:
            self._shown = None
            return
        url = self._panel.panel_url
        self._shown = Invitation(url, qr_rgb(url, module_px=1), time.monotonic() + INVITATION_SECONDS)
