"""The hidden corner of the canvas: held for some seconds it asks for the PIN, and lets whoever knows it see to the show.

Nothing shows that it is there. Without a touch it leaves by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from installation.canvas.operator_card import Button, OperatorView, Page, card_page, keypad_page
from installation.canvas.pointer import Touch
from installation.config import LONGEST_PIN
from installation.control.pin import PinCheck
from installation.messages import Image
from installation.operation.ending import Wish

CORNER_SHARE = 0.14  # of the canvas' shorter side: the corner's square
KEYPAD_SECONDS = 20.0  # without a touch, after which the keypad leaves
LEAVE, NO = "leave", "no"
QUESTIONS = {
    Wish.RESTART: "Restart the show?",
    Wish.SHUT_DOWN: "End the show? Nobody but the machine's desktop begins it again.",
    Wish.POWER_OFF: "Shut down the machine?",
}
DEEDS = {Wish.RESTART: "Restart", Wish.SHUT_DOWN: "Shut down", Wish.POWER_OFF: "Shut down the machine"}
SURE = {Wish.RESTART: "Yes, restart", Wish.SHUT_DOWN: "Yes, end the show", Wish.POWER_OFF: "Yes, turn the machine off"}
UNDER_WAY = {Wish.RESTART: "It begins again …", Wish.SHUT_DOWN: "The show ends …", Wish.POWER_OFF: "The machine shuts down …"}


@dataclass(frozen=True, slots=True)
class CornerSettings:
    """corner: as ``operator.corner`` says it; hold, leave: s; canvas: its width and height, px."""

    corner: str
    hold: float
    leave: float
    canvas: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Way:
    """How the panel is opened. lines: its address, and what there is to say of it; code: [s, s, 3] for a phone, None where none can
    come."""

    lines: tuple[str, ...]
    code: Image | None = None


@dataclass(frozen=True, slots=True)
class CornerLinks:
    """What it knows of the show. way: to the panel, asked at every picture while the card is shown; offered: what may be done; ask: does
    it, and says why not; came: whether the operator is in, told when that changes; wrong: how many wrong PINs there were, told at each."""

    way: Callable[[float], Way]
    offered: tuple[Wish, ...]
    ask: Callable[[Wish], str]
    came: Callable[[bool], None] = lambda there: None
    wrong: Callable[[int], None] = lambda count: None


class Stage(Enum):
    """What is shown."""

    HIDDEN = "hidden"
    KEYPAD = "keypad"
    CARD = "card"


class OperatorCorner:
    """Turned once a picture, in the thread that draws."""

    def __init__(self, settings: CornerSettings, check: PinCheck, links: CornerLinks) -> None:
        self.stage = Stage.HIDDEN
        self._settings, self._check, self._links = settings, check, links
        self._held: dict[int, float] = {}  # s, since when each finger is in the corner
        self._typed = ""
        self._said, self._bad = "", False
        self._pressed: tuple[int, str] | None = None  # finger, and the button that it came down on
        self._sure: Wish | None = None  # what is asked about once more
        self._under_way = False
        self._touched = 0.0

    @property
    def is_in(self) -> bool:
        """Whether somebody has shown that they know the PIN, and has not left."""
        return self.stage is Stage.CARD

    def step(self, touches: Sequence[Touch], now: float) -> OperatorView | None:
        """What is shown at ``now``, s, after these touches; None for nothing."""
        for touch in touches:
            self._hear(touch, now)
        if self.stage is Stage.HIDDEN:
            if any(now - since >= self._settings.hold for since in self._held.values()):
                self._go(Stage.KEYPAD, now)
        elif now - self._touched > (KEYPAD_SECONDS if self.stage is Stage.KEYPAD else self._settings.leave):
            self._go(Stage.HIDDEN, now)
        return self._view(now)

    def _hear(self, touch: Touch, now: float) -> None:
        if self.stage is Stage.HIDDEN:
            self._hold(touch, now)
            return
        if touch.kind != "move":
            self._touched = now
        if touch.kind == "down":
            button = next((one for one in self._buttons() if one.holds(touch.x, touch.y)), None)
            self._pressed = None if button is None else (touch.finger, button.name)
        elif touch.kind == "up" and self._pressed is not None and self._pressed[0] == touch.finger:
            name, self._pressed = self._pressed[1], None
            if any(one.name == name and one.holds(touch.x, touch.y) for one in self._buttons()):
                self._press(name, now)

    def _hold(self, touch: Touch, now: float) -> None:
        """A finger that leaves the corner has to begin anew, and so has one that came in from elsewhere."""
        if touch.kind == "up" or not self._in_corner(touch):
            self._held.pop(touch.finger, None)
        elif touch.kind == "down":
            self._held[touch.finger] = now

    def _in_corner(self, touch: Touch) -> bool:
        width, height = self._settings.canvas
        side = CORNER_SHARE * min(width, height)
        vertical, _, horizontal = self._settings.corner.partition("-")
        x = touch.x if horizontal == "left" else width - touch.x
        y = touch.y if vertical == "upper" else height - touch.y
        return x < side and y < side  # what lies beyond the picture's edge is in it, too

    def _go(self, stage: Stage, now: float) -> None:
        was = self.is_in
        self.stage, self._touched = stage, now
        self._typed, self._said, self._bad, self._pressed, self._sure = "", "", False, None, None
        self._held.clear()
        if self.is_in != was:
            self._links.came(self.is_in)

    def _press(self, name: str, now: float) -> None:
        if name == LEAVE:
            self._go(Stage.HIDDEN, now)
        elif self.stage is Stage.KEYPAD:
            self._type(name, now)
        elif not self._under_way:
            self._decide(name)

    def _type(self, name: str, now: float) -> None:
        if name != "enter":
            self._typed = (self._typed + name)[-LONGEST_PIN:]
            self._said, self._bad = "", False
            return
        typed, self._typed = self._typed, ""
        if not typed or self._check.wait(now) > 0.0:
            return
        if self._check.fits(typed, now):
            self._go(Stage.CARD, now)
            return
        self._links.wrong(self._check.wrong)
        left = self._check.left()
        self._said, self._bad = f"Wrong. {left} {'try' if left == 1 else 'tries'} left", True

    def _decide(self, name: str) -> None:
        """Whatever ends the show is asked about once more."""
        if name == NO:
            self._sure, self._said, self._bad = None, "", False
            return
        wish = Wish(name)
        if self._sure is not wish:
            self._sure = wish
            return
        fault = self._links.ask(wish)
        self._sure, self._under_way = None, not fault
        self._said, self._bad = fault or UNDER_WAY[wish], bool(fault)

    def _buttons(self) -> tuple[Button, ...]:
        return self._page().buttons

    def _page(self) -> Page:
        canvas = self._settings.canvas
        if self.stage is Stage.KEYPAD:
            return keypad_page(canvas)
        deeds = tuple((wish.value, DEEDS[wish]) for wish in self._links.offered)
        if self._sure is not None:  # yes lies where "Leave" was: who taps twice by mistake has decided nothing
            nothing = (("", ""),) * (len(deeds) - 1)
            return card_page(canvas, ((NO, "No"), *nothing, (self._sure.value, SURE[self._sure])), self._sure.value)
        return card_page(canvas, (*deeds, (LEAVE, "Leave")), LEAVE)

    def _view(self, now: float) -> OperatorView | None:
        if self.stage is Stage.HIDDEN:
            return None
        pressed = "" if self._pressed is None else self._pressed[1]
        view = OperatorView(self._page(), "", said=self._said, bad=self._bad, pressed=pressed)
        if self.stage is Stage.KEYPAD:
            wait = self._check.wait(now)
            if wait > 0.0:
                view = replace(view, said=f"Wait for {int(wait) + 1} s", bad=True)
            return replace(view, title="PIN", dots=len(self._typed))
        way = self._links.way(now)
        asked = QUESTIONS[self._sure] if self._sure is not None else ""
        return replace(view, title="Operator", lines=way.lines, said=asked or view.said, code=way.code)
