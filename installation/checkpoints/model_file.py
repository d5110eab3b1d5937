"""What a model file holds, whatever its format: mappings in mappings, whose leaves are tensors that were not read yet or plain
values. A network is found in it by the names of its parameters, however deep it lies and whatever stands before the names.
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from installation.checkpoints.stored_tensors import Stored

MAX_DEPTH = 4  # mappings in one another
MAX_LEVELS = 256


class ModelFile(Protocol):
    """A file that was opened; none of its numbers need have been read."""

    @property
    def path(self) -> Path: ...

    @property
    def root(self) -> object: ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the format itself keeps beside the tensors; mostly nothing."""
        ...

    def holds(self, value: object) -> bool:
        """Whether a value inside is a tensor."""
        ...

    def stored(self, value: object, name: str) -> Stored:
        """Such a tensor as one that can be read. Raises CheckpointError where its numbers do not lie in the file."""
        ...


@dataclass(frozen=True, eq=False)
class Level:
    """One mapping of a file. key: under which it lies in the one ``above``, "" for the root."""

    key: str
    entries: Mapping[str, object]
    tensors: Mapping[str, object]
    above: "Level | None" = None

    @property
    def chain(self) -> Iterator["Level"]:
        """This mapping and those around it, the root last."""
        level: Level | None = self
        while level is not None:
            yield level
            level = level.above


@dataclass(frozen=True, eq=False)
class Place:
    """Where a network's parameters lie: in which mapping, and what stands before their names."""

    level: Level
    prefix: str
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        keys = [level.key for level in self.level.chain]
        words = re.split(r"[./]", ".".join([*reversed(keys), self.prefix.rstrip("./")]))
        object.__setattr__(self, "words", tuple(word for word in words if word))

    @property
    def parent(self) -> tuple[str, ...]:
        """The words of what lies around it: the same for an encoder and a decoder of one model."""
        return self.words[:-1]

    @property
    def title(self) -> str:
        return ".".join(self.words) or "the file itself"

    def parameters(self) -> dict[str, object]:
        """Its tensors under their own names."""
        return {name.removeprefix(self.prefix): value for name, value in self.level.tensors.items() if name.startswith(self.prefix)}

    def beside(self, file: ModelFile, name: str) -> object | None:
        """The tensor of this name that is closest around the network, None where there is none."""
        prefix = self.prefix
        while True:
            if file.holds(found := self.level.entries.get(prefix + name)):
                return found
            if not prefix:
                break
            prefix = "".join(re.split(r"(?<=[./])", prefix.rstrip("./"))[:-1])
        return next((found for level in self.level.chain if file.holds(found := level.entries.get(name))), None)


def levels_of(file: ModelFile) -> list[Level]:
    """The mappings of a file, the outer ones first."""
    found = [_level(file, "", file.root, None)]
    depths = {id(found[0]): 0}
    for level in found:  # grows while it is walked
        depth = depths[id(level)] + 1
        for key, value in level.entries.items():
            if isinstance(value, dict) and depth < MAX_DEPTH and len(found) < MAX_LEVELS:
                found.append(_level(file, key, value, level))
                depths[id(found[-1])] = depth
    return found


def places_of(levels: list[Level], mark: str) -> list[Place]:
    """Every network that has a parameter of this name, in the order in which they lie in the file."""
    found = []
    for level in levels:
        for name in level.tensors:
            prefix = name.removesuffix(mark)
            if prefix != name and (not prefix or prefix[-1] in "./"):
                found.append(Place(level, prefix))
    return found


def options_of(file: ModelFile, levels: list[Level]) -> dict[str, object]:
    """The options of a training run that lie in a file, and the format's own words beside the tensors."""
    options: dict[str, object] = dict(file.metadata)
    for level in reversed(levels):
        for key in ("options", "opts"):
            options |= mapping_of(level.entries.get(key))
    return options


def mapping_of(value: object) -> dict[str, object]:
    """A dict or a namespace with the entries whose keys are words; empty for anything else."""
    value = vars(value) if isinstance(value, argparse.Namespace) else value
    # dict.items: an OrderedDict from a pickle may carry an attribute of that name.
    return {key: item for key, item in dict.items(value) if isinstance(key, str)} if isinstance(value, dict) else {}


def _level(file: ModelFile, key: str, value: object, above: Level | None) -> Level:
    entries = mapping_of(value)
    tensors = {name: item for name, item in entries.items() if file.holds(item)}
    return Level(key, entries, tensors, above)
