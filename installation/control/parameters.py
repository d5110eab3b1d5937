"""The table of live controls, the only place where one is added: OSC, keys, presets, the web panel and the reference
all read it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from types import MappingProxyType
from typing import Literal
from unicodedata import category

from installation.canvas.layout import LAYOUTS
from installation.canvas.look import BACKGROUNDS, FITS, NONE, ORNAMENTS, PARTICLES, PICTURE
from installation.latents.oscillators import CHOICES

Kind = Literal["float", "int", "bool", "str", "trigger", "command"]
Scalar = float | int | bool | str
PREFIX = "/facets/"
LONGEST_WORD = 200  # characters of what a command takes; a preset's name has 64
NO_LETTERS = ("Cc", "Cs", "Zl", "Zp")  # control codes, halves of characters, ends of lines
MOST_WHOLE = 2**31 - 1
TRUTHS = MappingProxyType({"true": True, "false": False, "1": True, "0": False, "t": True, "f": False})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One control. ``low`` and ``high`` bound numbers, ``choices`` bounds text. A trigger takes nothing and a command a word
    or a number: both make something happen once and hold no value."""

    name: str  # the address without its prefix: "look/grain"
    default: Scalar
    description: str
    kind: Kind = "float"
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    curve: Literal["linear", "log"] = "linear"  # how a fader's way is spread; log needs low > 0
    glide: float = 0.0  # s, how long the picture takes to follow; 0 for a switch
    access: Literal["rw", "w"] = "rw"
    choices: tuple[str, ...] = ()
    circular: bool = False  # high is low again, as for a hue: fades take the short way round

    @property
    def momentary(self) -> bool:
        """Whether it makes something happen instead of holding a value."""
        return self.kind in ("trigger", "command")

    @property
    def bounded(self) -> bool:
        """Whether it is a number with a range, so that a fader's 0…1 can set it."""
        return self.kind in ("float", "int")

    @property
    def address(self) -> str:
        """``/facets/look/grain``."""
        return PREFIX + self.name

    def coerce(self, value: object) -> Scalar | None:
        """The value as this control's kind where nothing is lost by it, otherwise None. Not yet clamped. A trigger gives
        whether it fires: the release of a button does not."""
        if self.kind == "str":
            return value if isinstance(value, str) and value in self.choices else None
        if self.kind == "bool":
            return _as_truth(value)
        if self.kind == "trigger":
            return True if value is None else _fires(value)
        if self.kind == "command":
            return _word(value) if isinstance(value, str) else _whole(value)
        number = _as_number(value)
        if number is None or self.kind == "float":
            return number
        return int(number) if number.is_integer() else None

    def clamp(self, value: Scalar) -> Scalar:
        """The nearest value within the range; switches and text as they are."""
        if not self.bounded or isinstance(value, str):
            return value
        bounded = min(max(value, self.low), self.high)
        return int(bounded) if self.kind == "int" else float(bounded)

    def from_norm(self, share: float) -> Scalar:
        """The value at ``share`` 0…1 of a fader's way along the curve. Raises TypeError for what has no range."""
        if not self.bounded:
            raise TypeError(f"{self.name} has no range")
        share = min(max(share, 0.0), 1.0)
        value = self.low * (self.high / self.low) ** share if self.curve == "log" else self.low + (self.high - self.low) * share
        return round(value) if self.kind == "int" else value

    def to_norm(self, value: Scalar) -> float:
        """Where ``value`` stands on a fader, 0…1. Raises TypeError for what has no range."""
        if not self.bounded or isinstance(value, str):
            raise TypeError(f"{self.name} has no range")
        if self.curve == "log":
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return min(max(share, 0.0), 1.0)

    def between(self, start: Scalar, end: Scalar, share: float) -> Scalar:
        """The value ``share`` 0…1 of the way from ``start`` to ``end``: along the curve, the short way round where it is
        circular. What has no steps between has changed from the first moment on."""
        if self.kind != "float" or isinstance(start, str) or isinstance(end, str):
            return end
        if self.circular:
            span = self.high - self.low
            way = (end - start + span / 2) % span - span / 2
            return self.low + (start + way * share - self.low) % span if 0 < share < 1 else (end if share >= 1 else start)
        if self.curve == "log" and start > 0 and end > 0:
            return float(start * (end / start) ** share)
        return start + (end - start) * share

    def allowed(self) -> str:
        """What it takes, in words."""
        if self.kind == "trigger":
            return "no value"
        if self.kind == "command":
            return "a name or a whole number"
        if self.kind == "str":
            return "one of " + ", ".join(self.choices)
        if self.kind == "bool":
            return "true or false"
        return f"a {'whole ' if self.kind == 'int' else ''}number from {self.low:g} to {self.high:g}"


