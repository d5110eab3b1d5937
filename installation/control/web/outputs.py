"""What the show sends under ``/facets/out/``, as nodes of OSCQuery that can only be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from installation.control.observation import Observation
from installation.control.parameters import PREFIX

OUT = f"{PREFIX}out"
Node = dict[str, object]


@dataclass(frozen=True, slots=True)
class Output:
    """One value. name: its address below ``/facets/out/``; tag: its OSC type."""

    name: str
    tag: str
    value: float | int | str
    description: str
    unit: str = ""


def outputs(seen: Observation, preset: str) -> Iterator[Output]:
    """What is sent of the show as it is now. The echo of the controls is not among them: that is each control's own VALUE."""
    yield Output("faces", "i", seen.faces, "visitors that are seen")
    for number, smile in seen.smiles:
        yield Output(f"smile/{number}", "f", smile, "how much this visitor smiles, 0 to 1")
    yield Output("preset", "s", preset, "the preset that was recalled last")
    yield Output("fps", "f", float(seen.presented_fps), "pictures presented a second")
    yield Output("delay", "f", float(seen.delay_ms), "from the camera's picture to the canvas that shows it", "ms")
    yield Output("heartbeat", "i", int(seen.seconds), "counts the seconds of the show")


def out_node(values: Iterator[Output]) -> Node:
    """The node ``/facets/out`` with all that is below it."""
    root: Node = {"FULL_PATH": OUT, "ACCESS": 0, "DESCRIPTION": "what the installation sees and how it fares", "CONTENTS": {}}
    for one in values:
        parent, path = root, OUT
        *above, name = one.name.split("/")
        for part in above:
            path = f"{path}/{part}"
            parent = _contents(parent).setdefault(part, {"FULL_PATH": path, "ACCESS": 0, "DESCRIPTION": part, "CONTENTS": {}})
        leaf: Node = {"FULL_PATH": f"{path}/{name}", "TYPE": one.tag, "ACCESS": 1, "VALUE": [one.value], "DESCRIPTION": one.description}
        _contents(parent)[name] = leaf | ({"UNIT": [f"time.{one.unit}" if one.unit == "ms" else one.unit]} if one.unit else {})
    return root


def below(node: Node, path: str) -> Node | None:
    """The node at a path that begins with ``node``'s own; None where there is none."""
    found: Node | None = node
    for part in path.removeprefix(str(node["FULL_PATH"])).strip("/").split("/"):
        if part and found is not None:
            found = _contents(found).get(part)
    return found


def _contents(node: Node) -> dict[str, Node]:
    contents = node.get("CONTENTS", {})
    assert isinstance(contents, Mapping)
    return contents  # type: ignore[return-value]  # made here
