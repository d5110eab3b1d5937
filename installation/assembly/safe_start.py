"""How a show begins after a bad night: one instance a folder, and after a crash loop, or with a configuration that is broken while nobody
is there to read why, with the configuration that ran well last."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from installation.config import Config, load_config
from installation.config_file import Value, read_document
from installation.control.port_errors import WayInError
from installation.errors import ConfigError, FacetsError, FaultError
from installation.operation.crash_file import CrashFile
from installation.operation.instance import InstanceLock
from installation.operation.starts import FILE as STARTS
from installation.operation.starts import Care, StartRecord
from installation.output_file import sweep_parts, whole_file
from installation.places import kept

LAST_GOOD = "last-good.yaml"  # beside the live state
HEAD = "# What differed from config.yaml in the show that ran well last. Written by the program; a show in safe mode begins with it.\n"
SUSPECTS = ("models", "engine", "controls")  # sections that a bare start leaves out, beside MIDI and sound
PLAIN = ("canvas.renderer=plain", "control.midi.enabled=false", "control.audio.enabled=false")
KEPT = ("source", "capture", "faces", "canvas", "privacy")  # sections without which it would be another show
ALONE = (*PLAIN, "control.web.enabled=false", "control.osc.enabled=false")  # a start that no file and no port can end
ASKED, RAN_WELL, BARE, LEAST = range(4)  # what a show begins with, each with less than the one before


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line. live: whether the show goes by the clock; unattended: and runs until it is stopped."""

    path: Path | None
    overrides: tuple[str, ...]
    live: bool
    unattended: bool

    def keeps_state(self, config: Config) -> bool:
        """Whether the live state is kept, and its folder is this show's alone."""
        wanted = config.control.resume
        return self.live and (wanted is True or (wanted == "auto" and self.unattended))


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """What a show begins with. safe: why not with what was asked for, "" where it does; bare: whether the live state is left alone too;
    record, lock, crash: of its folder, None where nothing is counted or kept; rung: from ``ASKED`` to ``LEAST``."""

    config: Config
    safe: str = ""
    bare: bool = False
    record: StartRecord | None = None
    lock: InstanceLock | None = None
    crash: CrashFile | None = None
    rung: int = ASKED

    def fine(self) -> None:
        """The show runs well. What it was asked for is good, then."""
        if self.record is None:
            return
        self.record.fine()
        if not self.safe:
            with contextlib.suppress(ConfigError, OSError):  # the keeper of the state says that nothing can be written there
                write_last_good(_folder(self.config) / LAST_GOOD, self.config)

    def ended(self, code: int) -> None:
        """The show has ended with this exit code. A fault of the program is no orderly end."""
        if self.record is not None:
            self.record.failed() if code == FaultError.exit_code else self.record.ended()
        if self.crash is not None:
            self.crash.close()
        if self.lock is not None:
            self.lock.release()


def counts_starts(config: Config, unattended: bool) -> bool:
    """Whether starts are counted, and a bad one is followed by a careful one."""
    wanted = config.operation.safe_start
    return wanted is True or (wanted == "auto" and unattended)


def begin(asked: Asked, environ: Mapping[str, str] = os.environ) -> Begun:
    """Raises ConfigError: a configuration that is broken, while somebody may read why; another show that runs in the same folder."""
    try:
        config = load_config(asked.path, asked.overrides)
    except ConfigError as err:
        return _in_spite_of(err, asked, environ)
    counts = counts_starts(config, asked.unattended)
    lock = _lock(config) if counts or asked.keeps_state(config) else None
    if not counts:
        return Begun(config, lock=lock)
    record, crash = _record(_folder(config), environ)
    early, care = record.early, record.begin()
    crash.open()
    if care is Care.GOOD:
        return Begun(config, record=record, lock=lock, crash=crash)
    why = f"safe mode: the show ended within half a minute of its first picture {early} times in a row"
    good, what = _last_good(_folder(config)) or (config, "it begins as configured, for none has run well yet")
    if crash.crashed:
        what += f"; where it crashed stands in {crash.kept}"
    if care is Care.BARE:
        good = _bare(good)
        what += ", without models, engines, MIDI, sound and starting controls of your own, and not as the last show was"
    rung = BARE if care is Care.BARE else RAN_WELL
    return Begun(good, f"{why}; {what}. An end in order, and a new start, tries yours again", care is Care.BARE, record, lock, crash, rung)


def _in_spite_of(err: ConfigError, asked: Asked, environ: Mapping[str, str]) -> Begun:
    """A broken configuration: where nobody reads why (a service, or a start after a crash), the last good one takes its place."""
    folder = _folder_of_broken(asked)
    record, crash = _record(folder, environ)
    alone = asked.unattended and (environ.get("NOTIFY_SOCKET") or record.died)
    found = _last_good(folder) if alone else None
    if found is None:
        raise err
    good, what = found
    lock = _lock(good)
    bare = record.begin() is Care.BARE
    crash.open()
    first, *more = str(err).split("\n")
    others = f" (and {len(more)} more)" if more else ""
    return Begun(
        _bare(good) if bare else good, f"safe mode: {first}{others}; {what}", bare, record, lock, crash, BARE if bare else RAN_WELL
    )