class ParameterTable(Mapping[str, Parameter]):
    """The rows by name, in the order in which people should meet them."""

    def __init__(self, rows: Sequence[Parameter]) -> None:
        self._rows = {row.name: row for row in rows}
        if len(self._rows) != len(rows):
            raise ValueError("a control is in the table twice")

    def __getitem__(self, name: str) -> Parameter:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def fault(self, name: str, value: object) -> str | None:
        """Why a file must not set ``name`` to ``value``, or None where it may. Files are held to the range; a hand on a
        fader is clamped instead."""
        row = self.get(name)
        if row is None:
            return "no such control; 'python -m installation controls' lists them"
        if row.momentary:
            return "does something once; a file cannot hold it"
        coerced = row.coerce(value)
        return None if coerced is not None and row.clamp(coerced) == coerced else f"must be {row.allowed()}"


@dataclass(frozen=True, slots=True)
class Swing:
    """How a direction oscillates before anybody touches it. depth: strength, rate: Hz, phase: cycles."""

    depth: float = 0.0
    rate: float = 0.1
    phase: float = 0.0


# Slow, and of rates that share no period, so that the portrait never repeats itself.
SWINGS: Mapping[str, Swing] = MappingProxyType({
    "smile": Swing(0.8, 0.11, 0.0), "age": Swing(0.8, 0.07, 0.33), "gender": Swing(0.8, 0.05, 0.67),
})  # fmt: skip


def parameter_table(
    directions: Sequence[str],
    children: Sequence[str],
    resolutions: Sequence[int] = (4, 8, 16, 32, 64, 128, 256),
    swap: int = 32,
    presets: Sequence[str] = (),
    backgrounds: Sequence[str] = (),
    styles: Sequence[tuple[str, str]] = (),
) -> ParameterTable:
    """Every control of an installation with these edit directions, child generators, presets, pictures to stand before and styles
    (name, description).
    ``resolutions``: px, the generators' layers; from ``swap`` px on a child takes them by default."""
    rows: list[Parameter] = []
    for name in directions:
        rows += _edit_rows(name)
    rows += _IDENTITY
    for name in children:
        rows += _blend_rows(name, resolutions, swap)
    recalls = [Parameter(f"preset/{name}/recall", False, "fades to this preset", kind="trigger", access="w") for name in presets]
    pictures = tuple(PICTURE + name for name in backgrounds)
    look = [replace(row, choices=row.choices + pictures) if row.name == "look/background" else row for row in _LOOK]
    painted = [*(_style_row(*style) for style in styles), *_STYLE] if styles else []
    return ParameterTable(rows + _SMILE + _FACETS + painted + look + _PRESET + recalls + _TRANSPORT + _TAKEAWAY + _SCHEDULE)


def _edit_rows(name: str) -> list[Parameter]:
    base, swing = f"edit/{name}", SWINGS.get(name, Swing())
    return [
        Parameter(f"{base}/amount", 0.0, "constant offset along the direction", low=-3, high=3, glide=0.3),
        Parameter(f"{base}/lfo/depth", swing.depth, "how far its oscillator swings to either side", high=3, glide=0.3),
        Parameter(f"{base}/lfo/rate", swing.rate, "its speed", high=10, unit="Hz", glide=0.3),
        Parameter(f"{base}/lfo/phase", swing.phase, "its start within the cycle", unit="cycles", glide=0.3),
        Parameter(f"{base}/lfo/sync", False, "locks it to the beat: the rate then counts cycles in a beat", kind="bool"),
        Parameter(f"{base}/lfo/shape", "sine", "its wave; random is smooth, envelopes follow the sound", kind="str", choices=CHOICES),
    ]


def _blend_rows(name: str, resolutions: Sequence[int], swap: int) -> list[Parameter]:
    base = f"blend/{name}"
    rows = [Parameter(f"{base}/amount", 0.0, "how much of this generator is mixed in", glide=0.3)]
    for size in resolutions:
        share = 1.0 if size >= swap else 0.0
        rows.append(Parameter(f"{base}/layer/{size}", share, f"its share of the layers of {size} px", glide=0.3))
    return rows


