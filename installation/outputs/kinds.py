"""Every kind of output, a row each; the row is its option on the command line too."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from installation.errors import ConfigError

if TYPE_CHECKING:
    from installation.config import Config
    from installation.outputs.output import Output, Shown


@dataclass(frozen=True, slots=True)
class OutputKind:
    """``module`` has a function ``open_output(path, shown, config) -> Output`` that raises FacetsError; it loads late.

    name: of the option ``--name PATH``, and of the output in reports. keeps: whether pictures are stored, which a live camera's are
    only where ``privacy.allow_recording`` says so.
    """

    name: str
    module: str
    metavar: str
    help: str
    keeps: bool


# A new kind is a file beside this one and a row here.
KINDS = (OutputKind("record", "installation.outputs.record", "OUT.mp4", "record what the canvas shows", keeps=True),)


def check_kept(kind: OutputKind, may_keep: bool) -> None:
    """Raise ConfigError for an output that stores pictures which may not be stored."""
    if kind.keeps and not may_keep:
        raise ConfigError(f"--{kind.name}: a live camera is recorded only where privacy.allow_recording is true")


def open_outputs(wanted: Mapping[str, Path], shown: Shown, config: Config, may_keep: bool) -> tuple[Output, ...]:
    """The outputs that are ``wanted``, by the name of their kind. may_keep: whether pictures of this source may be stored.

    Raises ConfigError where that is not allowed, and whatever FacetsError an output ends with; then none is left open.
    """
    with ExitStack() as undo:
        outputs = []
        for kind in KINDS:
            if kind.name not in wanted:
                continue
            check_kept(kind, may_keep)
            output: Output = importlib.import_module(kind.module).open_output(wanted[kind.name], shown, config)
            undo.callback(output.close)
            outputs.append(output)
        undo.pop_all()
    return tuple(outputs)
