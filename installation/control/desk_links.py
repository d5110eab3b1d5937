"""What the control desk knows of the show that it belongs to, and how its controls begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from installation.control.schedule_hand import ScheduledShow
from installation.control.sound.tempo import Tempo
from installation.control.web.grids import GuestDoor
from installation.control.zone_book import ZoneBook
from installation.observation import Measures, Observation

if TYPE_CHECKING:
    from installation.control.sound.audio import AudioInput
    from installation.control.web.operator_desk import OperatorDesk
    from installation.control.web.studio_desk import Studio
    from installation.latents.directions import DirectionSet
    from installation.styles.library import Library, Palette
    from installation.takeaways.office import Office


@dataclass(frozen=True, slots=True)
class DirectionFiles:
    """Files of directions that are followed while the show runs. load: reads them, or raises WeightsError; use: takes them into
    the picture's way. Their controls come and go with them."""

    paths: Sequence[Path]
    load: Callable[[Sequence[Path]], DirectionSet]
    use: Callable[[DirectionSet], None]


@dataclass(frozen=True, slots=True)
class StylePictures:
    """Pictures of styles that are followed while the show runs. use: takes them into the picture's way."""

    folder: Path
    library: Library
    use: Callable[[Palette], None]


@dataclass(frozen=True, slots=True)
class DeskLinks:
    """What the desk knows of the show. observe: the show as it is; on_fault: told of a part that fails while the show runs, which
    goes on without it; now: s of the show's clock; frame: frames captured until now; phases: of the oscillators, in cycles; audio:
    what listens to the room, None where nothing does; schedule: None where the show knows no time of day; takeaways: None where
    visitors take nothing home; measure: what costs more than ``observe`` does, for the panel's /metrics; guests: how a face of a
    grid comes into the mirror; zones: in which faces do not count; studio: edits the photographs that people bring, None where nothing
    does; operator: what the operator's page does."""

    observe: Callable[[], Observation]
    on_fault: Callable[[str], None]
    tempo: Tempo
    now: Callable[[], float]
    frame: Callable[[], int] = int
    audio: AudioInput | None = None
    phases: Callable[[], Mapping[str, float]] = dict
    directions: DirectionFiles | None = None
    styles: StylePictures | None = None
    schedule: ScheduledShow | None = None
    takeaways: Office | None = None
    measure: Callable[[], Measures] | None = None
    guests: GuestDoor | None = None
    zones: ZoneBook | None = None
    studio: Studio | None = None
    operator: OperatorDesk | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """How the controls begin. preset: its name; resume: where the last show was; keep: write down where this one is; timeline: a
    file whose moves are made again, at the same frames in lockstep, otherwise at the same times."""

    preset: str | None = None
    keep: bool = False
    resume: bool = False
    timeline: Path | None = None
