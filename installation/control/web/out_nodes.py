"""What the show tells of itself, as nodes of OSCQuery that can only be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from installation.control.osc.readings import OUT, SMILES, Reading

Node = dict[str, object]


def out_node(values: Iterable[Reading]) -> Node:
    """The node ``/facets/out`` with all that is below it."""
    root: Node = {"FULL_PATH": OUT, "ACCESS": 0, "DESCRIPTION": "what the installation sees and how it fares", "CONTENTS": {}}
    # There without visitors too: those who wait for one have a node to look at.
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


def _leaf(one: Reading) -> Node:
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
