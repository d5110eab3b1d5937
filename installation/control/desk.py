"""The control desk: every hand that reaches the live controls from outside, opened, served once a picture, and closed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from installation.config import ControlConfig
from installation.control.desk_links import Beginning, DeskLinks
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed
from installation.control.message_figures import MessageFigures
from installation.control.presets.player import PresetPlayer
from installation.control.schedule_hand import ScheduledShow, ScheduleHand, figures_of
from installation.control.state import Change, ControlState, TableChange
from installation.control.table_keeper import TableKeeper
from installation.control.timeline.player import TimelinePlayer
from installation.control.ways import Behind, Boards, Parts, close_part, watches_of, ways_of
from installation.control.web.invitation import Invitations
from installation.control.web.preview import Preview
from installation.control.web.sketches import SketchBoard
from installation.errors import FacetsError
from installation.latents.oscillators import SILENCE, Levels
from installation.observation import ScheduleSeen
from installation.places import kept

if TYPE_CHECKING:
    from installation.control.kept_state import StateKeeper, TakenUp

log = logging.getLogger(__name__)

SNAPSHOT = "transport/snapshot"


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
        beginning: Beginning | None = None,
        lockstep: bool = False,
        presets: Path = PRESETS,
    ) -> None:
        self._config, self._state, self._show = config, state, show
        self._lockstep = lockstep
        beginning = beginning or Beginning()
        self._snapshot = False
        self.preview, self.camera = Preview(), Preview()  # of the canvas, and of what the camera sees
        self.sketches = SketchBoard()  # of the live face in each style, while a panel wants them
        self._table = TableKeeper(installed, state, show.directions, show.styles)
        beneath = SHIPPED_PRESETS if presets == PRESETS else None
        self.presets = PresetPlayer(
            presets, state, self._table.with_presets, show.on_fault, log.warning, background=not lockstep, beneath=beneath
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

        behind = Behind(config, state, show, self.presets, lockstep)
        ways = self.ways = ways_of(behind, Boards(self.preview, self.camera, self.sketches))
        self.midi, self.panel = ways.midi, ways.panel
        watches = watches_of(behind, self._table)
        self._parts = Parts((*ways.parts, *watches, self._keeper), show.on_fault)  # last the keeper: where a port is taken is no show
        self._figures = MessageFigures(state, ways.received)
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

    def start(self) -> None:
        """Open everything that is wanted, or nothing. Raises ConfigError."""
        try:
            self._parts.start()
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

    def step(self, now: float) -> None:
        """Once a picture; ``now`` in seconds of the show's clock. Never raises."""
        try:
            self._table.step()
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
        self._parts.stop()
        close_part(self.presets.stop, self._show.on_fault)
