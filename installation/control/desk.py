"""The control desk: every hand that reaches the live controls from outside, opened, served once a picture, and closed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from installation.config import ControlConfig
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed
from installation.control.parameters import ParameterTable
from installation.control.presets.player import PresetPlayer
from installation.control.sound.tempo import Tempo
from installation.control.state import Change, ControlState, TableChange
from installation.control.timeline.player import TimelinePlayer, TimelineRecorder
from installation.control.web.preview import Preview
from installation.errors import FacetsError
from installation.latents.oscillators import SILENCE, Levels
from installation.messages import Image
from installation.observation import Observation
from installation.places import kept

if TYPE_CHECKING:
    from installation.control.kept_state import StateKeeper
    from installation.control.midi.desk import MidiDesk
    from installation.control.osc.server import OscServer
    from installation.control.sound.audio import AudioInput
    from installation.control.web.server import WebPanel
    from installation.latents.directions import DirectionSet

log = logging.getLogger(__name__)

SNAPSHOT = "transport/snapshot"
SECOND = 1.0  # between two lines in the log, and between two rates
INVITATION_SECONDS = 60.0  # that the QR code is shown
FRESH = 10.0  # s that the HUD speaks of the last message that was ignored


@dataclass(frozen=True, slots=True, eq=False)
class Invitation:
    """What opens the panel, as it is shown. until: s, monotonic."""

    url: str
    picture: Image
    until: float


class Part(Protocol):
    """One way in or out."""

    def start(self) -> None:
        """Open its port or device. Raises ConfigError where the configuration asks for one that cannot be had."""
        ...

    def stop(self) -> None:
        """Close it; more than once does no harm."""
        ...


class ControlDesk:
    """Built before the first picture and stepped once a picture.

    installed: what the table of ``state`` was made of; the desk keeps the two together while presets and directions come and
    go. observe: the show as it is. on_fault: told of a part that fails while the show runs, which goes on without it.
    lockstep: whether the run goes as fast as it can; then only what the configuration turns on by name is opened, and files
    of directions are not watched.
    """

    def __init__(
        self,
        config: ControlConfig,
        state: ControlState,
        installed: Installed,
        observe: Callable[[], Observation],
        on_fault: Callable[[str], None],
        lockstep: bool = False,
        presets: Path = PRESETS,
    ) -> None:
        self._config, self._state, self._observe, self._on_fault = config, state, observe, on_fault
        self._lockstep, self._installed = lockstep, installed
        self._new_directions: DirectionSet | None = None  # read by the watch, not taken yet
        self._use: Callable[[DirectionSet], None] = lambda directions: None
        self.preview = Preview()  # put the canvas into it while it is wanted
        self.phases: Callable[[], Mapping[str, float]] = dict  # of the oscillators, once there are any
        self.panel: WebPanel | None = None
        self.midi: MidiDesk | None = None
        self._audio: AudioInput | None = None
        self._invitation: Invitation | None = None
        self._received: Callable[[], int] = int
        self._parts: list[Part] = []
        beneath = SHIPPED_PRESETS if presets == PRESETS else None
        self.presets = PresetPlayer(presets, state, self._with_presets, on_fault, log.warning, background=not lockstep, beneath=beneath)
        self._snapshot = False
        self._unsubscribe = state.subscribe(self._hear)
        self._frame: Callable[[], int] = int
        self._clock: Callable[[], float] = float
        self.tempo: Tempo | None = None
        self._playing: TimelinePlayer | None = None
        self._recording: TimelineRecorder | None = None
        self._keeper: StateKeeper | None = None
        self._second: float | None = None
        self._then = 0  # messages received until the last second began
        self._rate = 0.0
        self._ignored = 0
        self._ignored_at = float("-inf")

    def play(self, timeline: Path) -> None:
        """Make the moves of a timeline in this show: at the same frames in lockstep, otherwise at the same times. Raises
        ConfigError."""
        self._playing = TimelinePlayer(timeline, self._state.table, self._state, by_frame=self._lockstep)
        self._playing.begin()

    def keep(self, take_up: bool) -> str:
        """Keep the live state on the disk from the start on, and begin where the last show was, if ``take_up``. What there is to
        say of that, "" for nothing."""
        from installation.control import kept_state

        file = kept(self._config.resume_file)
        preset, notice = kept_state.take_up(file, self._state) if take_up else ("", "")
        self.presets.resume(preset)
        self._keeper = kept_state.StateKeeper(file, self._state, lambda: self.presets.current, self._on_fault)
        return notice

    def ended(self) -> None:
        """The show came to its end as it should."""
        if self._keeper is not None:
            self._keeper.ended = True

    def begin(self, clock: Callable[[], float], frame: Callable[[], int], record: Path | None = None) -> Tempo:
        """The show's clock stands: the beat runs from now on, and moves are kept in ``record``. clock: now, in s; frame: frames
        captured until now. Raises ConfigError where ``record`` cannot be written."""
        if record is not None:
            self._recording = TimelineRecorder(record, self._state, clock, frame, self._on_fault)
        self._frame, self._clock, self.tempo = frame, clock, Tempo(self._state, clock)
        return self.tempo

    def wants(self, enabled: bool | Literal["auto"]) -> bool:
        """Whether a way in with this setting is to be opened."""
        return enabled is True or (enabled == "auto" and not self._lockstep)

    def start(self) -> None:
        """Open everything that is wanted, or nothing. Raises ConfigError."""
        try:
            for part in self._build():
                self._parts.append(part)
                part.start()
        except FacetsError:
            self.stop()
            raise

    def _build(self) -> list[Part]:
        parts: list[Part] = []
        udp: OscServer | None = None
        if self.wants(self._config.osc.enabled):
            from installation.control.osc.feedback import OscFeedback
            from installation.control.osc.server import OscServer

            udp = server = OscServer(self._state, self._config.osc)
            self._received = lambda: server.received
            parts += [server, OscFeedback(self._state, self._config.osc, self._observe, lambda: self.presets.current)]
        if self._config.audio.enabled:
            from installation.control.sound.audio import AudioInput

            self._audio = AudioInput(self._config.audio.device, self._on_fault)
            parts.append(self._audio)
        if self.wants(self._config.midi.enabled):
            from installation.control.midi.desk import MidiDesk

            file = kept(self._config.midi.file)
            self.midi = MidiDesk(self._state, self._config.midi, file, lambda: self.tempo, self._now, self._on_fault)
            parts.append(self.midi)
        if self.wants(self._config.web.enabled):
            from installation.control.web.server import WebPanel

            self.panel = WebPanel(
                self._state,
                self._config,
                self._observe,
                self.preview,
                presets=self.presets,
                midi=self.midi,
                osc_port=lambda: udp.port if udp is not None else None,
                phases=self._newest_phases,
            )
            parts.append(self.panel)
        if self._keeper is not None:  # last: a show whose port is taken has no state to keep
            parts.append(self._keeper)
        return parts

    def _hear(self, change: Change | TableChange) -> None:
        if isinstance(change, Change) and change.name == SNAPSHOT:
            self._snapshot = True

    def wants_snapshot(self) -> bool:
        """Whether somebody has asked for a picture of the canvas since the last time this was asked."""
        asked, self._snapshot = self._snapshot, False
        return asked

    def levels(self) -> Levels:
        """How loud it is; silence where nobody listens."""
        return SILENCE if self._audio is None else self._audio.levels()

    def _now(self) -> float:
        return self._clock()  # of the show, once it has begun

    def _newest_phases(self) -> Mapping[str, float]:
        return self.phases()

    def watch_directions(
        self, paths: Sequence[Path], load: Callable[[Sequence[Path]], DirectionSet], use: Callable[[DirectionSet], None]
    ) -> None:
        """Follow the files of directions from now on. load: reads them, or raises WeightsError; use: takes them into the
        picture's way. Their controls come and go with them."""
        if self._lockstep:
            return
        from installation.control.direction_watch import DirectionWatch

        self._use = use
        watch = DirectionWatch(paths, load, self._found, self._on_fault)
        self._parts.append(watch)
        watch.start()

    def _found(self, directions: DirectionSet) -> None:
        self._new_directions = directions  # the next step takes it, in the thread that alone changes the table

    def _with_presets(self, names: Sequence[str]) -> ParameterTable:
        self._installed = self._installed.with_presets(names)
        return self._installed.table()

    def step(self, now: float) -> None:
        """Once a picture; ``now`` in seconds of the show's clock. Never raises."""
        try:
            directions, self._new_directions = self._new_directions, None
            if directions is not None:
                self._installed = self._installed.with_directions(directions.names)
                self._use(directions)
                self._state.replace(self._installed.table())
            if self._playing is not None:
                self._playing.step(now, self._frame())
            if self._recording is not None:
                self._recording.step(now)
            if self.tempo is not None:
                self.tempo.step(now)
            self.presets.step(now)
            self._tell(now)
        except Exception as err:  # a control that fails must not take the picture with it
            log.debug("the desk failed", exc_info=True)
            self._on_fault(f"control: {type(err).__name__}: {err}")

    def _tell(self, now: float) -> None:
        """Rates, and once a second a line of what was ignored."""
        if self._second is not None and 0 <= now - self._second < SECOND:
            return
        received, counts = self._received(), self._state.counts()
        if self._second is not None and now > self._second:
            self._rate = (received - self._then) / (now - self._second)
        if counts.ignored > self._ignored:
            self._ignored_at = now
            log.warning("%d control messages were ignored, the last: %s", counts.ignored - self._ignored, counts.last)
        self._second, self._then, self._ignored = now, received, counts.ignored

    def figures(self) -> tuple[tuple[str, str], ...]:
        """Label and value for the operator's HUD."""
        counts = self._state.counts()
        rows = [("messages", f"{self._rate:5.0f} /s"), ("ignored", f"{counts.ignored}"), ("clamped", f"{counts.clamped}")]
        if self.presets.current:
            rows.append(("preset", self.presets.current))
        if self.tempo is not None:
            rows.append(("tempo", f"{self.tempo.bpm:5.1f} bpm"))
        if self._audio is not None:
            rows.append(("sound", f"{self._audio.levels().level:5.2f}"))
        if self.midi is not None:
            rows += [("midi", name) for name in self.midi.devices()]
            waiting = self.midi.learning or ("touch a control" if self.midi.touching else "")
            rows += [("learning", waiting)] if waiting else []
        if self._second is not None and self._second - self._ignored_at < FRESH:
            rows.append(("why", counts.last))
        return tuple(rows)

    def code(self) -> Image | None:
        """The QR code that opens the panel, while it is shown: the same array every time. It goes once a phone has used it."""
        shown = self._invitation
        if shown is not None and (time.monotonic() >= shown.until or self.panel is None or not self.panel.unused(shown.url)):
            self._invitation = shown = None
        return None if shown is None else shown.picture

    def invite(self) -> None:
        """Show a new QR code for a minute, where the panel needs one. Only the operator's own key asks for it: whatever comes from
        outside could show it to a camera in the room. The same key takes it away."""
        if self.panel is None or not self.panel.public:
            return
        from installation.control.web.qr import qr_rgb

        if self.code() is not None:
            self._invitation = None
            return
        url = self.panel.panel_url
        self._invitation = Invitation(url, qr_rgb(url, module_px=1), time.monotonic() + INVITATION_SECONDS)

    def stop(self) -> None:
        """Close everything, the last opened first; what is being saved is saved."""
        self._unsubscribe()
        parts, self._parts = self._parts, []
        recording, self._recording = self._recording, None
        last = (self.presets.stop,) if recording is None else (self.presets.stop, recording.stop)
        for stop in (*(part.stop for part in reversed(parts)), *last):
            try:
                stop()
            except Exception as err:  # the others are to be closed all the same
                log.exception("a control could not be closed")
                self._on_fault(f"control: {type(err).__name__}: {err}")