def _style_row(name: str, description: str) -> Parameter:
    return Parameter(f"style/{name}/amount", 0.0, f"how much the picture is painted like this: {description}", glide=0.3)


def is_style_amount(name: str) -> bool:
    """Whether a control says how much of one style there is."""
    way = name.split("/")
    return len(way) == 3 and way[0] == "style" and way[1] != "walk" and way[2] == "amount"


# Faces that are nobody's: the mean, stored ones, and those that were taken from a grid, by turns, so that one melts into the next.
GUESTS = ("none", "mean", "guest-1", "guest-2", "guest-3", "guest-4", "taken-1", "taken-2")

_IDENTITY = [
    Parameter("truncation", 1.0, "1 leaves the face as it is, 0 is the mean face", glide=0.3),
    Parameter("identity/hold", 0.0, "slows the glide from code to code; 1 stops it", glide=0.3),
    Parameter("identity/morph", 0.0, "takes each visitor's face to the next one's, or to the guest's; 1 swaps the portraits", glide=0.3),
    Parameter("identity/mix", 0.0, "how much of colour and texture comes from the next visitor, or from the guest", glide=0.3),
    Parameter("identity/guest", "none", "a stored face that is nobody's, in the place of the next visitor", kind="str", choices=GUESTS),
    Parameter("identity/glass", 1.0, "how much of the camera's own pixels stays: 1 a mirror, 0 a dream", glide=0.3),
    Parameter("identity/detail", 1.0, "how much of the visitor's own detail is drawn", glide=0.3),
]
_SMILE = [
    Parameter("smile/trigger", 0.6, "how far a visitor's smile takes the portrait along", glide=0.2),
    Parameter("smile/threshold", 0.5, "how broad a smile has to be", glide=0.2),
    Parameter("smile/hold", 1.0, "how long it lasts after the smile", high=10, unit="s", glide=0.2),
]
_LOOK = [
    Parameter("look/layout", "mirror", "where the faces are: in the room, or as portraits", kind="str", choices=LAYOUTS),
    Parameter("look/fit", "auto", "the camera's picture fills the canvas or is seen whole", kind="str", choices=FITS),
    Parameter("look/sharpen", 0.0, "sharpens the camera's picture and the portraits a little", glide=0.2),
    Parameter("look/mirror", True, "left is left, as in a mirror", kind="bool"),
    Parameter("look/background", "room", "what is behind people and portraits", kind="str", choices=BACKGROUNDS),
    Parameter("look/zoom", 1.0, "size of the portraits", low=0.5, high=2, curve="log", glide=0.3),
    Parameter("look/softness", 0.5, "how far a portrait's rim fades into the wall", glide=0.2),
    Parameter("look/trails", 0.0, "how much of the last pictures stays", glide=0.2),
    Parameter("look/grain", 0.1, "film grain", glide=0.2),
    Parameter("look/vignette", 0.35, "darker corners", glide=0.2),
    Parameter("look/brightness", 1.0, "of the whole canvas", high=2, glide=0.2),
    Parameter("look/gamma", 1.0, "above 1 brightens the mid-tones", low=0.5, high=2.5, curve="log", glide=0.2),
    Parameter("look/saturation", 1.0, "colourfulness; 0 is black and white", high=2, glide=0.2),
    Parameter("look/tint-hue", 0.08, "colour of the tint around the colour circle", circular=True, glide=0.2),
    Parameter("look/tint-amount", 0.0, "strength of the tint", glide=0.2),
    Parameter("look/particles", NONE, "what drifts through the room", kind="str", choices=(NONE, *PARTICLES)),
    Parameter("look/particles-amount", 0.6, "how many of them", glide=0.5),
    Parameter("look/ornament", NONE, "a frame around the canvas", kind="str", choices=(NONE, *ORNAMENTS)),
    Parameter("look/ornament-amount", 1.0, "how much of it is seen", glide=0.3),
]
_FACETS = [
    Parameter("facets/rows", 3, "of the layout facets", kind="int", low=1, high=6),
    Parameter("facets/columns", 3, "of the layout facets", kind="int", low=1, high=8),
    Parameter("facets/spread", 1.0, "how far apart its cells are in the oscillators' cycles", glide=0.5, unit="cycles"),
    Parameter("facets/gap", 0.02, "between its cells, in parts of their side", high=0.3, glide=0.3),
    Parameter("facets/generators", 0.0, "how many of its cells are drawn by a child generator", glide=0.0),
    Parameter("facets/who", "nearest", "whose portraits it shows", kind="str", choices=("nearest", "turns", "two")),
    Parameter("facets/turn", 12.0, "how long each visitor is shown where they take turns", low=2, high=120, unit="s"),
]
STYLE_SCOPES = ("picture", "portraits")
STYLE_WALKS = ("paintings", "built-in", "all", "chosen")
_STYLE = [
    Parameter("style/strength", 1.0, "of all styles together", glide=0.3),
    Parameter("style/colour", 1.0, "whose colours they have: 1 the painting's, 0 the visitor's", glide=0.3),
    Parameter("style/scope", "picture", "what is painted: the mirror's whole picture, or faces alone", kind="str", choices=STYLE_SCOPES),
    Parameter("style/walk/amount", 0.0, "how much of an oscillator that walks from style to style", glide=0.3),
    Parameter("style/walk/rate", 0.1, "styles a second that it passes", high=4, unit="Hz", glide=0.3),
    Parameter("style/walk/stay", 0.5, "how much of that time it stays with each", high=0.99, glide=0.3),
    Parameter("style/walk/sync", False, "locks it to the beat: the rate then counts styles in a beat", kind="bool"),
    Parameter("style/walk/through", "paintings", "what it walks through; chosen: styles with an amount", kind="str", choices=STYLE_WALKS),
]
_PRESET = [
    Parameter("preset/recall", "", "fades to a preset, by its name, title or number", kind="command", access="w"),
    Parameter("preset/next", False, "fades to the next preset", kind="trigger", access="w"),
    Parameter("preset/previous", False, "fades to the one before", kind="trigger", access="w"),
    Parameter("preset/save", "", "keeps the controls as they are set, under this title", kind="command", access="w"),
    Parameter("preset/fade", -1.0, "how long the next fades take; 0 cuts, -1 leaves it to the preset", low=-1, high=60, unit="s"),
]
ATTRACTIONS = ("auto", "on", "off")
_TRANSPORT = [
    Parameter("transport/tap", False, "taps the beat", kind="trigger", access="w"),
    Parameter("transport/bpm", 120.0, "tempo that oscillators can lock to", low=20, high=300, unit="beats per minute"),
    Parameter("transport/freeze", False, "holds the portraits still", kind="bool"),
    Parameter("transport/blackout", False, "a black canvas", kind="bool"),
    Parameter("transport/attract", "auto", "what is shown while nobody is there", kind="str", choices=ATTRACTIONS),
    Parameter("transport/snapshot", False, "keeps a picture of the canvas, where that is allowed", kind="trigger", access="w"),
    Parameter("transport/hud", False, "shows the operator's figures", kind="bool"),
]

