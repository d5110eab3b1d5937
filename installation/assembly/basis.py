"""What every part of a show stands on: its settings, its models, its clock, its controls, and what counts."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial

from installation.assembly.invitation import Invitation, invitation_of, something_is_kept
from installation.assembly.networks import models_of
from installation.assembly.operating import Operating
from installation.assembly.options import RunOptions
from installation.assembly.schedule import overlap_notice, schedule_of
from installation.clock import Clock, LockstepClock, MonotonicClock, WallClock, wall_clock
from installation.config import Config
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed
from installation.control.presets.player import preset_names
from installation.control.schedule_hand import ScheduledShow
from installation.control.state import ControlState
from installation.control.zone_book import ZoneBook
from installation.models.bundle import Models
from installation.operation.health import Health
from installation.operation.observer import Observer
from installation.operation.saying import say
from installation.operation.visitor_slots import VisitorSlots
from installation.places import kept
from installation.sources import CaptureSource
from installation.styles.library import Library, Palette


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Read and made before any device opens. schedule: None in a run that knows no time of day; palette: the styles of the start."""

    config: Config
    options: RunOptions
    health: Health
    clock: Clock
    models: Models
    library: Library
    palette: Palette
    installed: Installed
    controls: ControlState
    zones: ZoneBook
    operating: Operating
    invitation: Invitation
    schedule: ScheduledShow | None
    observer: Observer

    @property
    def lockstep(self) -> bool:
        """Whether the run goes as fast as it can and depends on its input alone."""
        return self.options.lockstep

    @property
    def children(self) -> list[str]:
        """Names of the children, in the order of the models."""
        return [child.name for child in self.models.children]

    def told(self, fault: str, kind: str = "") -> None:
        """Note a fault that somebody should hear of at once. Any thread. kind: as of ``Health.fault``."""
        self.health.fault(fault, kind)
        say(f"facets: {fault}", sys.stderr)

    def pictures_may_leave(self, source: CaptureSource | None) -> bool:
        """Whether pictures may be stored, or shown elsewhere than on the canvas: a live camera's, and those of a source yet to come,
        only where that is configured."""
        return self.config.privacy.allow_recording or (source is not None and not source.is_live)

    def notices(self) -> tuple[str, ...]:
        """What there is to say of it at the start; some may be empty."""
        of_files = (self.zones.notice, *self.operating.notices, *self.invitation.notices)
        if self.schedule is None:
            return of_files
        schedule = self.schedule.schedule
        today = self.schedule.wall().astimezone(schedule.zone).date()
        return (*of_files, overlap_notice(schedule, today))


def basis_of(config: Config, options: RunOptions, health: Health, wall: WallClock | None = None) -> Basis:
    """Reads every file that a show needs, so that a mistake shows at once. wall: the clock that the schedule goes by; None: the
    machine's own, and none in a run that depends on its input alone or plays a timeline, in which the schedule's moves are already.
    Raises FacetsError."""
    lockstep = options.lockstep
    schedule = _scheduled(config, wall_clock if wall is None and not lockstep and options.timeline_play is None else wall)
    invitation = invitation_of(config, something_is_kept(config))
    zones = ZoneBook(config.faces.ignore_zones, None if lockstep else kept(config.faces.zones_file))
    operating = Operating(config, options)
    models = options.light.beside(partial(models_of, config)) if options.light else models_of(config)
    library, palette = _styles(config, health)
    installed = Installed.of(models, palette)
    table = installed.table()
    config.check_controls(table.fault)
    controls = ControlState(table, config.controls)
    clock: Clock = LockstepClock() if lockstep else MonotonicClock()
    f = config.faces
    observer = Observer(health, clock.now, VisitorSlots(f.max, f.occlusion_seconds + f.fade_out_seconds))
    return Basis(
        config, options, health, clock, models, library, palette, installed, controls, zones, operating, invitation, schedule, observer
    )


def _scheduled(config: Config, wall: WallClock | None) -> ScheduledShow | None:
    """What the schedule does, and by which clock. A mistake in it is found without a clock too."""
    schedule = schedule_of(config, preset_names(PRESETS, SHIPPED_PRESETS))
    return None if wall is None else ScheduledShow(schedule, wall, config.schedule.fade_seconds)


def _styles(config: Config, health: Health) -> tuple[Library, Palette]:
    """The styles that there are."""
    library = Library(config.models.styles)
    palette, notice = library.look()
    for text in filter(None, (library.notice, notice)):
        say(f"facets: {text}")
        health.fault(text)
    return library, palette
