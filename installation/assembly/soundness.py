"""Whether a show can begin as it is asked for: everything that a start reads before it opens a device is read here too, and what would
end the start is told all at once. Nothing is opened, and nothing is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from installation.assembly.house import broker_of
from installation.assembly.invitation import invitation_of, something_is_kept
from installation.assembly.networks import models_of
from installation.assembly.options import RunOptions, check_targets
from installation.assembly.schedule import schedule_of
from installation.assembly.takeaways import check_takeaways
from installation.config import Config
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed
from installation.control.midi.ports import Wanted
from installation.control.osc.feedback import check_out
from installation.control.parameters import ParameterTable
from installation.control.pin import pin_of
from installation.control.presets.folder import PresetFolder
from installation.control.presets.player import no_such_preset, preset_names
from installation.control.sound.audio import check_package
from installation.control.timeline.file import read_timeline
from installation.control.web.secret import configured
from installation.engines.device import device_of
from installation.errors import ConfigError, FacetsError
from installation.models.bundle import Models
from installation.outputs.kinds import KINDS, check_kept
from installation.places import kept
from installation.styles.library import Library

Table = Callable[[], ParameterTable]
PLAIN_SHOW = RunOptions()
FILES = ("generator", "encoder", "editor", "children", "directions")  # rows under models that name some


def check_show(config: Config, options: RunOptions = PLAIN_SHOW) -> None:
    """Raises ConfigError, a line for each thing that would end the start of such a show with exit code 2, or WeightsError. Where
    nothing else is wrong the models are read, which takes seconds and some hundred megabytes."""
    check_words(config, options)
    check_controls(config, options, lambda: controls_of(config, models_of(config)))


def check_beside(running: Config, table: Table, new: Config) -> None:
    """Whether a show could begin with a new configuration, beside one that runs and needs the machine: models are not read. table: the live
    controls that there are; where the models are others these say nothing, and starting values are left unchecked. Raises ConfigError."""
    check_words(new)
    if new.models == running.models:
        check_controls(new, PLAIN_SHOW, table)


def check_words(config: Config, options: RunOptions = PLAIN_SHOW) -> None:
    """The part of ``check_show`` that needs no models. Raises ConfigError."""
    _all(_words(config, options))


def check_controls(config: Config, options: RunOptions, table: Table) -> None:
    """The part of ``check_show`` that needs the live controls which the models give: starting values, presets that are asked for by name,
    a timeline. Raises ConfigError, and what ``table`` raises."""
    controls = table()
    _all(_named_controls(config, options, controls))


def controls_of(config: Config, models: Models) -> ParameterTable:
    """The live controls of a show that begins like this: of its models, its styles and its presets."""
    palette, _ = Library(config.models.styles).look()
    return Installed.of(models, palette).with_presets(preset_names(PRESETS, SHIPPED_PRESETS)).table()


def _all(checks: Iterator[Callable[[], object]]) -> None:
    """Every check is made, whatever the one before says."""
    faults = []
    for check in checks:
        try:
            check()
        except FacetsError as err:
            faults.append(str(err))
    if faults:
        raise ConfigError("\n".join(faults))


def _words(config: Config, options: RunOptions) -> Iterator[Callable[[], object]]:
    """What a show reads of its files, in the order in which it does."""
    control, engine = config.control, config.engine
    placed = partial(_placed, config)

    def wants(enabled: bool | Literal["auto"]) -> bool:
        return enabled is True or (enabled == "auto" and not options.lockstep)

    yield partial(check_targets, options)
    yield partial(_check_outputs, config, options)
    yield partial(schedule_of, config, preset_names(PRESETS, SHIPPED_PRESETS))
    yield partial(_check_preset, options)
    yield partial(invitation_of, config, something_is_kept(config))
    yield partial(placed, ("operator.pin_file", "operator.pin"), partial(pin_of, config.operator, kept(".")))
    yield partial(_check_files, config)
    yield partial(placed, ("engine.device", "engine.backend"), partial(device_of, engine.device, engine.backend))
    if not options.lockstep:
        yield partial(broker_of, config)
        yield partial(check_takeaways, config)
    if control.audio.enabled:
        yield partial(placed, ("control.audio.enabled",), check_package)
    if wants(control.osc.enabled):
        yield partial(placed, ("control.osc.out_port",), partial(check_out, control.osc))
    if wants(control.midi.enabled):
        yield partial(placed, ("control.midi.ports",), partial(Wanted.of, control.midi.ports))
    if wants(control.web.enabled):
        token = partial(configured, control.web, kept("."), make=False)
        yield partial(placed, ("control.web.token_file", "control.web.token"), token)


def _named_controls(config: Config, options: RunOptions, table: ParameterTable) -> Iterator[Callable[[], object]]:
    yield partial(config.check_controls, table.fault)
    yield partial(_check_recalls, config, options, table)
    if options.timeline_play is not None:
        yield partial(read_timeline, options.timeline_play, table)


def _placed(config: Config, keys: Sequence[str], check: Callable[[], object]) -> None:
    """A check whose error names a setting, and does not know where that was written. keys: whose it may be, the likelier first."""
    try:
        check()
    except ConfigError as err:
        key = next((key for key in keys if config.named(key)), keys[0])
        raise config.placed(key, err) from None


def _check_outputs(config: Config, options: RunOptions) -> None:
    """A stream may turn out to be a film; a camera does not."""
    camera = config.source.isdecimal() or config.source.startswith("/dev/")
    for kind in KINDS:
        if kind.name in options.outputs:
            check_kept(kind, config.privacy.allow_recording or not camera)


def _check_preset(options: RunOptions) -> None:
    names = preset_names(PRESETS, SHIPPED_PRESETS)
    if options.preset is not None and options.preset not in names:
        raise no_such_preset(options.preset, names)


def _check_files(config: Config) -> None:
    """Model files that a person named."""
    m = config.models
    faults: dict[str, str] = {}
    for name in FILES:
        given = getattr(m, name)
        paths = {f"models.{name}": given} if isinstance(given, Path) else {f"models.{name}.{n}": path for n, path in enumerate(given)}
        if config.named(f"models.{name}"):
            faults |= {key: f"there is no {path.name} in {path.parent}" for key, path in paths.items() if not _is_there(path)}
    if faults:
        raise config.error(faults)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


def _check_recalls(config: Config, options: RunOptions, table: ParameterTable) -> None:
    """The files of the presets that the show begins with or that its schedule recalls."""
    scheduled = () if options.lockstep or options.timeline_play is not None else config.schedule.rows  # which know no time of day
    names = {*(row.preset for row in scheduled), *([options.preset] if options.preset is not None else [])}
    if not names:
        return
    folder = PresetFolder(PRESETS, beneath=SHIPPED_PRESETS)
    folder.look(table)
    faults = [str(problem) for name in sorted(names) if (problem := folder.problem(name)) is not None]
    if faults:
        raise ConfigError("\n".join(faults))
