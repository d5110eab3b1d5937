"""The mirror itself, from the command line: arguments, configuration, the show."""

from __future__ import annotations

import time

STARTED = time.monotonic()  # before the slow imports: the report counts them in

import argparse  # noqa: E402
import contextlib  # noqa: E402
import importlib  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from types import ModuleType  # noqa: E402
from typing import TYPE_CHECKING, NoReturn  # noqa: E402

from installation import start  # noqa: E402
from installation.config import Config, load_config  # noqa: E402
from installation.errors import FacetsError, FaultError  # noqa: E402
from installation.operation.ending import AGAIN, begin_again  # noqa: E402
from installation.operation.saying import say  # noqa: E402
from installation.operation.signals import on_ending  # noqa: E402
from installation.outputs.kinds import KINDS  # noqa: E402

if TYPE_CHECKING:
    from installation.assembly.options import RunOptions
    from installation.assembly.safe_start import Begun
    from installation.canvas.first_light import FirstLight

FREE_LINES = 10  # of a kind in a minute; further ones are counted


def parse(argv: list[str] | None, program: str = "run_installation.py", more: str | None = None) -> argparse.Namespace:
    """The arguments; a wrong one ends with exit code 2. program: what a person typed; more: what else its help says."""
    p = argparse.ArgumentParser(
        prog=program,
        description="Facets, a live latent mirror.",
        epilog=more,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--config", type=Path, metavar="FILE", help="configuration, over the shipped config.yaml")
    p.add_argument("--preset", metavar="NAME", help="a look from presets/ to start with")
    p.add_argument("--source", metavar="S", help="camera index, device, stream URL, video file, folder, still, or demo")
    window = p.add_mutually_exclusive_group()
    for mode in ("windowed", "fullscreen", "headless"):
        window.add_argument(f"--{mode}", dest="mode", action="store_const", const=mode)
    p.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    p.add_argument("--frames", type=positive_int, metavar="N", help="stop after N captured frames")
    p.add_argument("--duration", type=positive, metavar="SECONDS", help="stop after this time")
    pace = p.add_mutually_exclusive_group()
    pace.add_argument("--realtime", action="store_true", help="files keep their own pace (the default)")
    pace.add_argument("--as-fast-as-possible", action="store_true", help="every frame in lockstep, nothing dropped")
    for kind in KINDS:
        p.add_argument(f"--{kind.name}", type=Path, metavar=kind.metavar, help=kind.help)
    p.add_argument(
        "--chaos", type=rehearsal, nargs="?", const="random", metavar="FAULTS",
        help="rehearse: the camera fails on purpose, at random or as unplug@5+3, freeze@20+4 says",
    )  # fmt: skip
    p.add_argument("--report", type=Path, metavar="OUT.json", help="write figures at the end")
    p.add_argument("--timeline-record", type=Path, metavar="FILE", help="keep the moves of every control in a file")
    p.add_argument("--timeline-play", type=Path, metavar="FILE", help="make the moves of such a file again")
    p.add_argument("--generator", metavar="FILE", help="short for --set models.generator=FILE")
    p.add_argument("--encoder", metavar="FILE", help="short for --set models.encoder=FILE")
    p.add_argument("--list-devices", action="store_true", help="name cameras and displays, and end")
    p.add_argument("--validate-config", action="store_true", help="check the configuration without opening a device, and end")
    a = p.parse_args(argv)
    if a.chaos is not None and a.as_fast_as_possible:
        p.error("--chaos: a rehearsal measures seconds, and --as-fast-as-possible has none")
    return a


def rehearsal(text: str) -> str:
    """What is to happen to the camera, see ``sources.incidents``."""
    from installation.sources.incidents import incidents

    try:
        incidents(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from None
    return text


def positive(text: str) -> float:
    """A number above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be above 0")
    return value


def positive_int(text: str) -> int:
    """A count of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return value


def configuration(a: argparse.Namespace) -> Config:
    """The file, the overrides and the short forms, in this order of strength."""
    return load_config(a.config, overrides(a))


def overrides(a: argparse.Namespace) -> tuple[str, ...]:
    """What the command line sets, in the form of ``--set``."""
    short = [("source", a.source), ("canvas.mode", a.mode), ("models.generator", a.generator), ("models.encoder", a.encoder)]
    return (*a.overrides, *(f"{key}={value}" for key, value in short if value is not None))


def begin_and_show(a: argparse.Namespace) -> int:
    """Run the installation, more carefully where the last ones died early. What became of it is written down for the next start."""
    from installation.assembly.safe_start import Asked, begin, in_place_of

    unattended = a.frames is None and a.duration is None
    live = not a.as_fast_as_possible and a.timeline_play is None
    asked = Asked(a.config, overrides(a), live, unattended and live)
    begun = begin(asked)
    code = FaultError.exit_code
    try:
        tried: Begun | None = begun
        while tried is not None:
            try:
                code = show(a, tried)
                break
            except FacetsError as err:
                tried = in_place_of(tried, err, asked)
                if tried is None:
                    raise
    except FacetsError as err:
        code = err.exit_code
        raise
    except KeyboardInterrupt:
        code = 0
        raise
    finally:
        begun.ended(code)
    return code


def options_of(a: argparse.Namespace) -> RunOptions:
    """What the arguments ask of a show, beside its configuration."""
    from installation.assembly.options import RunOptions

    return RunOptions(
        a.preset,
        a.frames,
        a.duration,
        a.as_fast_as_possible,
        {kind.name: path for kind in KINDS if (path := getattr(a, kind.name)) is not None},
        a.report,
        a.timeline_record,
        a.timeline_play,
        chaos=a.chaos,
        unattended=a.frames is None and a.duration is None,
        config_file=a.config,
        overrides=overrides(a),
    )


def list_devices() -> int:
    """Cameras and displays, by name."""
    from installation.canvas.present import list_displays
    from installation.sources.capture import list_cameras

    for title, names in (("Cameras", list_cameras()), ("Displays", list_displays())):
        say(f"{title}:")
        say("\n".join(f"  {name}" for name in names) or "  none")
    return 0


def show(a: argparse.Namespace, begun: Begun) -> int:
    """Run the installation."""
    config = begun.config
    light = _first_light(config)
    app = light.beside(_app) if light is not None else _app()
    if any(text.partition("=")[0].strip() == "control.web.token" for text in a.overrides):
        print(
            "facets: every user of this machine can read the token on the command line; better in control.web.token_file", file=sys.stderr
        )
    options = replace(options_of(a), safe=begun.safe, bare=begun.bare, fine=begun.fine, started=STARTED, light=light)
    if light is not None:
        light.say("reading the models …")
    installation = app.Installation(config, options)
    report = installation.run()
    say(
        f"{report.frames_presented} pictures at {report.presented_fps:.1f} fps, {report.portrait_fps:.1f} portraits a second "
        f"({report.engine} {report.precision}, {report.portrait_px} px), {report.faces_seen} visitors"
    )
    if report.rehearsal is not None:
        seen = report.rehearsal
        say(
            f"rehearsal: {seen.injected} faults, {seen.recovered} recovered, the longest in {seen.longest_s:.1f} s; "
            f"the canvas stood still for {report.longest_gap_ms / 1000:.2f} s at most"
            + (f"; the picture is not back after {seen.waiting}" if seen.waiting else "")
        )
    code: int = installation.operating.ending.code(lambda text: say(f"facets: {text}", sys.stderr))
    return code


def _app() -> ModuleType:
    """The rest of the program: some seconds of imports."""
    return importlib.import_module("installation.app")


def _first_light(config: Config) -> FirstLight | None:
    """The window with the program's name, at once; None where the show has no window."""
    from installation.canvas.first_light import first_light
    from installation.canvas.window import WindowSettings, choose_mode, own_size

    c = config.canvas
    mode = choose_mode(c.mode, os.environ)
    if mode == "headless":
        return None
    width, height = own_size(c.display, mode)
    settings = WindowSettings(c.width or width, c.height or height, c.display, mode == "fullscreen", False, False, c.keys != "all")
    return first_light(settings, c.keys)


def validate(a: argparse.Namespace) -> int:
    """Check files and controls, open no device."""
    from installation.assembly.soundness import check_show

    check_show(configuration(a), options_of(a))
    say("the configuration is valid")
    return 0


def begin_log(level: str) -> None:
    """Lines on the terminal, so few that nobody can fill a disk with them; tracebacks where somebody looks for a fault."""
    from installation.operation.folded_log import FoldedLog

    root = logging.getLogger()
    if root.handlers:  # whoever calls this has a log of its own
        return
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    root.handlers[0].addFilter(FoldedLog(FREE_LINES, foreign=False, tracebacks=root.isEnabledFor(logging.DEBUG)))


def main(argv: list[str] | None = None, program: str = "run_installation.py", more: str | None = None) -> int:
    """0 done, 2 arguments, configuration or weights, 3 source or display, 4 a fault that retries did not cure, 75 to be begun again.
    program and more: as for ``parse``."""
    begin_log(os.environ.get("FACETS_LOG", "WARNING").upper())
    a = parse(argv, program, more)
    try:
        with on_ending(interrupt):
            if a.list_devices:
                return list_devices()
            return validate(a) if a.validate_config else begin_and_show(a)
    except FacetsError as err:
        say(f"facets: {err}", sys.stderr)
        return err.exit_code
    except KeyboardInterrupt:
        return 0
    except ModuleNotFoundError as err:
        return start.packages_missing(err)
    except Exception as err:  # a fault of the program itself: where it was is for who mends it
        logging.getLogger("facets").exception("a fault of the program")
        say(f"facets: {type(err).__name__}: {err}; this is a fault of the program, please report the lines above", sys.stderr)
        return FaultError.exit_code


def interrupt() -> NoReturn:
    """A signal before the show has begun: there is nothing to keep."""
    raise KeyboardInterrupt


def leave(code: int) -> NoReturn:
    """End the process. Everything that was opened is closed by now and what was written is flushed, and nothing else is torn
    down: libraries' own threads would abort under it, and SDL would wait for a display that is gone."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a closed pipe, a stream that never was
            stream.flush()
    if code == AGAIN:  # asked for on the operator's page or the canvas
        begin_again()
    os._exit(code)
