"""The presets that there are: their folder is looked at, and what is saved is written, beside the show and one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from installation.control.presets.asks import RecallAnswer
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.folder import FolderContents, PresetFolder
from installation.control.presets.saves import Saved, Saves, Saving
from installation.control.state import ControlState

LOOK_SECONDS = 0.3  # between two looks at the folder


class PresetLibrary:
    """The presets of one folder, laid over those ``beneath`` it. The first look is taken as the library is made.

    ``folder`` is what reads them; ``saves`` is what waits to be written: put it there, and a later ``step`` writes it. changed: told in
    the thread that calls what there was before a look or a save, what there is now, and the save, None for a look. fault: told once what
    is wrong with a file; notice: told what was left out. background: read and write files beside the show; without it, in ``step``, so
    that a lockstep run depends on its input alone. Not for two threads at once, but for ``catalogue``, which any may read.
    """

    def __init__(
        self,
        folder: Path,
        state: ControlState,
        changed: Callable[[Catalogue, Catalogue, Saving | None], None],
        fault: Callable[[str], None],
        notice: Callable[[str], None],
        background: bool = True,
        beneath: Path | None = None,
    ) -> None:
        self.folder = PresetFolder(folder, keep=background, beneath=beneath)
        self._state, self._changed, self._fault, self._notice = state, changed, fault, notice
        self._catalogue = Catalogue()
        self.saves = Saves(folder, state, lambda: self._catalogue)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="presets") if background else None
        self._job: Future[FolderContents | Saved] | None = None
        self._next_look = float("-inf")
        self._finish(self.folder.look(state.table))

    @property
    def catalogue(self) -> Catalogue:
        """Every preset that can be recalled now."""
        return self._catalogue

    def step(self, now: float) -> None:
        """Take in what was read and written since the last turn, and set off the next. ``now``: s of the show's clock."""
        if self._job is not None and self._job.done():
            job, self._job = self._job, None
            self._collect(job)
        if self._job is None:
            self._start(now)

    def settle(self) -> None:
        """Wait for what is being read or written. From here on nothing is done but ``write_out``."""
        if self._worker is not None:
            self._worker.shutdown(wait=True)
        if self._job is not None:
            self._collect(self._job)

    def write_out(self) -> None:
        """Write all that waits, in this thread."""
        while (saving := self.saves.take()) is not None:
            self._finish(self.saves.write(saving))

    def _start(self, now: float) -> None:
        """Set off the next thing to do with files."""
        saving = self.saves.due(now)
        if saving is not None:
            self._run(lambda: self.saves.write(saving))
        elif now >= self._next_look:
            table = self._state.table
            self._next_look = now + LOOK_SECONDS
            self._run(lambda: self.folder.look(table))

    def _run(self, job: Callable[[], FolderContents | Saved]) -> None:
        if self._worker is None:
            self._finish(job())
        else:
            self._job = self._worker.submit(job)

    def _collect(self, job: Future[FolderContents | Saved]) -> None:
        error = job.exception()
        if error is None:
            self._finish(job.result())
        else:  # the show goes on whatever a file or a disk came up with
            self.saves.arrived()
            self._fault(f"presets: {type(error).__name__}: {error}")

    def _finish(self, result: FolderContents | Saved) -> None:
        if isinstance(result, FolderContents):
            self._take(Catalogue(result.presets, result.numbers, result.files))
            for text in result.notices:
                self._notice(text)
            for text in result.faults:
                self._fault(text)
            return
        self.saves.arrived()
        saving = result.saving
        answer = self._answer(result)
        if answer.done and not saving.restores:
            self._take(self._catalogue.with_preset(saving.preset), saving)
        self._next_look = float("-inf")  # the folder is another
        for tell in saving.tell:
            tell(answer)

    def _take(self, catalogue: Catalogue, saving: Saving | None = None) -> None:
        before, self._catalogue = self._catalogue, catalogue
        self._changed(before, catalogue, saving)

    def _answer(self, result: Saved) -> RecallAnswer:
        """How it went, for those who asked for it; what could not be saved is a fault besides."""
        preset = result.saving.preset
        if result.reason:
            self._fault(result.reason)
            self._state.ignore(f"preset/save: {result.reason}")
            return RecallAnswer(False, f"Not saved: {result.reason}", preset.name)
        done = f"“{preset.called}” is as it was." if result.saving.restores else f"Saved as “{preset.called}”."
        return RecallAnswer(True, done, preset.name)
