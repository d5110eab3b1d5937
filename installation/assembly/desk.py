"""From what a show stands on to its control desk: what the hands may reach."""

from __future__ import annotations

from installation.assembly.basis import Basis
from installation.assembly.guests import guest_door
from installation.assembly.movers import Movers
from installation.assembly.options import keeps_state
from installation.assembly.takeaways import Takeaways
from installation.assembly.upkeep import Upkeep
from installation.control.desk import ControlDesk
from installation.control.desk_links import Beginning, DeskLinks, DirectionFiles, StylePictures
from installation.control.web.studio_desk import Studio


def desk_of(basis: Basis, movers: Movers, upkeep: Upkeep, takeaways: Takeaways | None, studio: Studio | None) -> ControlDesk:
    """Whole, and not open yet. Raises ConfigError."""
    config, options, health = basis.config, basis.options, basis.health
    links = DeskLinks(
        basis.observer,
        health.fault,
        movers.tempo,
        basis.clock.now,
        frame=lambda: health.captured,
        audio=movers.audio,
        phases=lambda: movers.edit.phases,
        directions=DirectionFiles(basis.models.direction_paths, basis.models.read_directions, movers.edit.use),
        styles=StylePictures(config.models.styles, basis.library, movers.blender.use),
        schedule=basis.schedule,
        takeaways=None if takeaways is None else takeaways.office,
        measure=upkeep.measure,
        guests=guest_door(basis.models, movers.guests),
        zones=basis.zones,
        studio=studio,
        operator=basis.operating,
    )
    beginning = Beginning(options.preset, keeps_state(config, options), resume=options.preset is None, timeline=options.timeline_play)
    return ControlDesk(config.control, basis.controls, basis.installed, links, beginning, basis.lockstep)
