import socket
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from installation.__main__ import main
from installation.commands.touchosc import layout
from installation.config import OscConfig
from installation.control.osc.server import OscServer
from installation.control.parameters import ParameterTable, parameter_table
from installation.control.state import Change, ControlState
from tests.control.osc.osc_bytes import message

FORTY = [f"trait-{number}" for number in range(40)]  # more than fit one page


@dataclass
class Sent:
    """A message that a finger on a control would send, and what it should do."""

    packet: bytes
    name: str
    value: object


def read(file: bytes) -> Xml.Element:
    document = Xml.fromstring(zlib.decompress(file))
    assert document.tag == "lexml"
    return document


def text(node: Xml.Element, path: str) -> str:
    found = node.find(path)
    assert found is not None, path
    return found.text or ""


def properties(node: Xml.Element) -> dict[str, Xml.Element]:
    return {text(one, "key"): one.find("value") for one in node.findall("properties/property")}  # type: ignore[misc]


def frame(node: Xml.Element) -> tuple[int, int, int, int]:
    box = properties(node)["frame"]
    x, y, w, h = (int(text(box, part)) for part in "xywh")
    return x, y, w, h


def touches(node: Xml.Element) -> Iterator[Sent]:
    """What the app sends for a control: a path, and an argument scaled to its range."""
    osc = node.find("messages/osc")
    if osc is None or text(osc, "send") == "0":
        return
    address = "".join(text(partial, "value") for partial in osc.findall("path/partial"))
    [argument] = osc.findall("arguments/partial")
    name, conversion = address.removeprefix("/facets/"), text(argument, "conversion")
    low, high = float(text(argument, "scaleMin")), float(text(argument, "scaleMax"))
    if text(argument, "type") == "CONSTANT":
        word = text(argument, "value")
        yield Sent(message(address, word), name, word)
    elif node.get("type") == "FADER":
        for x in (0.0, 0.25, 1.0):
            value = low + (high - low) * x
            whole = conversion == "INTEGER"
            yield Sent(message(address, round(value) if whole else value), name, round(value) if whole else pytest.approx(value, abs=1e-6))
    elif conversion == "BOOLEAN":
        yield Sent(message(address, True), name, True)
        yield Sent(message(address, False), name, False)
    else:
        assert text(osc, "triggers/trigger/condition") == "RISE"
        yield Sent(message(address, 1.0), name, True)


@pytest.fixture(scope="module")
def table() -> ParameterTable:
    return parameter_table(["smile", *FORTY], ["toon"], presets=["calm", "new-year"])


def test_every_control_in_it_moves_its_target(table: ParameterTable) -> None:
    state = ControlState(table)
    fired: list[Change] = []
    state.subscribe(lambda change: fired.append(change) if isinstance(change, Change) else None)
    server = OscServer(state, OscConfig(port=0))
    server.start()
    moved = set()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            for node in read(layout(table)).iter("node"):
                for sent in touches(node):
                    before = server.received
                    phone.sendto(sent.packet, ("127.0.0.1", server.port))
                    end = time.monotonic() + 10
                    while server.received == before and time.monotonic() < end:
                        time.sleep(0.0005)
                    assert server.received == before + 1
                    held = fired[-1].value if table[sent.name].momentary else state.target(sent.name)
                    assert held == sent.value, sent.name
                    moved.add(sent.name)
    finally:
        server.stop()
    assert state.counts().ignored == state.counts().clamped == 0
    assert moved == {row.name for row in table.values() if row.kind != "command"}


def test_pages_hold_their_controls_side_by_side(table: ParameterTable) -> None:
    document = read(layout(table))
    ids = [node.get("ID") for node in document.iter("node")]
    assert len(ids) == len(set(ids))
    [pager] = [node for node in document.iter("node") if node.get("type") == "PAGER"]
    _, _, width, height = frame(pager)
    pages = pager.findall("children/node")
    titles = [text(properties(page)["tabLabel"], ".") for page in pages]
    assert titles[0] == "show" and {"edit 1", "edit 2", "face", "blend", "waves 1"} <= set(titles)
    for page in pages:
        boxes = []
        for node in page.findall("children/node"):
            x, y, w, h = frame(node)
            assert x >= 0 and y >= 0 and x + w <= width and y + h <= height and w > 20 and h > 15
            if node.get("type") != "LABEL":
                assert not any(x < bx + bw and bx < x + w and y < by + bh and by < y + h for bx, by, bw, bh in boxes)
                boxes.append((x, y, w, h))


def test_faders_stand_where_the_show_begins(table: ParameterTable) -> None:
    nodes = {text(properties(node)["name"], "."): node for node in read(layout(table)).iter("node")}
    values = {text(value, "key"): text(value, "default") for value in nodes["edit/trait-3/amount"].findall("values/value")}
    assert float(values["x"]) == 0.5  # no offset: the middle of -3 … 3
    mirror = {text(value, "key"): text(value, "default") for value in nodes["look/mirror"].findall("values/value")}
    assert mirror["x"] == "1"
    assert text(nodes["look/mirror"], "messages/osc/receive") == "1"  # so that it follows other hands


def test_one_command_writes_it_for_what_is_installed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "facets.tosc"
    assert main(["touchosc", "--out", str(out)]) == 0
    assert "port 9000" in capsys.readouterr().out
    names = {text(properties(node)["name"], ".") for node in read(out.read_bytes()).iter("node")}
    assert {"edit/smile/amount", "edit/age/lfo/rate", "look/grain", "transport/blackout"} <= names
    assert main(["touchosc", "--out", str(tmp_path / "nowhere" / "facets.tosc")]) == 2
    assert "cannot be written" in capsys.readouterr().err
