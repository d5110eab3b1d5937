"""The ways in and out of a show: OSC, MIDI, the web, and the files that are followed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from installation.config import AudioConfig, ControlConfig
from installation.control.desk_links import DeskLinks
from installation.control.presets.player import PresetPlayer
from installation.control.state import ControlState
from installation.control.table_keeper import TableKeeper
from installation.control.web.preview import Preview
from installation.control.web.sketches import SketchBoard
from installation.places import kept

if TYPE_CHECKING:
    from installation.control.midi.desk import MidiDesk
    from installation.control.osc.server import OscServer
    from installation.control.sound.audio import AudioInput
    from installation.control.web.server import WebPanel

log = logging.getLogger(__name__)


class Part(Protocol):
    """One way in or out."""

    def start(self) -> None:
        """Open its port or device. Raises ConfigError where the configuration asks for one that cannot be had."""
        ...

    def stop(self) -> None:
        """Close it; more than once, or before it was started, does no harm."""
        ...


def close_part(stop: Callable[[], object], on_fault: Callable[[str], None]) -> None:
    """One that cannot be closed is told of: the others are to be closed all the same."""
    try:
        stop()
    except Exception as err:
        log.exception("a control could not be closed")
        on_fault(f"control: {type(err).__name__}: {err}")


class Parts:
    """Opened in their order, closed the last one first. on_fault: told of one that cannot be closed."""

    def __init__(self, parts: Iterable[Part | None], on_fault: Callable[[str], None]) -> None:
        self._parts: Sequence[Part] = [part for part in parts if part is not None]
        self._on_fault = on_fault

    def __len__(self) -> int:
        return len(self._parts)

    def start(self) -> None:
        """Raises ConfigError; some may be open then, for ``stop`` to close."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """More than once does no harm."""
        parts, self._parts = self._parts, ()
        for part in reversed(parts):
            close_part(part.stop, self._on_fault)


@dataclass(frozen=True, slots=True, eq=False)
class Boards:
    """Where pictures are put while a panel wants them. preview: the canvas; camera: what the camera sees; sketches: the live face in
    each style."""

    preview: Preview
    camera: Preview
    sketches: SketchBoard


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """What every way reaches. lockstep: whether the run goes as fast as it can; then only what the configuration turns on by name is
    opened, and no files are followed."""

    config: ControlConfig
    state: ControlState
    show: DeskLinks
    presets: PresetPlayer
    lockstep: bool

    def wants(self, enabled: bool | Literal["auto"]) -> bool:
        """Whether a way in with this setting is to be opened."""
        return enabled is True or (enabled == "auto" and not self.lockstep)


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """None: not wanted."""

    osc: OscServer | None
    feedback: Part | None
    audio: AudioInput | None
    midi: MidiDesk | None
    panel: WebPanel | None

    @property
    def parts(self) -> tuple[Part | None, ...]:
        """In the order they are opened in."""
        return self.osc, self.feedback, self.audio, self.midi, self.panel

    def received(self) -> int:
        """OSC messages that have come in."""
        return 0 if self.osc is None else self.osc.received


def ways_of(behind: Behind, boards: Boards) -> Ways:
    """None is open yet. Raises ConfigError for a token that cannot be read."""
    config, wants = behind.config, behind.wants
    osc = _osc(behind) if wants(config.osc.enabled) else None
    midi = _midi(behind) if wants(config.midi.enabled) else None
    panel = _panel(behind, boards, osc, midi) if wants(config.web.enabled) else None
    return Ways(osc, _feedback(behind) if osc else None, behind.show.audio, midi, panel)


def watches_of(behind: Behind, keeper: TableKeeper) -> tuple[Part | None, Part | None]:
    """What follows the files of directions, and the pictures of styles."""
    return _watch_directions(behind, keeper), _watch_styles(behind, keeper)


def open_audio(config: AudioConfig, on_fault: Callable[[str], None]) -> AudioInput | None:
    """What listens to the room, not started yet; None where nothing is to."""
    if not config.enabled:
        return None
    from installation.control.sound.audio import AudioInput

    return AudioInput(config.device, on_fault)


def _osc(behind: Behind) -> OscServer:
    from installation.control.osc.server import OscServer

    return OscServer(behind.state, behind.config.osc)


def _feedback(behind: Behind) -> Part:
    from installation.control.osc.feedback import OscFeedback

    return OscFeedback(behind.state, behind.config.osc, behind.show.observe, lambda: behind.presets.current)


def _midi(behind: Behind) -> MidiDesk:
    from installation.control.midi.desk import MidiDesk

    config, show = behind.config.midi, behind.show
    return MidiDesk(behind.state, config, kept(config.file), lambda: show.tempo, show.now, show.on_fault)


def _panel(behind: Behind, boards: Boards, osc: OscServer | None, midi: MidiDesk | None) -> WebPanel:
    from installation.control.web.server import WebPanel

    show = behind.show
    return WebPanel(
        behind.state,
        behind.config,
        show.observe,
        boards.preview,
        presets=behind.presets,
        midi=midi,
        osc_port=lambda: osc.port if osc is not None else None,
        phases=show.phases,
        sketches=boards.sketches,
        takeaways=show.takeaways,
        measure=show.measure,
        guests=show.guests,
        zones=show.zones,
        camera=boards.camera,
        studio=show.studio,
        operator=show.operator,
    )


def _watch_directions(behind: Behind, keeper: TableKeeper) -> Part | None:
    files = behind.show.directions
    if files is None or behind.lockstep:
        return None
    from installation.control.direction_watch import DirectionWatch

    return DirectionWatch(files.paths, files.load, keeper.found_directions, behind.show.on_fault)


def _watch_styles(behind: Behind, keeper: TableKeeper) -> Part | None:
    styles = behind.show.styles
    if styles is None or behind.lockstep or styles.library.notice:
        return None
    from installation.control.style_watch import StyleWatch

    return StyleWatch(styles.folder, styles.library, keeper.found_styles, behind.show.on_fault)
