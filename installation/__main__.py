"""Everything that is not the mirror: ``python -m installation COMMAND``. Each command is its own module and loads late.

An installed package has the command ``facets``: with the name of a command it is the same, without one it is the mirror.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from installation import start
from installation.errors import ConfigError, FacetsError
from installation.utf8 import ensure_utf8


@dataclass(frozen=True)
class Command:
    """``module`` has a function ``main(argv) -> int`` that returns the exit code."""

    name: str
    module: str
    help: str


COMMANDS = (
    Command("doctor", "installation.commands.doctor", "look the machine over: what needs a hand, and what to do"),
    Command("service", "installation.commands.service", "start the mirror with the machine, and again when it fails or hangs"),
    Command("soak", "installation.commands.soak", "run the mirror for hours with visitors and trouble, and write a page on it"),
    Command("controls", "installation.commands.controls", "list the live controls"),
    Command("touchosc", "installation.commands.touchosc", "write a TouchOSC layout of the live controls"),
    Command("schedule", "installation.commands.schedule", "print what the schedule does in the coming week"),
    Command("takeaways", "installation.commands.takeaways", "delete what visitors took home and is over its time, or all of it"),
    Command("privacy", "installation.commands.privacy", "print what a configuration keeps of visitors, where, and for how long"),
    Command("gallery", "installation.commands.gallery", "draw one picture of all presets"),
    Command("demo", "installation.demo.build", "remake the clip of the embedded visitors"),
    Command("backgrounds", "installation.commands.backgrounds", "draw the winter scenes to stand before"),
    Command("drawings", "installation.commands.drawings", "draw people of whom everything is known, to learn attributes from"),
    Command("style", "installation.commands.style", "paint pictures and clips in a painter's style"),
    Command("film", "installation.commands.film", "films of faces that go over into each other, on the beat of a sound"),
    Command("invert", "installation.commands.invert", "find the code that draws a face, and tune the generator around it"),
    Command("grid", "installation.commands.grid", "mix faces with faces: rows and columns of codes, photographs, seeds"),
    Command("edit", "installation.commands.edit", "edit the faces in photographs and clips, without a camera"),
    Command("bot", "installation.commands.bot", "edit the photographs that people send to a bot of Telegram's"),
    Command("studio", "installation.commands.studio", "edit photographs in a browser, without a mirror"),
    Command("setup-engines", "installation.commands.setup_engines", "measure which engine is fastest here"),
    Command("data", "installation.training.data.command", "make a data set of faces from pictures and videos"),
    Command("train", "installation.training.train", "train a generator and its encoder"),
    Command("publish", "installation.training.publish", "write a training run's weights"),
    Command("child", "installation.training.children.command", "teach a generator a style"),
    Command("sweep", "installation.training.children.sweep", "draw a sheet of a child's snapshots by swap resolutions"),
    Command("train-editor", "installation.training.editor.command", "train the network that draws edits on each face"),
    Command("train-judge", "installation.training.judge.command", "train the judge of edits, apart from the editor's reader"),
    Command("labels", "installation.training.labels.command", "read hair and eyes off drawings and photographs, for a person to correct"),
    Command("attribute", "installation.training.directions.own_attribute", "make sliders of your own from two folders, or from labels"),
    Command("attributes", "installation.training.directions.attributes", "train the network that reads age and gender"),
    Command("occlusion", "installation.training.occlusion.command", "train the network that sees what covers a face"),
    Command("directions", "installation.training.directions.command", "learn the edit directions"),
    Command("sheets", "installation.training.sheets", "draw the pictures of a model card"),
    Command("score", "installation.training.score.command", "measure how well the models draw people"),
    Command("fid", "installation.training.score.fid", "measure the Fréchet distance of two sets of pictures"),
    Command("export", "installation.commands.export", "write encoder and generator as ONNX, OpenVINO IR or TensorRT"),
    Command("weights", "installation.commands.weights", "list, inspect, check, fetch and import models"),
    Command("swap", "installation.commands.swap", "make one generator of two: coarse layers of one, fine layers of the other"),
    Command("sefa", "installation.commands.sefa", "find a generator's strongest directions without data"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 2 for an unknown one."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: python -m installation COMMAND [--help]\n\n{listed()}")
        return 0 if arguments else ConfigError.exit_code
    try:
        command = next((command for command in COMMANDS if command.name == arguments[0]), None)
        if command is None:
            names = ", ".join(command.name for command in COMMANDS)
            raise ConfigError(f"{arguments[0]}: no such command; there is {names}")
        return int(importlib.import_module(command.module).main(arguments[1:]) or 0)
    except FacetsError as err:
        print(err, file=sys.stderr)
        return err.exit_code
    except ModuleNotFoundError as err:
        return start.packages_missing(err)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough, as in: weights list | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def listed() -> str:
    """The commands, one a line."""
    width = max(len(command.name) for command in COMMANDS)
    return "\n".join(f"  {command.name:<{width}}  {command.help}" for command in COMMANDS)


def facets() -> NoReturn:
    """The command ``facets`` of an installed package: a command of the list, or the mirror with its arguments."""
    ensure_utf8()
    start.prepare()
    if sys.argv[1:2] and sys.argv[1] in {command.name for command in COMMANDS}:
        sys.exit(main())
    from installation import show

    show.leave(show.main(program="facets", more=f"commands, each with its own --help (facets COMMAND --help):\n{listed()}"))


if __name__ == "__main__":
    start.prepare()
    ensure_utf8()
    sys.exit(main())
