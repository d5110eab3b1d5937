"""What somebody wants to see of a photograph, read from what their page sends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from installation.canvas.look import MIRROR, SALON
from installation.control.parameters import ParameterTable, Scalar, is_style_amount
from installation.control.state import Controls
from installation.control.web.studio_desk import StudioError
from installation.darkroom.wishes import UNASKED, at_rest

FACE_CONTROLS = ("identity/glass", "identity/detail", "truncation")
STYLE_CONTROLS = ("style/strength", "style/colour")
SCOPE = "style/scope"
FACES_ALONE = "portraits"  # of style/scope: the people, and not what is around them
MOST_AT_ONCE = 2  # faces that take little to draw
Values = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Wish:
    """faces: what each is edited by, by its number; style: of the whole picture; portrait: whose square alone is to be seen, None for the
    photograph; fine: whether it is to be looked at, and no slider moves; codes: faces that are not drawn from the encoder's code, and which
    that was found they have instead."""

    faces: Mapping[int, Values] = field(default_factory=dict)
    style: Values = field(default_factory=dict)
    portrait: int | None = None
    fine: bool = True
    codes: Mapping[int, int] = field(default_factory=dict)

    @property
    def unedited(self) -> Wish:
        """The same view of the photograph as it came."""
        return replace(self, faces={}, style={}, codes={})


def is_edit(name: str) -> bool:
    """Whether a control edits one face."""
    if name.startswith("edit/"):
        return name.endswith("/amount")
    return name.startswith("blend/") or name in FACE_CONTROLS


def is_style(name: str) -> bool:
    """Whether a control is one of the picture's style."""
    return name in STYLE_CONTROLS or name == SCOPE or is_style_amount(name)


def takes_little(given: object, met: Collection[int]) -> bool:
    """Whether a wish, as it comes from a page, is that of a moving slider: one or two faces that have met the encoder already, and no
    style, whose networks would take their time. met: the numbers of those faces."""
    if not isinstance(given, dict) or given.get("fine") is not False:
        return False
    faces, style, portrait = (given.get(part) for part in ("faces", "style", "portrait"))
    edited = {word for word, values in faces.items() if values} if isinstance(faces, dict) else set()
    known = {str(number) for number in met}
    if len(edited) > MOST_AT_ONCE or not edited <= known or (portrait is not None and str(portrait) not in known):
        return False
    return not isinstance(style, dict) or not any(value for name, value in style.items() if is_style_amount(str(name)))


def read_wish(given: object, table: ParameterTable, numbers: Collection[int], own: Collection[str] = ()) -> Wish:
    """numbers: of the faces that there are; own: controls of the visitor's own styles. Raises StudioError for what makes no sense."""
    if not isinstance(given, dict) or not isinstance(given.get("faces", {}), dict):
        raise StudioError(400, "This is no wish that can be understood.")
    portrait = given.get("portrait")
    if portrait is not None and portrait not in numbers:
        raise StudioError(400, f"There is no face {portrait}.")
    faces = {_number(word, numbers): read_values(values, table, is_edit) for word, values in given.get("faces", {}).items()}
    style = read_values(given.get("style", {}), table, is_style, own)
    return Wish(faces, style, portrait, given.get("fine") is not False, _codes(given.get("codes", {}), numbers))


def read_values(given: object, table: ParameterTable, fits: Callable[[str], bool], own: Collection[str] = ()) -> Values:
    """Controls with values that they can have; numbers out of range are taken at its end. fits: whether a name is one of these controls.
    Raises StudioError."""
    if not isinstance(given, dict):
        raise StudioError(400, "This is no list of controls.")
    values: dict[str, Scalar] = {}
    for name, value in given.items():
        row = table.get("style/strength") if name in own else table.get(name) if isinstance(name, str) and fits(name) else None
        coerced = None if row is None or row.momentary else row.coerce(value)
        if row is None or coerced is None:
            raise StudioError(400, f"{str(name)[:60]}: there is no such control, or it cannot be {str(value)[:40]}.")
        values[name] = row.clamp(coerced)
    return values


def _codes(given: object, numbers: Collection[int]) -> Mapping[int, int]:
    """Raises StudioError."""
    if not isinstance(given, dict) or not all(type(code) is int and 0 <= code < 1000 for code in given.values()):
        raise StudioError(400, "This is no list of codes.")
    return {_number(word, numbers): code for word, code in given.items() if code}


def _number(word: object, numbers: Collection[int]) -> int:
    if isinstance(word, str) and word.isdecimal() and len(word) < 4 and int(word) in numbers:
        return int(word)
    raise StudioError(400, f"There is no face {str(word)[:8]}.")


def controls_of(values: Values, table: ParameterTable, portrait: bool) -> Controls:
    """All controls of one face: its edits, everything else as a still wants it. portrait: whether its square alone is drawn."""
    all_: dict[str, Scalar] = {name: row.default for name, row in table.items() if not row.momentary}
    all_ |= {**UNASKED, **values, "look/layout": SALON if portrait else MIRROR}
    return Controls(MappingProxyType(all_ | at_rest(all_)))
