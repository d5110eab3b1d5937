"""The keys: one table, shown by H. A key sets a control or asks the installation for something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from installation.control.parameters import is_style_amount
from installation.control.state import ControlState

Lock = Literal["all", "operator", "none"]
OPERATOR = "Ctrl + Shift"
CHORD, HELD = "ctrl+shift+", " held"  # around the name of a key that was pressed with both, and held: as the window names them
SOURCE = "key"  # whose hand a key is
BLEND_STEP = 0.1
TAKE = "takeaway/take"


class Action(Enum):
    """What only the installation can do."""

    QUIT = "quit"
    FULLSCREEN = "fullscreen"
    SNAPSHOT = "snapshot"
    LEARN = "learn"
    INVITE = "invite"


@dataclass(frozen=True, slots=True)
class Key:
    """One row. names: pygame's names of the keys; exactly one of the other fields says what they do."""

    names: tuple[str, ...]
    label: str
    description: str
    action: Action | None = None
    toggles: str = ""  # address of a control that is on or off
    cycles: str = ""  # address of a control with choices
    fires: str = ""  # address of a control that makes something happen
    styles: bool = False  # goes on to the next painter's style
    help: bool = False


KEYS = (
    Key(("f", "f11"), "F", "full screen", action=Action.FULLSCREEN),
    Key(("space",), "Space", "freeze the portraits", toggles="transport/freeze"),
    Key(("n",), "N", "next preset", fires="preset/next"),
    Key(("p",), "P", "previous preset", fires="preset/previous"),
    Key(("t",), "T", "tap the beat", fires="transport/tap"),
    Key(("b",), "B", "blackout", toggles="transport/blackout"),
    Key(("m",), "M", "mirror", toggles="look/mirror"),
    Key(("l",), "L", "next layout", cycles="look/layout"),
    Key(("k",), "K", "next background", cycles="look/background"),
    Key(("v",), "V", "next painter's style, after the last one none", styles=True),
    Key(("c",), "C", "MIDI: touch a control, then a knob", action=Action.LEARN),
    Key(("s",), "S", "snapshot", action=Action.SNAPSHOT),
    Key(("g",), "G", "countdown to a picture that visitors take home", fires=TAKE),
    Key(("tab",), "Tab", "figures", toggles="transport/hud"),
    Key(("i",), "I", "QR code of the panel, for a minute", action=Action.INVITE),
    Key(("h", "f1"), "H", "this list", help=True),
    Key(("escape", "q"), "Esc, Q", "quit", action=Action.QUIT),
)


class Keyboard:
    """Turns keys into changes of controls and actions. ``children``: names of the generators that 1…9 mix in, in this order;
    ``snapshots``: whether S may take a picture; ``invites``: whether I has a code to show; ``lock``: whose keys count; ``takes``: whether
    visitors may take a picture home."""

    def __init__(
        self, children: Sequence[str] = (), snapshots: bool = False, invites: bool = True, lock: Lock = "all", takes: bool = True
    ) -> None:
        self._lock = lock
        self.help = False  # whether the list of keys is to be shown
        self._children = tuple(children[:9])
        self._child = self._children[0] if self._children else ""
        without = {action for action, there in ((Action.SNAPSHOT, snapshots), (Action.INVITE, invites)) if not there}
        self._keys = tuple(key for key in KEYS if key.action not in without and (takes or key.fires != TAKE))
        self._by_name = {name: key for key in self._keys for name in key.names}

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Key and description of all that works, for the list on the canvas."""
        blends = [(str(number), f"{name} on or off") for number, name in enumerate(self._children, start=1)]
        if blends:
            blends.append(("Up, Down", "more or less of it"))
        rows = (*((key.label, key.description) for key in self._keys), *blends)
        if self._lock == "all":
            return rows
        if self._lock == "none":
            return (("none", "the keyboard is locked"),)
        quit_rows = ((f"{OPERATOR} + Q, for 3 s", key.description) for key in self._keys if key.action is Action.QUIT)
        others = tuple(row for row in rows if row[0] not in {key.label for key in self._keys if key.action is Action.QUIT})
        return (*((f"{OPERATOR} + {label}", what) for label, what in others), *quit_rows)

    def read(self, pressed: Iterable[str], controls: ControlState) -> list[Action]:
        """Apply keys to ``controls`` in their order; what is left for the installation to do."""
        actions = []
        for name in filter(None, map(self._unlocked, pressed)):
            key = self._by_name.get(name)
            if key is None:
                self._blend(name, controls)
            elif key.action is not None:
                actions.append(key.action)
            elif key.help:
                self.help = not self.help
            elif key.styles:
                _next_style(controls)
            elif key.fires:
                controls.set(key.fires, True, SOURCE)
            elif key.toggles:
                controls.set(key.toggles, not controls.target(key.toggles), SOURCE)
            else:
                choices = controls.table[key.cycles].choices
                at = choices.index(str(controls.target(key.cycles)))
                controls.set(key.cycles, choices[(at + 1) % len(choices)], SOURCE)
        return actions

    def _unlocked(self, name: str) -> str:
        """The key that counts for one that was pressed, "" for none: behind a lock only together with Ctrl and Shift, and what ends
        the show only when it is held."""
        plain = name.removeprefix(CHORD)
        held = plain.endswith(HELD)
        if self._lock == "all":
            return "" if held else plain
        if self._lock == "none" or plain == name:
            return ""
        plain = plain.removesuffix(HELD)
        key = self._by_name.get(plain)
        ends = key is not None and key.action is Action.QUIT
        return plain if held == ends and (not ends or plain == "q") else ""

    def _blend(self, name: str, controls: ControlState) -> None:
        """1…9 mix a child in or out, the arrows change how much of the child last touched; other keys do nothing."""
        name = name.strip("[]")  # the digits of the number pad
        if name.isdecimal() and 1 <= int(name) <= len(self._children):
            self._child = self._children[int(name) - 1]
            address = f"blend/{self._child}/amount"
            controls.set(address, 0.0 if float(controls.target(address)) > 0 else 1.0, SOURCE)
        elif name in ("up", "down") and self._child:
            address = f"blend/{self._child}/amount"
            step = BLEND_STEP if name == "up" else -BLEND_STEP
            controls.set(address, min(1.0, max(0.0, float(controls.target(address)) + step)), SOURCE)


def _next_style(controls: ControlState) -> None:
    """The style after the strongest one in full, the others out; the first where none is in use, none after the last."""
    addresses = [name for name in controls.table if is_style_amount(name)]
    amounts = [float(controls.target(address)) for address in addresses]
    at = amounts.index(max(amounts)) + 1 if any(amounts) else 0
    for number, (address, amount) in enumerate(zip(addresses, amounts, strict=True)):
        wanted = 1.0 if number == at else 0.0
        if amount != wanted:
            controls.set(address, wanted, SOURCE)
