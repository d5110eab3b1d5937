"""The table of controls as OSCQuery describes an address space (the OSCQuery Proposal, Vidvox): nodes as JSON.

Conventions where the proposal leaves a choice: a switch has the type tag of its value, T or F, and takes both, and 1 and 0
(OVERLOADS); a trigger has the tag N, a command s; VALUE is what a control was set to, not the value it is gliding through.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from installation.control.parameters import Parameter, ParameterTable, Scalar

Node = dict[str, object]  # as JSON has it
ATTRIBUTES: Final = frozenset({
    "FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "TAGS", "CLIPMODE", "EXTENDED_TYPE", "OVERLOADS",
})  # fmt: skip
EXTENSIONS: Final = MappingProxyType({
    "ACCESS": True, "VALUE": True, "RANGE": True, "DESCRIPTION": True, "UNIT": True, "TAGS": True, "CLIPMODE": True,
    "EXTENDED_TYPE": True, "OVERLOADS": True, "CRITICAL": False, "HTML": False,
    "LISTEN": True, "PATH_CHANGED": True, "PATH_ADDED": True, "PATH_REMOVED": True, "PATH_RENAMED": False,
})  # fmt: skip
UNITS: Final = MappingProxyType({"Hz": "time.hz", "s": "time.second", "beats per minute": "time.bpm"})  # the proposal's words
TYPES: Final = MappingProxyType({"float": "f", "int": "i", "str": "s", "command": "s", "trigger": "N"})
ACCESS: Final = MappingProxyType({"w": 2, "rw": 3})
RECALL = "preset/recall"  # a command whose words are known: the presets that there are
GROUPS: Final = MappingProxyType({
    "/": "Facets, a live mirror of portraits",
    "/facets": "every control",
    "/facets/edit": "what is changed in the portraits, by attribute",
    "/facets/identity": "how near a portrait stays to its visitor",
    "/facets/blend": "the mix of generators",
    "/facets/smile": "what a visitor's smile does",
    "/facets/facets": "the grid of one sitter's variants",
    "/facets/style": "painters' styles",
    "/facets/look": "the canvas",
    "/facets/preset": "presets",
    "/facets/transport": "the show",
})  # fmt: skip


class AddressSpace:
    """The tree that the addresses of one table make. Paths begin with a slash and do not end with one, but for the root."""

    def __init__(self, table: ParameterTable) -> None:
        self.table = table
        self._rows = {row.address: row for row in table.values()}
        self._presets = [name.split("/")[1] for name in table if name.startswith("preset/") and name.count("/") == 2]
        self._below: dict[str, list[str]] = {"/": []}
        for address in self._rows:
            parts = address.split("/")[1:]
            for depth in range(len(parts)):
                parent, name = "/" + "/".join(parts[:depth]), parts[depth]
                names = self._below.setdefault(parent, [])
                if name not in names:
                    names.append(name)

    def node(self, path: str, targets: Mapping[str, Scalar]) -> Node | None:
        """A node with all that is below it, None where there is none. ``targets``: what each control was set to."""
        row, names = self._rows.get(path), self._below.get(path)
        if row is None and names is None:
            return None
        node: Node = {"FULL_PATH": path}
        node |= self._attributes(row, targets) if row else {"ACCESS": 0, "DESCRIPTION": GROUPS.get(path, path.rpartition("/")[2])}
        if names is not None:
            base = "" if path == "/" else path
            node["CONTENTS"] = {name: self.node(f"{base}/{name}", targets) for name in names}
        return node

    def _attributes(self, row: Parameter, targets: Mapping[str, Scalar]) -> Node:
        node = attributes(row, targets.get(row.name))
        if row.name == RECALL and self._presets:
            node |= {"RANGE": [{"VALS": list(self._presets)}], "CLIPMODE": ["none"]}
        return node


def attributes(row: Parameter, value: Scalar | None) -> Node:
    """What the proposal lets one say of a control that is set to ``value``."""
    node: Node = {"DESCRIPTION": row.description, "ACCESS": ACCESS["w" if row.momentary else row.access], "TAGS": _tags(row)}
    if row.kind == "bool":
        node |= {"TYPE": "T" if value else "F", "VALUE": [bool(value)], "RANGE": [{"VALS": [False, True]}]}
        node["OVERLOADS"] = [{"TYPE": "F" if value else "T"}, {"TYPE": "i", "RANGE": [{"VALS": [0, 1]}]}]
        return node
    node["TYPE"] = TYPES[row.kind]
    if row.kind == "trigger":
        node["OVERLOADS"] = [{"TYPE": "T"}, {"TYPE": "I"}, {"TYPE": "i"}, {"TYPE": "f"}]
    elif row.kind == "command":
        node["OVERLOADS"] = [{"TYPE": "i"}]
    elif row.kind == "str":
        node |= {"VALUE": [value], "RANGE": [{"VALS": list(row.choices)}], "CLIPMODE": ["none"]}
    else:
        number = int if row.kind == "int" else float
        node |= {"VALUE": [value], "RANGE": [{"MIN": number(row.low), "MAX": number(row.high)}], "CLIPMODE": ["both"]}
    if row.unit:
        node["UNIT"] = [UNITS.get(row.unit, row.unit)]
    if row.circular and row.name.endswith("hue"):
        node["EXTENDED_TYPE"] = ["color.hsv.h"]
    return node


def _tags(row: Parameter) -> list[str]:
    """Words to search by: the group, whose oscillator, and what makes something happen."""
    parts = row.name.split("/")
    return [*parts[:-1], *(["oscillator"] if "lfo" in parts else []), *([row.kind] if row.momentary else [])]
