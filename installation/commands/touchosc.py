"""python -m installation touchosc --out facets.tosc: a layout for the app TouchOSC with every control of this installation.

A ``.tosc`` file is zlib-compressed XML: nodes with properties, values and messages, as TouchOSC's own editor writes them
(https://hexler.net/touchosc/manual). Faders send plain values in the control's range and follow what comes to the same
address, so that name a phone under ``control.osc.mirrors`` and its faders move with every other hand.
"""

from __future__ import annotations

import argparse
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from installation.config import load_config
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed
from installation.control.parameters import Parameter, ParameterTable
from installation.control.presets.player import preset_names
from installation.output_file import whole_file

WIDTH, HEIGHT, TABS = 960, 600, 44  # px; the app scales them to its screen
COLUMNS, ROWS = 3, 7
# Of the pages, by an address' first word.
TITLES = {
    "transport": "show",
    "preset": "show",
    "schedule": "show",
    "truncation": "face",
    "identity": "face",
    "smile": "face",
    "facets": "cells",
}
GAP, TITLE = 6, 24  # px
ONE_LINE = 4  # choices whose words are read well side by side
TOGGLE, MOMENTARY = 2, 0  # TouchOSC's types of button
EAST = 1  # a fader that lies, its high end to the right
Colour = tuple[float, float, float, float]
BACK, BAR, WORDS, CLEAR = (0.05, 0.05, 0.06, 1.0), (0.89, 0.7, 0.44, 1.0), (0.95, 0.94, 0.92, 1.0), (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class WidgetBox:
    """px from the parent's corner."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class MessageArgument:
    """What a message carries. kind: VALUE, one of the node's own, or CONSTANT; conversion: FLOAT, INTEGER, BOOLEAN or STRING."""

    kind: str
    conversion: str
    value: str
    low: float = 0.0
    high: float = 1.0


def layout(table: ParameterTable) -> bytes:
    """The file. Commands that take a name are left out: a phone's layout has nowhere to write one."""
    root = _node("GROUP", "facets", WidgetBox(0, 0, WIDTH, HEIGHT), BACK)
    pager = _node("PAGER", "pages", WidgetBox(0, 0, WIDTH, HEIGHT), BACK, interactive=True, values=[("page", "0")])
    for key, kind, value in (
        ("tabbar", "b", 1),
        ("tabLabels", "b", 1),
        ("tabbarSize", "i", TABS),
        ("textSizeOff", "i", 15),
        ("textSizeOn", "i", 15),
    ):
        _property(pager, key, kind, value)
    sheets = Xml.SubElement(pager, "children")
    for title, rows in _pages(table):
        sheets.append(_page(title, rows))
    Xml.SubElement(root, "children").append(pager)
    document = Xml.Element("lexml", version="3")
    document.append(root)
    return zlib.compress(Xml.tostring(document, encoding="UTF-8", xml_declaration=True), 9)


def _pages(table: ParameterTable) -> Iterator[tuple[str, Sequence[Parameter]]]:
    """Titles and rows, those for the hurry first; as many pages as a group needs."""
    groups: dict[str, list[Parameter]] = {"show": [], "edit": [], "waves": []}
    for row in table.values():
        if row.kind != "command":
            first = row.name.split("/")[0]
            groups.setdefault("waves" if "/lfo/" in row.name else TITLES.get(first, first), []).append(row)
    groups["show"].sort(key=lambda row: not row.name.startswith("transport/"))
    room = COLUMNS * ROWS
    for title, rows in groups.items():
        for at in range(0, len(rows), room):
            yield title if len(rows) <= room else f"{title} {at // room + 1}", rows[at : at + room]


def _page(title: str, rows: Sequence[Parameter]) -> Xml.Element:
    page = _node("GROUP", title, WidgetBox(0, TABS, WIDTH, HEIGHT - TABS), BACK)
    for key, colour in (("tabColorOff", BACK), ("tabColorOn", BAR), ("textColorOff", WORDS), ("textColorOn", BACK)):
        _property(page, key, "c", colour)
    _property(page, "tabLabel", "s", title)
    children = Xml.SubElement(page, "children")
    width, height = WIDTH // COLUMNS, (HEIGHT - TABS) // ROWS
    for place, row in enumerate(rows):
        x, y = place // ROWS * width + GAP, place % ROWS * height
        children.extend(_cell(row, WidgetBox(x, y, width - 2 * GAP, height)))
    return page


def _cell(row: Parameter, box: WidgetBox) -> list[Xml.Element]:
    """A title and what moves the control."""
    named = _label(f"{row.name}.title", row.name.removesuffix("/recall").replace("/", " "), WidgetBox(box.x, box.y, box.w, TITLE))
    below = WidgetBox(box.x, box.y + TITLE, box.w, box.h - TITLE - GAP)
    if row.kind == "str":
        half = WidgetBox(box.x, box.y, box.w * 2 // 3, TITLE)
        named = _label(f"{row.name}.title", row.name.replace("/", " "), half)
        shown = _label(f"{row.name}.shown", str(row.default), WidgetBox(box.x + half.w, box.y, box.w - half.w, TITLE))
        _message(shown, "text", "ANY", row.address, MessageArgument("VALUE", "STRING", "text"), send=False)
        return [named, shown, *_choices(row, below)]
    return [named, _fader(row, below) if row.bounded else _button(row, below)]


def _fader(row: Parameter, box: WidgetBox) -> Xml.Element:
    place = (float(row.default) - row.low) / (row.high - row.low)
    node = _node("FADER", row.name, box, BAR, interactive=True, orientation=EAST, values=[("x", f"{place:.6g}")])
    _property(node, "bar", "b", 1)
    _property(node, "cursor", "b", 1)
    steps = round(row.high - row.low) + 1 if row.kind == "int" else 11
    _property(node, "grid", "b", int(steps <= 33))
    _property(node, "gridSteps", "i", steps)
    _message(node, "x", "ANY", row.address, MessageArgument("VALUE", "INTEGER" if row.kind == "int" else "FLOAT", "x", row.low, row.high))
    return node


def _button(row: Parameter, box: WidgetBox) -> Xml.Element:
    toggle = row.kind == "bool"
    node = _node("BUTTON", row.name, box, BAR, interactive=True, values=[("x", str(int(toggle and bool(row.default))))])
    _property(node, "buttonType", "i", TOGGLE if toggle else MOMENTARY)
    argument = MessageArgument("VALUE", "BOOLEAN" if toggle else "FLOAT", "x")
    _message(node, "x", "ANY" if toggle else "RISE", row.address, argument, receive=toggle)
    return node


def _choices(row: Parameter, box: WidgetBox) -> list[Xml.Element]:
    """A button for each word, with the word on it; many of them in two lines."""
    lines = 1 if len(row.choices) <= ONE_LINE else 2
    columns = -(-len(row.choices) // lines)
    width, height = box.w // columns, box.h // lines
    nodes = []
    for number, word in enumerate(row.choices):
        place = WidgetBox(box.x + number % columns * width, box.y + number // columns * height, width - 2, height - 1)
        button = _node("BUTTON", f"{row.name}.{word}", place, BAR, interactive=True, values=[("x", "0")])
        _property(button, "buttonType", "i", MOMENTARY)
        _message(button, "x", "RISE", row.address, MessageArgument("CONSTANT", "STRING", word), receive=False)
        nodes += [button, _label(f"{row.name}.{word}.word", word, place, 13 if lines == 1 else 9)]
    return nodes


def _label(name: str, text: str, box: WidgetBox, size: int = 13) -> Xml.Element:
    node = _node("LABEL", name, box, CLEAR, values=[("text", text)])
    _property(node, "background", "b", 0)
    _property(node, "textColor", "c", WORDS)
    _property(node, "textSize", "i", size)
    _property(node, "textClip", "b", 1)
    return node


def _node(
    kind: str,
    name: str,
    box: WidgetBox,
    colour: Colour,
    interactive: bool = False,
    orientation: int = 0,
    values: Sequence[tuple[str, str]] = (),
) -> Xml.Element:
    node = Xml.Element("node", ID=str(uuid.uuid5(uuid.NAMESPACE_URL, f"facets:{kind}:{name}")), type=kind)
    Xml.SubElement(node, "properties")
    _property(node, "name", "s", name)
    _property(node, "frame", "r", box)
    _property(node, "color", "c", colour)
    _property(node, "interactive", "b", int(interactive))
    _property(node, "orientation", "i", orientation)
    held = Xml.SubElement(node, "values")
    for key, default in (*values, ("touch", "false")):
        value = Xml.SubElement(held, "value")
        for part, text in (("key", key), ("locked", "0"), ("lockedDefaultCurrent", "0"), ("default", default), ("defaultPull", "0")):
            Xml.SubElement(value, part).text = text
    return node


def _property(node: Xml.Element, key: str, kind: str, value: object) -> None:
    """kind: b, i, f, s, c colour, r frame."""
    properties = node.find("properties")
    assert properties is not None
    one = Xml.SubElement(properties, "property", type=kind)
    Xml.SubElement(one, "key").text = key
    held = Xml.SubElement(one, "value")
    if isinstance(value, WidgetBox):
        for part in ("x", "y", "w", "h"):
            Xml.SubElement(held, part).text = str(getattr(value, part))
    elif isinstance(value, tuple):
        for part, share in zip("rgba", value, strict=True):
            Xml.SubElement(held, part).text = f"{share:g}"
    else:
        held.text = str(value)


def _message(
    node: Xml.Element, trigger: str, condition: str, address: str, argument: MessageArgument, send: bool = True, receive: bool = True
) -> None:
    messages = Xml.SubElement(node, "messages")
    osc = Xml.SubElement(messages, "osc")
    for key, text in (
        ("enabled", "1"),
        ("send", str(int(send))),
        ("receive", str(int(receive))),
        ("feedback", "0"),
        ("connections", "11111"),
    ):
        Xml.SubElement(osc, key).text = text
    one = Xml.SubElement(Xml.SubElement(osc, "triggers"), "trigger")
    Xml.SubElement(one, "var").text = trigger
    Xml.SubElement(one, "condition").text = condition
    _partial(Xml.SubElement(osc, "path"), MessageArgument("CONSTANT", "STRING", address))
    _partial(Xml.SubElement(osc, "arguments"), argument)


def _partial(parent: Xml.Element, argument: MessageArgument) -> None:
    partial = Xml.SubElement(parent, "partial")
    pairs = (("type", argument.kind), ("conversion", argument.conversion), ("value", argument.value))
    for key, text in (*pairs, ("scaleMin", f"{argument.low:g}"), ("scaleMax", f"{argument.high:g}")):
        Xml.SubElement(partial, key).text = text


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``touchosc``."""
    from installation.models.bundle import load_models

    parser = argparse.ArgumentParser(prog="python -m installation touchosc", description="Writes a TouchOSC layout of the live controls.")
    parser.add_argument("--out", type=Path, default=Path("facets.tosc"), metavar="FILE", help="the layout, facets.tosc")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration, over the shipped config.yaml")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    a = parser.parse_args(argv)
    config = load_config(a.config, a.overrides)
    m = config.models
    models = load_models(m.generator, m.encoder, m.children, m.directions, editor=m.editor)
    table = Installed.of(models).with_presets(preset_names(PRESETS, SHIPPED_PRESETS)).table()
    with whole_file(a.out) as partial:
        partial.write_bytes(layout(table))
    print(f"{a.out}: open it in TouchOSC, and let its first OSC connection send to this machine, port {config.control.osc.port}")
    return 0
