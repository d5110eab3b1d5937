"""What the show sends under ``/facets/out/``, as nodes of OSCQuery that can only be read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from installation.control.parameters import PREFIX
from installation.observation import Observation

OUT = f"{PREFIX}out"
SMILES = "smile"  # the node of the visitors' ids, there without visitors too: those who wait for one have a node to look at
NOBODY = -1  # id of who holds a free slot
Node = dict[str, object]


@dataclass(frozen=True, slots=True)
class Output:
    """One value. name: its address below ``/facets/out/``; tag: its OSC type; high: where its range from 0 ends, None: open."""

    name: str
    tag: str
    value: float | int | str
    description: str
    unit: str = ""
    high: float | int | None = None

    @property
    def path(self) -> str:
        """``/facets/out/faces``."""
        return f"{OUT}/{self.name}"


def outputs(seen: Observation, preset: str) -> Iterator[Output]:
    """What is sent of the show as it is now. The echo of the controls is not among them: that is each control's own VALUE.

    ``smile/<id>`` comes and goes with its visitor, and no id comes twice. ``visitor/<slot>/…`` is always there.
    """
    yield Output("faces", "i", seen.faces, "visitors that are seen")
    for number, smile in seen.smiles:
        yield Output(f"{SMILES}/{number}", "f", _finite(smile), "how much this visitor smiles, 0 to 1", high=1.0)
    for place, visitor in enumerate(seen.slots, start=1):
        here, smile = visitor is not None, 0.0 if visitor is None else visitor.smile
        yield Output(f"visitor/{place}/present", "i", int(here), "1 while somebody holds this place, 0 while it is free", high=1)
        yield Output(f"visitor/{place}/smile", "f", _finite(smile), "how much they smile, 0 to 1", high=1.0)
        yield Output(f"visitor/{place}/id", "i", NOBODY if visitor is None else visitor.id, f"their number, {NOBODY} for nobody")
    yield Output("preset", "s", preset, "the preset that was recalled last")
    yield Output("fps", "f", _finite(seen.presented_fps), "pictures presented a second")
    yield Output("delay", "f", _finite(seen.delay_ms), "from the camera's picture to the canvas that shows it", "ms")
    yield Output("heartbeat", "i", int(_finite(seen.seconds)), "counts the seconds of the show")


def out_node(values: Iterable[Output]) -> Node:
    """The node ``/facets/out`` with all that is below it."""
    root: Node = {"FULL_PATH": OUT, "ACCESS": 0, "DESCRIPTION": "what the installation sees and how it fares", "CONTENTS": {}}
    _contents(root)[SMILES] = _container(f"{OUT}/{SMILES}", "each visitor's smile by their id; the places are under visitor")
    for one in values:
        parent, path = root, OUT
        *above, name = one.name.split("/")
        for part in above:
            path = f"{path}/{part}"
            parent = _contents(parent).setdefault(part, _container(path, part))
        _contents(parent)[name] = _leaf(one)
    return root


def _container(path: str, description: str) -> Node:
    return {"FULL_PATH": path, "ACCESS": 0, "DESCRIPTION": description, "CONTENTS": {}}


def _leaf(one: Output) -> Node:
    leaf: Node = {"FULL_PATH": one.path, "TYPE": one.tag, "ACCESS": 1, "VALUE": [one.value], "DESCRIPTION": one.description}
    if one.high is not None:
        leaf["RANGE"] = [{"MIN": type(one.high)(0), "MAX": one.high}]
    if one.unit:
        leaf["UNIT"] = [f"time.{one.unit}" if one.unit == "ms" else one.unit]
    return leaf


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


def _finite(value: float) -> float:
    """JSON knows no other numbers, and few patches do."""
    return float(value) if math.isfinite(value) else 0.0
