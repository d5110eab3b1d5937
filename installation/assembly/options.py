"""What the command line asks of a show, beside the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from installation.canvas.first_light import FirstLight
from installation.config import Config
from installation.errors import ConfigError
from installation.plain_file import NotAFileError, check_target


@dataclass(frozen=True)
class RunOptions:
    """What the command line adds to the configuration. started: s, monotonic, when the program began."""

    preset: str | None = None
    frames: int | None = None  # stop after this many captured frames
    duration: float | None = None  # stop after this many seconds of the show's clock
    lockstep: bool = False  # as fast as possible: nothing dropped, the clock is frame ÷ rate
    outputs: Mapping[str, Path] = field(default_factory=dict)  # where each output goes, by the name of its kind
    report: Path | None = None
    timeline_record: Path | None = None  # where the moves of every hand are kept
    timeline_play: Path | None = None  # whose moves are made again
    unattended: bool = False  # runs until it is stopped, and is to come back as it was
    safe: str = ""  # why the show does not begin with what was asked for
    bare: bool = False  # whether the live state is left alone
    config_file: Path | None = None  # whose changes are looked for while the show runs
    overrides: tuple[str, ...] = ()  # that go over that file
    fine: Callable[[], None] | None = None  # called once, when the show has run well
    chaos: str | None = None  # what happens to the camera in a rehearsal, see sources.incidents; None: no rehearsal
    started: float = 0.0
    light: FirstLight | None = None  # the window that the canvas takes the place of


def keeps_state(config: Config, options: RunOptions) -> bool:
    """Whether the next show is to begin as this one was. A run that depends on its input alone never does."""
    wanted = config.control.resume
    live = not options.lockstep and options.timeline_play is None and not options.bare
    return live and (wanted is True or (wanted == "auto" and options.unattended))


def check_targets(options: RunOptions) -> None:
    """Raise ConfigError where what is to be written would take the place of a pipe, a device or a folder."""
    named = {f"--{kind}": path for kind, path in options.outputs.items()}
    for name, path in (*named.items(), ("--report", options.report), ("--timeline-record", options.timeline_record)):
        try:
            if path is not None:
                check_target(path)
        except NotAFileError as err:
            raise ConfigError(f"{name} {path}: {err}; name a file") from err
        except (OSError, ValueError):  # whoever writes it says what is wrong with the place
            continue
