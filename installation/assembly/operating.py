"""What the operator's page does to a show: its camera, the crop of its room, the doctor beside it, its end."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from installation.assembly.options import RunOptions
from installation.config import Config
from installation.control.pin import PinCheck, pin_of
from installation.control.room_book import LEAST, RoomBook
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.tracker_view import TrackerView
from installation.control.zone_book import ZoneBook
from installation.operation.ending import Ending, Wish
from installation.operation.examination import Examination
from installation.operation.health import Health
from installation.places import kept
from installation.sources import CaptureSource
from installation.sources.camera_book import CameraBook
from installation.sources.cameras import FoundCamera, find_cameras, stand_ins, why_not
from installation.sources.capture import is_there
from installation.sources.controls import CameraControl
from installation.sources.lasting import LastingNames
from installation.sources.stand_in import PREFIX
from installation.zones import Zone

FRESH = 0.5  # s for which what a camera's driver said is not asked again: several pages may be open
CAPTURE = "capture"  # the fault of a source that is gone
NO_PICTURES = "A live camera's picture is shown here only with privacy.allow_recording: true. The frame is what the camera sees."
RECORDED = "the show is being recorded, and a live camera is recorded only with privacy.allow_recording: true"


def nothing() -> None:
    """Does nothing: there is no show to end yet."""


class Capture(Protocol):
    """What is needed of capture's loop."""

    source: CaptureSource | None

    def change(self) -> None: ...

    def away(self, now: float) -> bool: ...


@dataclass(frozen=True, slots=True, eq=False)
class Operated:
    """The show once its loops are joined. now: s of its clock; forbid: from now on no picture leaves the canvas."""

    capture: Capture
    health: Health
    controls: ControlState
    zones: ZoneBook
    now: Callable[[], float]
    forbid: Callable[[], None]