def in_place_of(begun: Begun, err: FacetsError, asked: Asked, environ: Mapping[str, str] = os.environ) -> Begun | None:
    """What to begin with instead, where a show could not begin as it was to (its weights, its schedule, a preset, a port) and nobody reads
    why: with less each time, for a service manager does not try such a start again. None where somebody reads it, or nothing is left."""
    record = begun.record
    alone = asked.unattended and record is not None and (environ.get("NOTIFY_SOCKET") or record.died)
    if err.exit_code != ConfigError.exit_code or not alone:
        return None
    first = f"safe mode: {str(err).partition(chr(10))[0]}"
    if isinstance(err, WayInError) and (without := _without(begun, err.section, asked)) is not None:
        more = "; ".join(filter(None, (begun.safe, f"{first}; it runs without {err.section} until it is started again")))
        return replace(begun, config=without, safe=more)
    found = _last_good(_folder(begun.config)) if begun.rung < RAN_WELL else None
    if found is not None and found[0].chosen() != begun.config.chosen():
        return replace(begun, config=found[0], safe=f"{first}; {found[1]}", rung=RAN_WELL)
    if begun.rung < BARE:
        why = f"{first}; it runs without what was added to the program"
        return replace(begun, config=_bare(begun.config), safe=why, bare=True, rung=BARE)
    if begun.rung < LEAST:
        why = f"{first}; it runs without schedule, ways in, takeaways and words of your own either"
        return replace(begun, config=_least(begun.config), safe=why, bare=True, rung=LEAST)
    return None


def _without(begun: Begun, section: str, asked: Asked) -> Config | None:
    """The same show without one way in, and without what needs that; None where it does without already."""
    off = (f"{section}.enabled=false", *(("takeaways.enabled=false",) if section == "control.web" else ()))
    with contextlib.suppress(ConfigError):
        config = load_config(asked.path, (*asked.overrides, *off)) if begun.rung == ASKED else Config.of(begun.config.chosen(), off)
        return config if config.model_dump() != begun.config.model_dump() else None
    return None


def _record(folder: Path, environ: Mapping[str, str]) -> tuple[StartRecord, CrashFile]:
    """A service manager kills what hangs; on a terminal kill -9 is somebody's hand."""
    crash = CrashFile(folder)
    return StartRecord(folder, crashed=crash.crashed or bool(environ.get("NOTIFY_SOCKET"))), crash


def write_last_good(path: Path, config: Config) -> None:
    """Keep what a person has set. Raises ConfigError, OSError."""
    text = HEAD + (yaml.safe_dump(config.chosen(), sort_keys=False, allow_unicode=True, width=120) if config.chosen() else "source: demo\n")
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _last_good(folder: Path) -> tuple[Config, str] | None:
    """The configuration that ran well last, and what to say of it; None where there is none, or it is good no more."""
    path = folder / LAST_GOOD
    try:
        config = load_config(path)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
    except (ConfigError, OSError):
        return None
    return config, f"it runs with the configuration that ran well last ({path}, {when})"


def _bare(config: Config) -> Config:
    """The same show without what a person has added to it and what may crash."""
    values = {name: value for name, value in config.chosen().items() if name not in SUSPECTS}
    with contextlib.suppress(ConfigError):
        return Config.of(values, PLAIN)
    return load_config(None, PLAIN)


def _least(config: Config) -> Config:
    """A mirror before the same camera, with the same promises to visitors, in the same folder; nothing else."""
    folder: dict[str, Value] = {"control": {"resume_file": config.control.resume_file}}
    values = {name: value for name, value in config.chosen().items() if name in KEPT}
    with contextlib.suppress(ConfigError):
        return Config.of({**values, **folder}, ALONE)
    return Config.of(folder, ALONE)


def _lock(config: Config) -> InstanceLock:
    """This show is the only one of its folder from here on; what one that was killed left half written there is gone."""
    lock = InstanceLock(_folder(config)).take()
    state = kept(config.control.resume_file)
    for path in (state, state.parent / LAST_GOOD, state.parent / STARTS, kept(config.control.midi.file)):
        sweep_parts(path)
    return lock


def _folder(config: Config) -> Path:
    return kept(config.control.resume_file).parent


def _folder_of_broken(asked: Asked) -> Path:
    """Where the state lies by the word of a configuration that is broken, as far as that can be read."""
    own = [text for text in asked.overrides if text.partition("=")[0].strip() == "control.resume_file"]
    with contextlib.suppress(ConfigError):
        control = read_document(asked.path).values.get("control") if asked.path is not None and not own else None
        name = control.get("resume_file") if isinstance(control, dict) else None
        if isinstance(name, str) and name.strip():
            return kept(name).parent
    return _folder(load_config(None, own))
