"""Presets: partial overlays of the live controls, one YAML file each."""

import re
from pathlib import Path

from installation.config_file import read_document
from installation.control.parameters import ParameterTable, Scalar
from installation.errors import ConfigError

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def preset_names(folder: Path) -> list[str]:
    """Names of the presets in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_preset(folder: Path, name: str, table: ParameterTable) -> dict[str, Scalar]:
    """The controls that a preset sets. Raises ConfigError with file, line, key, value and reason."""
    names = preset_names(folder)
    if not NAME.fullmatch(name) or name not in names:
        raise ConfigError(f"--preset {name}: there is no such preset; there is {', '.join(names) or 'none'}")
    path = folder / f"{name}.yaml"
    document = read_document(path)
    problems: list[str] = []
    for key in document.values:
        if key not in ("controls", "description"):
            problems.append(f"{document.where((key,))}: {key}: unknown key; a preset has `description` and `controls`")
    controls = document.values.get("controls", {})
    if not isinstance(controls, dict):
        raise ConfigError(f"{document.where(('controls',))}: controls: must be `control: value` lines")
    values: dict[str, Scalar] = {}
    for address, value in controls.items():
        reason = table.fault(address, value)
        if reason:
            problems.append(f"{document.where(('controls', address))}: {address}: {value!r}: {reason}")
        else:
            values[address] = value
    if problems:
        raise ConfigError("\n".join(problems))
    return values
