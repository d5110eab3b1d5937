"""Timelines: every move of every hand kept in a file, and played back to the frame, to rehearse a show or repeat a bug."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from installation.control.parameters import ParameterTable
from installation.control.presets.player import SOURCE as PRESET
from installation.control.sound.tempo import TAPPED
from installation.control.state import Change, ControlState, TableChange
from installation.control.timeline.file import TimelineMove, head_line, move_line, read_timeline
from installation.errors import ConfigError
from installation.output_file import free_name, unwritable
from installation.plain_file import check_target

FLUSH_SECONDS = 0.5  # so that a crash loses less than a second
# What follows from another move is not kept: the recall is, and the tap.
FOLLOWS = (PRESET, TAPPED)
SAVE = "preset/save"  # is kept to be read, and not made again: a rehearsal writes over nobody's preset
PLAYED = "timeline"  # whose hand plays


class TimelineRecorder:
    """Writes moves beside the show to ``FILE.part``, which becomes ``FILE`` at the end. What a killed program left there is kept
    under a name of its own.

    clock: now, in seconds of the show's clock; frame: frames captured until now. fault: told once where the disk is full.
    Raises ConfigError or FaultError where the file cannot be written.
    """

    def __init__(
        self, path: Path, state: ControlState, clock: Callable[[], float], frame: Callable[[], int], fault: Callable[[str], None]
    ) -> None:
        self.path = path
        self._clock, self._frame, self._fault = clock, frame, fault
        self._part = path.with_name(path.name + ".part")
        self._moves: deque[TimelineMove] = deque()
        self._broken = False
        self._stop = threading.Event()
        self._began: float | None = None  # s, when the show began
        self._whole = 0  # bytes of whole lines in the file
        try:
            check_target(path)
            check_target(self._part)
            if self._part.is_file() and self._part.stat().st_size:
                self._part.rename(free_name(path.with_name(f"{path.stem}.kept{path.suffix}")))
            self._file = self._part.open("wb", buffering=0)
        except ValueError as err:
            raise ConfigError(f"--timeline-record {path}: cannot be written ({err})") from err
        except OSError as err:
            raise unwritable(f"--timeline-record {path}", err) from err
        beginnings = state.beginnings()
        self._write(head_line({name: value for name, value in state.targets().items() if value != beginnings[name]}))
        self._last = (0, 0.0)
        self._lock = threading.Lock()
        self._end = state.subscribe(self._hear)
        self._thread = threading.Thread(target=self._run, name="timeline", daemon=True)
        self._thread.start()

    def step(self, now: float) -> None:
        """One turn of the display; with the first one the show begins."""
        if self._began is None:
            self._began = now

    def stop(self) -> None:
        """Write what is left, and give the file its name."""
        self._end()
        self._stop.set()
        self._thread.join()
        self._flush()
        try:
            if self._broken:  # a line that was cut off could not be read
                self._file.truncate(self._whole)
            else:
                os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self.path)
        except OSError as err:
            self._break(err)

    def _hear(self, change: Change | TableChange) -> None:
        if not isinstance(change, Change) or change.source in FOLLOWS:
            return
        with self._lock:  # hands in several threads, one order
            since = 0.0 if self._began is None else self._clock() - self._began
            frame, seconds = max(self._last[0], self._frame()), max(self._last[1], since)
            self._last = (frame, seconds)
            self._moves.append(TimelineMove(frame, seconds, change.name, change.value, change.source))

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()

    def _flush(self) -> None:
        lines = []
        while self._moves:
            lines.append(move_line(self._moves.popleft()))
        if lines:
            self._write("".join(lines))

    def _write(self, text: str) -> None:
        if self._broken:
            return
        data = memoryview(text.encode())
        try:
            while data:
                data = data[self._file.write(data) :]
            self._whole = self._file.tell()
        except OSError as err:
            self._break(err)

    def _break(self, err: OSError) -> None:
        if self._broken:
            return
        self._broken = True
        self._fault(f"{self.path}: the timeline could not be written further ({err.strerror or err})")


class TimelinePlayer:
    """Makes the moves of a file again, with the hand "timeline". ``begin`` before the first frame, then ``step`` once a turn of
    the display, before presets and tempo have theirs.

    by_frame: at the same captured frame, which on the same input gives the same pictures; otherwise at the same time. Raises
    ConfigError for a file that is no timeline of these controls.
    """

    def __init__(self, path: Path, table: ParameterTable, state: ControlState, by_frame: bool) -> None:
        score = read_timeline(path, table)
        self._state, self._moves, self._by_frame = state, score.moves, by_frame
        self._next = 0
        self._began: float | None = None
        self._begin = score.begin

    def begin(self) -> None:
        """Put the controls where they stood, and make the moves from before the first frame."""
        self._state.fade(self._begin, 0.0, "linear", PLAYED)
        if self._by_frame:
            self._play(lambda move: move.frame == 0)

    @property
    def ended(self) -> bool:
        """Whether every move has been made."""
        return self._next >= len(self._moves)

    def step(self, now: float, frame: int) -> None:
        """Make the moves that are due. now: s of the show's clock; frame: frames captured until now."""
        if self._began is None:
            self._began = now
        began = self._began
        self._play((lambda move: move.frame <= frame) if self._by_frame else (lambda move: move.seconds <= now - began))

    def _play(self, due: Callable[[TimelineMove], bool]) -> None:
        while self._next < len(self._moves) and due(self._moves[self._next]):
            move = self._moves[self._next]
            self._next += 1
            if move.name != SAVE:
                self._state.set(move.name, move.value, PLAYED)