_TAKEAWAY = [
    Parameter("takeaway/take", False, "counts down to a picture that visitors take home; again: stops that", kind="trigger", access="w"),
    Parameter("takeaway/print", False, "prints the picture whose code is shown, where there is a printer", kind="trigger", access="w"),
]

OVERRIDES = ("auto", "open", "closed")
_SCHEDULE = [
    Parameter("schedule/override", "auto", "opens or closes whatever the schedule says, for a while", kind="str", choices=OVERRIDES),
    Parameter("schedule/override-minutes", 60, "how long, from when either is set", kind="int", low=1, high=1440, unit="min"),
]


def _as_number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _as_truth(value: object) -> bool | None:
    if isinstance(value, str):
        return TRUTHS.get(value.lower())
    number = _as_number(value)
    return bool(number) if number in (0.0, 1.0) else None


def _fires(value: object) -> bool | None:
    truth = _as_truth(value)
    if truth is not None:
        return truth
    number = _as_number(value)
    return None if number is None else number != 0


def _whole(value: object) -> int | None:
    """Of a command: as far as OSC's whole numbers reach."""
    number = _as_number(value)
    return int(number) if number is not None and number.is_integer() and abs(number) <= MOST_WHOLE else None


def _word(value: str) -> str | None:
    """Of a command: a text of one line that every file and wire can carry, which half a character (a lone surrogate) or a NUL is
    not. Titles in every script are, with all that holds their letters together."""
    return value if 0 < len(value) <= LONGEST_WORD and not any(category(letter) in NO_LETTERS for letter in value) else None
