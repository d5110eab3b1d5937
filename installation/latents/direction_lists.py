"""A list of directions in YAML: which of a file's directions to take, over which layers, how strong, by which name.

    family: stylegan2-ffhq-1024        # optional: the generator that they all belong to
    directions:
      - {file: ffhq_pca.pt, component: 46, layers: 4, scale: -20, name: smile}
      - {file: age.npy, scale: 3}
      - {file: many.pt, pick: beard, layers: 7-8}

Files are looked for beside the list. Layers count from 0, the last one is included.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from installation.config_file import Document, read_document, shown
from installation.errors import ConfigError, WeightsError
from installation.latents.direction_files import MAX_DIRECTIONS, MAX_STYLES, StoredDirection, plain_name, read_directions

SUFFIXES = (".yaml", ".yml")
KEYS = ("file", "name", "pick", "component", "layers", "scale", "family")


@dataclass(frozen=True)
class ListedDirection:
    """One line of a list."""

    file: Path
    name: str | None = None
    pick: str | None = None  # which of the file's directions, by its name inside
    component: int | None = None  # which principal component, from 0
    layers: tuple[int, int] | None = None  # first and one past the last style
    scale: float = 1.0  # times the file's own unit
    family: str = ""


def read_list(path: Path) -> list[StoredDirection]:
    """The directions that a list names, scaled and cut to their layers. Raises WeightsError."""
    try:
        document = read_document(path)
    except ConfigError as err:
        raise WeightsError(str(err)) from err
    items = document.values.get("directions")
    if not isinstance(items, list) or not items:
        raise WeightsError(f"{path}: directions: a list of entries is needed, each with a file")
    if unknown := set(document.values) - {"directions", "family"}:
        raise WeightsError(f"{path}: {sorted(unknown)[0]}: no such key; there are family and directions")
    if len(items) > MAX_DIRECTIONS:
        raise WeightsError(f"{path}: directions: {len(items)} are too many")
    family = str(document.values.get("family") or "")
    found: list[StoredDirection] = []
    for number, item in enumerate(items):
        found += _taken(_entry(item, document, number, path.parent, family), document.where(("directions", str(number))))
    return found


def parse_layers(value: object) -> tuple[int, int]:
    """``"4-7"``, ``4``, ``"4"`` or ``[4, 7]`` -> (4, 8): first and one past the last. Raises ValueError."""
    ends = value if isinstance(value, list) else str(value).split("-")
    try:
        numbers = [int(str(end)) for end in ends]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not 0 <= numbers[0] <= numbers[-1] < MAX_STYLES or isinstance(value, bool):
        raise ValueError(f"layers: first and last, as in 4-7, or one number; got {shown(value)}")
    return numbers[0], numbers[-1] + 1


def _entry(item: object, document: Document, number: int, folder: Path, family: str) -> ListedDirection:
    where = document.where(("directions", str(number)))
    if not isinstance(item, Mapping) or not isinstance(item.get("file"), str) or not item["file"]:
        raise WeightsError(f"{where}: an entry needs a file, as in {{file: age.npy, scale: 3}}")
    if unknown := [key for key in item if key not in KEYS]:
        raise WeightsError(f"{where}: {unknown[0]}: no such key; there are {', '.join(KEYS)}")
    try:
        layers = None if item.get("layers") is None else parse_layers(item["layers"])
    except ValueError as err:
        raise WeightsError(f"{where}: {err}") from err
    scale, component = item.get("scale", 1.0), item.get("component")
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not abs(scale) <= sys.float_info.max:
        raise WeightsError(f"{where}: scale: a finite number is needed, got {shown(scale)}")
    if component is not None and (isinstance(component, bool) or not isinstance(component, int) or component < 0):
        raise WeightsError(f"{where}: component: a number from 0 is needed, got {shown(component)}")
    texts = {key: None if item.get(key) is None else str(item[key]) for key in ("name", "pick", "family")}
    file = folder / Path(item["file"]).expanduser()
    if file.suffix.lower() in SUFFIXES:
        raise WeightsError(f"{where}: file: a list cannot name another list")
    return ListedDirection(file, texts["name"], texts["pick"], component, layers, float(scale), texts["family"] or family)


def _taken(entry: ListedDirection, where: str) -> list[StoredDirection]:
    found = read_directions(entry.file)
    if entry.component is not None:
        taken = [one for one in found if one.component == entry.component]
        kind, told = f"component {entry.component}", f"{sum(one.component is not None for one in found)} components"
    elif entry.pick is not None:
        taken = [one for one in found if one.name in (entry.pick, plain_name(entry.pick))]
        kind, told = f"direction {entry.pick!r}", ", ".join(one.name for one in found[:12])
    else:
        taken, kind, told = found, "direction", ""
    if not taken:
        raise WeightsError(f"{where}: {entry.file.name} has no {kind}; it holds {told}")
    components = taken[0].component is not None
    if len(taken) > 1 and (entry.name or components):
        wanted = "component" if components else "pick"
        raise WeightsError(f"{where}: {entry.file.name} holds {len(taken)} directions; say which with {wanted}")
    return [_shaped(one, entry) for one in taken]


def _shaped(one: StoredDirection, entry: ListedDirection) -> StoredDirection:
    layers = entry.layers or one.layers
    name = plain_name(entry.name) if entry.name else one.name
    maps = one.maps.each(lambda _, part: part * entry.scale)
    return replace(one, name=name, vector=one.vector * entry.scale, maps=maps, layers=layers, family=entry.family or one.family)
