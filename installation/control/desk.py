"""The control desk: every hand that reaches the live controls from outside, opened, served once a picture, and closed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from installation.config import AudioConfig, ControlConfig
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed
from installation.control.message_figures import MessageFigures
from installation.control.parameters import ParameterTable
from installation.control.presets.player import PresetPlayer
from installation.control.schedule_hand import ScheduledShow, ScheduleHand, figures_of
from installation.control.sound.tempo import Tempo
from installation.control.state import Change, ControlState, TableChange
from installation.control.timeline.player import TimelinePlayer
from installation.control.web.grids import GuestDoor
from installation.control.web.invitation import Invitations
from installation.control.web.preview import Preview
from installation.control.web.sketches import SketchBoard
from installation.control.zone_book import ZoneBook
from installation.errors import FacetsError
from installation.latents.oscillators import SILENCE, Levels
from installation.observation import Measures, Observation, ScheduleSeen
from installation.places import kept

if TYPE_CHECKING:
    from installation.control.kept_state import StateKeeper, TakenUp
    from installation.control.midi.desk import MidiDesk
    from installation.control.osc.server import OscServer
    from installation.control.sound.audio import AudioInput
    from installation.control.web.server import WebPanel
    from installation.control.web.studio_desk import Studio
    from installation.latents.directions import DirectionSet
    from installation.styles.library import Library, Palette
    from installation.takeaways.office import Office

log = logging.getLogger(__name__)

SNAPSHOT = "transport/snapshot"


class Part(Protocol):
    """One way in or out."""

    def start(self) -> None:
        """Open its port or device. Raises ConfigError where the configuration asks for one that cannot be had."""
        ...

    def stop(self) -> None:
        """Close it; more than once, or before it was started, does no harm."""
        ...


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
    does."""

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


@dataclass(frozen=True, slots=True)
class Beginning:
    """How the controls begin. preset: its name; resume: where the last show was; keep: write down where this one is; timeline: a
    file whose moves are made again, at the same frames in lockstep, otherwise at the same times."""

    preset: str | None = None
    keep: bool = False
    resume: bool = False
    timeline: Path | None = None


def open_audio(config: AudioConfig, on_fault: Callable[[str], None]) -> AudioInput | None:
    """What listens to the room, not started yet; None where nothing is to."""
    if not config.enabled:
        return None
    from installation.control.sound.audio import AudioInput

    return AudioInput(config.device, on_fault)


