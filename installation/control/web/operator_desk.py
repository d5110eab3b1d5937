"""What the operator's page wants of the show behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from installation.control.web.preview import Preview
from installation.operation.ending import Wish

Json = Mapping[str, object]


class OperatorDesk(Protocol):
    """Every call may take some milliseconds, for it asks drivers, and is made beside the web thread. What changes something gives the
    reason why it is not done, in a sentence, and "" where it is. tracker: the camera's picture with what the tracker found in it."""

    tracker: Preview

    def desk(self) -> Json:
        """How everything stands: the doctor's findings, cameras, what can be set at the one in use, crop and zones, how it may end."""
        ...

    def examine(self, thorough: bool) -> str:
        """Look the machine over, behind the show."""
        ...

    def choose(self, source: str) -> str:
        """Change over to another camera."""
        ...

    def set_control(self, name: str, value: object) -> str:
        """Set something at the camera in use."""
        ...

    def crop(self, given: object) -> str:
        """Look for visitors in this part of the picture, None: in all of it."""
        ...

    def under_way(self) -> Wish:
        """How the show ends, where that was asked for."""
        ...

    def end(self, wish: Wish) -> str:
        """End the show like this."""
        ...
