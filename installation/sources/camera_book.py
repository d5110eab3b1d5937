"""Which camera a hand chose on the operator's page, and what it set at it: kept in a file of its own, the configuration stays as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from installation.kept_file import KeptFile
from installation.sources.controls import KNOWN

MOST_CAMERAS = 16  # whose controls are remembered
LONGEST = 400  # characters of a source
Values = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    """source: the camera, "" for the configuration's; instead_of: what the configuration named when it was chosen; controls: what was set
    at each camera, by its source and the control's name."""

    source: str = ""
    instead_of: str = ""
    controls: Mapping[str, Values] = field(default_factory=dict)


class CameraBook:
    """configured: the configuration's source. A choice holds for as long as that stays the same: who names another one there means it.
    path: of the file that keeps it, None where nothing is kept. ``notice``: what there is to say at the start."""

    def __init__(self, configured: str, path: Path | None = None) -> None:
        self.configured = configured
        self._file, self._lock = KeptFile(path, "the camera chosen on the panel", "the configuration's source holds"), threading.Lock()
        self._kept: _Kept = self._file.read(_read, _Kept())
        self.notice = self._file.notice
        if self._kept.source and self._kept.instead_of != configured:
            self.notice = (
                f"{path}: {self._kept.source} was chosen on the panel when the source was {self._kept.instead_of}; "
                f"now the configuration names {configured}, which holds"
            )
            self._kept = replace(self._kept, source="", instead_of="")

    @property
    def chosen(self) -> str:
        """The camera that a hand chose, "" for none. Any thread."""
        return self._kept.source

    def source(self) -> str:
        """The source of the show, as ``find_source`` takes it. Any thread."""
        return self._kept.source or self.configured

    def choose(self, source: str, on_fault: Callable[[str], None] = lambda fault: None) -> str:
        """Take this camera from now on; the configured one where it is that. Why it does not outlast the show, "" where it does. on_fault:
        told of a file that cannot be written."""
        chosen = "" if source == self.configured else source
        with self._lock:
            return self._put(replace(self._kept, source=chosen, instead_of=self.configured if chosen else ""), on_fault)

    def values(self, source: str) -> Values:
        """What was set at this camera, by the control's name. Any thread."""
        return self._kept.controls.get(source, MappingProxyType({}))

    def keep(self, source: str, name: str, value: int, on_fault: Callable[[str], None] = lambda fault: None) -> str:
        """Remember what was set at a camera; the one that was touched longest ago is forgotten where there are too many."""
        with self._lock:
            others = [(key, one) for key, one in self._kept.controls.items() if key != source][-MOST_CAMERAS + 1 :]
            controls = {**dict(others), source: {**self.values(source), name: value}}
            return self._put(replace(self._kept, controls=controls), on_fault)

    def _put(self, kept: _Kept, on_fault: Callable[[str], None]) -> str:
        self._kept = kept
        controls = {source: dict(values) for source, values in kept.controls.items()}
        if fault := self._file.write({"source": kept.source, "instead_of": kept.instead_of, "controls": controls}):
            on_fault(f"the camera chosen on the panel holds, but cannot be kept: {fault}")
            return f"it holds, but only until the show ends: {fault}"
        return ""


def _read(given: Mapping[str, object]) -> _Kept:
    """Raises ValueError."""
    source, instead_of, controls = given.get("source", ""), given.get("instead_of", ""), given.get("controls", {})
    if not isinstance(source, str) or not isinstance(instead_of, str) or max(len(source), len(instead_of)) > LONGEST or "\0" in source:
        raise ValueError("its source is none")
    if not isinstance(controls, dict) or len(controls) > MOST_CAMERAS:
        raise ValueError("its controls are none")
    return _Kept(source, instead_of, {camera: _values(values) for camera, values in controls.items()})


def _values(given: object) -> Values:
    names = {one.name for one in KNOWN}
    if not isinstance(given, dict) or not all(isinstance(one, int) and not isinstance(one, bool) for one in given.values()):
        raise ValueError("its controls are none")
    return {name: value for name, value in given.items() if name in names}