class ControlDesk:
    """Whole once it is made, open from ``start`` to ``stop``, stepped once a picture.

    installed: what the table of ``state`` was made of; the desk keeps the two together while presets and directions come and
    go. lockstep: whether the run goes as fast as it can; then only what the configuration turns on by name is opened, and files
    of directions are not watched. preview: where the canvas is put while it is wanted. notice: what there is to say of how the
    controls begin, empty for nothing. Raises ConfigError for a timeline or a token that cannot be read, and for a preset of the schedule
    that cannot be recalled.
    """

    def __init__(
        self,
        config: ControlConfig,
        state: ControlState,
        installed: Installed,
        show: DeskLinks,
        beginning: Beginning = Beginning(),
        lockstep: bool = False,
        presets: Path = PRESETS,
    ) -> None:
        self._config, self._state, self._show = config, state, show
        self._lockstep, self._installed = lockstep, installed
        self._new_directions: DirectionSet | None = None  # read by the watch, not taken yet
        self._new_styles: Palette | None = None
        self._snapshot = False
        self.preview, self.camera = Preview(), Preview()  # of the canvas, and of what the camera sees
        self.sketches = SketchBoard()  # of the live face in each style, while a panel wants them
        beneath = SHIPPED_PRESETS if presets == PRESETS else None
        self.presets = PresetPlayer(
            presets, state, self._with_presets, show.on_fault, log.warning, background=not lockstep, beneath=beneath
        )

        # Where the controls begin, the later word over the one before.
        if beginning.preset is not None:
            self.presets.begin(beginning.preset)
        self._keeper: StateKeeper | None = None
        self.notice = ""
        self.schedule: ScheduleHand | None = None
        taken: TakenUp | None = None
        if beginning.keep:
            self._keeper, taken = self._keep(beginning)
            self.notice = taken.notice
        if show.schedule is not None:
            self.schedule = self._scheduled(show.schedule, beginning, taken)
        self._timeline = self._played(beginning.timeline) if beginning.timeline is not None else None

        # The ways in and out, in the order they are opened in.
        udp = self._osc() if self.wants(config.osc.enabled) else None
        self.midi = self._midi() if self.wants(config.midi.enabled) else None
        self.panel = self._panel(udp) if self.wants(config.web.enabled) else None
        ways = (udp, self._feedback() if udp else None, show.audio, self.midi, self.panel)
        parts = (*ways, self._watch(), self._watch_styles(), self._keeper)
        self._parts: list[Part] = [part for part in parts if part is not None]  # last the keeper: where a port is taken there is no show
        self._figures = MessageFigures(state, lambda: udp.received if udp is not None else 0)
        self.invitations = Invitations(self.panel)  # a code on the canvas
        self._unsubscribe = state.subscribe(self._hear)

    def _keep(self, beginning: Beginning) -> tuple[StateKeeper, TakenUp]:
        """Keeps the live state on the disk; what was taken up of the last show's."""
        from installation.control import kept_state

        def schedule() -> kept_state.KeptSchedule:
            return kept_state.KeptSchedule() if self.schedule is None else self.schedule.kept

        file = kept(self._config.resume_file)
        taken = kept_state.take_up(file, self._state) if beginning.resume else kept_state.TakenUp()
        self.presets.resume(taken.preset)
        return kept_state.StateKeeper(file, self._state, lambda: self.presets.current, self._show.on_fault, schedule), taken

    def _scheduled(self, show: ScheduledShow, beginning: Beginning, taken: TakenUp | None) -> ScheduleHand:
        """The schedule's hand, over what was taken up; a preset that was asked for by name stays until the next change."""
        for row in show.schedule.rows:
            self.presets.check(row.preset)
        hand = ScheduleHand(show, self._state, self.presets, self._show.on_fault)
        hand.begin(None if taken is None else taken.schedule, recall=beginning.preset is None)
        return hand

    def _played(self, timeline: Path) -> TimelinePlayer:
        player = TimelinePlayer(timeline, self._state.table, self._state, by_frame=self._lockstep)
        player.begin()
        return player

    def _osc(self) -> OscServer:
        from installation.control.osc.server import OscServer

        return OscServer(self._state, self._config.osc)

    def _feedback(self) -> Part:
        from installation.control.osc.feedback import OscFeedback

        return OscFeedback(self._state, self._config.osc, self._show.observe, lambda: self.presets.current)

    def _midi(self) -> MidiDesk:
        from installation.control.midi.desk import MidiDesk

        file, show = kept(self._config.midi.file), self._show
        return MidiDesk(self._state, self._config.midi, file, lambda: show.tempo, show.now, show.on_fault)

    def _panel(self, udp: OscServer | None) -> WebPanel:
        from installation.control.web.server import WebPanel

        return WebPanel(
            self._state,
            self._config,
            self._show.observe,
            self.preview,
            presets=self.presets,
            midi=self.midi,
            osc_port=lambda: udp.port if udp is not None else None,
            phases=self._show.phases,
            sketches=self.sketches,
            takeaways=self._show.takeaways,
            measure=self._show.measure,
            guests=self._show.guests,
            zones=self._show.zones,
            camera=self.camera,
            studio=self._show.studio,
        )

    def _watch(self) -> Part | None:
        """Follows the files of directions."""
        files = self._show.directions
        if files is None or self._lockstep:
            return None
        from installation.control.direction_watch import DirectionWatch

        return DirectionWatch(files.paths, files.load, self._found, self._show.on_fault)

    def _watch_styles(self) -> Part | None:
        """Follows the pictures of styles, as the directions."""
        styles = self._show.styles
        if styles is None or self._lockstep or styles.library.notice:
            return None
        from installation.control.style_watch import StyleWatch

        return StyleWatch(styles.folder, styles.library, self._found_styles, self._show.on_fault)

    def wants(self, enabled: bool | Literal["auto"]) -> bool:
        """Whether a way in with this setting is to be opened."""
        return enabled is True or (enabled == "auto" and not self._lockstep)

    def start(self) -> None:
        """Open everything that is wanted, or nothing. Raises ConfigError."""
        try:
            for part in self._parts:
                part.start()
        except FacetsError:
            self.stop()
            raise

    def ended(self) -> None:
        """The show came to its end as it should."""
        if self._keeper is not None:
            self._keeper.ended = True

    def _hear(self, change: Change | TableChange) -> None:
        if isinstance(change, Change) and change.name == SNAPSHOT:
            self._snapshot = True

    @property
    def closed(self) -> bool:
        """Whether the schedule, or an override of it, has closed the show."""
        return self.schedule is not None and self.schedule.closed

    def schedule_seen(self) -> ScheduleSeen | None:
        """How the schedule stands; None where nothing is scheduled. Any thread."""
        return None if self.schedule is None else self.schedule.seen()

    def blackout_seconds(self) -> float | None:
        """How long the canvas takes to darken and to light up; None: its usual time."""
        return None if self.schedule is None else self.schedule.fade_seconds

    def wants_snapshot(self) -> bool:
        """Whether somebody has asked for a picture of the canvas since the last time this was asked."""
        asked, self._snapshot = self._snapshot, False
        return asked

    def levels(self) -> Levels:
        """How loud it is; silence where nobody listens."""
        return SILENCE if self._show.audio is None else self._show.audio.levels()

    def _found_styles(self, palette: Palette) -> None:
        self._new_styles = palette  # the next step takes it, as with directions

    def _take_styles(self) -> None:
        palette, self._new_styles = self._new_styles, None
        if palette is not None and self._show.styles is not None:
            self._installed = self._installed.with_styles(palette)
            self._show.styles.use(palette)
            self._state.replace(self._installed.table())

    def _found(self, directions: DirectionSet) -> None:
        self._new_directions = directions  # the next step takes it, in the thread that alone changes the table

    def _with_presets(self, names: Sequence[str]) -> ParameterTable:
        self._installed = self._installed.with_presets(names)
        return self._installed.table()

    def step(self, now: float) -> None:
        """Once a picture; ``now`` in seconds of the show's clock. Never raises."""
        try:
            self._take_directions()
            self._take_styles()
            if self._timeline is not None:
                self._timeline.step(now, self._show.frame())
            if self.schedule is not None:
                self.schedule.step(now)
            self._show.tempo.step(now)
            self.presets.step(now)
            self._figures.step(now)
        except Exception as err:  # a control that fails must not take the picture with it
            log.debug("the desk failed", exc_info=True)
            self._show.on_fault(f"control: {type(err).__name__}: {err}")

    def _take_directions(self) -> None:
        directions, self._new_directions = self._new_directions, None
        if directions is not None and self._show.directions is not None:
            self._installed = self._installed.with_directions(directions.names)
            self._show.directions.use(directions)
            self._state.replace(self._installed.table())

    def figures(self) -> tuple[tuple[str, str], ...]:
        """Label and value for the operator's HUD."""
        rows = self._figures.rows()
        if self.presets.current:
            rows.append(("preset", self.presets.current))
        rows += figures_of(self.schedule_seen())
        rows.append(("tempo", f"{self._show.tempo.bpm:5.1f} bpm"))
        if self._show.audio is not None:
            rows.append(("sound", f"{self.levels().level:5.2f}"))
        if self.midi is not None:
            rows += [("midi", name) for name in self.midi.devices()]
            waiting = self.midi.learning or ("touch a control" if self.midi.touching else "")
            rows += [("learning", waiting)] if waiting else []
        return (*rows, *self._figures.why())

    def stop(self) -> None:
        """Close everything, the last opened first; what is being saved is saved."""
        self._unsubscribe()
        if self.schedule is not None:
            self.schedule.stop()
        parts, self._parts = self._parts, []
        for stop in (*(part.stop for part in reversed(parts)), self.presets.stop):
            try:
                stop()
            except Exception as err:  # the others are to be closed all the same
                log.exception("a control could not be closed")
                self._show.on_fault(f"control: {type(err).__name__}: {err}")