class Operating:
    """Whole once it is made, so that the page is there while the networks are built; it knows the show from ``join`` to its end. quit: ends
    the show, see ``Ending``. Any thread. Raises ConfigError for a PIN that cannot be read."""

    def __init__(self, config: Config, options: RunOptions, quit: Callable[[], None] = nothing) -> None:
        lasting = not options.lockstep
        self._config, self._options = config, options
        self.check = PinCheck(pin) if (pin := pin_of(config.operator, kept("."))) else None
        self.cameras = CameraBook(config.source, kept(config.capture.camera_file) if lasting else None)
        self.names = LastingNames()
        self._book = RoomBook(kept(config.faces.room_file) if lasting else None)
        self.ending = Ending(quit, config.operator.power_off)
        self.tracker = Preview()
        self.tracked = TrackerView(self.tracker).offer
        self._examination = Examination(self._words)
        self._show: Operated | None = None
        self._lock = threading.Lock()
        self._opened = self.cameras.source()  # what the show begins with
        self._asked, self._settings = float("-inf"), tuple[CameraControl, ...]()

    @property
    def notices(self) -> tuple[str, ...]:
        """What there is to say at the start."""
        operator, useless = self._config.operator, ""
        if self.check is None and self._config.named("operator.corner") and operator.corner != "off":
            useless = "operator.corner: there is no hidden corner without operator.pin or operator.pin_file"
        return tuple(filter(None, (self.cameras.notice, self._book.notice, useless)))

    def room(self) -> Zone | None:
        """Where in the picture visitors are looked for; None: everywhere."""
        return self._book.room()

    def join(self, show: Operated) -> None:
        """The show is whole. A camera that was chosen meanwhile takes its place."""
        with self._lock:
            self._show = show
            late = self.cameras.source() != self._opened
        if late:
            self._change(show)

    def close(self) -> None:
        """The show ends."""
        self._examination.close()

    # ---- what the page asks -------------------------------------------------------------------------------------------

    def desk(self) -> dict[str, object]:
        """See ``OperatorDesk``."""
        show, room = self._show, self._book.room()
        return {
            "how": platform.node(),
            "doctor": {**asdict(self._examination.seen), "findings": [dict(row) for row in self._examination.seen.findings]},
            "cameras": self._listed(),
            "camera": self._state(),
            "controls": [asdict(one) for one in self._controls()],
            "crop": None if room is None else room.numbers(),
            "least": LEAST,
            "zones": [] if show is None else [zone.numbers() for zone in show.zones.zones()],
            "size": self.tracker.size,
            "mirror": show is not None and bool(show.controls.target("look/mirror")),
            "pictures": self.tracker.allowed,
            "why": NO_PICTURES if show is not None else "The show is still at its start.",
            "faces": 0 if show is None else show.health.faces,
            "offered": [wish.value for wish in self.ending.offered],
            "ending": self.ending.wish.value,
            "pins": self._pins(),
        }

    def examine(self, thorough: bool) -> str:
        """See ``OperatorDesk``."""
        return "" if self._examination.begin(thorough) else "it is being looked over already"

    def choose(self, source: str) -> str:
        """See ``OperatorDesk``. It is looked at and not opened: what goes wrong after that is a camera that was lost."""
        book = self.cameras
        if source == book.source():
            return ""
        if source != book.configured and source not in {one.source for one in self._found()}:
            return f"{source[:100]}: this camera is not there; plug it in, and wait for it to appear in the list"
        fault = why_not(source) if source != book.configured else _gone(source, self.names)
        keeps = self._config.privacy.allow_recording
        if fault or (self._options.outputs and not keeps and source != book.configured):
            return fault or RECORDED
        with self._lock:
            kept_fault = book.choose(source, self._fault)
            show = self._show
        if show is not None:
            self._change(show)
        return kept_fault

    def set_control(self, name: str, value: object) -> str:
        """See ``OperatorDesk``."""
        source = None if self._show is None else self._show.capture.source
        if source is None or source.controls is None:
            return "there is no camera at which this can be set"
        fault = source.controls.set(name, value)
        self._asked = float("-inf")
        if fault or not isinstance(value, int):
            return fault
        return self.cameras.keep(self.cameras.source(), name, value, self._fault)

    def crop(self, given: object) -> str:
        """See ``OperatorDesk``."""
        return self._book.draw(given, self._fault)

    def under_way(self) -> Wish:
        """See ``OperatorDesk``."""
        return self.ending.wish

    def end(self, wish: Wish) -> str:
        """See ``OperatorDesk``."""
        return self.ending.ask(wish)

    # ---- how it stands ------------------------------------------------------------------------------------------------

    def _change(self, show: Operated) -> None:
        """A live camera comes, perhaps in the place of a clip: its pictures must not leave the canvas before it is open."""
        if not self._config.privacy.allow_recording and self.cameras.chosen:
            show.forbid()
        self._asked = float("-inf")
        show.capture.change()

    def _found(self) -> tuple[FoundCamera, ...]:
        return (*find_cameras(), *(stand_ins() if self._config.source.startswith(PREFIX) else ()))

    def _listed(self) -> list[dict[str, object]]:
        """Every camera that may be chosen, the configuration's source first, and the one in use though it be gone."""
        book, found = self.cameras, self._found()
        same = next((one for one in found if _is_same(one, self.names.now(book.configured))), None)
        name = same.name if same is not None else "As configured"
        rows = [(book.configured, name, "configured")]
        rows += [(one.source, one.name, "") for one in found if one is not same]
        if book.chosen and book.chosen not in {source for source, _, _ in rows}:
            rows.append((book.chosen, "Chosen here", "not there"))
        return [{"source": source, "name": name, "note": note, "chosen": source == book.source()} for source, name, note in rows]

    def _state(self) -> str:
        """The source in words."""
        show = self._show
        if show is None:
            return "The show is still at its start."
        source = show.capture.source
        if source is not None and not show.capture.away(show.now()):
            return f"In use: {source.describe()}."
        lasting = [record.text for record in show.health.fault_log.records() if record.open and record.kind == CAPTURE]
        return f"No picture: {lasting[-1]}" if lasting else "Changing over …"

    def _controls(self) -> Sequence[CameraControl]:
        source = None if self._show is None else self._show.capture.source
        if source is None or source.controls is None:
            return ()
        with self._lock:
            if time.monotonic() - self._asked > FRESH:
                self._settings = source.controls.all()
                self._asked = time.monotonic()
            return self._settings

    def _pins(self) -> str:
        """How the hidden corner is reached, and whether somebody tries PINs."""
        operator = self._config.operator
        if self.check is None or operator.corner == "off":
            return "There is no hidden corner on the canvas: operator.pin gives it a PIN."
        wrong = f"{self.check.wrong} wrong PIN{'s' * (self.check.wrong != 1)} since the start" if self.check.wrong else "no wrong PIN yet"
        return f"The canvas' {operator.corner} corner, held for {operator.hold_seconds:g} s, asks for the PIN; {wrong}."

    def _words(self) -> list[str]:
        """Arguments with which the doctor looks at this show."""
        path, words = self._options.config_file, []
        if path is not None:
            words += ["--config", os.path.abspath(path)]
        sets = [*self._options.overrides, *([f"source={self.cameras.chosen}"] if self.cameras.chosen else [])]
        return [*words, *(word for text in sets for word in ("--set", text))]

    def _fault(self, text: str) -> None:
        if self._show is not None:
            self._show.health.fault(text)


def _gone(source: str, names: LastingNames) -> str:
    return f"{source}: this is not there; is it still plugged in?" if is_there(names.now(source)) is False else ""


def _is_same(camera: FoundCamera, source: str) -> bool:
    """Whether a configured source is this camera, by another of its names."""
    path = f"/dev/video{int(source)}" if source.isascii() and source.isdigit() else source
    return camera.source == source or (camera.device != "" and os.path.realpath(camera.device) == os.path.realpath(path))
