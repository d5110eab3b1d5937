"""What is asked of a photograph, in words: ``age=1``, ``blend/toon/amount=0.5``, a preset, styles."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from installation.canvas.look import MIRROR, SALON
from installation.control.installed import PRESETS, SHIPPED_PRESETS
from installation.control.parameters import PREFIX, ParameterTable, Scalar
from installation.control.presets.files import SUFFIX, Preset
from installation.control.state import Controls
from installation.errors import ConfigError

ACTING = ("edit/", "identity/", "blend/", "smile/", "style/", "truncation")  # the rest belongs to the canvas and the stage
UNASKED = {"smile/trigger": 0.0}  # nobody's own smile makes an edit that was not asked for
NAMED = 3  # names that a sentence offers in place of a wrong one


@dataclass(frozen=True, slots=True, eq=False)
class Wishes:
    """still: the controls of a photograph, all oscillators at rest; moving: those of a clip. notices: what a person should know."""

    still: Controls
    moving: Controls
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """sets: ``NAME=VALUE``; the last one wins, over styles, over the preset. styles: weights 0…1 by name. oscillate: whether oscillators
    run in clips. portraits: whether squares are wanted, and not the whole picture."""

    sets: Sequence[str] = ()
    styles: Mapping[str, float] = field(default_factory=dict)
    preset: Preset | None = None
    oscillate: bool = False
    portraits: bool = False


def read_wishes(words: Words, table: ParameterTable, directions: Sequence[str]) -> Wishes:
    """The controls that the words ask for. Raises ConfigError, one sentence, for a name that is not there and a value that cannot be."""
    values: dict[str, Scalar] = {name: row.default for name, row in table.items() if not row.momentary}
    values |= {**UNASKED, "look/layout": SALON if words.portraits else MIRROR}
    notices: list[str] = []
    if words.preset is not None:
        values |= {name: value for name, value in words.preset.controls.items() if acts(name)}
        notices += _left_out(words.preset, words.oscillate)
    if words.styles:
        values |= {name: 0.0 for name in values if name.startswith("style/") and name.endswith("/amount")}
        values |= {f"style/{name}/amount": min(weight, 1.0) for name, weight in words.styles.items()}
    for text in words.sets:
        name, value = _read(text, table, directions)
        if not words.oscillate and oscillates(name):
            raise ConfigError(f"--set {text}: oscillators stand still; add --oscillate, which lets them run in clips")
        values[name] = value
    still = Controls(MappingProxyType(values | at_rest(values)))
    return Wishes(still, Controls(MappingProxyType(values)) if words.oscillate else still, tuple(notices))


def acts(name: str) -> bool:
    """Whether a control changes faces, and not the canvas that they hang on."""
    return name.startswith(ACTING)


def oscillates(name: str) -> bool:
    """Whether a control belongs to an oscillator."""
    return "/lfo/" in name or name.startswith("style/walk/")


def at_rest(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What stops every oscillator."""
    return {name: 0.0 for name in values if name.endswith("/lfo/depth") or name == "style/walk/amount"}


def _read(text: str, table: ParameterTable, directions: Sequence[str]) -> tuple[str, Scalar]:
    word, sign, said = (part.strip() for part in text.partition("="))
    if not sign or not word:
        raise ConfigError(f"--set {text}: is no NAME=VALUE, as in age=1")
    name = f"edit/{word}/amount" if word in directions else word.removeprefix(PREFIX)
    row = table.get(name)
    if row is None:
        hint = _nearest(word, [*directions, *filter(acts, table)]) or f"there is {', '.join(directions)}"
        raise ConfigError(f"--set {text}: there is no direction or control {word!r}; {hint}")
    if not acts(name):
        raise ConfigError(f"--set {text}: {name} belongs to the canvas of a show; of a picture's faces there is {', '.join(ACTING)}")
    value = row.coerce(said)
    fault = table.fault(name, said)
    if fault or value is None:
        raise ConfigError(f"--set {text}: {fault}")
    return name, value


def _nearest(word: str, names: Sequence[str]) -> str:
    near = [repr(name) for name in difflib.get_close_matches(word, names, n=NAMED)]
    return f"did you mean {', '.join(near[:-1])}{' or ' if near[:-1] else ''}{near[-1]}?" if near else ""


def _left_out(preset: Preset, oscillate: bool) -> list[str]:
    """What a photograph does not take of a preset."""
    canvas = [name for name in preset.controls if not acts(name)]
    waves = [name for name in preset.controls if oscillates(name)]
    said = list(preset.notices)
    if canvas:
        said.append(f"preset {preset.name}: {', '.join(canvas)} belong to the canvas of a show and are left out")
    if waves and not oscillate:
        said.append(f"preset {preset.name}: its oscillators stand still; --oscillate lets them run in clips")
    return said


def find_preset(word: str) -> Path:
    """The file of a preset: a path, or the name of one in the show's folder or among those that ship. Raises ConfigError."""
    path = Path(word).expanduser()
    if path.suffix == SUFFIX or path.is_file():
        return path
    folders = [folder for folder in (SHIPPED_PRESETS, PRESETS) if folder is not None and folder.is_dir()]
    there = {one.stem: one for folder in folders for one in folder.glob(f"*{SUFFIX}")}
    if word not in there:
        hint = _nearest(word, sorted(there)) or f"there is {', '.join(sorted(there)) or 'none'}"
        raise ConfigError(f"--preset {word}: there is no such preset; {hint}")
    return there[word]
